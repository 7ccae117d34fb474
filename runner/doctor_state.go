package runner

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
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
	diags := p.OpenState(ctx, NeedNone, time.Time{})
	for i := range diags {
		if p.meta.Lost != nil && diags[i].Code == "state-older" { // it keeps everything from being done
			diags[i].Severity = diag.Error
		}
	}
	x.trouble(AreaState, diags...)
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
	if len(diags)+len(report.Problems) == 0 {
		x.well(AreaState, "%s is sound; serial: %d, facts: %d, tenants: %d", p.statePath(), p.meta.Serial, report.Facts, report.Tenants)
	}
	x.applier(ctx)
	x.place()
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
	begun := 0
	for i := range open {
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
