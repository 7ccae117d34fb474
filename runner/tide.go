package runner

import (
	"context"
	"time"

	"transition/plans"
	"transition/schema/inventory"
)

// tide lets time go on during a pass. Work may run for hours, and the locks and
// notices of other tenants must not wait for it.
type tide struct {
	// compute works out the plan anew; nil: that is not possible now.
	compute func() *plans.Result
	// edited reports whether the plan directory is another one now. That is for
	// the next apply; until then only locks are given back.
	edited func() bool
	// bursts reports whether a plan is left to a person. That is for the next apply,
	// too.
	bursts func(*plans.Plan) bool
	// serial is that of the state at present; it costs little.
	serial func() int64
	// settle records what came of attempts of earlier runners that have ended.
	settle func()

	now  func() time.Time
	due  time.Time // when something falls due; zero: nothing does by itself
	look time.Time // when to see whether somebody has said something
	seen int64     // serial up to which everything is known; -1: look again
	ebb  bool      // only locks are given back, the rest is for the next apply
}

// newTide begins at a computed plan.
func (a *applying) newTide(ctx context.Context, first *plans.Result) *tide {
	steady := context.WithoutCancel(ctx)
	t := &tide{now: a.p.Now, bursts: a.bursts, due: first.Plan.Next, seen: a.p.meta.Serial}
	t.edited = func() bool { return a.p.edited(steady) }
	t.compute = func() *plans.Result {
		res, diags := a.compute(steady, a.p.Now())
		if diags.HasErrors() {
			a.p.log.Warn("nothing more begins while effects run", "reason", diags.Errors()[0].Summary)
			return nil
		}
		return res
	}
	t.settle = func() {
		if _, err := a.record(steady); err != nil {
			a.p.log.Warn("what earlier runners left is not settled", "error", err) // the next commit tells more
		}
	}
	t.serial = func() int64 {
		m, err := a.p.state.Meta(steady)
		if err != nil {
			return -1 // the next commit will tell what is wrong
		}
		return m.Serial
	}
	t.rest()
	return t
}

// rest puts off the next look.
func (t *tide) rest() { t.look = t.now().Add(tick) }

// wakes is when there may be something to do; zero: never.
func (t *tide) wakes() time.Time {
	if t == nil {
		return time.Time{}
	}
	if !t.due.IsZero() && t.due.Before(t.look) {
		return t.due
	}
	return t.look
}

// committed notes a commit of the pass itself. Another one in between was
// somebody's word.
func (t *tide) committed(serial int64) {
	switch {
	case t == nil:
	case t.seen == serial-1:
		t.seen = serial
	default:
		t.seen = -1
	}
}

// rise begins what has become due while effects run.
func (e *engine) rise() {
	t := e.tide
	if t == nil || len(e.late) == 0 && t.now().Before(t.wakes()) {
		return
	}
	due := len(e.late) > 0 || !t.due.IsZero() && !t.now().Before(t.due)
	t.rest()
	t.settle()
	serial := t.serial()
	if !due && serial == t.seen {
		return
	}
	t.due, t.seen, t.ebb = time.Time{}, serial, t.edited()
	clear(e.late)
	res := t.compute()
	t.ebb = t.ebb || res != nil && t.bursts(res.Plan)
	if res == nil || t.ebb {
		t.seen = -1
	}
	if res == nil {
		return
	}
	if !t.ebb {
		e.reached = res.Plan.Now
	}
	t.due = res.Plan.Next
	e.decider = res.Decider.Applying()
	e.regain()
	for _, pt := range res.Tasks {
		e.join(pt)
	}
}

// join takes up a tenant for which something is due. Of one that is at work, what
// the pass knows is newer; its way changes when that has ended.
func (e *engine) join(pt plans.Task) {
	t := e.tasks[pt.Record.ID]
	switch {
	case t == nil:
		e.add(pt)
	case len(t.busy) == 0:
		delete(e.asleep, t)
		e.add(pt)
	case len(pt.Steps) > 0: // nothing more begins on its old way
		e.tide.seen = -1
		e.withdraw(t, nil)
	default:
		e.decide(t)
	}
}

// edited reports whether the plan directory is no longer the one that was
// adopted. From then on the tenants are those that the state keeps: the rows that
// were read lie there no more.
func (p *Project) edited(ctx context.Context) bool {
	if p.borrowed || p.asAdopted() {
		return false
	}
	if kept, err := p.state.Adopted(ctx); err == nil && kept != nil {
		if src, diags := inventory.Open(newKeptFS(kept.Files, p.meta.AdoptedAt), p.Config); !diags.HasErrors() {
			p.tenants = src
		}
	}
	return true
}

// asAdopted reports whether the plan directory holds what was adopted.
func (p *Project) asAdopted() bool {
	disk, diags := Open(p.o)
	defer disk.Close()
	if diags.HasErrors() || disk.Config.Digest != p.Config.Digest {
		return false
	}
	digest, err := disk.inventoryDigest()
	return err == nil && digest == p.meta.AdoptedInventory
}
