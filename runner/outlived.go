package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/action"
	"transition/runner/action/command"
	"transition/runner/action/note"
	"transition/runner/process"
	"transition/runner/store"
	"transition/schema/diag"
)

// A command lives on when its runner is killed. Its note, see package note, lies
// beside the state until what became of it is recorded.

// noteName is the name of a note: the epoch of the lease, which tells whether its
// runner is gone, and the attempt.
type noteName struct{ lease, attempt int64 }

const noteFormat = "%d-%d.json"

func (n noteName) String() string { return fmt.Sprintf(noteFormat, n.lease, n.attempt) }

func (p *Project) notesDir() string { return p.statePath() + ".running" }

func (p *Project) noteFile(n noteName) string { return filepath.Join(p.notesDir(), n.String()) }

func (p *Project) processes() process.Table {
	if p.o.Processes != nil {
		return p.o.Processes
	}
	return process.System{}
}

// note notes that the command of a request is about to be started, and returns the
// file. Where that fails, it is not known after a crash whether it still runs.
func (p *Project) note(name noteName, r *action.Request) string {
	id, ok := p.processes().Identify(0, command.Marks(*r))
	if !ok {
		return "" // the system does not tell
	}
	file := p.noteFile(name)
	if err := note.Begin(file, &note.Note{Address: r.Address, Since: p.o.Clock.Now().UTC(), Identity: id}); err != nil {
		p.log.Warn("process not noted", "address", r.Address, "error", err)
		return ""
	}
	return file
}

// unnote removes a note.
func (p *Project) unnote(file string) {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.log.Warn("note of a process not removed", "error", err)
	}
}

// relic is what a runner that is gone has left of an attempt: a note, and what can
// be seen of its command.
type relic struct {
	name noteName
	note.Note
	pid int
	// kept: pid is of its keeper, which was seen instead.
	kept bool
	life process.Life
	// written is when the note was written to last: its end, if it has one.
	written time.Time
	// unread is why the note could not be read: it says nothing, and is kept.
	unread error
	// strange: the state knows no such attempt, as when it was restored since.
	strange bool
}

// relics reads the notes of runners that are gone, by attempt.
func (p *Project) relics(ctx context.Context) ([]relic, error) {
	return p.relicsBut(ctx, p.holding(ctx))
}

// errNotes: without the notes, whatever runs would be begun beside itself.
var errNotes = errors.New("notes of commands not read")

// relicsBut reads all notes but those of a lease.
func (p *Project) relicsBut(ctx context.Context, lease int64) ([]relic, error) {
	files, err := os.ReadDir(p.notesDir())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, &store.Error{
			Kind: errNotes, What: fmt.Sprintf("which commands still run cannot be seen: the notes in %s cannot be read (%v)", p.notesDir(), err),
			Advice: "Make that directory readable for this user, or remove it if it is certain that no command of an apply that is gone still runs.",
			Cause:  err,
		}
	}
	var all []relic
	for _, f := range files {
		var name noteName
		if _, err := fmt.Sscanf(f.Name(), noteFormat, &name.lease, &name.attempt); err != nil || name.lease == lease || f.Name() != name.String() {
			continue
		}
		x, err := p.relic(ctx, name)
		if err != nil {
			return nil, err
		}
		if x != nil {
			all = append(all, *x)
		}
	}
	slices.SortFunc(all, func(a, b relic) int { return cmp.Compare(a.name.attempt, b.name.attempt) })
	return all, nil
}

