package runner

import (
	"context"
	"slices"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/action"
	"transition/runner/clock"
	"transition/runner/store"
	"transition/schema"
	"transition/schema/addr"
)

// maxFacts bounds what one commit records, so that a commit stays short.
const maxFacts = 1000

// engine carries out one pass of an apply: it takes the tasks of a plan to the
// point where nothing more may be done now.
//
// One goroutine owns it. In each turn it makes one commit of everything that has
// come up: outcomes that arrived, attempts that begin, claims for the next ones.
// Whatever follows from a decision is committed under the revision of the record
// that it was decided on, so that a person's word always comes first; after each
// commit the tenants concerned are decided again, and what is no longer wanted
// is withdrawn. Workers only have effects; they touch nothing of the engine.
type engine struct {
	p        *Project
	lease    store.Lease
	decider  *plans.Decider
	clock    clock.Clock
	actions  *Actions
	events   func(Event)
	allowed  func(kind plans.Kind, address string) bool // nil: everything
	result   *ApplyResult
	parallel int
	retries  bool  // wait for retries while anything else runs
	serial   int64 // of the state, as far as it is known here
	apart    bool  // tenants get ways that are not those of the adopted plan

	queue    queue
	limits   limits
	outlived map[*schema.Limit]int // shares that commands have whose runner is gone
	tasks    map[string]*task
	asleep   map[*task]bool  // tasks that wait for a retry
	late     map[string]bool // tenants whose window closed during the pass
	unknown  map[string]bool // attempts of this apply, by op and address, that count as failed since nobody knows
	free     int
	claimed  []*entry // they begin with the next commit
	running  map[*entry]bool
	jobs     chan *entry
	results  chan result
	arrived  []result        // taken from results, not yet recorded
	stopped  bool            // no new effects
	turned   []*schema.Batch // whose breaker has opened or closed, and whose tenants are to be decided anew
	tide     *tide           // nil: time stands still during the pass
	reached  time.Time       // see store.Meta.Clock; zero: something that was due is left out
	shut     shut            // of this apply
	shutting bool            // one was added, and what goes by it is still to be withdrawn
	// replaced are the items of which it was recorded that they are done again.
	replaced []addr.Address
	out      plans.Decision
}

// task is a tenant for which something is due.
type task struct {
	tenant *schema.Tenant
	record *ledger.Record
	batch  *schema.Batch
	plan   plans.Task
	tally  ledger.Tally // what is counted of it for a breaker
	// busy are the entries that are queued, claimed or running.
	busy []*entry
	// denied are attempts that the state did not grant, with the revision at
	// which: they are not asked for again before something has happened.
	denied map[attemptKey]int64
	// stale: what it begins with was refused, so that nothing of it is right any
	// more. The next pass looks again.
	stale bool
	since time.Time // nothing of it was due before; zero: no bound
	wake  time.Time // when a retry falls due; zero: none
}

type result struct {
	entry   *entry
	outcome action.Outcome
	took    time.Duration
	reply   plans.Reply // of an inquiry
	note    string      // file of its note; empty: it has none
	cut     bool        // the inquiry was stopped before it was answered
}

func (e *engine) emit(ev Event) {
	if e.events != nil {
		e.events(ev)
	}
}

// run carries out the tasks. The first end of ctx stops new effects; stop ends
// the running ones.
func (e *engine) run(ctx context.Context, stop context.Context, tasks []plans.Task) error {
	e.jobs, e.results = make(chan *entry, e.parallel), make(chan result, e.parallel)
	e.free, e.limits, e.outlived = e.parallel, startWith(e.decider.GoOn()), e.decider.Outlived()
	e.running, e.late, e.asleep = make(map[*entry]bool), make(map[string]bool), make(map[*task]bool)
	e.tasks = make(map[string]*task, len(tasks))
	for _, t := range tasks {
		e.add(t)
	}
	done := make(chan struct{})
	for range e.parallel {
		go func() {
			e.work(stop)
			done <- struct{}{}
		}()
	}
	err := e.loop(ctx)
	close(e.jobs)
	for range e.parallel {
		<-done
	}
	return err
}

// add queues what a task begins with.
func (e *engine) add(pt plans.Task) {
	t := &task{tenant: pt.Tenant, record: pt.Record, plan: pt, tally: pt.Record.Tally}
	t.plan.Edits = slices.DeleteFunc(slices.Clone(pt.Edits), func(s plans.Step) bool {
		return s.Fact.Kind != ledger.Renamed && !e.allows(s.Change.Kind, s.Change.Address()) // nothing is decided under old names
	})
	t.plan.Steps = slices.DeleteFunc(slices.Clone(pt.Steps), func(s plans.Step) bool {
		return s.Change.Kind != 0 && !e.allows(s.Change.Kind, s.Change.Address())
	})
	if !e.allows(plans.Enrol, pt.Record.ID) {
		t.plan.New = false
	}
	if !e.allows(plans.Place, pt.Record.ID) {
		t.plan.Place = nil
	}
	e.tasks[pt.Record.ID] = t
	if !t.plan.New && t.plan.Place == nil && len(t.plan.Edits)+len(t.plan.Steps) == 0 {
		e.decide(t)
		return
	}
	t.since = e.decider.Now()
	e.push(t, &entry{at: t.since, task: t, rev: t.record.Rev})
}

func (e *engine) allows(kind plans.Kind, address string) bool {
	if e.tide != nil && e.tide.ebb && kind != plans.Unlock {
		return false
	}
	return e.allowed == nil || e.allowed(kind, address)
}

func (e *engine) push(t *task, en *entry) {
	t.busy = append(t.busy, en)
	e.queue.push(en)
}

