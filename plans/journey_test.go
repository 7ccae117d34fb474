package plans_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"transition/plans"
	"transition/plans/ledger"
	"transition/plans/planstest"
	"transition/schema"
	"transition/schema/addr"
)

// TestPromisesUnderEdits lets a plan be edited at random instants, in every way
// that there is, while attempts end at random, the runner sleeps and dies, and
// people say what they like; and holds what happens against what is promised:
//
//   - nobody's last word from us is a date that is no longer true
//   - no effect happens twice
//   - no lock is given back while something behind it stands, and none is left
//   - work is undone if it was done, or stands behind a held lock, and only then
//   - nobody changes the batch without an edit
//   - no first attempt of the move lies outside of its window
//   - whoever does not move says why
//   - all of it comes to an end once failures stop
func TestPromisesUnderEdits(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		e := newJourney(t, rt)
		for range rapid.IntRange(2, 14).Draw(rt, "applies") {
			e.w.now = e.w.now.Add(time.Duration(rapid.IntRange(0, 18*24).Draw(rt, "hours")) * time.Hour)
			edited := false
			for range rapid.IntRange(0, 2).Draw(rt, "edits") {
				edited = e.edit() || edited
			}
			e.orphans()
			e.speak()
			e.choose()
			e.apply(edited)
			e.orphans() // a person who speaks settles them first
			e.answer()
		}
		e.end()
	})
}

// journey is a plan under way with what is known of it from outside.
type journey struct {
	t      *testing.T
	rt     *rapid.T
	w      *world
	draft  *planstest.Draft
	told   map[[2]string]word // by tenant and recipient
	says   map[int64]string   // by attempt: the date, or "none", of messages that tell one
	done   map[string]bool    // effects that have succeeded
	worked map[string]bool    // work that has, or may have
	fails  bool               // attempts may end badly
	placed map[string]string  // the batches of those who went on after the last apply
	waits  bool               // an edit has not been applied yet
}

// word is the last message about T that has arrived: the date, or "none".
type word struct {
	date    string
	attempt int64
}

func newJourney(t *testing.T, rt *rapid.T) *journey {
	e := &journey{t: t, rt: rt, draft: planstest.New(rt), told: make(map[[2]string]word), says: make(map[int64]string), done: make(map[string]bool), worked: make(map[string]bool), fails: true}
	if !e.load() {
		rt.Fatalf("the first plan is refused:\n%s", e.draft.Text())
	}
	e.w.now = time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC)
	e.apply(true)
	return e
}

// load reads the draft; false: it has mistakes.
func (e *journey) load() bool {
	w, diags := newWorld(e.t, e.draft.Files())
	if w == nil {
		e.rt.Logf("refused: %v", diags.Errors())
		return false
	}
	if e.w != nil {
		w.records, w.now, w.next, w.effects, w.adopted = e.w.records, e.w.now, e.w.next, e.w.effects, e.w.adopted
	}
	w.before = e.look
	e.w = w
	return true
}

// edit changes the plan in one way, and reports whether the plan took it.
func (e *journey) edit() bool {
	before := e.draft.Clone()
	what := e.draft.Change(e.rt, e.w.now)
	if e.load() {
		diags := e.w.plan(e.t).Plan.Diagnostics
		if !diags.HasErrors() {
			return true
		}
		for _, d := range diags.Errors() {
			if !slices.Contains(refusals, d.Code) {
				e.rt.Fatalf("%s is refused with %s: %s", what, d.Code, d.Detail)
			}
		}
	}
	e.draft = before
	if !e.load() {
		e.rt.Fatalf("the plan before %q has mistakes now", what)
	}
	return false
}

// refusals are what a plan may say against an edit.
var refusals = []string{
	"date-in-the-past", "notice-too-short", "moved-past-return", "left-past-return", "open-item-gone",
	"batch-gone", "inventory-shrank", "pinned-tenant", "renamed-in-part",
}

// choose wants a part of the plan now and then.
func (e *journey) choose() {
	e.w.within = plans.Scope{}
	tenant := addr.Selector{Tenant: rapid.SampledFrom(e.draft.Tenants()).Draw(e.rt, "chosen")}
	phase := addr.Selector{Tenant: "*", Phase: e.draft.Phases()[rapid.IntRange(1, 4).Draw(e.rt, "phase")], Item: "*"}
	switch rapid.IntRange(0, 8).Draw(e.rt, "part") {
	case 0:
		e.w.within.Targets = []addr.Selector{tenant}
	case 1:
		e.w.within.Excludes = []addr.Selector{tenant}
	case 2:
		e.w.within.Excludes = []addr.Selector{phase}
	}
}

