package runner

import (
	"context"
	"slices"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/plans/retry"
	"transition/runner/action"
	"transition/runner/clock"
	"transition/runner/store"
	"transition/schema"
)

// maxFacts bounds what one commit records, so that a commit stays short.
const maxFacts = 1000

// staleClaim is how long after its claim an attempt may begin without another
// look at the record.
const staleClaim = time.Second

// engine carries out one pass of an apply: it takes the tasks of a plan to the
// point where nothing more may be done now.
//
// One goroutine owns it. In each turn it makes one commit of everything that has
// come up: outcomes that arrived, attempts that begin, claims for the next ones.
// Workers only have effects; they touch nothing of the engine.
type engine struct {
	p        *Project
	lease    store.Lease
	decider  *plans.Decider
	clock    clock.Clock
	actions  *Actions
	events   func(Event)
	allowed  func(tenant string, a *plans.Action) bool // nil: everything
	result   *ApplyResult
	adopt    string // recorded with the first commit
	parallel int

	queue   queue
	tasks   map[string]*task
	free    int
	claimed []*job // they begin with the next commit
	running map[*job]bool
	limits  map[*schema.Limit]*budget
	jobs    chan *job
	results chan result
	arrived []result // taken from results, not yet recorded
	stopped bool     // no new effects
	out     plans.Decision
}

// task is a tenant for which something is due.
type task struct {
	tenant *schema.Tenant
	record *ledger.Record
	batch  *schema.Batch
	plan   plans.Task
	// busy are the attempts that are queued, claimed or running, so that a new
	// decision does not queue them again.
	busy []attemptKey
}

type attemptKey struct {
	item      *schema.Item
	op        ledger.Op
	recipient string
}

// budget is how much of a limit is in use.
type budget struct {
	used   int
	parked []*entry
}

type result struct {
	job     *job
	outcome action.Outcome
	took    time.Duration
}

func (e *engine) emit(ev Event) {
	if e.events != nil {
		e.events(ev)
	}
}

// run carries out the tasks. The first end of ctx stops new effects; stop ends
// the running ones.
func (e *engine) run(ctx context.Context, stop context.Context, tasks []plans.Task) error {
	e.jobs, e.results = make(chan *job, e.parallel), make(chan result, e.parallel)
	e.free = e.parallel
	e.running, e.limits = make(map[*job]bool), make(map[*schema.Limit]*budget)
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
	t := &task{tenant: pt.Tenant, record: pt.Record, plan: pt}
	e.tasks[pt.Record.ID] = t
	if pt.New || pt.Place != nil {
		e.queue.push(&entry{at: e.decider.Now(), task: t})
		return
	}
	e.decide(t)
}

// work has effects until there are no more jobs.
func (e *engine) work(stop context.Context) {
	for j := range e.jobs {
		began := e.p.o.Clock.Now() // a rehearsal's clock stands still
		req, err := e.p.prepare(j)
		o := action.Outcome{Class: action.Permanent, NotBegun: true}
		if err == nil {
			o = e.actions.executor(j).Do(stop, req)
		} else {
			o.Reason = err.Error()
		}
		e.results <- result{j, o, e.p.o.Clock.Now().Sub(began)}
	}
}

