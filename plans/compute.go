package plans

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"transition/plans/ledger"
	"transition/plans/placement"
	"transition/schema"
	"transition/schema/addr"
)

// Input is what a plan is computed from.
type Input struct {
	Config *schema.Config
	// Adopted is the plan that was adopted last, if it is another one than Config;
	// nil: it is the same, or there was none.
	Adopted *schema.Config
	Now     time.Time
	// Tenants yields the inventory, Records what is recorded; both by id in
	// byte order. What they yield is only valid until the next.
	Tenants iter.Seq[*schema.Tenant]
	Records iter.Seq2[*ledger.Record, error]
	// Row tells, by column, what the inventory last said of a tenant that it has
	// no more; nil: nobody knows. It is asked in the order of ids, from the
	// beginning once more by Survey. nil: nobody knows it of any tenant.
	Row func(id string) map[string]string
	// Live: somebody applies at present.
	Live bool
	// Within is the part of the plan that is wanted.
	Within Scope
	// Replace are items that are done with and that By wants done again.
	Replace []addr.Address
	By      string
	// Since is when Config was adopted, if only what time makes due under it is
	// wanted: whoever got another way since, by a part of another plan, keeps it.
	// Zero: the ways of Config are wanted.
	Since time.Time
}

// Task is a tenant for which something is due.
type Task struct {
	Tenant *schema.Tenant
	Record *ledger.Record
	New    bool          // it is to be enrolled
	Place  *schema.Batch // it is to be placed here; nil: it is not
	T      time.Time     // of the placement
	// Edits come first: what the plan calls the tenant and its items now, and what
	// it gives up. Record is as it is after them, at the revision before.
	Edits []Step
	// Steps change the way of a tenant that is on it, or make an item of it due
	// again.
	Steps []Step
	// Outside: only what is owed to the tenant is done.
	Outside bool
}

// begins reports whether something about the tenant as a whole comes first.
func (t *Task) begins() bool { return t.New || t.Place != nil || len(t.Edits)+len(t.Steps) > 0 }

// Result is a computed plan with what apply needs to carry it out.
type Result struct {
	Plan *Plan
	// Tasks are the tenants with changes, by id.
	Tasks []Task
	// Decider knows the gates that the plan was computed with.
	Decider *Decider
	// Reasons says of tenants without a batch why they have none, by id.
	Reasons map[string]Held
	// Inserts: some action is about an item that came into the plan after its
	// tenant had passed the phase.
	Inserts bool
	// Unknown are the selectors of Input.Within, and of Input.Replace, that cover
	// neither a tenant nor a batch.
	Unknown []addr.Selector
}

// Compute works out the plan: for each tenant everything that may be done now,
// and what becomes due because something before it succeeds. An error is one of
// Input.Records; mistakes of the plan are in Plan.Diagnostics.
func Compute(in Input) (*Result, error) {
	c := newComputation(in, true)
	if err := c.run(); err != nil {
		return nil, err
	}
	return c.finish(), nil
}

// computation is one run of Compute.
type computation struct {
	in     Input
	d      *Decider
	plan   *Plan
	result *Result
	assume bool // follow what would come of success
	order  []*schema.Batch
	filler *placement.Filler

	leavers    []Task // they are in the inventory no more
	candidates []placement.Candidate
	unplaced   []Task // aligned with candidates
	deferred   map[*schema.Batch][]Task
	// progress is how far batches come if everything succeeds, actual how far
	// they have come.
	progress, actual map[*schema.Batch]*progress
	upcoming         map[upcoming]int
	becomes          map[string]string // of a survey: where the next apply places whom
	zones            map[string]*time.Location
	edits            edits
	refused          refusals
	redo             map[string][]*redo // what is to be done again, by tenant
	uncounted        map[*schema.Batch][]uncounted
	decision         Decision
}

type upcoming struct {
	at   int64
	kind Kind
}

func newComputation(in Input, assume bool) *computation {
	order := placement.Order(in.Config.Batches)
	c := &computation{
		in:       in,
		assume:   assume,
		d:        NewDecider(in.Config, in.Now, in.Live),
		plan:     &Plan{Name: in.Config.Name, Now: in.Now, Zone: in.Config.Zone},
		order:    order,
		filler:   placement.New(order, in.Config.Notice, in.Now),
		deferred: make(map[*schema.Batch][]Task),
		progress: make(map[*schema.Batch]*progress),
		actual:   make(map[*schema.Batch]*progress),
		upcoming: make(map[upcoming]int),
		becomes:  make(map[string]string),
		zones:    make(map[string]*time.Location),
		edits:    newEdits(in.Config),

		uncounted: make(map[*schema.Batch][]uncounted),
	}
	if in.Adopted != nil {
		c.d.compareWith(in.Adopted)
	}
	for _, b := range in.Config.Batches {
		if b.After != nil && c.progress[b.After.Batch] == nil {
			c.progress[b.After.Batch] = newProgress(in.Config)
			c.actual[b.After.Batch] = newProgress(in.Config)
		}
	}
	c.result = &Result{Plan: c.plan, Decider: c.d, Reasons: make(map[string]Held)}
	c.d.scope, c.plan.Within, c.plan.Replaced = in.Within, in.Within, in.Replace
	c.choose()
	return c
}

