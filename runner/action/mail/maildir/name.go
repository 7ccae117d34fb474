package maildir

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"transition/runner/action"
)

const (
	markLength = 16 // 80 bits of a key in base32
	suffix     = ".eml"
	// readAtOnce is how many names are read from a directory in one go.
	readAtOnce = 4096
)

// name gives a message its file name.
func name(r action.Request) string {
	return fmt.Sprintf("%012d.%08d.%s%s", max(0, r.Now.Unix()), r.Seq, mark(r.Key), suffix)
}

// mark is what a name holds of a key: its beginning, without what a file name
// cannot hold or ends a part of it.
func mark(key string) string {
	key = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
			return r
		default:
			return '-'
		}
	}, key)
	return key[:min(len(key), markLength)]
}

// markOf reads the mark out of a file's name. Mail readers append what they know
// of a message to its name when they move it to cur, as in "….eml:2,S".
func markOf(name string) (string, bool) {
	stem, _, ok := strings.Cut(name, suffix)
	if !ok {
		return "", false
	}
	mark := stem[strings.LastIndexByte(stem, '.')+1:]
	return mark, mark != ""
}

// knows reports whether the message with this mark lies in the Maildir.
func (e *Executor) knows(mark string) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.delivered != nil {
		if _, ok := e.delivered[mark]; !ok {
			return false, nil
		}
		// Rare, and worth another look: somebody may have thrown it away.
	}
	found := make(map[string]struct{})
	for _, sub := range []string{"new", "cur"} {
		if err := readMarks(e.dir(sub), found); err != nil {
			return false, err
		}
	}
	e.delivered = found
	_, ok := found[mark]
	return ok, nil
}

func (e *Executor) remember(mark string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.delivered[mark] = struct{}{}
}

// readMarks adds the marks of a directory's files.
func readMarks(dir string, to map[string]struct{}) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	for {
		names, err := f.Readdirnames(readAtOnce)
		for _, n := range names {
			if mark, ok := markOf(n); ok {
				to[strings.Clone(mark)] = struct{}{} // not the whole name for ever
			}
		}
		if errors.Is(err, io.EOF) {
			return f.Close()
		}
		if err != nil {
			return errors.Join(err, f.Close())
		}
	}
}
