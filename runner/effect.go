package runner

import (
	"context"
	"fmt"
	"runtime/debug"

	"transition/plans"
	"transition/runner/action"
	"transition/runner/crashpoint"
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
		r.note = e.p.note(noteName{e.lease.Holder().Epoch, r.entry.attempt}, &req)
		req.Note, req.Started = r.note, func(int) { crashpoint.Hit("exec.after_start") }
		crashpoint.Hit("exec.before_start")
		defer crashpoint.Hit("exec.after_end")
	}
	r.outcome = e.p.executor(e.actions, r.entry).Do(stop, req)
}
