package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"transition/runner/store"
	"transition/schema/diag"
)

// little is how much room on a disk is worth a warning, in bytes: a state of
// 10,000 tenants, with the copy that is made before its schema changes.
const little = 256 << 20

// state looks at the recorded state and the place where it lies.
func (x *examination) state(ctx context.Context) {
	p := x.p
	if p.root == nil {
		return
	}
	logged := hasLog(p.statePath()) // before opening it takes that away
	diags := p.OpenState(ctx, NeedNone, time.Time{})
	for i := range diags {
		if c := diags[i].Code; c == "state-older" || c == "state-unmarked" { // it keeps everything from being done
			diags[i].Severity = diag.Error
		}
	}
	x.trouble(AreaState, diags...)
	if logged {
		defer x.mixed(len(x.found) - len(diags))
	}
	if p.state == nil && diags.HasErrors() {
		return
	}
	x.trouble(AreaState, p.place(p.statePath())...)
	if p.state == nil {
		x.well(AreaState, "nothing is recorded yet; to begin: transition init")
		return
	}
	x.trouble(AreaState, p.StillRunning(ctx)...)
	report, diags := p.Verify(ctx)
	x.trouble(AreaState, diags...)
	for _, problem := range report.Problems {
		x.trouble(AreaState, diag.Diagnostic{
			Severity: diag.Error, Code: "state-damaged", Summary: "The recorded state is damaged", Detail: sentence(problem),
			Hint: "Apply nothing. Restore the state from a backup.",
		})
	}
	known, writable := x.newest(), x.writable()
	if known && writable && len(diags)+len(report.Problems) == 0 {
		x.well(AreaState, "%s is sound; serial: %d, facts: %d, tenants: %d", p.statePath(), p.meta.Serial, report.Facts, report.Tenants)
	}
	x.applier(ctx)
	x.place()
}

// newest looks whether the state is the one of this plan, and whether it can be told
// for the newest; false: it is none in which anything can be recorded.
func (x *examination) newest() bool {
	p := x.p
	lineage, err := p.lineage()
	if err == nil && lineage == "" && p.meta.Kind == store.Production {
		x.warn(AreaState, "lineage-missing", lineageFile+" is missing",
			fmt.Sprintf("Nothing beside the plan says that the state %s belongs to it. Without that, a state that gets lost is taken for one that never was, and a new one greets every tenant anew.", p.meta.Lineage),
			"Restore it from version control. If this is certainly its state, write it: echo "+p.meta.Lineage+" >"+lineageFile)
	}
	var e *store.Error
	switch {
	case p.meta.Copy:
		x.trouble(AreaState, diag.Diagnostic{
			Severity: diag.Error, Code: "state-backup", Summary: "The file is a backup",
			Detail: fmt.Sprintf("What lies at %s was written by state backup, and put there by something else than state restore. Nothing can be recorded in it: it does not know what has happened since.", p.statePath()),
			Hint:   "If the state that was here can be found, put it back. Else restore what is there, which asks about what happened since: transition state restore",
		})
		return false
	case p.meta.Lost != nil, errors.As(p.meta.Unmarked, &e): // that has been said
		return false
	}
	return true
}

// writable looks whether anything could be recorded, without recording it.
func (x *examination) writable() bool {
	may := x.p.o.MayWrite
	if may == nil {
		may = mayWrite
	}
	path := x.p.statePath()
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	for _, name := range []string{path, filepath.Dir(path), path + ".mark", path + ".lock"} {
		err := may(name)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		why := err
		if e, ok := errors.AsType[*fs.PathError](err); ok {
			why = e.Err
		}
		x.trouble(AreaState, diag.Diagnostic{
			Severity: diag.Error, Code: "state-read-only", Summary: "The recorded state cannot be written",
			Detail: fmt.Sprintf("%s may not be written by whoever runs this: %v. What is about to happen is recorded first, so that without it nothing happens.", name, why),
			Hint:   "Make the state and its directory writable for whoever applies, or run this as them.",
		})
		return false
	}
	return true
}

