package view

import (
	"fmt"
	"io"
	"time"

	"transition/runner"
)

// verbShown bounds the addresses that are listed.
const verbShown = 20

// Verb shows what a person's word touched, and what it left with the reason.
func Verb(w io.Writer, s Screen, k runner.VerbKind, r runner.VerbResult) error {
	return verb(w, s, capital(verbPast(k))+" "+count(len(r.Touched), "address", "addresses")+".", r)
}

// Import shows what was imported, or with check what would be.
func Import(w io.Writer, s Screen, r runner.VerbResult, check bool) error {
	what := "Imported "
	switch {
	case len(r.Touched) == 0:
		return verb(w, s, "Nothing new to import.", r)
	case check:
		what = "Would import "
	}
	return verb(w, s, what+"facts about "+count(len(r.Touched), "address", "addresses")+".", r)
}

func verb(w io.Writer, s Screen, first string, r runner.VerbResult) error {
	p := newPage(w, s, time.Time{}, nil)
	p.linef("%s", first)
	for _, a := range r.Touched[:min(len(r.Touched), verbShown)] {
		p.linef("  %s", clean(a))
	}
	if n := len(r.Touched) - verbShown; n > 0 {
		p.linef("  ... and %d more: -json lists all", n)
	}
	p.left(r.Left)
	return p.Flush()
}

// left counts what was left, by the reason, and names the first few.
func (p *page) left(all []runner.Left) {
	if len(all) == 0 {
		return
	}
	p.begun = true
	p.section("Left as they are (" + count(len(all), "address", "addresses") + ")")
	why, first := make(reasons), make(map[string][]string)
	for _, l := range all {
		why.add(l.Why)
		if len(first[l.Why]) < sampleSize {
			first[l.Why] = append(first[l.Why], l.Address)
		}
	}
	var rows [][]string
	for _, w := range why.sorted() {
		rows = append(rows, []string{fmt.Sprint(why[w]), clean(w), sample(first[w], why[w])})
	}
	p.rows("  ", rows, 1)
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
	case runner.Rollback:
		return "rolled back"
	case runner.Withdraw:
		return "withdrew"
	case runner.Postpone:
		return "postponed"
	case runner.ResetBreaker:
		return "reset"
	case runner.Push:
		return "recorded"
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
