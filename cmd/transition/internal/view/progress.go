package view

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"transition/plans"
	"transition/runner"
)

// progressEvery is how often progress is told where no line can be redrawn.
const progressEvery = 10 * time.Second

// progress tells how far an apply is: a line that is redrawn on a terminal, a
// line every ten seconds elsewhere. It goes to stderr, since it is talk.
type progress struct {
	w        io.Writer
	terminal bool

	total, ended, failed, running int
	unknown                       []string // addresses
	began, told                   time.Time
	drawn                         bool
}

// units is how many events will say that a change is done.
func units(c *plans.Change) int {
	if c.Kind == plans.Send || c.Kind == plans.Ask {
		return max(1, len(c.Detail.Recipients))
	}
	return 1
}

// event counts; now is the machine's time.
func (p *progress) event(e runner.Event, now time.Time) {
	switch e := e.(type) {
	case runner.Planned:
		p.began, p.told = now, now
		for i := range e.Plan.Changes {
			p.total += units(&e.Plan.Changes[i])
		}
	case runner.Began:
		p.running++
	case runner.Ended:
		p.running--
		p.ended++
		p.outcome(&e, outcomeOf(&e))
	case runner.Noted:
		p.ended++
	case runner.Draining:
		p.draining(e.Running)
	}
}

// outcome counts what has gone wrong. Whose probe has told is not unknown any more.
func (p *progress) outcome(e *runner.Ended, o outcome) {
	address := e.Change.Address()
	if i := slices.Index(p.unknown, address); i >= 0 && e.Inquiry == plans.Probing && o != unanswered {
		p.unknown = slices.Delete(p.unknown, i, i+1)
	}
	switch o {
	case failed:
		p.failed++
	case unknown:
		p.unknown = append(p.unknown, address)
	case recorded, succeeded, retried, goesOn, unanswered:
	}
}

// draining answers the first interrupt: what is waited for, and what a second
// one does.
func (p *progress) draining(running []string) {
	p.erase()
	if len(running) == 0 {
		fmt.Fprintln(p.w, "Interrupted: nothing new begins, nothing is running.")
		return
	}
	shown := running[:min(len(running), sampleSize)]
	fmt.Fprintf(p.w, "Interrupted: nothing new begins. Waiting for %s: %s.\n", count(len(running), "running attempt", "running attempts"), sample(shown, len(running)))
	fmt.Fprintln(p.w, "Interrupt again to stop them too; what became of them is then unknown.")
}

// tick is called about once a second.
func (p *progress) tick(now time.Time) {
	switch {
	case p.total == 0 || p.ended >= p.total:
	case p.terminal:
		p.drawn = true
		fmt.Fprintf(p.w, "\r%s  %s\x1b[K", bar(p.ended, p.total), p.words(now))
	case now.Sub(p.told) >= progressEvery:
		p.told = now
		fmt.Fprintln(p.w, p.words(now))
	}
}

// erase clears the line on a terminal so that something else can be printed.
func (p *progress) erase() {
	if p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.drawn = false
	}
}

func (p *progress) words(now time.Time) string {
	parts := []string{fmt.Sprintf("%d of %d", p.ended, max(p.total, p.ended))}
	if p.running > 0 {
		parts = append(parts, fmt.Sprintf("%d running", p.running))
	}
	if p.failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", p.failed))
	}
	if n := len(p.unknown); n > 0 {
		parts = append(parts, fmt.Sprintf("%d unknown", n))
	}
	if left := p.left(now); left > 0 {
		parts = append(parts, "about "+span(left)+" left")
	}
	return strings.Join(parts, ", ")
}

// left estimates by what was done so far; 0 while that is too little to tell.
func (p *progress) left(now time.Time) time.Duration {
	elapsed := now.Sub(p.began)
	if p.ended < 5 || elapsed < 2*time.Second || p.ended >= p.total {
		return 0
	}
	return time.Duration(float64(elapsed) / float64(p.ended) * float64(p.total-p.ended))
}
