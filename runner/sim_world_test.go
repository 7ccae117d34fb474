package runner_test

import (
	"context"
	"strings"
	"sync"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/plans/planstest"
	"transition/plans/timeline"
	"transition/runner/action"
	"transition/runner/store"
	"transition/schema"
)

// simWorld is everything outside: what has happened there, as nobody but a test
// can know it.
type simWorld struct {
	mu       sync.Mutex
	happened map[string]int        // effects that have happened, by idempotency key
	running  map[int64]*simRun     // that go on, by attempt
	attempts map[int64]*simEffect  // by attempt
	locked   map[[2]string]bool    // by tenant and name of the lock
	told     map[[2]string]simNews // by tenant and recipient: the last word about T that has arrived
	effects  int
	boot     int // how often the machine has been started anew
}

type simEffect struct {
	key      string
	happened int
	atLeast  bool
	job      *simJob // that it has started; nil: none
}

// simJob is work that goes on by itself, whoever lives. While it does it has
// happened; one that fails has not, after all.
type simJob struct {
	ends  time.Time
	fails bool
	over  bool
}

// simNews is what somebody was told: the date; empty: that there is none.
type simNews struct{ date string }

func newSimWorld() *simWorld {
	return &simWorld{
		happened: make(map[string]int), running: make(map[int64]*simRun), attempts: make(map[int64]*simEffect),
		locked: make(map[[2]string]bool), told: make(map[[2]string]simNews),
	}
}

// fate is what becomes of one effect.
type fate struct {
	class    action.Class
	early    bool          // it happens at its beginning, rather than at its end
	real     bool          // of Unknown: it does happen
	hangs    bool          // it ends when its runner does, or its time is over
	outlives bool          // it goes on when its runner is killed
	unseen   bool          // its runner is not told the number of its process
	took     time.Duration // on the clock of the world
	job      time.Duration // how long what it has started goes on
	fails    bool          // how that ends
}

func (f *fate) happens() bool {
	return f.class == action.Succeeded || f.class == action.Unknown && f.real
}

// Do has one effect, as the script of the node says.
func (n *node) Do(ctx context.Context, r action.Request) action.Outcome {
	f := n.fate(r.Seq)
	if r.Asks {
		return n.asked(ctx, f, r)
	}
	n.s.note(n, "%s %s #%d attempt %d: %d for %s", r.Op, r.Address, r.Attempt, r.Seq, f.class, f.took)
	n.begins(r)
	if r.Started != nil && !f.unseen {
		r.Started(pidOf(r.Seq))
	}
	if f.happens() && f.early {
		n.happens(f, r)
	}
	var over, late <-chan time.Time
	if !f.hangs {
		over = time.After(f.took + time.Duration(r.Seq)) // no two at once, so that their order is sure
	}
	if r.Timeout > 0 {
		late = time.After(r.Timeout + time.Microsecond + time.Duration(r.Seq)) // who ends just in time has
	}
	outcome := action.Outcome{Class: f.class, Reason: "the script says so"}
	select {
	case <-over:
		if f.happens() && !f.early {
			n.happens(f, r)
		}
		over = nil
	case <-late:
		over = nil
		outcome = action.Outcome{Class: action.Unknown, Reason: "it took too long"}
	case <-ctx.Done():
		outcome = action.Outcome{Class: action.Unknown, Reason: "stopped"}
	case <-n.killed:
	}
	if n.gone() {
		n.departs(f, r, over)
	} else {
		n.ends(r)
	}
	return outcome
}

// departs keeps a killed process from whatever it would do next, until everything
// is over.
func (n *node) departs(f fate, r action.Request, over <-chan time.Time) {
	if over != nil && f.outlives && r.Mail == nil { // a message goes no further than its conversation
		n.s.note(n, "%s %s outlives its runner", r.Op, r.Address)
		n.outlives(f, r, over)
	} else {
		n.ends(r)
	}
	<-n.s.ended
}

// asked answers a poll or a probe: with the truth, or not at all.
func (n *node) asked(ctx context.Context, f fate, r action.Request) action.Outcome {
	select {
	case <-time.After(min(f.took, time.Minute) + time.Duration(r.Seq)):
	case <-ctx.Done():
	case <-n.killed:
	}
	if n.gone() {
		<-n.s.ended
	}
	if f.class != action.Succeeded || ctx.Err() != nil {
		return action.Outcome{Class: action.Unknown, Reason: "nobody answers"}
	}
	code := n.s.world.answer(r)
	n.s.note(n, "asked about %s %s attempt %d: %d", r.Op, r.Address, r.Seq, code)
	return action.Outcome{Class: action.Succeeded, Result: &schema.Result{Command: true, ExitCode: code}}
}