func hasLog(path string) bool {
	info, err := os.Stat(path + "-wal")
	return err == nil && info.Size() > 0
}

// mixed says of a damaged state beside which a -wal file lay what that may come from.
// The findings of the state are those from an index on.
func (x *examination) mixed(from int) {
	if !slices.ContainsFunc(x.found[from:], func(f Finding) bool { return f.Trouble.Code == "state-damaged" }) {
		return
	}
	path := x.p.statePath()
	x.trouble(AreaState, diag.Diagnostic{
		Severity: diag.Error, Code: "state-mixed", Summary: "Another file may have been copied onto the state",
		Detail: fmt.Sprintf("Beside the state lay %s-wal, with what had been recorded last. It belongs to the file that was there then: if another one was copied over that, as an older copy, the two were taken for one, and that is what is damaged.", path),
		Hint:   fmt.Sprintf("Stop whatever has the state open, keep %s and %s-wal together, and restore the newest backup, which moves both aside: transition state restore FILE. Copies are put in their place by nothing else.", path, path),
	})
}

// applier looks for who applies, and for what nobody knows the outcome of since
// its applier is gone.
func (x *examination) applier(ctx context.Context) {
	p := x.p
	if h, ok := p.Holder(ctx); ok {
		x.well(AreaState, "%s on %s (process %d, %s) applies since %s", h.User, h.Host, h.PID, h.Command, p.show(h.Since))
		return
	}
	open, err := p.state.OpenAttempts(ctx)
	if err != nil {
		x.trouble(AreaState, stateProblem(err))
		return
	}
	known, _, err := p.outlived(ctx)
	if err != nil {
		x.trouble(AreaState, stateProblem(err))
		return
	}
	begun := 0
	for i := range open {
		if x := known[open[i].ID]; x.Runs || x.Ended != "" { // the next apply records its end
			continue
		}
		r, err := p.state.Record(ctx, open[i].Tenant)
		if err == nil && r != nil && !open[i].BegunAt.IsZero() && !told(r, open[i]) { // else long work goes on
			begun++
		}
	}
	if begun > 0 {
		x.warn(AreaState, "attempts-open", "An apply did not come to its end",
			fmt.Sprintf("There is no outcome of %s that had begun. The next apply records that as unknown, unless the plan allows to repeat it.", counted(begun)),
			"See what became of each, and say so with: transition resolve ADDRESS -done|-retry -reason=...")
	}
}

// place looks at where the state lies. What is said of a real one does not matter
// for a rehearsal.
func (x *examination) place() {
	p := x.p
	path, err := filepath.Abs(p.statePath())
	if err != nil {
		path = p.statePath()
	}
	if free, ok := room(filepath.Dir(path)); ok && free < little {
		x.warn(AreaState, "little-room", "The disk of the recorded state is nearly full",
			fmt.Sprintf("%d MB are left. What is about to happen is written down first, so without room nothing happens.", free>>20),
			"Make room on the disk of "+path+".")
	}
	if p.meta.Kind == store.Rehearsal {
		return
	}
	if info, err := os.Stat(path); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		x.warn(AreaState, "state-readable", "Others may read the recorded state",
			fmt.Sprintf("Its rights are %#o. It holds the addresses of tenants, and what they were sent.", info.Mode().Perm()),
			"chmod 600 "+path)
	}
	if copied := workingCopy(filepath.Dir(path)); copied != "" {
		x.warn(AreaState, "state-in-working-copy", "The recorded state lies in a working copy",
			fmt.Sprintf("%s is inside of %s: a git clean, or whoever clones again, loses it.", path, copied),
			`Move it to a place of its own, and name that with state "sqlite" { path = "/var/lib/..." } or -state=FILE.`)
	}
}

// workingCopy is the working copy of Git that a directory is in; empty: none.
func workingCopy(dir string) string {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			return ""
		}
		dir = above
	}
}
