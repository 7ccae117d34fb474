package runner_test

import (
	"context"
	"sync"
	"time"

	"transition/plans/ledger"
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
	running  map[string]int        // that go on, likewise
	attempts map[int64]*simEffect  // by attempt
	locked   map[string]bool       // by tenant
	told     map[[2]string]simNews // by tenant and recipient: the last word about T that has arrived
	effects  int
}

type simEffect struct {
	key      string
	happened int
	atLeast  bool
}

// simNews is what somebody was told: the date; empty: that there is none.
type simNews struct{ date string }

func newSimWorld() *simWorld {
	return &simWorld{
		happened: make(map[string]int), running: make(map[string]int), attempts: make(map[int64]*simEffect),
		locked: make(map[string]bool), told: make(map[[2]string]simNews),
	}
}

// fate is what becomes of one effect.
type fate struct {
	class action.Class
	early bool          // it happens at its beginning, rather than at its end
	real  bool          // of Unknown: it does happen
	hangs bool          // it ends when its runner does
	took  time.Duration // on the clock of the world
}

// Do has one effect, as the script of the node says.
func (n *node) Do(ctx context.Context, r action.Request) action.Outcome {
	f := n.fate(r.Seq)
	n.s.note(n, "%s %s #%d attempt %d: %d for %s", r.Op, r.Address, r.Attempt, r.Seq, f.class, f.took)
	n.begins(r)
	defer n.ends(r)
	happens := f.class == action.Succeeded || f.class == action.Unknown && f.real
	if happens && f.early {
		n.happens(r)
	}
	var over <-chan time.Time
	if !f.hangs {
		over = time.After(f.took + time.Duration(r.Seq)) // no two at once, so that their order is sure
	}
	select {
	case <-over:
	case <-n.killed:
		return action.Outcome{Class: action.Unknown, Reason: "nobody is here to know"}
	case <-ctx.Done():
		return action.Outcome{Class: action.Unknown, Reason: "stopped"}
	}
	if happens && !f.early {
		n.happens(r)
	}
	return action.Outcome{Class: f.class, Reason: "the script says so"}
}

// begins holds an effect that begins against what is promised of it.
func (n *node) begins(r action.Request) {
	w := n.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	w.effects++
	if w.running[r.Key] > 0 && !r.AtLeast {
		n.s.wrongly("%s %s begins while it runs", r.Op, r.Address)
	}
	w.running[r.Key]++
	w.attempts[r.Seq] = &simEffect{key: r.Key, atLeast: r.AtLeast}
	if n.s.disk.takenOver(n.epoch()) {
		n.s.wrongly("%s %s begins under lease %d, and another one is at work", r.Op, r.Address, n.epoch())
	}
	if !n.s.disk.intends(r) {
		n.s.wrongly("%s %s begins, and the power could fail before its attempt %d is durable", r.Op, r.Address, r.Seq)
	}
	n.inTime(r)
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

// inTime fails when the first attempt of an item begins before its phase opens.
func (n *node) inTime(r action.Request) {
	it := itemOf(n.cfg, r)
	rec, err := n.s.disk.now().Record(context.Background(), r.Tenant)
	if it == nil || err != nil || n.s.clock.wentBack() || r.Op == ledger.Release || r.Op == ledger.Undo {
		return
	}
	if x := rec.Item(it.Key()); x == nil || x.Attempts > 1 || x.Again {
		return // what has begun goes on
	}
	zone, err := time.LoadLocation(rec.Zone)
	if err != nil {
		zone = n.cfg.Zone
	}
	opens := timeline.Build(n.cfg, rec.T, zone).Phases[it.Phase.Index].Opens
	if now := n.s.clock.Now(); now.Before(opens) {
		n.s.wrongly("%s %s begins, and opens %s", r.Op, r.Address, opens)
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
func (n *node) happens(r action.Request) {
	w := n.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	n.s.note(n, "%s %s happens", r.Op, r.Address)
	w.attempts[r.Seq].happened++
	if w.happened[r.Key]++; w.happened[r.Key] > 1 && !r.AtLeast {
		n.s.wrongly("%s %s has happened %d times", r.Op, r.Address, w.happened[r.Key])
	}
	switch r.Op {
	case ledger.Acquire:
		w.locked[r.Tenant] = true
	case ledger.Release:
		delete(w.locked, r.Tenant)
	case ledger.Send:
		date := r.T.UTC().Format(time.RFC3339)
		for _, it := range n.cfg.Events {
			c := it.Does.(*schema.Communication)
			if r.Tenant+"/"+it.Key() == r.Address && (c.On == schema.OnWithdrawn || c.On == schema.OnRolledBack) {
				date = ""
			}
		}
		w.told[[2]string{r.Tenant, r.Mail.To}] = simNews{date}
	case ledger.Run, ledger.Undo, ledger.AskOp:
	}
}

func (n *node) ends(r action.Request) {
	w := n.s.world
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running[r.Key]--
}

// outcomes fails when the history says of an attempt what is not so.
func (w *simWorld) outcomes(s store.Store, wrongly func(string, ...any)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for f, err := range s.History(context.Background(), "") {
		if err != nil {
			wrongly("history: %v", err)
			return
		}
		e := w.attempts[f.Attempt]
		switch {
		case f.Attempt == 0:
		case f.Kind == ledger.Succeeded && (e == nil || e.happened == 0):
			wrongly("%s/%s attempt %d succeeded, and nothing has happened", f.Tenant, f.Item, f.Attempt)
		case f.Kind == ledger.Failed && e != nil && e.happened > 0 && !e.atLeast:
			wrongly("%s/%s attempt %d failed, and it has happened", f.Tenant, f.Item, f.Attempt)
		}
	}
}

// truth is what a person finds out about an attempt of unknown outcome: whether
// it has happened; false: it still goes on.
func (w *simWorld) truth(attempt int64) (happened, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := w.attempts[attempt]
	if e == nil { // it ended before it reached the world
		return false, true
	}
	return w.happened[e.key] > 0, w.running[e.key] == 0
}