// answer is the exit code of who is asked about an attempt: 0, it has happened, or
// the lock is taken; 1, it has not, for all one can see; 2, it goes on; 3, it has
// failed.
func (w *simWorld) answer(r action.Request) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.attempts[r.Seq]
	w.settle()
	switch {
	case r.Op == ledger.Acquire || r.Op == ledger.Release:
		if w.locked[lockOf(r)] {
			return 0
		}
		return 1
	case e == nil:
		return 1
	case e.job == nil && w.happened[e.key] > 0:
		return 0
	case e.job == nil:
		return 1
	case !e.job.over:
		return 2
	case !e.job.fails:
		return 0
	case r.Command.Argv[0] == "poll":
		return 3
	default:
		return 1
	}
}

// lockOf is a lock by its tenant and its name, which no edit changes.
func lockOf(r action.Request) [2]string {
	return [2]string{r.Tenant, r.Address[strings.LastIndex(r.Address, "/")+1:]}
}

// settle ends the jobs whose time is over. w.mu is held.
func (w *simWorld) settle() {
	for _, e := range w.attempts {
		if j := e.job; j != nil && !j.over && !time.Now().Before(j.ends) {
			if j.over = true; j.fails {
				e.happened--
				w.happened[e.key]--
			}
		}
	}
}

// begins holds an effect that begins against what is promised of it.
func (n *node) begins(r action.Request) {
	w := n.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle()
	w.effects++
	if w.runs(r.Key) && (!r.AtLeast || r.Command != nil) {
		n.s.wrongly("%s %s begins while it runs", r.Op, r.Address)
	}
	w.starts(r)
	w.attempts[r.Seq] = &simEffect{key: r.Key, atLeast: r.AtLeast}
	if n.s.disk.takenOver(n.epoch()) {
		n.s.wrongly("%s %s begins under lease %d, and another one is at work", r.Op, r.Address, n.epoch())
	}
	if !n.s.disk.intends(r) {
		n.s.wrongly("%s %s begins, and the power could fail before its attempt %d is durable", r.Op, r.Address, r.Seq)
	}
	if it := itemOf(n.cfg, r); it != nil {
		n.inTime(it, r)
		n.within(it, r)
	}
}

// intends reports whether it is on disk for good that an attempt has begun.
func (d *disk) intends(r action.Request) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	open, err := d.durable.OpenAttempts(context.Background())
	if err != nil {
		return false
	}
	for i := range open {
		if a := &open[i]; a.ID == r.Seq && a.Key == r.Key && !a.BegunAt.IsZero() {
			return true
		}
	}
	return false
}

// inTime fails when the first attempt of an item begins before its phase opens, or
// before people have agreed to it.
func (n *node) inTime(it *schema.Item, r action.Request) {
	rec, err := n.s.disk.now().Record(context.Background(), r.Tenant)
	if err != nil || r.Op == ledger.Release || r.Op == ledger.Undo {
		return
	}
	if x := rec.Item(it.Key()); x == nil || x.Attempts > 1 || x.Again {
		return // what has begun goes on
	}
	n.agreed(it, r, rec)
	zone, err := time.LoadLocation(rec.Zone)
	if err != nil {
		zone = n.cfg.Zone
	}
	opens := timeline.Build(n.cfg, rec.T, zone).Phases[it.Phase.Index].Opens
	if now := n.s.clock.Now(); now.Before(opens) && !n.s.clock.wentBack() {
		n.s.wrongly("%s %s begins, and opens %s", r.Op, r.Address, opens)
	}
}

// agreed fails when an item begins in a phase that nobody has approved, or takes
// from a tenant what it has not agreed to.
func (n *node) agreed(it *schema.Item, r action.Request, rec *ledger.Record) {
	for _, other := range it.Phase.Items {
		if _, asks := other.Does.(*schema.Approval); !asks {
			continue
		}
		if x := rec.Item(other.Key()); x == nil || !x.State.Settled() {
			n.s.wrongly("%s %s begins, and nobody has approved it: %+v", r.Op, r.Address, x)
		}
	}
	c := n.cfg.Consent
	if c == nil || c.Mode != schema.OptIn || it.Phase.Index < c.Phase.Index || r.Op == ledger.Send {
		return
	}
	if rec.Consent == nil || !rec.Consent.Yes {
		n.s.wrongly("%s %s begins, and the tenant has not agreed", r.Op, r.Address)
	}
}

