package watch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/fsnotify/fsnotify"
)

// notifier hints that something may have happened in directories. It may hint
// too often, and it may fail to: a hint is never needed.
type notifier interface {
	// hints receives something after things have happened; one for many will do.
	hints() <-chan struct{}
	// follow watches the directories, and no others. In place of one that does
	// not exist it watches the nearest one above it. began is true when anything
	// is watched that was not before. An error says what is not watched; the
	// rest is.
	follow(dirs []string) (began bool, err error)
	// close ends it, and waits for that.
	close() error
}

// systemNotifier hints at what the operating system tells of directories.
// Directories, and never files: a file that is replaced takes the watch on it
// along.
type systemNotifier struct {
	w    *fsnotify.Watcher
	told chan struct{}
	done chan struct{}
	// watched are the directories by their real paths, as they were when the
	// watch began: another one may have taken the path since.
	watched map[string]fs.FileInfo
}

func newSystemNotifier() (*systemNotifier, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoWatch, err)
	}
	n := &systemNotifier{
		w: w, told: make(chan struct{}, 1), done: make(chan struct{}),
		watched: make(map[string]fs.FileInfo),
	}
	go n.listen()
	return n, nil
}

// Try reports whether the system would tell of what happens in a directory.
func Try(dir string) error {
	n, err := newSystemNotifier()
	if err != nil {
		return err
	}
	_, err = n.follow([]string{dir})
	return errors.Join(err, n.close())
}

func (n *systemNotifier) hints() <-chan struct{} { return n.told }

func (n *systemNotifier) close() error {
	err := n.w.Close()
	<-n.done
	return err
}

// listen turns events into hints until the watcher is closed. An error is a hint,
// too: the queue has overflowed, and nobody knows what was in it.
func (n *systemNotifier) listen() {
	defer close(n.done)
	events, errs := n.w.Events, n.w.Errors
	for events != nil || errs != nil {
		select {
		case e, ok := <-events:
			if !ok {
				events = nil
			} else if matters(e) {
				n.tell()
			}
		case _, ok := <-errs:
			if !ok {
				errs = nil
			} else {
				n.tell()
			}
		}
	}
}

func (n *systemNotifier) tell() {
	select {
	case n.told <- struct{}{}:
	default: // the last one has not been taken yet, and is as good
	}
}

func (n *systemNotifier) follow(dirs []string) (began bool, err error) {
	wanted := make(map[string]fs.FileInfo, len(dirs))
	for _, dir := range dirs {
		path, info, failed := nearest(dir)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("%w: %w", errNoWatch, failed))
			continue
		}
		wanted[path] = info
	}
	n.drop(wanted)
	for path, info := range wanted {
		if _, watched := n.watched[path]; watched {
			continue
		}
		if failed := n.w.Add(path); failed != nil {
			err = errors.Join(err, fmt.Errorf("%w: %w", errNoWatch, failed))
			continue
		}
		n.watched[path] = info
		began = true
	}
	return began, err
}

// drop gives up what is not wanted, and what is no longer what it was.
func (n *systemNotifier) drop(wanted map[string]fs.FileInfo) {
	alive := n.w.WatchList()
	for path, was := range n.watched {
		now, ok := wanted[path]
		if ok && os.SameFile(was, now) && slices.Contains(alive, path) {
			continue
		}
		_ = n.w.Remove(path) // it may have gone with its directory
		delete(n.watched, path)
	}
}

// nearest is a directory by its real path, or the nearest one above it if it does
// not exist.
func nearest(dir string) (string, fs.FileInfo, error) {
	for {
		path, info, err := directory(dir)
		above := filepath.Dir(dir)
		if err == nil || above == dir {
			return path, info, err
		}
		dir = above
	}
}

func directory(name string) (string, fs.FileInfo, error) {
	path, err := filepath.EvalSymlinks(name)
	if err != nil {
		return "", nil, err
	}
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "watch", Path: path, Err: syscall.ENOTDIR}
	}
	return path, info, err
}

// matters reports whether an event may have changed what a plan is read from.
func matters(e fsnotify.Event) bool {
	return e.Op != fsnotify.Chmod && !dropping(filepath.Base(e.Name))
}

// dropping reports whether a name is one that editors and version control leave
// beside the files that they work on: backups, locks, and tests whether the
// directory can be written. The recorded state is no part of the plan either.
func dropping(name string) bool {
	switch {
	case name == "4913", name == ".git", strings.HasPrefix(name, ".transition"): // vim asks with 4913
		return true
	case strings.HasPrefix(name, ".#"), strings.HasPrefix(name, "#") && strings.HasSuffix(name, "#"): // emacs
		return true
	}
	switch filepath.Ext(name) {
	case ".swp", ".swo", ".swx":
		return true
	}
	return strings.HasSuffix(name, "~")
}

// tooMany reports whether the system has run out of watches.
func tooMany(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE)
}
