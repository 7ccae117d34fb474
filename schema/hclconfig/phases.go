package hclconfig

import (
	"fmt"
	"time"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/spec"
	"transition/schema/toffset"
)

// maxPhases bounds what is compared each with each.
const maxPhases = 500

// readPhases builds the phases in the order in which they run, and then their
// items, which may refer to any phase.
func (l *loader) readPhases() {
	nodes := l.root.each("phase")
	if len(nodes) > maxPhases {
		l.report(nodes[maxPhases], nodes[maxPhases].def, diag.Diagnostic{
			Code: "too-large", Summary: "Too many phases",
			Detail: fmt.Sprintf("The plan has %d phases; at most %d are put in order.", len(nodes), maxPhases),
			Hint:   "Write several steps as items of one phase.",
		})
		nodes = nodes[:maxPhases]
	}
	l.evaluate(nodes...)
	for _, n := range nodes {
		l.phases[n.name()] = l.phase(n)
		if l.identifier(n) {
			l.checkPhaseName(n)
		}
	}
	ordered := l.orderPhases(nodes)
	for i, n := range ordered {
		p := l.phases[n.name()]
		p.Index = i
		l.cfg.Phases = append(l.cfg.Phases, p)
	}
	l.closePhases()
	for _, n := range ordered {
		l.readItems(n)
	}
	for _, n := range ordered {
		l.connectItems(n)
	}
	l.checkPhases(ordered)
}

// checkPhaseName keeps free what stands for a phase in addresses of events.
func (l *loader) checkPhaseName(n *node) {
	if n.name() != schema.EventPhase {
		return
	}
	l.report(n, n.nameAt(), diag.Diagnostic{
		Code: "reserved-name", Summary: "A name that has a meaning already",
		Detail: fmt.Sprintf("No phase can be called %q: messages that are sent when something happens have addresses such as contoso/%s/rescheduled.", n.name(), n.name()),
		Hint:   "Give the phase another name.",
	})
}

func (l *loader) phase(n *node) *schema.Phase {
	return &schema.Phase{
		Name:            n.name(),
		Range:           rangeOf(n.def),
		Opens:           optional[toffset.Offset](n, "opens"),
		Closes:          optional[toffset.Offset](n, "closes"),
		LatestStart:     optional[toffset.Offset](n, "latest_start"),
		MustEnd:         optional[toffset.Offset](n, "must_end"),
		PointOfNoReturn: value[bool](n, "point_of_no_return"),
		Hard:            hard(n),
		OnInsert:        onInsert(value[string](n, "on_insert")),
		LatestRange:     n.rangeAt("latest_start"),
	}
}

func onInsert(word string) schema.OnInsert {
	switch word {
	case "run":
		return schema.InsertRun
	case "hold":
		return schema.InsertHold
	default:
		return schema.InsertSkip
	}
}

// hard is the gate: what is written, else soft for a phase that holds only
// communications or nothing.
func hard(n *node) bool {
	if gate := value[string](n, "gate"); gate != "" {
		return gate == "hard"
	}
	return len(n.each(spec.ItemBlocks()...)) > len(n.each("communication"))
}

// closePhases gives phases that do not say when they close the opening of the
// next one. A phase of the same offset is passed over: between the two there
// would be no time for anything.
func (l *loader) closePhases() {
	for i, p := range l.cfg.Phases {
		if p.Closes == nil {
			p.Closes = nextOpening(p, l.cfg.Phases[i+1:])
		}
	}
}

func nextOpening(p *schema.Phase, later []*schema.Phase) *toffset.Offset {
	for _, next := range later {
		if p.Opens == nil || next.Opens == nil {
			return next.Opens
		}
		if c, _ := toffset.Order(*p.Opens, *next.Opens); c != 0 {
			return next.Opens
		}
	}
	return nil
}

// checkPhases holds phases against the rules that need their order.
func (l *loader) checkPhases(ordered []*node) {
	var first *node // the point of no return
	for _, n := range ordered {
		p := l.phases[n.name()]
		if !p.PointOfNoReturn {
			continue
		}
		if first != nil {
			l.report(n, n.at("point_of_no_return"), diag.Diagnostic{
				Code: "two-points-of-no-return", Summary: "Two points of no return",
				Detail: fmt.Sprintf("The phase %q is the point of no return already, and behind it there is no other.", first.name()),
				Hint:   "Keep point_of_no_return in the first phase whose work cannot be taken back.",
			})
			continue
		}
		first = n
		if !n.written("latest_start") {
			l.report(n, n.at("point_of_no_return"), diag.Diagnostic{
				Code: "no-latest-start", Summary: "A point of no return without latest_start",
				Detail: "After an outage nobody may be cut over at any odd hour, so a phase that is the point of no return says until when a tenant may begin.",
				Hint:   `Write for example latest_start = "` + latestExample(p) + `".`,
			})
		}
	}
}

// latestExample is four hours after the phase opens.
func latestExample(p *schema.Phase) string {
	if p.Opens == nil || p.Opens.HasClock || p.Opens.Days < 0 || p.Opens.Elapsed < 0 {
		return "T+4h"
	}
	o := *p.Opens
	o.Elapsed += 4 * time.Hour
	return o.String()
}