// loop makes commits until nothing is left to do.
func (e *engine) loop(ctx context.Context) error {
	for {
		if ctx.Err() != nil && !e.stopped {
			e.drain()
		}
		t := e.turn(ctx)
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

// wait lets time pass until a worker is done, or the user wants to stop.
func (e *engine) wait(ctx context.Context) {
	stop := ctx.Done()
	if e.stopped {
		stop = nil
	}
	select {
	case r := <-e.results:
		e.arrived = append(e.arrived, r)
	case <-stop:
	}
}

// drain stops new effects and says what is waited for.
func (e *engine) drain() {
	e.stopped = true
	e.result.Interrupted = true
	var names []string
	for j := range e.running {
		names = append(names, j.task.record.ID+"/"+j.action.Item.Key())
	}
	slices.Sort(names)
	e.emit(Draining{Running: names})
}

// abandon waits for what runs after the state could not be written. What came
// of it is not recorded, and is therefore unknown to whoever comes next.
func (e *engine) abandon(t *turn) {
	lost := t.results
	for len(lost) < len(e.running) {
		lost = append(lost, <-e.results)
	}
	for _, r := range lost {
		e.result.Unknown = append(e.result.Unknown, r.job.task.record.ID+"/"+r.job.action.Item.Key())
	}
	slices.Sort(e.result.Unknown)
}

// turn is one commit under construction, with what it is made of.
type turn struct {
	commit   store.Commit
	claims   []*entry
	begins   []*job
	results  []result
	noted    []*entry // facts without an effect
	refused  []*job   // claimed, and no longer wanted
	denied   []*task  // whose claims the state has refused
	outcomes []ledger.Fact
}

func (t *turn) empty() bool {
	return len(t.commit.Claims) == 0 && len(t.commit.Facts) == 0 && len(t.commit.Dropped) == 0
}

// turn collects what the next commit records.
func (e *engine) turn(ctx context.Context) *turn {
	t := &turn{commit: store.Commit{Now: e.clock.Now()}}
	e.collectResults(t)
	e.collectBegins(ctx, t)
	if !e.stopped {
		e.collectQueue(t)
	}
	return t
}

// collectResults takes the outcomes that have arrived.
func (e *engine) collectResults(t *turn) {
	for len(e.results) > 0 {
		e.arrived = append(e.arrived, <-e.results)
	}
	for _, r := range e.arrived {
		t.outcomes = append(t.outcomes, e.judge(r, t.commit.Now))
	}
	t.results, e.arrived = e.arrived, nil
	t.commit.Facts = append(t.commit.Facts, t.outcomes...)
}

// judge turns an outcome into a fact, and decides whether it is tried again.
func (e *engine) judge(r result, now time.Time) ledger.Fact {
	j := r.job
	f := outcomeFact(j, r.outcome, now)
	repeat := r.outcome.Class == action.Retryable ||
		r.outcome.Class == action.Unknown && plans.RepeatsUnknown(j.action.Item, j.action.Op)
	if !repeat {
		return f
	}
	next, ok := retry.Next(j.action.Item.Retry, j.no, j.first, now, r.outcome.RetryAfter, j.key)
	if ok && (j.action.MustEnd.IsZero() || !next.After(j.action.MustEnd)) {
		f.Kind, f.Next = ledger.Failed, &next
	}
	return f
}

// collectBegins begins what the last commit has claimed, unless it is no longer
// wanted.
func (e *engine) collectBegins(ctx context.Context, t *turn) {
	for _, j := range e.claimed {
		if e.stopped || !e.wanted(ctx, j) {
			t.commit.Dropped = append(t.commit.Dropped, j.attempt)
			t.refused = append(t.refused, j)
			continue
		}
		f := j.action.Began(j.task.record, j.recipient, t.commit.Now)
		f.Attempt, f.Key = j.attempt, j.key
		t.commit.Facts = append(t.commit.Facts, f)
		t.begins = append(t.begins, j)
	}
	e.claimed = e.claimed[:0]
}

// wanted reports whether a claimed attempt may still begin: its window is open,
// and nobody has said anything against it since it was claimed.
func (e *engine) wanted(ctx context.Context, j *job) bool {
	now := e.clock.Now()
	if !j.action.NotAfter.IsZero() && now.After(j.action.NotAfter) {
		return false
	}
	if e.p.o.Clock.Now().Sub(j.claimed) < staleClaim {
		return true
	}
	r, err := e.p.state.Record(ctx, j.task.record.ID)
	return err == nil && r != nil && r.Rev == j.task.record.Rev
}

// collectQueue takes what comes next, in order, as long as there is room.
func (e *engine) collectQueue(t *turn) {
	for len(t.commit.Facts)+len(t.commit.Claims) < maxFacts {
		en := e.queue.peek()
		if en == nil || en.effect() && e.free == 0 {
			return
		}
		e.queue.pop()
		switch {
		case !en.effect():
			t.commit.Facts = append(t.commit.Facts, e.facts(en, t.commit.Now)...)
			t.noted = append(t.noted, en)
		case e.park(en):
		default:
			e.free--
			t.claims = append(t.claims, en)
			t.commit.Claims = append(t.commit.Claims, e.claim(en))
		}
	}
}

// park puts an entry aside whose limit is used up, else takes its share.
func (e *engine) park(en *entry) bool {
	limit := en.action.Item.Limit
	if limit == nil || en.action.Op == ledger.Release { // nothing holds a release back
		return false
	}
	b := e.limits[limit]
	if b == nil {
		b = &budget{}
		e.limits[limit] = b
	}
	if b.used >= limit.MaxInFlight {
		b.parked = append(b.parked, en)
		return true
	}
	b.used++
	return false
}

// release gives back what an attempt has used.
func (e *engine) release(a *plans.Action) {
	e.free++
	b := e.limits[a.Item.Limit]
	if a.Item.Limit == nil || b == nil || a.Op == ledger.Release {
		return
	}
	b.used--
	if len(b.parked) > 0 {
		e.queue.push(b.parked[0])
		b.parked = b.parked[1:]
	}
}

// facts are what an entry without an effect records.
func (e *engine) facts(en *entry, now time.Time) []ledger.Fact {
	if en.action != nil {
		return en.action.Facts(en.task.record, now)
	}
	var facts []ledger.Fact
	t := en.task
	if t.plan.New {
		facts = append(facts, plans.EnrolFact(t.record.ID, now))
	}
	if b := t.plan.Place; b != nil {
		zone := plans.Zone(e.p.Config, t.tenant, b)
		facts = append(facts, plans.PlaceFact(t.record, b, t.plan.T, zone, now))
	}
	return facts
}

func (e *engine) claim(en *entry) store.Claim {
	r, a := en.task.record, en.action
	c := store.Claim{
		Tenant: r.ID, Item: a.Item.Key(), Op: a.Op, Recipient: en.recipient,
		Epoch: r.Epoch, Rev: r.Rev, No: a.Began(r, en.recipient, time.Time{}).No,
	}
	if it := r.Item(c.Item); it != nil {
		c.Generation = it.Generation
	}
	c.Key = ledger.Key(e.p.meta.Lineage, c.Tenant, c.Item, c.Op, c.Recipient, c.Epoch, c.Generation)
	return c
}
