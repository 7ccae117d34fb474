package plans_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"transition/plans"
	"transition/plans/ledger"
)

// TestLateEntry lets a tenant enter the seed's plan on every day from T-90 to T+1,
// for each value of late, with and without a demand of notice, and with each
// end of enrolment. What comes of it is in testdata/late_entry.golden, a line
// for each day.
func TestLateEntry(t *testing.T) {
	seed := seedFiles(t)
	var b strings.Builder
	b.WriteString(lateEntryHead)
	for _, notice := range []bool{true, false} {
		for _, enrol := range []string{"", "T-20d", "T"} {
			e := entering{notice: notice, enrol: enrol}
			fmt.Fprintf(&b, "\n## %s\n\n%s", e, header())
			ways := e.ways(t, seed)
			for day := 90; day >= -1; day-- {
				b.WriteString(row(t, ways, day))
			}
		}
	}
	golden(t, "testdata/late_entry.golden", b.String())
}

// TestFailingNotices lets notices of a tenant that is there from T-90 on fail
// for good, and looks from when on it is said that it cannot be moved.
func TestFailingNotices(t *testing.T) {
	ways := entering{notice: true}.ways(t, seedFiles(t))
	e := ways[0]
	var got strings.Builder
	for _, fails := range []string{
		"", "first_notice", "reminder", "final_notice", "first_notice final_notice",
		"first_notice reminder", "first_notice reminder final_notice",
	} {
		e.fails = fails
		x := e.enter(t, 90)
		fmt.Fprintf(&got, "%s: ", fails)
		if x.risk != "" {
			fmt.Fprintf(&got, "from %s %s; ", offset(x.risked), x.risk)
		}
		fmt.Fprintf(&got, "locked %t\n", x.locked)
	}
	const want = `: locked true
first_notice: locked true
reminder: locked true
final_notice: locked true
first_notice final_notice: locked true
first_notice reminder: from T-30 notice at risk: 30d needed, none comes by itself until Wed 29 Feb 2012 18:00 PST; locked false
first_notice reminder final_notice: from T-30 notice at risk: 30d needed, none comes by itself until Wed 29 Feb 2012 18:00 PST; locked false
`
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

const lateEntryHead = `# What comes of a tenant that enters the seed's plan late, by the day on which it is seen first

F is the first notice (T-60d to T-30d), R the reminder (T-30d to T-14d), A the final notice (T-14d to T-7d).
F R: two messages at once; R+F: one message, with a section for F; -: none. = stands for the same as collapse.
Behind it: the phase and status after the first apply, and what is left out. Whatever is not named comes in its time.
`

var lates = []string{"collapse", "run", "skip", "hold"}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func header() string {
	line := fmt.Sprintf("%-6s", "")
	for _, late := range lates {
		line += fmt.Sprintf(" | %-36s", late)
	}
	return strings.TrimRight(line, " ") + "\n"
}

// entering is one way in which the seed's plan can take in who comes late.
type entering struct {
	w      *world // the plan, with nothing recorded
	notice bool
	enrol  string // enrol_until; empty: unset
	late   string
	fails  string // names of notices whose sending fails for good
}

func (e entering) String() string {
	words := []string{"no notice demanded", "enrol_until unset"}
	if e.notice {
		words[0] = "notice: first 30d, final 7d"
	}
	if e.enrol != "" {
		words[1] = "enrol_until " + e.enrol
	}
	return strings.Join(words, ", ")
}

// ways are the plans for each value of late.
func (e entering) ways(t *testing.T, seed fstest.MapFS) []entering {
	t.Helper()
	ways := make([]entering, len(lates))
	for i, late := range lates {
		e.late = late
		w, diags := newWorld(t, e.files(seed))
		if w == nil {
			t.Fatal(diags)
		}
		e.w = w
		ways[i] = e
	}
	return ways
}

func row(t *testing.T, ways []entering, day int) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%-6s", offset(day))
	first := ""
	for i, e := range ways {
		cell := e.enter(t, day).cell()
		if i == 0 {
			first = cell
		} else if cell == first {
			cell = "="
		}
		fmt.Fprintf(&b, " | %-36s", cell)
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

func offset(day int) string {
	if day == 0 {
		return "T"
	}
	return fmt.Sprintf("T%+d", -day)
}

// files is the seed's plan with one batch and one tenant.
func (e entering) files(seed fstest.MapFS) fstest.MapFS {
	files := maps.Clone(seed)
	text := seed["bpos-s.transition.hcl"].Data
	if !e.notice {
		text = cut(text, "\n  notice {", "  }\n")
	}
	text = cut(text, "batch \"pilot\"", "\n}\n")
	text = cut(text, "\n  after {", "  }\n")
	text = bytes.ReplaceAll(text, []byte("    notice  = true\n"), []byte("    notice  = true\n    late    = \""+e.late+"\"\n"))
	if e.enrol != "" {
		text = bytes.Replace(text, []byte("  capacity = 500\n"), []byte("  enrol_until = \""+e.enrol+"\"\n"), 1)
	}
	files["bpos-s.transition.hcl"] = &fstest.MapFile{Data: text}
	files["tenants.csv"] = &fstest.MapFile{Data: []byte("id,name,contact,admin_email,seats,blackberry,ring\nacme,Acme,Ann,ann@acme.example,5,false,two\n")}
	return files
}

// cut leaves out a text from what it begins with to the end of what it ends with.
func cut(text []byte, from, to string) []byte {
	i := bytes.Index(text, []byte(from))
	j := i + bytes.Index(text[i:], []byte(to)) + len(to)
	return slices.Concat(text[:i], text[j:])
}

// entry is what came of a tenant.
type entry struct {
	t      *testing.T
	e      entering
	w      *world
	day    int            // on which it entered
	sent   map[string]int // by message or section: days before T
	once   []string       // messages that went out on the first day
	first  plans.TenantStatus
	risk   string // the first reason for which it was held after it had entered
	risked int    // the day of it
	locked bool
	next   time.Time // when something falls due again
}

// letters are the notices by name.
var letters = map[string]string{"first_notice": "F", "reminder": "R", "final_notice": "A"}

// enter lets a tenant enter on a day, and looks at it whenever something falls
// due from then on, and on the days after those by which it must have been told.
func (e entering) enter(t *testing.T, day int) *entry {
	t.Helper()
	w := *e.w
	w.records = make(map[string]*ledger.Record)
	x := &entry{t: t, e: e, w: &w, day: day, sent: make(map[string]int)}
	t0 := w.cfg.Batches[0].T.In(w.cfg.Zone)
	for d := day; d >= -2; d-- {
		w.now = t0.AddDate(0, 0, -d)
		if d != day && d != 29 && d != 6 && w.now.Before(x.next) {
			continue
		}
		w.before = func(a *plans.Action, _ *ledger.Record) { x.see(a, d) }
		w.apply(t, x.outcome)
		x.next = w.plan(t).Plan.Next
		x.look(d)
	}
	x.check()
	return x
}

func (x *entry) outcome(a *plans.Action, _, _ string) ledger.Kind {
	if strings.Contains(x.e.fails, a.Item.Name) {
		return ledger.Failed
	}
	return ledger.Succeeded
}

// see notes a message and its sections, and that the lock is taken.
func (x *entry) see(a *plans.Action, day int) {
	x.locked = x.locked || a.Kind == plans.Lock
	if letters[a.Item.Name] == "" || x.outcome(a, "", "") != ledger.Succeeded {
		return
	}
	text := letters[a.Item.Name]
	x.sent[text] = day
	for _, section := range a.Carries {
		text += "+" + letters[section.Name]
		x.sent[letters[section.Name]] = day
	}
	if day == x.day {
		x.once = append(x.once, text)
	}
}

// look notes where the tenant is on a day, after an apply.
func (x *entry) look(day int) {
	if _, err := plans.Survey(x.w.input(), func(s *plans.TenantStatus) {
		if day == x.day {
			x.first = *s.Clone()
		}
		if s.Held != nil && x.risk == "" {
			x.risk, x.risked = s.Held.Reason, day
		}
	}); err != nil {
		x.t.Fatal(err)
	}
}

// check fails when the tenant was locked without the notices that the plan
// demands, got one twice, or was not told what it shows.
func (x *entry) check() {
	if x.first.Batch == "" && (x.locked || len(x.sent) > 0) {
		x.t.Errorf("%s, %s: not placed on the first day, and locked or told later: %v", x.e, offset(x.day), x.sent)
	}
	earliest := -100
	for _, day := range x.sent {
		earliest = max(earliest, day)
	}
	if x.e.notice && x.locked && earliest < 30 {
		x.t.Errorf("%s, late = %s, %s: locked, and told first at %s", x.e, x.e.late, offset(x.day), offset(earliest))
	}
	x.checkSections()
	if x.first.Batch != "" && !x.locked && x.e.fails == "" {
		x.t.Errorf("%s, late = %s, %s: placed, and never locked", x.e, x.e.late, offset(x.day))
	}
}

// checkSections fails when the status of a message that went out as a section
// does not name the one that it went out with.
func (x *entry) checkSections() {
	for _, it := range x.first.Items {
		for _, text := range x.once {
			carrier, sections, _ := strings.Cut(text, "+")
			if letters[it.Item] == "" || !strings.Contains(sections, letters[it.Item]) {
				continue
			}
			if into := "collapsed into " + x.address(carrier); it.State != plans.ItemCollapsed || it.Reason != into {
				x.t.Errorf("%s, %s: %s is %s (%s), want %s", x.e, offset(x.day), it.Item, it.State, it.Reason, into)
			}
		}
	}
}

func (x *entry) address(letter string) string {
	for _, it := range x.w.cfg.Items {
		if letters[it.Name] == letter {
			return it.Key()
		}
	}
	return ""
}

// cell is all of it in a few words.
func (x *entry) cell() string {
	if x.first.Batch == "" {
		return "not placed: " + x.risk
	}
	sends := strings.Join(x.once, " ")
	if sends == "" {
		sends = "-"
	}
	cell := sends + " " + x.first.Phase + " " + x.first.Status.String() + x.leftOut()
	if x.risk != "" {
		cell += " held from " + offset(x.risked) + ": " + x.risk
	}
	return cell
}

// leftOut lists the notices that the tenant never gets, with why.
func (x *entry) leftOut() string {
	var out []string
	for _, it := range x.first.Items {
		letter := letters[it.Item]
		if _, sent := x.sent[letter]; letter == "" || sent {
			continue
		}
		out = append(out, letter+" "+string(it.State))
	}
	if len(out) == 0 {
		return ""
	}
	return " (" + strings.Join(out, ", ") + ")"
}