// relic reads one note; nil: it was removed meanwhile.
func (p *Project) relic(ctx context.Context, name noteName) (*relic, error) {
	x := &relic{name: name}
	for range 2 { // its end may have been noted between reading and looking
		n, err := note.Read(p.noteFile(name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return &relic{name: name, life: process.Unseen, unread: err}, nil
		}
		x.Note = n
		if info, err := os.Stat(p.noteFile(name)); err == nil {
			x.written = info.ModTime().UTC()
		}
		if x.pid, x.kept, x.life = n.Look(p.processes()); x.life != process.Gone || n.End != nil {
			break
		}
	}
	begun, err := p.hasBegun(ctx, x)
	x.strange = !begun
	return x, err
}

// endedAt is when a command that began at an instant has ended, by the clock of the
// state; now, if the file does not tell, as in a rehearsal.
func (x *relic) endedAt(began, now time.Time) time.Time {
	if x.End == nil || x.written.Before(began) || x.written.After(now) {
		return now
	}
	return x.written
}

// hasBegun reports whether the state has begun the attempt that a note is about. The
// numbers of attempts come again after an older state was restored, their keys do
// not.
func (p *Project) hasBegun(ctx context.Context, x *relic) (bool, error) {
	at, ok, err := p.state.Attempt(ctx, x.name.attempt)
	if err != nil || !ok || at.BegunAt.IsZero() {
		return false, err
	}
	return slices.Equal(x.Marks, command.Marks(action.Request{Key: at.Key, Attempt: at.No})), nil
}

// holding is the epoch of the present lease; 0: nobody applies.
func (p *Project) holding(ctx context.Context) int64 {
	if h, ok := p.Holder(ctx); ok {
		return h.Epoch
	}
	return 0
}

// outlived are the commands of attempts whose runner is gone, as far as anything
// can be said of them, and those that run, by what the plan calls their items.
func (p *Project) outlived(ctx context.Context) (plans.Orphans, plans.Beside, error) {
	relics, err := p.relics(ctx)
	of, beside, names := make(plans.Orphans), make(plans.Beside), plans.NewRenames(p.Config)
	for _, x := range relics {
		o, ok := x.orphan()
		if ok && o.Runs {
			tenant, key, _ := strings.Cut(x.Address, "/")
			beside[names.Tenant(tenant)+"/"+names.Key(key)] = o
		}
		if ok && !x.strange {
			of[x.name.attempt] = o
		}
	}
	return of, beside, err
}

// orphan is what a plan has to know; false: nothing.
func (x *relic) orphan() (plans.Orphan, bool) {
	o := plans.Orphan{Host: x.Host, Number: x.PID}
	switch {
	case x.life == process.Runs:
		if o.Number, o.Runs = x.pid, true; !x.kept {
			o.End = process.End(x.pid)
		}
	case x.strange: // how it ended is nobody's business
		return o, false
	case x.End != nil:
		o.Ended = cmp.Or(x.End.Reason, "success")
	case x.life == process.Unseen:
		return o, x.Host != "" || x.unread != nil
	default:
		return o, false
	}
	return o, true
}

// tidyNotes removes the notes of runners that are gone, once nothing more can be
// learnt from them: the command has ended, or ran elsewhere and nobody waits for
// word of it any more. An end that was noted since they were heard is for the next
// time.
func (p *Project) tidyNotes(ctx context.Context, lease store.Lease, heard map[noteName]bool) error {
	relics, err := p.relicsBut(ctx, lease.Holder().Epoch)
	if err != nil {
		return err
	}
	var waited map[int64]bool
	for _, x := range relics {
		switch {
		case x.life == process.Runs || x.unread != nil || x.End != nil && !heard[x.name]:
			continue
		case x.life == process.Unseen && !x.strange && x.End == nil:
			if waited == nil {
				var err error
				if waited, err = p.waited(ctx); err != nil {
					return err
				}
			}
			if waited[x.name.attempt] {
				continue
			}
		}
		p.unnote(p.noteFile(x.name))
	}
	return nil
}

// waited are the attempts that have no outcome, or an unknown one.
func (p *Project) waited(ctx context.Context) (map[int64]bool, error) {
	all := make(map[int64]bool)
	for r, err := range p.state.Records(ctx) {
		if err != nil {
			return nil, err
		}
		for i := range r.Items {
			for _, try := range []*ledger.Try{&r.Items[i].Try, r.Items[i].Release} {
				if try != nil && (try.State == ledger.Running || try.State == ledger.Lost) {
					all[try.Attempt] = true
				}
			}
		}
	}
	return all, nil
}

// StillRunning warns of every command that runs though its runner is gone, or may
// run where that cannot be seen.
func (p *Project) StillRunning(ctx context.Context) diag.List {
	if p.state == nil {
		return nil
	}
	relics, err := p.relics(ctx)
	if err != nil {
		return diag.List{stateProblem(err)}
	}
	var diags diag.List
	for _, x := range relics {
		if x.unread != nil {
			diags.Add(diag.Diagnostic{
				Severity: diag.Warning, Code: "note-unreadable", Summary: "A command may still run, and its note cannot be read",
				Detail: fmt.Sprintf("%s says whether the command of attempt %d still runs, and cannot be read (%v).", p.noteFile(x.name), x.name.attempt, x.unread),
				Hint:   "Make it readable for this user, or remove it when the command has ended.",
			})
			continue
		}
		if o, ok := x.orphan(); ok && x.life == process.Unseen && o.Ended == "" {
			diags.Add(diag.Diagnostic{
				Severity: diag.Warning, Code: "runs-elsewhere", Summary: "A command may run on another machine",
				Detail: fmt.Sprintf("%s was begun as process %d on %s at %s, and its runner is gone. Whether it still runs can only be seen there.", x.Address, x.PID, x.Host, p.show(x.Since)),
				Hint:   "Look there. Then say what became of it: transition resolve " + x.Address + " -done|-retry -reason=...",
			})
		}
		if x.life != process.Runs {
			continue
		}
		if x.kept {
			diags.Add(diag.Diagnostic{
				Severity: diag.Warning, Code: "still-running", Summary: "A command is looked after, though its runner is gone",
				Detail: fmt.Sprintf("%s is about to begin or has just ended; process %d on %s sees to it.", x.Address, x.pid, x.Host),
				Hint:   "Wait for its end, which the next apply records.",
			})
			continue
		}
		d := diag.Diagnostic{
			Severity: diag.Warning, Code: "still-running", Summary: "A command still runs, though its runner is gone",
			Detail: fmt.Sprintf("%s runs as process %d on %s since %s.", x.Address, x.pid, x.Host, p.show(x.Since)),
			Hint:   "Wait for its end, which the next apply records, or end it: " + process.End(x.pid) + ".",
		}
		if !p.awaits(ctx, x.Address, x.name.attempt) {
			d.Detail += " What became of its item is recorded already."
			d.Hint = "Let it end, or end it: " + process.End(x.pid) + ". Nothing waits for it, and nothing of the item is done again while it runs."
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