// loop makes commits until nothing is left to do.
func (e *engine) loop(ctx context.Context) error {
	for {
		if ctx.Err() != nil && !e.stopped {
			e.drain()
		}
		t := e.turn()
		if t.empty() {
			if len(e.running) == 0 {
				return nil
			}
			e.wait(ctx)
			continue
		}
		if err := e.commit(ctx, t); err != nil {
			e.abandon(t)
			return err
		}
	}
}

// wait lets time pass until a worker is done, a retry falls due, or the user
// wants to stop.
func (e *engine) wait(ctx context.Context) {
	stop := ctx.Done()
	if e.stopped {
		stop = nil
	}
	wake, cancel := e.alarm()
	defer cancel()
	select {
	case r := <-e.results:
		e.arrived = append(e.arrived, r)
	case <-wake:
		e.again()
		e.rise()
	case <-stop:
	}
}

// alarm is closed when the next retry falls due. cancel ends it, and waits for
// that.
func (e *engine) alarm() (wake <-chan struct{}, cancel func()) {
	next := e.wakes()
	if next.IsZero() || e.stopped {
		return nil, func() {}
	}
	ctx, end := context.WithCancel(context.Background())
	rang, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if e.p.o.Clock.Sleep(ctx, next.Sub(e.p.o.Clock.Now())) == nil {
			close(rang)
		}
	}()
	return rang, func() { end(); <-done }
}

// wakes is when the pass has to look at the time; zero: it need not.
func (e *engine) wakes() time.Time {
	next := e.tide.wakes()
	if e.tide != nil && len(e.late) > 0 {
		next = e.tide.now()
	}
	if !e.retries {
		return next
	}
	for t := range e.asleep {
		if next.IsZero() || t.wake.Before(next) {
			next = t.wake
		}
	}
	return next
}

// again decides the tenants whose retries have fallen due while others run.
func (e *engine) again() {
	if !e.retries {
		return
	}
	now, was := e.clock.Now(), e.decider.Now()
	e.decider.SetNow(now)
	for _, t := range e.inOrder(e.asleep) {
		if !t.wake.After(now) {
			e.decide(t)
		}
	}
	e.decider.SetNow(was)
}

// drain stops new effects and says what is waited for.
func (e *engine) drain() {
	e.stopped = true
	e.result.Interrupted = true
	var names []string
	for en := range e.running {
		names = append(names, en.address())
	}
	slices.Sort(names)
	e.emit(Draining{Running: names})
}

// abandon waits for what runs after the state could not be written. What came
// of it is not recorded, and is therefore unknown to whoever comes next, unless it
// is recorded by hand: see Project.Push.
func (e *engine) abandon(t *turn) {
	lost := t.results
	for len(lost)+t.answers < len(e.running) {
		lost = append(lost, <-e.results)
	}
	for _, r := range lost {
		if !r.entry.asks() {
			e.result.Unknown = append(e.result.Unknown, r.entry.address())
			e.result.unrecorded = append(e.result.unrecorded, e.judge(r, t.commit.Now))
		}
	}
	slices.Sort(e.result.Unknown)
}

// decide queues what may be done now for a tenant, and withdraws what may not be
// done any more.
func (e *engine) decide(t *task) {
	if e.stopped || t.stale || e.late[t.record.ID] {
		e.withdraw(t, nil)
		return
	}
	t.batch = e.decider.Batch(t.record.Batch)
	e.decider.Decide(t.tenant, t.record, &e.out)
	e.decider.Narrow(&t.plan, t.record, &e.out)
	e.sleep(t, e.out.Retry)
	wanted := make(map[attemptKey]bool)
	for i := range e.out.Actions {
		a := e.out.Actions[i]
		if a.Kind == plans.Collapse || !e.allows(a.Kind, t.record.ID+"/"+a.Item.Key()) {
			continue // a late message is recorded with the one that carries it
		}
		e.enqueue(t, &a, wanted)
	}
	e.withdraw(t, wanted)
}

// sleep notes when the next retry of a task falls due.
func (e *engine) sleep(t *task, until time.Time) {
	t.wake = until
	if until.IsZero() {
		delete(e.asleep, t)
	} else {
		e.asleep[t] = true
	}
}

// enqueue queues an action, once for each recipient. What is queued already is
// brought up to date.
func (e *engine) enqueue(t *task, a *plans.Action, wanted map[attemptKey]bool) {
	ch := &change{Change: t.plan.Change(a, t.record, a.At)}
	for _, to := range recipients(a, t.record) {
		k := attemptKey{a.Item, a.Op, to}
		if e.closed(a.Item, t.record, to) {
			continue
		}
		wanted[k] = true
		if i := slices.IndexFunc(t.busy, func(b *entry) bool { return b.ident() == k }); i >= 0 {
			if b := t.busy[i]; b.stage != running {
				b.action, b.rev = a, t.record.Rev
			}
			continue
		}
		if rev, denied := t.denied[k]; denied && rev == t.record.Rev {
			continue
		}
		ch.left++
		at := a.At
		if at.Before(t.since) {
			at = t.since
		}
		ch.At = at
		e.push(t, &entry{at: at, task: t, action: a, recipient: to, change: ch, rev: t.record.Rev})
	}
}

// withdraw takes back the entries of a task that are not wanted and have not
// begun.
func (e *engine) withdraw(t *task, wanted map[attemptKey]bool) {
	t.busy = slices.DeleteFunc(t.busy, func(b *entry) bool {
		if b.stage == running || b.action != nil && wanted[b.ident()] {
			return false
		}
		b.withdrawn = true
		return true
	})
}