// speak lets people say something about tenants as a whole.
func (e *journey) speak() {
	for r := range e.w.sorted() {
		f := ledger.Fact{At: e.w.now, Tenant: r.ID, Epoch: r.Epoch, By: "ann", Reason: "a person said so"}
		switch rapid.IntRange(0, 30).Draw(e.rt, "word") {
		case 0:
			f.Kind = ledger.Held
		case 1:
			f.Kind = ledger.RolledBack
		case 2:
			f.Kind = ledger.Withdrawn
		case 3:
			t := r.T.AddDate(0, 0, rapid.IntRange(1, 20).Draw(e.rt, "days"))
			f.Kind, f.T = ledger.Postponed, &t
		case 4, 5, 6, 7:
			f.Kind = ledger.Resumed
		default:
			continue
		}
		back := f.Kind == ledger.RolledBack || f.Kind == ledger.Withdrawn
		switch {
		case (back || f.T != nil) && (plans.Passed(e.w.cfg, r) || r.Left != nil || r.Back != nil), // as the verbs do
			f.T != nil && (r.T.IsZero() || !f.T.After(e.w.now)),
			f.Kind == ledger.Resumed && r.Hold == nil && (r.Left == nil || r.Left.By == ""):
			continue
		case back:
			f.Epoch++
		}
		r.Apply(f)
	}
}

func (e *journey) apply(edited bool) {
	if diags := e.w.plan(e.t).Plan.Diagnostics; diags.HasErrors() {
		for _, d := range diags.Errors() {
			if !slices.Contains(refusals, d.Code) {
				e.rt.Fatalf("%s: %s", d.Code, d.Detail)
			}
		}
		e.waits = e.waits || edited
		return // time, or a person's word, has made a date impossible; people have to edit it
	}
	edited = edited || e.waits
	e.waits = edited && !e.w.within.Whole()
	e.w.apply(e.t, e.outcome)
	if again := e.w.plan(e.t).Plan; len(again.Changes) > 0 {
		e.rt.Fatalf("%s: after an apply there is still: %+v\n%s", e.w.now, again.Changes[0], e.draft.Text())
	}
	placed := make(map[string]string)
	for r := range e.w.sorted() {
		if was := e.placed[r.ID]; !edited && was != "" && r.Batch != was && r.Batch != "" {
			e.rt.Fatalf("%s was moved from %s to %s though nobody has edited the plan", r.ID, was, r.Batch)
		}
		if !r.Leaving() && !r.Hold.Active(e.w.now) && e.w.within.Whole() { // for others an edit may wait
			placed[r.ID] = r.Batch
		}
		e.falseDates(r)
	}
	e.placed = placed
	e.reasons()
}

func (e *journey) outcome(a *plans.Action, tenant, to string) ledger.Kind {
	kind := ledger.Succeeded
	if e.fails {
		kind = rapid.SampledFrom([]ledger.Kind{
			ledger.Succeeded, ledger.Succeeded, ledger.Succeeded, ledger.Succeeded, ledger.Succeeded, ledger.Failed, ledger.Unknown, "",
		}).Draw(e.rt, "outcome")
	}
	if a.Op == ledger.Run && kind != ledger.Failed {
		e.worked[e.effect(a.Item.Key(), a.Op, tenant, "")] = true
	}
	date, tells := e.date(a, tenant)
	if tells {
		e.says[e.w.next+1] = date
	}
	if kind == ledger.Succeeded {
		e.once(a, tenant, to)
		if tells {
			e.told[[2]string{tenant, to}] = word{date, e.w.next + 1}
		}
	}
	return kind
}

// answer lets people answer for some of what waits for them.
func (e *journey) answer() {
	for r := range e.w.sorted() {
		for i := range r.Items {
			if it := &r.Items[i]; rapid.Bool().Draw(e.rt, "answers") {
				e.resolve(r, it, rapid.SampledFrom([]ledger.Answer{ledger.AnswerDone, ledger.AnswerWaive, ledger.AnswerRetry}).Draw(e.rt, "answer"))
			}
		}
	}
}

// resolve answers for an item as the verb would.
func (e *journey) resolve(r *ledger.Record, it *ledger.Item, answer ledger.Answer) {
	f := ledger.Fact{At: e.w.now, Tenant: r.ID, Kind: ledger.Resolved, Item: it.Key, Epoch: r.Epoch, Answer: answer, By: "ann", Reason: "because"}
	item := e.w.item(it.Key)
	back := it.Release != nil && it.Release.State.NeedsPerson()
	switch {
	case item != nil && answer == ledger.AnswerDone && plans.ByHand(item, r):
	case it.State == ledger.Returned && answer == ledger.AnswerWaive:
	case !it.State.NeedsPerson() && !back:
		return
	case answer == ledger.AnswerRetry && it.State == ledger.Late:
		return
	}
	if item != nil && answer == ledger.AnswerDone {
		plans.SayDone(item, r, &f)
		e.arrived(r, it)
	}
	r.Apply(f)
}

