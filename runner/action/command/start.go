package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"transition/runner/action"
)

var errNotInPath = errors.New("not in PATH")

// Startable says why the program of a command could not be started, as far as
// this shows without starting it; empty: nothing speaks against it.
func Startable(c *action.Command) string {
	path, err := resolve(c)
	if err == nil {
		_, err = exec.LookPath(path)
	}
	if err == nil && isDir(c.Dir) {
		return ""
	}
	return explainStart(c, path, err)
}

// resolve finds the program. A bare name is looked up in PATH and never in the
// current directory; any other path is relative to the command's directory.
func resolve(c *action.Command) (string, error) {
	name := c.Argv[0]
	if !filepath.IsAbs(c.Dir) {
		return name, fmt.Errorf("its directory %q is not an absolute path", c.Dir)
	}
	switch {
	case filepath.IsAbs(name):
		return name, nil
	case strings.ContainsRune(filepath.ToSlash(name), '/'):
		return filepath.Join(c.Dir, filepath.FromSlash(name)), nil
	}
	path, err := exec.LookPath(name)
	if err != nil || !filepath.IsAbs(path) {
		return name, errNotInPath
	}
	return path, nil
}

// explainStart says why a command could not be started, and what to do.
func explainStart(c *action.Command, path string, err error) string {
	name := c.Argv[0]
	switch {
	case errors.Is(err, errNotInPath):
		return fmt.Sprintf("%s is not in PATH; a program beside the plan is written with its path, as in ./%s", name, name)
	case !isDir(c.Dir) && filepath.IsAbs(c.Dir):
		return "there is no directory " + c.Dir
	case isDir(path):
		return name + " is a directory"
	case errors.Is(err, fs.ErrNotExist) && exists(path):
		return name + " cannot be started: the interpreter in its first line does not exist"
	case errors.Is(err, fs.ErrNotExist):
		return "there is no file " + name
	case errors.Is(err, fs.ErrPermission):
		return name + " may not be executed; chmod +x " + name
	case errors.Is(err, syscall.ENOEXEC):
		return name + " is neither a program nor a script that begins with #!"
	default:
		return name + " could not be started: " + cause(err)
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// cause is an error without the path, which the sentence around it names.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