func (c *computation) run() error {
	if err := c.d.CountUp(c.in.Records); err != nil {
		return err
	}
	if err := c.lookBack(); err != nil {
		return err
	}
	if err := c.measure(); err != nil {
		return err
	}
	now := c.d.room.clone()
	if err := c.merge(); err != nil {
		return err
	}
	c.depart()
	c.place()
	c.openGates()
	c.d.room = now // whoever applies goes by what has happened
	return nil
}

// merge walks inventory and records together and decides whoever can be
// decided on its own.
func (c *computation) merge() error {
	return walkBoth(c.in, func(t *schema.Tenant, r *ledger.Record) {
		if ofBatch(r.ID) {
			return
		}
		if r = c.named(t, r); r == nil {
			return
		}
		c.plan.Tenants++
		c.met(r)
		if !r.EnrolledAt.IsZero() && r.Left == nil {
			c.refused.active++
		}
		if t == nil {
			c.gone(r)
			return
		}
		c.tenant(t, r, !c.apart(r) && (r.EnrolledAt.IsZero() || r.Left != nil && r.Left.By == ""))
	})
}

// tenant decides a tenant, or puts it aside until its batch, or the gate of its
// batch, is known.
func (c *computation) tenant(t *schema.Tenant, r *ledger.Record, fresh bool) {
	switch {
	case r.Left != nil && !fresh, r.Back != nil:
		c.occupy(t, r, c.d.batches[c.renamed(r.Batch)])
		c.decide(Task{Tenant: t, Record: r, Edits: c.edits.steps}, false)
		return
	case c.apart(r):
		c.keepWay(t, r)
		return
	case r.Batch == "":
		c.candidate(t, r, fresh)
		return
	}
	b := c.d.batches[c.renamed(r.Batch)]
	if b == nil {
		c.unbatched(t, r)
		return
	}
	steps := c.eject(t, r, b)
	if len(steps) == 0 && c.astray(t, r, b) {
		c.candidate(t, r, false)
		return
	}
	if len(steps) == 0 {
		steps = c.steer(t, r, c.courseOf(t, r, b))
	}
	if !leaves(steps) { // else its place is free
		c.occupy(t, r, b)
	}
	c.decide(Task{Tenant: t, Record: r, Edits: c.edits.steps, Steps: steps}, false)
}

// openGates decides the batches that wait for another one, in the order in
// which they wait.
func (c *computation) openGates() {
	for _, b := range waitingOrder(c.in.Config.Batches) {
		c.d.gates[b] = c.progress[b.After.Batch].gate(c.d, b, c.in.Now)
		for _, task := range c.deferred[b] {
			c.complete(task, true)
		}
		delete(c.deferred, b)
		c.countLate(b)
	}
	if !c.assume {
		return
	}
	// Whoever applies goes by what has happened, not by what was assumed.
	for _, b := range waitingOrder(c.in.Config.Batches) {
		c.d.gates[b] = c.actual[b.After.Batch].gate(c.d, b, c.in.Now)
	}
}

// decide works out the changes of one tenant and all that follows from them.
// owned: the task shares nothing with what is streamed.
func (c *computation) decide(task Task, owned bool) {
	c.again(&task)
	c.complete(task, owned)
}

// complete takes a task to the point where nothing more follows from it.
func (c *computation) complete(task Task, owned bool) {
	part, first := c.d.scope.cut(task), len(c.plan.Changes)
	all, gate := c.unbounded(task)
	if gate != nil && !part.Outside {
		c.deferTask(task, first, owned)
		return
	}
	r := task.Record
	if c.assume && part.begins() {
		r = c.begin(&part)
	}
	out := &c.decision
	var round time.Time
	adopts := 0 // changes that leave no fact
	clones := r != task.Record
	waiting := c.plan.Waiting
	for n := 0; ; n++ {
		c.d.Decide(task.Tenant, r, out)
		if out.NeedsGate != nil && !c.d.gates[out.NeedsGate].Known {
			c.deferTask(task, first, owned)
			return
		}
		c.d.Narrow(&part, r, out)
		if !part.Outside {
			c.problems(out.Problems)
		}
		if n == 0 {
			// What waits now, not what would wait after this plan; and how far
			// the batch is now.
			waiting = append(c.plan.Waiting, out.Waiting...)
			c.forgotten(r, out)
			if !leaves(task.Steps) { // else that is said
				c.asked(r, out)
			}
			adopts = c.adopt(&part, r, out, first)
			c.advance(c.actual, r, out)
			c.d.noteStopped(r, out)
		}
		if len(out.Actions) == 0 || !c.assume || n > maxRounds {
			break
		}
		if !clones {
			r, clones = r.Clone(), true
		}
		c.makes(&part, out.Actions)
		round = c.follow(part, r, out.Actions, round)
	}
	c.plan.Waiting = waiting
	c.leftOut(task, part, all-(len(c.plan.Changes)-first), gate)
	c.undone(&part, r)
	if part.Outside && len(c.plan.Changes) == first+len(part.Edits) { // nothing is owed
		c.plan.Changes = c.plan.Changes[:first]
	}
	if len(c.plan.Changes) > first+adopts {
		c.keep(part, owned)
	}
	c.note(part, r, out)
}

