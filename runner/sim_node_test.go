package runner_test

import (
	"context"
	"slices"
	"sync"
	"time"

	"transition/runner"
	"transition/runner/action"
	"transition/runner/store"
	"transition/schema"
	"transition/schema/diag"
)

// node is one process that applies.
type node struct {
	s      *sim
	name   int
	script nodeScript
	cancel context.CancelFunc
	killed chan struct{} // closed when it ends by force
	done   chan struct{} // closed when it has ended

	mu    sync.Mutex
	ops   int // operations on the disk
	dead  bool
	lease store.Lease
	cfg   *schema.Config
	res   runner.ApplyResult
	diags diag.List

	limited int // effects that run and are bounded; the world's lock is held
}

// nodeScript says what becomes of one apply.
type nodeScript struct {
	fates       []fate // by attempt, modulo maxFates; the rest succeed
	mishap      mishap
	parallelism int
	onward      bool
	wait        bool
}

const maxFates = 8

func (s *sim) start(sc nodeScript) *node {
	s.nodes++
	ctx, cancel := context.WithCancel(context.Background())
	n := &node{s: s, name: s.nodes, script: sc, cancel: cancel, killed: make(chan struct{}), done: make(chan struct{})}
	s.mu.Lock()
	s.alive, s.all = append(s.alive, n), append(s.all, n)
	s.mu.Unlock()
	go func() {
		defer close(n.done)
		n.run(ctx)
	}()
	return n
}

// run applies as the daemon does: while the plan is wrong, by the adopted one.
func (n *node) run(ctx context.Context) {
	p, diags := n.s.open(n)
	if p != nil {
		defer p.Close()
	}
	if diags.HasErrors() {
		n.diags = diags
		return
	}
	n.cfg = p.Config
	o := runner.ApplyOptions{
		Parallelism: n.script.parallelism, Onward: n.script.onward, Wait: n.script.wait, User: "ann",
		Events: n.hear,
	}
	n.res, n.diags = p.Apply(ctx, o, n.killed)
	if !n.res.Invalid {
		return
	}
	a, diags := p.Adopted(ctx)
	if a == nil || diags.HasErrors() {
		n.diags = append(n.diags, diags...)
		return
	}
	n.cfg = a.Config
	_, diags = a.Release(ctx, o, n.killed)
	n.diags = append(n.diags, diags...)
}

// hear notes what the runner tells, for whoever reads a failure.
func (n *node) hear(e runner.Event) {
	switch e := e.(type) {
	case runner.Noted:
		n.s.note(n, "noted %s %s %s", e.Change.Kind, e.Change.Address(), e.Change.Reason)
	case runner.Ended:
		n.s.note(n, "%s %s %s: %s %s", e.Op, e.Change.Address(), e.To, e.Kind, e.Reason)
	case runner.Planned, runner.Began, runner.Draining:
	}
}

func (n *node) actions() *runner.Actions {
	return &runner.Actions{
		Command: n, HTTP: n,
		Channel: func(*schema.Channel) action.Executor { return n },
		Close:   func() error { return nil },
	}
}

// fate is what becomes of an attempt; which worker has it makes no difference.
func (n *node) fate(attempt int64) fate {
	if i := int(attempt % maxFates); i < len(n.script.fates) {
		return n.script.fates[i]
	}
	return fate{class: action.Succeeded}
}

// rests is what is left to a process that has ended: nothing, until everything is
// over.
func (n *node) rests() error {
	<-n.s.ended
	return errDead
}

// operates counts an operation on the disk, and tells what happens at it.
func (n *node) operates() (*mishap, error) {
	if n.gone() {
		return nil, n.rests()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ops++; n.ops > most {
		if n.ops == most+1 {
			n.s.wrongly("an apply does not come to an end")
		}
		return nil, errDead
	}
	if n.ops == n.script.mishap.at {
		return &n.script.mishap, nil
	}
	return nil, nil
}

// most operations on the disk that one apply may need: while something hangs, one
// that goes on in time may look at everything each minute.
const most = 20000

// patience is how long somebody waits for an apply that hangs. One that goes on
// in time looks about every minute.
func (n *node) patience() time.Duration {
	if n.script.onward {
		return 12 * time.Hour
	}
	return 10 * 24 * time.Hour
}

// suffers lets something happen to the node, and reports whether that was its
// end.
func (n *node) suffers(m *mishap) (ended bool) {
	n.s.note(n, "%s", m.what)
	switch m.what {
	case kill:
		n.kill()
	case power:
		n.s.powerFails(another(m.loss))
	case fault:
		return false
	}
	return true
}

// kill ends the process as SIGKILL does.
func (n *node) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dead {
		return
	}
	n.dead = true
	if n.lease != nil {
		n.lease.Release() // the system takes it back
	}
	close(n.killed)
	n.cancel()
}

// gone reports whether the process has been killed.
func (n *node) gone() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dead
}

func (n *node) takes(l store.Lease) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lease = l
}

func (n *node) epoch() int64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.lease == nil {
		return 0
	}
	return n.lease.Holder().Epoch
}

// excused fails when an apply ended with an error that nothing accounts for.
func (n *node) excused() {
	if n.gone() {
		return
	}
	for _, d := range n.diags.Errors() {
		if !slices.Contains(simRefusals, d.Code) && !(d.Code == "state" && n.script.mishap.at > 0) {
			n.s.wrongly("apply of node %d: %s: %s %s", n.name, d.Code, d.Summary, d.Detail)
		}
	}
}

// simRefusals are what an apply may say.
var simRefusals = []string{
	"date-in-the-past", "notice-too-short", "moved-past-return", "left-past-return", "open-item-gone",
	"batch-gone", "inventory-shrank", "pinned-tenant", "renamed-in-part",
	"lease-held", "lease-lost", "clock-went-back", "plan-changed", "inventory-changed", "outcomes-not-recorded",
}