func doesOf(it *schema.Item) schema.Doing {
	if it == nil {
		return nil
	}
	return it.Does
}

// arrived notes that messages of unknown outcome have arrived, as a person says.
func (e *journey) arrived(r *ledger.Record, it *ledger.Item) {
	for i := range it.Parts {
		p := &it.Parts[i]
		date, tells := e.says[p.Attempt]
		if who := [2]string{r.ID, p.Recipient}; tells && p.State.NeedsPerson() && e.told[who].attempt <= p.Attempt {
			e.told[who] = word{date, p.Attempt}
		}
	}
}

// orphans records what became of attempts whose runner is gone, as comes before
// everything else.
func (e *journey) orphans() {
	for r := range e.w.sorted() {
		for _, key := range keysOf(r) {
			it := r.Item(key)
			if it.State == ledger.Running || it.Release != nil && it.Release.State == ledger.Running ||
				slices.ContainsFunc(it.Parts, func(p ledger.Part) bool { return p.State == ledger.Running }) {
				e.orphan(r, it)
			}
		}
	}
}

// orphan records that nobody knows how an attempt ended whose runner is gone.
func (e *journey) orphan(r *ledger.Record, it *ledger.Item) {
	f := ledger.Fact{At: e.w.now, Tenant: r.ID, Kind: ledger.Unknown, Item: it.Key, Epoch: r.Epoch, Reason: "the runner ended"}
	try, op := &it.Try, ledger.Run
	switch item := e.w.item(it.Key); doesOf(item).(type) {
	case *schema.Lock:
		op = ledger.Acquire
	case *schema.Communication:
		op = ledger.Send
	case *schema.Work:
	default:
		if it.OfEvent() {
			op = ledger.Send
		}
	}
	if rel := it.Release; rel != nil && rel.State == ledger.Running {
		try = rel
		if op = ledger.Undo; e.w.item(it.Key) != nil && isLock(e.w.item(it.Key)) {
			op = ledger.Release
		}
	}
	f.Op, f.Attempt = op, try.Attempt
	for i := range it.Parts {
		if op == ledger.Send && it.Parts[i].State == ledger.Running {
			f.Recipient, f.Attempt = it.Parts[i].Recipient, it.Parts[i].Attempt
			r.Apply(f)
			it = r.Item(f.Item)
		}
	}
	if op != ledger.Send {
		r.Apply(f)
	}
}

func isLock(it *schema.Item) bool {
	_, ok := it.Does.(*schema.Lock)
	return ok
}

// end lets failures stop and people answer, and waits until nothing more comes.
func (e *journey) end() {
	e.fails, e.w.within = false, plans.Scope{}
	for round := 0; ; round++ {
		e.orphans()
		for r := range e.w.sorted() {
			for _, key := range keysOf(r) {
				e.settle(r, key)
			}
			if r.Hold != nil && r.Back == nil {
				r.Apply(ledger.Fact{At: e.w.now, Tenant: r.ID, Kind: ledger.Resumed, By: "ann", Reason: "go on"})
			}
		}
		p := e.w.plan(e.t).Plan
		if p.Diagnostics.HasErrors() {
			return // the plan itself has to be edited; what was promised was looked at before
		}
		next := p.Next
		e.apply(true) // who was held is moved by an edit of then
		if q := e.w.plan(e.t).Plan; len(p.Changes) == 0 && q.Next.IsZero() && !e.open() {
			break
		}
		if !next.IsZero() && next.After(e.w.now) {
			e.w.now = next
		}
		if round > 300 {
			e.rt.Fatalf("it does not come to an end: %s %+v\n%s", e.w.now, e.w.plan(e.t).Plan.Waiting, e.draft.Text())
		}
	}
	for r := range e.w.sorted() {
		e.undone(r)
		for i := range r.Items {
			if r.Items[i].Obligation {
				e.rt.Fatalf("%s/%s is locked for ever\n%+v\n%s", r.ID, r.Items[i].Key, r.Items, strings.Join(e.w.effects, "\n"))
			}
		}
	}
}

func keysOf(r *ledger.Record) []string {
	var keys []string
	for i := range r.Items {
		keys = append(keys, r.Items[i].Key)
	}
	return keys
}

// settle answers for an item so that its tenant can go on.
func (e *journey) settle(r *ledger.Record, key string) {
	it := r.Item(key)
	if it == nil {
		return
	}
	answer := ledger.AnswerDone
	if it.State == ledger.Late || it.State == ledger.Returned {
		answer = ledger.AnswerWaive
	}
	e.resolve(r, it, answer)
}

// open reports whether anything still waits for a person.
func (e *journey) open() bool {
	for _, w := range e.w.plan(e.t).Plan.Waiting {
		if w.Kind.NeedsPerson() && w.Kind != plans.WaitLock {
			return true
		}
	}
	return false
}
