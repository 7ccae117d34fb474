package view

import (
	"io"
	"time"

	"transition/runner"
)

// verbShown bounds the addresses that are listed of each group.
const verbShown = 50

// Verb shows what a person's word touched, and what it left with the reason.
func Verb(w io.Writer, s Screen, k runner.VerbKind, r runner.VerbResult) error {
	p := newPage(w, s, time.Time{}, nil)
	p.linef("%s", capital(verbPast(k))+" "+count(len(r.Touched), "address", "addresses")+".")
	for _, a := range r.Touched[:min(len(r.Touched), verbShown)] {
		p.linef("  %s", clean(a))
	}
	p.more(len(r.Touched))
	if len(r.Left) == 0 {
		return p.Flush()
	}
	p.begun = true
	p.section("Left as they are (" + count(len(r.Left), "address", "addresses") + ")")
	var rows [][]string
	for _, l := range r.Left[:min(len(r.Left), verbShown)] {
		rows = append(rows, []string{clean(l.Address), clean(l.Why)})
	}
	p.rows("  ", rows)
	p.more(len(r.Left))
	return p.Flush()
}

func (p *page) more(n int) {
	if n > verbShown {
		p.linef("  ... and %d more: -json lists all", n-verbShown)
	}
}

func verbPast(k runner.VerbKind) string {
	switch k {
	case runner.Approve:
		return "approved"
	case runner.Reject:
		return "rejected"
	case runner.Resolve:
		return "resolved"
	case runner.Hold:
		return "held"
	case runner.Resume:
		return "resumed"
	default:
		return string(k)
	}
}

type leftJSON struct {
	Address string `json:"address"`
	Why     string `json:"why"`
}

// VerbJSON writes what a person's word touched, verb.schema.json.
func VerbJSON(w io.Writer, k runner.VerbKind, r runner.VerbResult) error {
	d := newDocument(w)
	d.field("verb", string(k))
	d.array("touched")
	for _, a := range r.Touched {
		d.element(a)
	}
	d.close()
	d.array("left")
	for _, l := range r.Left {
		d.element(leftJSON(l))
	}
	d.close()
	return d.end()
}
