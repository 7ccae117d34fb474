package view

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"transition/plans"
	"transition/runner"
)

// lineByLine is the number of events up to which an apply prints one line for
// each; longer ones are summed up at their end.
const lineByLine = 60

// widestAddress bounds the column of addresses.
const widestAddress = 48

// Apply tells an apply as text: the plan, what is done, what comes next. Its
// methods may be called from several goroutines.
type Apply struct {
	opts   ApplyOptions
	out    io.Writer
	screen Screen

	mu       sync.Mutex
	page     *page // nil before the plan is known
	progress progress
	changes  int
	width    int  // of the column of addresses
	grouped  bool // outcomes are summed up at the end
	outcomes outcomes
}

// ApplyOptions say how an apply is told.
type ApplyOptions struct {
	Plan     PlanOptions
	Talk     io.Writer // stderr
	Terminal bool      // Talk can redraw its line
}

// NewApply begins to tell an apply on out.
func NewApply(out io.Writer, s Screen, o ApplyOptions) *Apply {
	return &Apply{
		opts: o, out: out, screen: s,
		progress: progress{w: o.Talk, terminal: o.Terminal}, outcomes: make(outcomes),
	}
}

// Plan shows what will be done, once however often it is called.
func (v *Apply) Plan(p *plans.Plan) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.plan(p)
}

func (v *Apply) plan(p *plans.Plan) error {
	if v.page != nil {
		return nil
	}
	v.page = newPage(v.out, v.screen, p.Now, p.Zone)
	v.changes = len(p.Changes)
	o := v.opts.Plan
	if v.changes == 0 {
		return Plan(v.out, v.screen, p, o)
	}
	v.measure(p)
	v.page.planHeader(p, o)
	v.page.people(p.Waiting, o)
	v.page.changes("Due now", p.Changes, o)
	v.page.leftOver(p, o)
	v.page.section("")
	v.page.linef("%s", v.page.paint(bold, planFooter(p, "")))
	v.page.linef("This will %s.", Effects(p, o.NoReturn))
	if p.Burst != nil {
		v.page.linef("%s", v.page.paint(yellow, "Be sure: "+p.Burst.Says(p.Zone)+" Is the clock right?"))
	}
	v.page.section("")
	return v.page.Flush()
}

// measure decides how outcomes will be told.
func (v *Apply) measure(p *plans.Plan) {
	events := 0
	for i := range p.Changes {
		events += units(&p.Changes[i])
		v.width = max(v.width, min(widestAddress, text.StringWidth(clean(p.Changes[i].Address()))))
	}
	v.grouped = events > lineByLine && !v.opts.Plan.Verbose
}

// Event tells one event; now is the machine's time.
func (v *Apply) Event(e runner.Event, now time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.progress.event(e, now)
	switch e := e.(type) {
	case runner.Planned:
		return v.plan(e.Plan)
	case runner.Noted:
		if v.grouped {
			v.outcomes.add(&e.Change, recorded, e.Change.Reason)
			return nil
		}
		return v.line(v.page.notedLine(&e.Change, v.width))
	case runner.Ended:
		if v.grouped {
			v.outcomes.add(&e.Change, outcomeOf(&e), e.Reason)
			return nil
		}
		return v.line(v.page.endedLine(&e, v.width))
	default:
		return nil
	}
}

func (v *Apply) line(l string) error {
	v.progress.erase()
	v.page.linef("%s", l)
	return v.page.Flush()
}

// Tick keeps the progress alive; it is called about once a second.
func (v *Apply) Tick(now time.Time) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.progress.tick(now)
	return nil
}

// Result tells how the apply ended, who needs a person, and what comes next.
func (v *Apply) Result(r runner.ApplyResult) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.progress.erase()
	if v.page == nil || v.changes == 0 {
		return nil
	}
	p := v.page
	if !r.Confirmed {
		p.linef("Nothing was done.")
		return p.Flush()
	}
	p.outcomes(v.outcomes)
	p.section("")
	p.linef("%s", p.paint(bold, resultLine(r, len(v.progress.unknown))))
	if r.After != nil && !r.Invalid { // else nothing comes by itself
		p.after(r.After)
	}
	return p.Flush()
}

// after is what remains when everything was done.
func (p *page) after(plan *plans.Plan) {
	p.wall = newWall(plan.Now, plan.Zone)
	p.people(plan.Waiting, PlanOptions{})
	p.others(plan.Waiting, PlanOptions{})
	p.outlook(plan)
}

// resultLine sums an apply up. unknown is how many attempts ended without anybody
// knowing how; it is never said of those that nothing was done.
func resultLine(r runner.ApplyResult, unknown int) string {
	failed := r.Failed - unknown
	unknown += len(r.Unknown)
	var parts []string
	if r.Interrupted {
		parts = append(parts, "Interrupted")
	}
	switch words := done(r.Done); {
	case words != "":
		parts = append(parts, capital(words))
	case failed+unknown+r.Retrying+r.Polling == 0:
		parts = append(parts, "Nothing was done")
	}
	if failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", failed))
	}
	if r.Retrying > 0 {
		parts = append(parts, count(r.Retrying, "is", "are")+" tried again later")
	}
	if r.Polling > 0 {
		parts = append(parts, count(r.Polling, "goes on by itself", "go on by themselves"))
	}
	return sentences(append(parts, unknownWords(unknown, r.Interrupted)...))
}

func unknownWords(n int, interrupted bool) []string {
	if n == 0 {
		return nil
	}
	words := count(n, "is unknown: nobody knows whether it", "are unknown: nobody knows whether they")
	if interrupted {
		words = count(n, "was stopped while it ran: nobody knows whether it", "were stopped while they ran: nobody knows whether they")
	}
	return []string{words + " happened", "Look; how to answer is listed by: transition plan"}
}
