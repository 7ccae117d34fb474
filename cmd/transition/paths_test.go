//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Whatever a stranger's plan directory has in the place of a file, the program
// neither waits for it, nor reads it without end, nor shows what lies outside.
func TestFilesThatAreNone(t *testing.T) {
	for way, plan := range waysToFiles() {
		for kind, put := range kindsOfFiles() {
			t.Run(way+"/"+kind, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				outside := filepath.Join(dir, "outside")
				if err := os.WriteFile(outside, []byte("swordfish"), 0o600); err != nil {
					t.Fatal(err)
				}
				inside := filepath.Join(dir, "plan")
				if err := os.Mkdir(inside, 0o700); err != nil {
					t.Fatal(err)
				}
				name := put(t, inside, outside, plan.file)
				if name != plan.file && !strings.Contains(plan.text, "%s") {
					t.Skip("files of this kind have a fixed name")
				}
				text := plan.text
				if strings.Contains(text, "%s") {
					text = fmt.Sprintf(text, name)
				}
				if err := os.WriteFile(filepath.Join(inside, "plan.transition.hcl"), []byte("transition \"p\" {}\nphase \"P\" { opens = \"T\" }\n"+text), 0o600); err != nil {
					t.Fatal(err)
				}
				for _, command := range []string{"validate", "plan"} {
					refuses(t, inside, command)
				}
			})
		}
	}
}

type wayToFile struct{ file, text string }

// waysToFiles are the places in which a plan names a file, or has one.
func waysToFiles() map[string]wayToFile {
	return map[string]wayToFile{
		"plan file":    {"x.transition.hcl", ""},
		"JSON":         {"x.transition.hcl.json", ""},
		"values":       {"x.auto.hclvars", "variable \"v\" {}\n"},
		"message":      {"m.md", letter},
		"file":         {"f.txt", "locals {\n  f = file(\"%s\")\n}\n"},
		"filebase64":   {"f.txt", "locals {\n  f = filebase64(\"%s\")\n}\n"},
		"templatefile": {"f.txt", "locals {\n  f = templatefile(\"%s\", {})\n}\n"},
		"inventory":    {"t.csv", "inventory \"i\" {\n  source = \"%s\"\n  key = \"id\"\n}\n"},
	}
}

// kindsOfFiles put something in the place of a file, and say what to name instead.
func kindsOfFiles() map[string]func(t *testing.T, inside, outside, name string) string {
	type put = func(t *testing.T, inside, outside, name string) string
	link := func(to string) put {
		return func(t *testing.T, inside, _, name string) string {
			return must(t, os.Symlink(to, filepath.Join(inside, name)), name)
		}
	}
	return map[string]put{
		"a pipe": func(t *testing.T, inside, _, name string) string {
			return must(t, syscall.Mkfifo(filepath.Join(inside, name), 0o600), name)
		},
		"a link to a pipe": func(t *testing.T, inside, _, name string) string {
			return must(t, errors.Join(syscall.Mkfifo(filepath.Join(inside, "pipe"), 0o600), os.Symlink("pipe", filepath.Join(inside, name))), name)
		},
		"a device":               link("/dev/zero"),
		"the environment":        link("/proc/self/environ"),
		"a link out":             link("../outside"),
		"a link to itself":       link("x.transition.hcl"),
		"a link to nothing":      link("nothing"),
		"a link to an open file": link("/proc/self/fd/0"),
		"a link out, whole": func(t *testing.T, inside, outside, name string) string {
			return must(t, os.Symlink(outside, filepath.Join(inside, name)), name)
		},
		"a link to a directory out": func(t *testing.T, inside, outside, _ string) string {
			return must(t, os.Symlink(filepath.Dir(outside), filepath.Join(inside, "d")), "d/outside")
		},
		"a whole path": func(_ *testing.T, _, outside, _ string) string { return outside },
		"a way up":     func(*testing.T, string, string, string) string { return "../outside" },
		"a way down and up": func(t *testing.T, inside, _, _ string) string {
			return must(t, os.Mkdir(filepath.Join(inside, "d"), 0o700), "d/../../outside")
		},
		"a way of Windows": func(*testing.T, string, string, string) string { return `..\\outside` },
		"a file without end": func(t *testing.T, inside, _, name string) string {
			f, err := os.Create(filepath.Join(inside, name))
			if err != nil {
				t.Fatal(err)
			}
			return must(t, errors.Join(f.Truncate(1<<40), f.Close()), name)
		},
	}
}

func must(t *testing.T, err error, name string) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// Files that the user names are not read to the end either.
func TestNamedFilesWithoutEnd(t *testing.T) {
	dir := t.TempDir()
	kindsOfFiles()["a file without end"](t, dir, "", "big")
	if err := os.WriteFile(filepath.Join(dir, "plan.transition.hcl"), []byte("transition \"p\" {}\nphase \"P\" { opens = \"T\" }\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{
		{"show", "big"}, {"apply", "big"}, {"init", "-from-csv=big"}, {"plan", "-var-file=big"}, {"import", "-reason=x", "big"},
		{"plan", "-state=big"}, {"state", "restore", "-auto-approve", "big"}, {"state", "push", "big"},
	} {
		refuses(t, dir, command...)
	}
}

// refuses runs a command that must end with 1 and a diagnostic, soon, and without
// much memory.
func refuses(t *testing.T, dir string, command ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "transition", command...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TEST_NOW="+now, "CANARY=swordfish")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(out.String(), "Error: ") {
		t.Errorf("%s ends with %v:\n%.2000s", command, cmd.ProcessState, out.String())
	}
	if strings.Contains(out.String(), "swordfish") {
		t.Errorf("%s shows what lies outside:\n%.2000s", command, out.String())
	}
	if peak := peakMemory(cmd.ProcessState); peak > mostMemory && !raced {
		t.Errorf("%s takes %d MiB", command, peak>>20)
	}
}