// maxRounds bounds the closure. Each round begins at least one item that never
// begins again, so that only a fault of this package could reach it.
const maxRounds = 10_000

// begin makes the changes of a tenant that is enrolled or placed, and returns
// its record after them.
func (c *computation) begin(task *Task) *ledger.Record {
	r := task.Record.Clone()
	for _, s := range task.Edits {
		c.change(s.Change)
	}
	if task.New {
		c.change(Change{Kind: Enrol, Tenant: r.ID, At: c.in.Now})
		r.Apply(EnrolFact(r.ID, c.in.Now))
	}
	for _, s := range task.Steps {
		if s.Change.Kind != 0 {
			c.change(s.Change)
		}
		for _, f := range s.Facts() {
			r.Apply(f)
		}
	}
	if b := task.Place; b != nil {
		zone := Zone(c.in.Config, task.Tenant, b)
		c.change(Change{Kind: Place, Tenant: r.ID, Batch: b.Name, At: c.in.Now, Detail: Detail{T: task.T}})
		r.Apply(PlaceFact(r, b, task.T, zone, c.in.Now))
	}
	return r
}

// follow notes the actions as changes, and applies their success. An action is
// due no earlier than what it follows from.
func (c *computation) follow(task Task, r *ledger.Record, actions []Action, round time.Time) time.Time {
	if task.begins() {
		round = c.in.Now
	}
	latest := round
	for i := range actions {
		a := &actions[i]
		at := a.At
		if at.Before(round) || at.After(c.in.Now) {
			at = round
		}
		if at.After(latest) {
			latest = at
		}
		c.change(task.Change(a, r, at))
		a.Succeed(r, c.in.Now)
		c.d.room.start(a)
	}
	return latest
}

func (c *computation) change(ch Change) { c.plan.Changes = append(c.plan.Changes, ch) }

// keep remembers a tenant with changes for apply.
func (c *computation) keep(task Task, owned bool) {
	if !owned && task.Place == nil && !task.New || len(task.Steps) > 0 {
		task.Tenant, task.Record = task.Tenant.Clone(), task.Record.Clone()
	}
	c.result.Tasks = append(c.result.Tasks, task)
}

// deferTask puts a tenant aside whose batch's gate is not known yet.
func (c *computation) deferTask(task Task, first int, owned bool) {
	c.plan.Changes = c.plan.Changes[:first]
	if !owned {
		task.Tenant, task.Record = task.Tenant.Clone(), task.Record.Clone()
	}
	b := c.decision.NeedsGate
	c.deferred[b] = append(c.deferred[b], task)
}

// note adds up what the last decision says of later, and of the batch.
func (c *computation) note(task Task, r *ledger.Record, out *Decision) {
	c.plan.Locks += len(out.Locks)
	if !out.Next.IsZero() {
		c.plan.Next = earliest(c.plan.Next, out.Next)
		c.d.upcoming(task.Tenant, r, out, c.upcoming)
	}
	c.advance(c.progress, r, out)
}

// advance counts a tenant for its batch, if somebody waits for that.
func (c *computation) advance(all map[*schema.Batch]*progress, r *ledger.Record, out *Decision) {
	if p := all[c.d.batches[r.Batch]]; p != nil {
		p.add(out.Reached)
	}
}

// finish sorts what was collected.
func (c *computation) finish() *Result {
	p := c.plan
	c.refuse()
	p.Waiting = append(p.Waiting, c.d.breakerWaits()...)
	// Stable: of one tenant at one instant, changes stay in the order in which
	// one follows from the other.
	slices.SortStableFunc(p.Changes, func(a, b Change) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Tenant, b.Tenant))
	})
	slices.SortStableFunc(p.Waiting, func(a, b Wait) int { return cmp.Compare(a.Address, b.Address) })
	slices.SortFunc(c.result.Tasks, func(a, b Task) int { return cmp.Compare(a.Record.ID, b.Record.ID) })
	p.Upcoming = c.d.upcomingList(c.upcoming)
	p.Diagnostics = distinct(p.Diagnostics)
	return c.result
}
