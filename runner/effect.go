package runner

import (
	"context"
	"fmt"
	"runtime/debug"

	"transition/plans"
	"transition/runner/action"
)

// work has effects until there are no more jobs.
func (e *engine) work(stop context.Context) {
	for en := range e.jobs {
		began := e.p.o.Clock.Now() // a rehearsal's clock stands still
		r := e.effect(stop, en)
		r.took = e.p.o.Clock.Now().Sub(began)
		e.results <- r
	}
}

// effect has one effect, or asks about one. A fault of the program is an unknown
// outcome of that one, and no reason to forget what became of the others.
func (e *engine) effect(stop context.Context, en *entry) (r result) {
	r.entry = en
	defer func() {
		if fault := recover(); fault != nil {
			why := e.p.line(fmt.Sprintf("a fault of this program: %v", fault))
			r.outcome, r.reply = action.Outcome{Class: action.Unknown, Reason: why}, plans.Reply{Reason: why}
			e.p.log.Error("panic", "address", en.address(), "fault", why, "stack", e.p.secrets.Lines(string(debug.Stack())))
		}
	}()
	switch {
	case en.asks():
		e.inquire(stop, &r)
	case en.doubted:
		r.outcome = e.doubted()
	default:
		e.act(stop, &r)
	}
	return r
}

func (e *engine) act(stop context.Context, r *result) {
	req, err := e.p.prepare(r.entry)
	if err != nil {
		r.outcome = action.Outcome{Class: action.Permanent, NotBegun: true, Reason: err.Error()}
		return
	}
	if req.Command != nil && !req.Asks {
		name := noteName{e.lease.Holder().Epoch, r.entry.attempt}
		e.p.note(name, &req, 0)
		req.Started = func(pid int) { e.p.note(name, &req, pid) }
		defer e.p.unnote(name) // what it has left in the background is left alone
	}
	r.outcome = e.p.executor(e.actions, r.entry).Do(stop, req)
}
