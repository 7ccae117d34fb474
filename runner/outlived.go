package runner

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/action"
	"transition/runner/action/command"
	"transition/runner/process"
	"transition/runner/store"
	"transition/schema/diag"
)

// A command lives on when its runner is killed. What identifies its process is
// therefore noted in a file beside the state, before it is started and once more
// when its number is known, for as long as the runner waits for it. The file need
// not be synced: without power the command is gone as well.

// note is what is in such a file, each time on a line; the last one counts.
type note struct {
	Address string    `json:"address"` // as it was called then
	Since   time.Time `json:"since"`   // by the machine's clock
	process.Identity
}

// noteName is the name of such a file: the epoch of the lease, which tells whether
// its runner is gone, and the attempt.
type noteName struct{ lease, attempt int64 }

const noteFormat = "%d-%d.json"

func (n noteName) String() string { return fmt.Sprintf(noteFormat, n.lease, n.attempt) }

func (p *Project) notesDir() string { return p.statePath() + ".running" }

func (p *Project) processes() process.Table {
	if p.o.Processes != nil {
		return p.o.Processes
	}
	return process.System{}
}

// note writes down that the command of a request is about to be started (pid 0), or
// has been. Where that fails, it is not known after a crash whether it still runs.
func (p *Project) note(name noteName, r *action.Request, pid int) {
	id, ok := p.processes().Identify(pid, command.Marks(*r))
	if !ok {
		return // the system does not tell
	}
	if err := p.writeNote(name, &note{r.Address, p.o.Clock.Now().UTC(), id}); err != nil {
		p.log.Warn("process not noted", "address", r.Address, "pid", pid, "error", err)
	}
}

func (p *Project) writeNote(name noteName, n *note) (err error) {
	if err := os.MkdirAll(p.notesDir(), 0o700); err != nil {
		return err
	}
	mode := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if n.PID == 0 {
		mode |= os.O_TRUNC
	}
	f, err := os.OpenFile(filepath.Join(p.notesDir(), name.String()), mode, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return json.NewEncoder(f).Encode(n)
}

// unnote removes a note.
func (p *Project) unnote(name noteName) {
	if err := os.Remove(filepath.Join(p.notesDir(), name.String())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.log.Warn("note of a process not removed", "error", err)
	}
}

// notes reads the notes of runners that are gone: all but those of a lease. A line
// that a crash has cut off says nothing.
func (p *Project) notes(but int64) map[noteName]note {
	files, err := os.ReadDir(p.notesDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.log.Warn("notes of processes not read", "error", err)
	}
	all := make(map[noteName]note)
	for _, f := range files {
		var name noteName
		if _, err := fmt.Sscanf(f.Name(), noteFormat, &name.lease, &name.attempt); err != nil || name.lease == but || f.Name() != name.String() {
			continue
		}
		b, err := os.ReadFile(filepath.Join(p.notesDir(), f.Name()))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			p.log.Warn("note of a process not read", "file", f.Name(), "error", err)
		}
		var n note
		for line := range bytes.Lines(b) {
			if next := (note{}); json.Unmarshal(line, &next) == nil {
				n = next
			}
		}
		all[name] = n
	}
	return all
}

// holding is the epoch of the present lease; 0: nobody applies.
func (p *Project) holding(ctx context.Context) int64 {
	if h, ok := p.Holder(ctx); ok {
		return h.Epoch
	}
	return 0
}

// outlived are the commands of attempts whose runner is gone, as far as they may
// still run.
func (p *Project) outlived(ctx context.Context) plans.Orphans {
	out := make(plans.Orphans)
	for name, n := range p.notes(p.holding(ctx)) {
		switch pid, life := p.processes().Look(n.Identity); life {
		case process.Runs:
			out[name.attempt] = plans.Orphan{Host: n.Host, PID: pid, End: process.End(pid)}
		case process.Unseen:
			if n.Host != "" {
				out[name.attempt] = plans.Orphan{Host: n.Host}
			}
		case process.Gone:
		}
	}
	return out
}

// tidyNotes removes the notes of runners that are gone, unless the command still
// runs: what could be said of the others has been recorded.
func (p *Project) tidyNotes(lease store.Lease) {
	for name, n := range p.notes(lease.Holder().Epoch) {
		if _, life := p.processes().Look(n.Identity); life != process.Runs {
			p.unnote(name)
		}
	}
}

// StillRunning warns of every command that runs though its runner is gone.
func (p *Project) StillRunning(ctx context.Context) diag.List {
	if p.state == nil {
		return nil
	}
	notes := p.notes(p.holding(ctx))
	var diags diag.List
	for _, name := range slices.SortedFunc(maps.Keys(notes), func(a, b noteName) int { return cmp.Compare(a.attempt, b.attempt) }) {
		n := notes[name]
		pid, life := p.processes().Look(n.Identity)
		if life != process.Runs {
			continue
		}
		d := diag.Diagnostic{
			Severity: diag.Warning, Code: "still-running", Summary: "A command still runs, though its runner is gone",
			Detail: fmt.Sprintf("%s runs as process %d on %s since %s.", n.Address, pid, n.Host, p.show(n.Since)),
			Hint:   "Wait for its end, or end it: " + process.End(pid) + ". Then say what became of it: transition resolve " + n.Address + " -done|-retry -reason=...",
		}
		if !p.awaits(ctx, n.Address, name.attempt) {
			d.Detail += " What became of its item is recorded already."
			d.Hint = "Let it end, or end it: " + process.End(pid) + ". Nothing waits for it, and nothing of the item is done again while it runs."
		}
		diags.Add(d)
	}
	return diags
}

// awaits reports whether the item of an attempt has still to be told what became of
// it, as far as that can be seen: the item may have another name by now.
func (p *Project) awaits(ctx context.Context, address string, attempt int64) bool {
	tenant, key, _ := strings.Cut(address, "/")
	r, err := p.state.Record(ctx, tenant)
	if err != nil || r == nil || r.Became != "" {
		return true
	}
	it := r.Item(key)
	if it == nil {
		return true
	}
	tries := []*ledger.Try{&it.Try, it.Release}
	for i := range it.Parts {
		tries = append(tries, &it.Parts[i].Try)
	}
	return slices.ContainsFunc(tries, func(t *ledger.Try) bool {
		return t != nil && t.Attempt == attempt && !t.State.Settled()
	})
}
