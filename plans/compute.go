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
	// Reached is the instant up to which everything that was due has been taken on;
	// zero: there is none, or Now is what a person says, as in a rehearsal. Then
	// nothing is a burst.
	Reached time.Time
	// Row tells, by column, what the inventory last said of a tenant that it has
	// no more; nil: nobody knows. It is asked in the order of ids, from the
	// beginning once more by Survey. nil: nobody knows it of any tenant.
	Row func(id string) map[string]string
	// Live: somebody applies at present.
	Live bool
	// Orphans are commands whose runner is gone. For as long as one runs, its
	// attempt has not ended, and is not repeated.
	Orphans Orphans
	Beside  Beside
	// Lacks is what a restored state has lost; nil: nothing.
	Lacks *ledger.Restoration
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
	c.d.alone, c.d.orphans, c.d.beside, c.d.lacks = !in.Since.IsZero(), in.Orphans, in.Beside, in.Lacks
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
	c.burst()
	p.Upcoming = c.d.upcomingList(c.upcoming)
	p.Diagnostics = distinct(p.Diagnostics)
	return c.result
}