// within fails when more of a node's attempts run at once than a limit allows.
func (n *node) within(it *schema.Item, r action.Request) {
	if it.Limit == nil || r.Op == ledger.Undo {
		return
	}
	if n.limited++; n.limited > it.Limit.MaxInFlight {
		n.s.wrongly("%s %s begins, and %d of limit %s run", r.Op, r.Address, n.limited, it.Limit.Name)
	}
}

func itemOf(cfg *schema.Config, r action.Request) *schema.Item {
	for _, it := range cfg.Items {
		if r.Tenant+"/"+it.Key() == r.Address {
			return it
		}
	}
	return nil
}

// happens keeps account of what an effect has changed.
func (n *node) happens(f fate, r action.Request) {
	w := n.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	n.s.note(n, "%s %s happens", r.Op, r.Address)
	e := w.attempts[r.Seq]
	e.happened++
	if w.happened[r.Key]++; w.happened[r.Key] > 1 && !r.AtLeast {
		n.s.wrongly("%s %s has happened %d times", r.Op, r.Address, w.happened[r.Key])
	}
	if it := itemOf(n.cfg, r); it != nil && plans.PollOf(it, r.Op) != nil {
		e.job = &simJob{ends: time.Now().Add(f.job), fails: f.fails}
	}
	switch r.Op {
	case ledger.Acquire:
		w.locked[lockOf(r)] = true
	case ledger.Release:
		delete(w.locked, lockOf(r))
	case ledger.Send:
		n.tells(r)
	case ledger.Run, ledger.Undo, ledger.AskOp:
	}
}

// tells notes what a message says of T.
func (n *node) tells(r action.Request) {
	date := r.T.UTC().Format(time.RFC3339)
	for _, it := range n.cfg.Events {
		c := it.Does.(*schema.Communication)
		switch {
		case r.Tenant+"/"+it.Key() != r.Address:
		case strings.HasPrefix(it.Name, planstest.Aside):
			return
		case c.On == schema.OnWithdrawn || c.On == schema.OnRolledBack:
			date = ""
		}
	}
	n.s.world.told[[2]string{r.Tenant, r.Mail.To}] = simNews{date}
}

func (n *node) ends(r action.Request) {
	w := n.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.running, r.Seq)
	if it := itemOf(n.cfg, r); it != nil && it.Limit != nil && r.Op != ledger.Undo {
		n.limited--
	}
}

// outcomes fails when the history says of an attempt what is not so.
func (w *simWorld) outcomes(s store.Store, wrongly func(string, ...any)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle()
	for f, err := range s.History(context.Background(), "") {
		if err != nil {
			wrongly("history: %v", err)
			return
		}
		if f.Attempt == 0 {
			continue
		}
		e := w.attempts[f.Attempt]
		has := f.Kind == ledger.Succeeded || f.Kind == ledger.Probed && f.Answer == ledger.AnswerDone
		hasNot := f.Kind == ledger.Failed || f.Kind == ledger.Probed && f.Answer == ledger.AnswerNotDone
		switch {
		case has && (e == nil || e.happened == 0 && (f.Kind == ledger.Succeeded || w.happened[e.key] == 0)):
			wrongly("%s/%s attempt %d: %s, and nothing has happened", f.Tenant, f.Item, f.Attempt, f.Kind)
		case has && e.job != nil && !e.job.over:
			wrongly("%s/%s attempt %d: %s, and it goes on", f.Tenant, f.Item, f.Attempt, f.Kind)
		case hasNot && e != nil && e.happened > 0 && !e.atLeast:
			wrongly("%s/%s attempt %d: %s, and it has happened", f.Tenant, f.Item, f.Attempt, f.Kind)
		}
	}
}

// truth is what a person finds out about an attempt of unknown outcome: whether
// it has happened; false: it still goes on.
func (w *simWorld) truth(attempt int64) (happened, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settle()
	e := w.attempts[attempt]
	if e == nil { // it ended before it reached the world
		return false, true
	}
	return w.happened[e.key] > 0, !w.runs(e.key) && (e.job == nil || e.job.over)
}
