// Package note keeps, in a file for each command that runs, which process it is
// and how it has ended: whoever comes after its runner was killed learns it there.
//
// Each line is JSON and adds to those before it; one that a crash has cut off says
// nothing. The file need not be synced: without power the command is gone as well.
// What a command prints is not in it, since that may hold secrets.
package note

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"transition/runner/action"
	"transition/runner/process"
)

// Note is what is in such a file.
type Note struct {
	Address string    `json:"address,omitempty"` // as it was called then
	Since   time.Time `json:"since,omitzero"`    // by the machine's clock
	process.Identity
	// Keeper is who starts it and waits for it; nil: its runner does.
	Keeper *process.Identity `json:"keeper,omitempty"`
	// End is how it has ended, without anything that it has printed; nil: it has
	// not, or nobody was left to see it.
	End *action.Outcome `json:"end,omitempty"`
}

// Begin begins the note of a command that is about to be started.
func Begin(file string, n *Note) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return write(file, os.O_CREATE|os.O_TRUNC, n)
}

// Keeper adds who starts the command.
func Keeper(file string, k process.Identity) error {
	return write(file, 0, struct {
		Keeper process.Identity `json:"keeper"`
	}{k})
}

// Started adds which process it is. It does nothing where there is no file.
func Started(file string, id process.Identity) error { return write(file, 0, id) }

// Ended adds how it has ended. It does nothing where there is no file.
func Ended(file string, o action.Outcome) error {
	return write(file, 0, struct {
		End action.Outcome `json:"end"`
	}{o})
}

func write(file string, mode int, line any) (err error) {
	if file == "" {
		return nil
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND|mode, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return json.NewEncoder(f).Encode(line) // in one write
}

// errEmpty is of a note that was emptied, or never begun.
var errEmpty = errors.New("it holds nothing of a command")

// Read reads a note. What cannot be read says nothing.
func Read(file string) (Note, error) {
	var n Note
	b, err := os.ReadFile(file)
	for line := range bytes.Lines(b) {
		if next := n; json.Unmarshal(line, &next) == nil {
			n = next
		}
	}
	if err == nil && n.Address == "" {
		err = errEmpty
	}
	return n, err
}

// Look says whether the command may still run, or be about to, and its process. Of
// one that has exited by itself that is no question, whatever it has left in the
// background; of one that was killed, what it had started may go on. keeper: it was
// not seen, but its keeper, whose process that is and which must not be ended.
func (n *Note) Look(t process.Table) (pid int, keeper bool, l process.Life) {
	if n.End != nil && n.End.Class != action.Unknown {
		return 0, false, process.Gone
	}
	pid, l = t.Look(n.Identity)
	if l == process.Gone && n.End == nil && n.Keeper != nil {
		pid, l = t.Look(*n.Keeper)
		return pid, true, l
	}
	return pid, false, l
}
