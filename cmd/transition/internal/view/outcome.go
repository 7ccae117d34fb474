package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
)

// outcome is what became of a change.
type outcome uint8

const (
	recorded outcome = iota // it has no effect outside of the record
	succeeded
	goesOn     // it was started, and has not ended
	unanswered // its probe gave no answer
	retried    // it failed and is tried again
	failed
	unknown
)

func outcomeOf(e *runner.Ended) outcome {
	switch {
	case e.Kind == ledger.Polled:
		return goesOn
	case e.Kind == ledger.Probed:
		return unanswered
	case e.Kind == ledger.Unknown:
		return unknown
	case e.Kind == ledger.Failed && e.Next.IsZero():
		return failed
	case e.Kind == ledger.Failed:
		return retried
	default:
		return succeeded
	}
}

// mark is the symbol and the word of a change, as it turned out.
func (p *page) outcomeMark(k plans.Kind, o outcome) string {
	switch o {
	case unknown, unanswered:
		return p.paint(red, "? "+k.String())
	case failed:
		return p.paint(red, "! "+k.String())
	case retried:
		return p.paint(yellow, "~ "+k.String())
	default:
		return p.marked(k, false)
	}
}

// word says how a change turned out; nothing where its kind says it all.
func (s Screen) outcomeWord(o outcome) string {
	switch o {
	case unknown:
		return s.paint(red, "unknown")
	case unanswered:
		return s.paint(red, "still unknown")
	case goesOn:
		return s.paint(cyan, "goes on")
	case failed:
		return s.paint(red, "failed")
	case retried:
		return s.paint(yellow, "failed, again later")
	case succeeded:
		return s.paint(green, "done")
	default:
		return ""
	}
}

// endedLine is the line of one attempt that has ended.
func (p *page) endedLine(e *runner.Ended, width int) string {
	o := outcomeOf(e)
	words := p.outcomeWord(o)
	if o == retried {
		words = p.paint(yellow, "failed")
	}
	if e.Took >= time.Second {
		words += " after " + span(e.Took)
	}
	switch {
	case o == retried:
		words += ", again at " + p.brief(e.Next)
	case !e.Next.IsZero():
		words += ", asked again at " + p.brief(e.Next)
	}
	if e.To != "" {
		words += ", to " + clean(e.To)
	}
	return p.outcomeLine(&e.Change, o, width, words, clean(e.Reason))
}

// notedLine is the line of a change that was only recorded.
func (p *page) notedLine(c *plans.Change, width int) string {
	return p.outcomeLine(c, recorded, width, clean(c.Batch), p.changeDetail(c), clean(c.Reason))
}

// outcomeLine keeps its columns from line to line, since they are printed as
// things happen.
func (p *page) outcomeLine(c *plans.Change, o outcome, width int, words ...string) string {
	mark := text.Pad(p.outcomeMark(c.Kind, o), len("= collapse"), ' ')
	address := text.Pad(clean(c.Address()), width, ' ')
	return strings.TrimRight("  "+mark+"  "+joined(append([]string{address}, words...)...), " ")
}

// outcomeKey is what the outcomes of one group have in common.
type outcomeKey struct {
	changeKey
	outcome outcome
}

// outcomeGroup is outcomes that are shown as one line.
type outcomeGroup struct {
	place
	outcome outcome
	count   int
	tenants []string
	why     reasons
}

// outcomes counts what was done, in groups. The zero value is ready for use.
type outcomes map[outcomeKey]*outcomeGroup

func (all outcomes) add(c *plans.Change, o outcome, reason string) {
	p := placeOf(c)
	k := outcomeKey{p.changeKey, o}
	g := all[k]
	if g == nil {
		g = &outcomeGroup{place: p, outcome: o, why: make(reasons)}
		all[k] = g
	}
	g.count++
	g.seen(c)
	g.why.add(reason)
	// The first by name, not the first to end: that differs from run to run.
	i, _ := slices.BinarySearch(g.tenants, c.Tenant)
	g.tenants = slices.Insert(g.tenants, i, c.Tenant)
	g.tenants = g.tenants[:min(len(g.tenants), sampleSize)]
}

// sorted lists the groups so that the same outcomes always look the same.
func (all outcomes) sorted() []*outcomeGroup {
	list := make([]*outcomeGroup, 0, len(all))
	for _, g := range all {
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b *outcomeGroup) int {
		return cmp.Or(a.compare(&b.place), cmp.Compare(a.outcome, b.outcome))
	})
	return list
}

func (p *page) outcomes(all outcomes) {
	list := all.sorted()
	shown := list[:kept(list, func(g *outcomeGroup) bool { return g.kind.Outside() })]
	rows := make([][]string, len(shown))
	for i, g := range shown {
		rows[i] = []string{
			p.outcomeMark(g.kind, g.outcome), clean(g.key()), fmt.Sprint(g.count), p.outcomeWord(g.outcome), clean(g.batch),
			joined(g.why.words(g.count), sample(g.tenants, g.count)),
		}
	}
	p.rows("  ", rows, 3)
	if n := len(list) - len(shown); n > 0 {
		p.linef("  ... and %s: transition status", count(n, "more group", "more groups"))
	}
}
