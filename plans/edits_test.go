package plans_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"transition/plans"
	"transition/plans/ledger"
)

// TestEditsRepeatNothing edits random plans again and again while tenants are on
// their way: no effect that has succeeded happens again, and once an edit was
// applied nothing is left of it.
func TestEditsRepeatNothing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := &editing{rt: rt, files: drawPlan(rt)}
		e.o = &oracle{rt: rt, done: make(map[string]bool)}
		e.o.w = e.load(t)
		e.o.w.now = time.Date(2027, 1, 1, 9, 0, 0, 0, time.UTC)
		for range rapid.IntRange(1, 10).Draw(rt, "applies") {
			e.o.w.now = e.o.w.now.Add(time.Duration(rapid.IntRange(1, 25*24).Draw(rt, "hours")) * time.Hour)
			for range rapid.IntRange(0, 3).Draw(rt, "edits") {
				e.edit(t)
			}
			e.apply(t)
			e.o.answer()
		}
	})
}

// editing is a plan directory that somebody edits.
type editing struct {
	rt    *rapid.T
	files fstest.MapFS
	o     *oracle
	n     int // edits so far
}

// load reads the plan; nil: it has mistakes.
func (e *editing) load(t *testing.T) *world {
	w, _ := newWorld(t, e.files)
	if w != nil && e.o.w != nil {
		was := e.o.w
		w.records, w.now, w.next, w.adopted, w.effects = was.records, was.now, was.next, was.adopted, was.effects
	}
	return w
}

// edit changes something. What makes no plan, or is refused for those who are on
// their way, is taken back.
func (e *editing) edit(t *testing.T) {
	before := e.files["p.transition.hcl"]
	e.n++
	text := e.draw(string(before.Data))
	e.files["p.transition.hcl"] = &fstest.MapFile{Data: []byte(text)}
	w := e.load(t)
	if w == nil || w.plan(t).Plan.Diagnostics.HasErrors() {
		e.files["p.transition.hcl"] = before
		return
	}
	e.o.w = w
}

var (
	itemBlock  = regexp.MustCompile(`(?ms)^  (?:work|communication|approval|lock) "\w+" \{\n.*?^  \}\n`)
	phaseHead  = regexp.MustCompile(`(?m)^phase "P\d+" \{\n`)
	opening    = regexp.MustCompile(`opens = "T[+-]\d+d[^"]*"`)
	theCommand = regexp.MustCompile(`command = \[[^\]]*\]`)
	theBody    = regexp.MustCompile(`body = "[^"]*"`)
)

// draw changes one thing in the text of a plan.
func (e *editing) draw(text string) string {
	item := fmt.Sprintf("  work \"e%d\" {\n    exec { command = [\"true\"] }\n  }\n", e.n)
	if rapid.Bool().Draw(e.rt, "message") {
		item = fmt.Sprintf("  communication \"e%d\" {\n    channel = channel.maildir.post\n    to = [tenant.email]\n    subject = \"s\"\n    body = \"b\"\n  }\n", e.n)
	}
	switch rapid.SampledFrom([]string{"add", "add", "remove", "opens", "command", "body", "comment"}).Draw(e.rt, "edit") {
	case "add":
		insert := rapid.SampledFrom([]string{"skip", "run", "hold"}).Draw(e.rt, "on_insert")
		return e.one(phaseHead, text, func(head string) string {
			return head + item + fmt.Sprintf("  on_insert = %q\n", insert)
		})
	case "remove":
		return e.one(itemBlock, text, func(string) string { return "" })
	case "opens":
		days := rapid.IntRange(-3, 3).Draw(e.rt, "days")
		return e.one(opening, text, func(old string) string {
			var at int
			if _, err := fmt.Sscanf(old, `opens = "T%dd`, &at); err != nil {
				e.rt.Fatal(err)
			}
			return fmt.Sprintf(`opens = "T%+dd@%02d:00"`, at+days, e.n%24)
		})
	case "command":
		return e.one(theCommand, text, func(string) string { return fmt.Sprintf(`command = ["true", "%d"]`, e.n) })
	case "body":
		return e.one(theBody, text, func(string) string { return fmt.Sprintf(`body = "b%d"`, e.n) })
	default:
		return text + "# nothing\n"
	}
}

// one replaces one of the matches.
func (e *editing) one(of *regexp.Regexp, text string, by func(string) string) string {
	all := of.FindAllStringIndex(text, -1)
	if len(all) == 0 {
		return text
	}
	at := rapid.SampledFrom(all).Draw(e.rt, "which")
	return text[:at[0]] + by(text[at[0]:at[1]]) + text[at[1]:]
}

func (e *editing) apply(t *testing.T) {
	o := e.o
	o.w.apply(t, func(a *plans.Action, tenant, to string) ledger.Kind {
		kind := rapid.SampledFrom([]ledger.Kind{
			ledger.Succeeded, ledger.Succeeded, ledger.Succeeded, ledger.Failed, ledger.Unknown,
		}).Draw(e.rt, "outcome")
		if kind == ledger.Succeeded {
			o.once(a, tenant, to)
		}
		return kind
	})
	if again := o.w.plan(t).Plan; len(again.Changes) > 0 {
		e.rt.Fatalf("after an apply the plan still has %d changes: %+v\n%s", len(again.Changes), again.Changes[0], e.files["p.transition.hcl"].Data)
	}
	n := len(o.w.effects)
	if o.w.apply(t, succeed); len(o.w.effects) > n {
		e.rt.Fatalf("a second apply has effects: %s", strings.Join(o.w.effects[n:], ", "))
	}
}
