package runner_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/runner/clock"
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
)

const machinePlan = head + `
batch "pilot" {
  cutover = "2027-03-20 18:00"
  match   = tenant.id == "acme"
}

batch "rest" {
  cutover = "2027-03-27 18:00"
  match   = true

  after {
    batch = batch.pilot
    soak  = "1d"
    holds = phase.Lock
  }
}

retry "patient" {
  max_attempts     = 3
  initial_interval = "10m"
  jitter           = 0
}

limit "one" { max_in_flight = 1 }

phase "Tell" {
  opens = "T-14d"

  communication "notice" {
    channel = channel.maildir.post
    to      = split(" ", tenant.email)
    subject = "s"
    body    = "b"
    retry   = retry.patient
  }
}

phase "Go" {
  opens = "T-7d"

  approval "go" { expires = "T-2d" }
}

phase "Lock" {
  opens = "T-1d"

  lock "door" {
    acquire {
      exec { command = ["acquire"] }
    }
    release {
      exec { command = ["release"] }
    }
    probe {
      exec { command = ["locked"] }
    }
    release_in = phase.Finish
    release_by = "T+4d"
    retry      = retry.patient
  }
}

phase "Move" {
  opens              = "T"
  latest_start       = "T+4h"
  must_end           = "T+12h"
  point_of_no_return = true

  work "data" {
    exec { command = ["data"] }
    delivery = "at_least_once"
    retry    = retry.patient
    limit    = limit.one
  }

  work "switch" {
    exec { command = ["switch"] }
    after = [work.data]
  }

  work "mailboxes" {
    exec { command = ["mailboxes"] }
    retry   = retry.patient
    limit   = limit.one
    timeout = "10m"
    poll {
      every   = "20m"
      timeout = "6h"
      done    = result.exit_code == 0
      failed  = result.exit_code == 3
      exec { command = ["copied"] }
    }
    probe {
      done = result.exit_code == 0
      exec { command = ["started"] }
    }
  }
}

phase "Finish" {
  opens = "T+48h"

  work "cleanup" {
    exec { command = ["cleanup"] }
    late = "run"
  }

  communication "welcome" {
    channel = channel.maildir.post
    to      = split(" ", tenant.email)
    subject = "s"
    body    = "b"
  }
}
`

// TestApplyKeepsItsPromises lets a random world, people who speak at any moment
// and a runner that is killed at any moment meet one plan.
func TestApplyKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newMachine(t, rt)
		defer m.leave()
		for range rapid.IntRange(1, 14).Draw(rt, "steps") {
			m.wait(rapid.SampledFrom(waits).Draw(rt, "wait"))
			for _, w := range rapid.SliceOfN(words, 0, 2).Draw(rt, "words") {
				m.speak(w, "*")
			}
			if rapid.IntRange(0, 3).Draw(rt, "approve") > 0 {
				m.speak(word{verb: runner.Verb{Kind: runner.Approve}}, "*")
			}
			m.apply(drawScript(rt))
			m.check()
		}
		m.end()
	})
}

// machine is a plan directory with its world, and what is known of both.
type machine struct {
	*bench
	rt     *rapid.T
	c      *clock.Fake
	reader *runner.Project // looks at the state; nil: not open
	person *runner.Project // speaks; nil: not open

	mu      sync.Mutex
	script  script
	n       int // effects of this apply
	events  int
	spoken  int
	drained bool
	dead    bool   // the runner was killed; what follows is not real
	image   string // the state as it was then
	cancel  context.CancelFunc
	hard    chan struct{}
	wrong   []string
	trail   []string                   // for whoever reads a failure
	happens map[string]int             // effects that may have happened, by address, operation and recipient
	keys    map[string]map[string]bool // idempotency keys that the world has seen, likewise
	again   map[string]int             // how often a person said "retry", by address
	locked  map[string]bool
	open    map[string]bool // a person has said of the lock that it is dealt with
}

func newMachine(t *testing.T, rt *rapid.T) *machine {
	m := &machine{
		bench: newBench(t, machinePlan, "acme,a@a.example b@a.example", "beta,b@b.example c@b.example", "cara,c@c.example"),
		rt:    rt, happens: make(map[string]int), keys: make(map[string]map[string]bool), again: make(map[string]int),
		locked: make(map[string]bool), open: make(map[string]bool),
	}
	m.c = m.real("2027-03-01 09:00")
	m.fake.do = m.effect
	return m
}

func (m *machine) note(format string, args ...any) {
	m.trail = append(m.trail, m.c.Now().In(time.UTC).Format("01-02 15:04:05 ")+fmt.Sprintf(format, args...))
}

// fail ends the check. It must not be called by an effect, which is no part of
// rapid's goroutine: those note what is wrong.
func (m *machine) fail(format string, args ...any) {
	m.rt.Helper()
	m.rt.Fatalf("%s\n%s", fmt.Sprintf(format, args...), strings.Join(m.trail, "\n"))
}

// wait lets time pass, but for an instant that lies in the past.
func (m *machine) wait(what string) {
	if d, err := time.ParseDuration(what); err == nil {
		m.c.Advance(d)
		return
	}
	until := m.plan().Next
	if what != "next" {
		until = m.instant(what)
	}
	if until.After(m.c.Now()) {
		m.c.Set(until)
	}
}

// look is a project whose state is open for reading, in a process of its own as
// it were.
func (m *machine) look() *runner.Project {
	if m.reader == nil {
		m.reader = m.bench.open(runner.NeedState, "")
	}
	return m.reader
}

// leave closes what looks and speaks.
func (m *machine) leave() {
	for _, p := range []*runner.Project{m.reader, m.person} {
		if p == nil {
			continue
		}
		if err := p.Close(); err != nil {
			m.wrong = append(m.wrong, err.Error())
		}
	}
	m.reader, m.person = nil, nil
}

func (m *machine) plan() *plans.Plan {
	pl, diags := m.look().Plan(m.tb.Context())
	if diags.HasErrors() {
		m.fail("plan: %v", diags)
	}
	return pl
}

// speak says something of a tenant; it may be said during an effect.
func (m *machine) speak(w word, tenant string) {
	if m.person == nil {
		m.person = m.bench.open(runner.NeedWrite, "")
	}
	if w.all {
		tenant = "*"
	}
	switch w.verb.Kind {
	case runner.Hold:
		if w.days > 0 {
			w.verb.Until = m.c.Now().AddDate(0, 0, w.days)
		}
	case runner.Approve, runner.Reject, runner.Resolve:
		tenant += "/*/*"
	case runner.Resume:
	}
	res, diags := m.sayAs(m.person, w.verb, tenant)
	m.note("%s %s %s: %v", w.verb.Kind, w.verb.Answer, tenant, res.Touched)
	m.spoken += len(res.Touched)
	for _, d := range diags {
		if d.Code != "nothing-matches" {
			m.wrong = append(m.wrong, fmt.Sprintf("%s %s: %v", w.verb.Kind, tenant, diags))
		}
	}
	if w.verb.Kind != runner.Resolve {
		return
	}
	for _, a := range res.Touched {
		switch w.verb.Answer {
		case ledger.AnswerRetry:
			m.again[a]++
		case ledger.AnswerDone, ledger.AnswerWaive:
			m.open[a] = true
		case ledger.AnswerBounced:
		}
	}
}

// effect has one effect as the script says.
func (m *machine) effect(r action.Request) action.Outcome {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return succeeded
	}
	e := effect{class: action.Succeeded}
	if m.n < len(m.script.effects) {
		e = m.script.effects[m.n]
	}
	m.n++
	m.note("%s %s %s #%d: %d", r.Op, r.Address, to(r), r.Attempt, e.class)
	k := string(r.Op) + " " + r.Address + " " + to(r)
	if m.keys[k] == nil {
		m.keys[k] = make(map[string]bool)
	}
	m.keys[k][r.Key] = true // who is asked must know about which effect
	if e.said != nil {
		m.speak(*e.said, r.Tenant)
	}
	if !r.Asks && (e.class == action.Succeeded || e.class == action.Unknown) {
		m.happened(k, r)
	}
	defer m.endures(e)
	if r.Asks {
		return m.asked(e, k, r)
	}
	return action.Outcome{Class: e.class, Reason: "the script says so"}
}

// asked answers a poll or a probe: with the truth, or not at all. A poll may be
// told that the work has failed, which only it knows.
func (m *machine) asked(e effect, k string, r action.Request) action.Outcome {
	code, program := 2, filepath.Base(r.Command.Argv[0])
	switch {
	case e.class == action.Unknown:
		return action.Outcome{Class: e.class, Reason: "the script says so"}
	case e.class == action.Retryable: // it goes on, or nobody can tell
	case program == "copied" && e.class == action.Permanent:
		code = 3
	case program == "copied":
		code = 0
	case program == "locked" && m.locked[r.Address], program == "started" && m.happens[k] > 0:
		code = 0
	default:
		code = 1
	}
	m.note("answer %d", code)
	return action.Outcome{Class: action.Permanent, Reason: "x", Result: &schema.Result{Command: true, ExitCode: code}}
}

// endures ends an effect as the script says: with the runner, or with the user.
func (m *machine) endures(e effect) {
	switch {
	case e.killed && m.script.parallelism == 1:
		m.kill()
	case e.interrupt:
		m.cancel()
	case e.hard && m.hard != nil:
		m.cancel()
		close(m.hard)
		m.hard = nil
	}
}

func to(r action.Request) string {
	if r.Mail == nil {
		return ""
	}
	return r.Mail.To
}

// happened keeps account of what has changed in the world.
func (m *machine) happened(k string, r action.Request) {
	m.happens[k]++
	switch r.Op {
	case ledger.Acquire:
		m.locked[r.Address] = true
		delete(m.open, r.Address)
	case ledger.Release:
		delete(m.locked, r.Address)
	case ledger.Run, ledger.Send, ledger.AskOp:
	}
}

// event sees what the runner tells. At one event a person speaks, or the runner
// is killed: its owner is between two commits then.
func (m *machine) event(ev runner.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return
	}
	tenant := "*"
	switch ev := ev.(type) {
	case runner.Draining:
		m.drained = true
	case runner.Began:
		if m.drained {
			m.wrong = append(m.wrong, ev.Change.Address()+" begins after an interrupt")
		}
		tenant = ev.Change.Tenant
	case runner.Ended:
		tenant = ev.Change.Tenant
	case runner.Noted:
		tenant = ev.Change.Tenant
	case runner.Planned:
	}
	m.events++
	if m.script.said != nil && m.events == m.script.heard {
		m.speak(*m.script.said, tenant)
	}
	if m.events == m.script.killed {
		m.note("at %T", ev)
		m.kill()
	}
}

// kill keeps the state as a process leaves it that ends at this instant.
// Whatever is done from now on is not real.
func (m *machine) kill() {
	m.dead = true
	m.note("killed")
	m.image = filepath.Join(m.dir, "image")
	m.wrongly(copyState(filepath.Join(m.dir, ".transition"), m.image))
	m.cancel()
}

// revive puts the state back as it was when the runner was killed.
func (m *machine) revive() {
	m.leave()
	m.wrongly(copyState(m.image, filepath.Join(m.dir, ".transition")))
	m.dead = false
}

// wrongly notes an error, which may come from an effect.
func (m *machine) wrongly(err error) {
	if err != nil {
		m.wrong = append(m.wrong, err.Error())
	}
}

// apply applies, as the script says.
func (m *machine) apply(s script) {
	ctx, cancel := context.WithCancel(m.tb.Context())
	defer cancel()
	m.script, m.n, m.events, m.spoken, m.drained = s, 0, 0, 0, false
	hard := make(chan struct{})
	m.cancel, m.hard = cancel, hard
	m.note("apply x%d, pace %s, %v", s.parallelism, s.pace, s.choice)
	paced := &asked{Clock: &moving{m.c, s.pace}, most: 1000, end: cancel}
	m.clock = paced
	p := m.bench.open(runner.NeedWrite, "")
	m.clock = m.c
	before, _ := p.Meta()
	o := runner.ApplyOptions{Parallelism: s.parallelism, Events: m.event, Choice: s.choice}
	for _, a := range s.choice.Replace {
		m.again[a.String()]++
	}
	if s.prompt != nil {
		atThePrompt(func(*plans.Plan) { m.speak(*s.prompt, "acme") })(&o)
	}
	res, diags := p.Apply(ctx, o, hard)
	after, _ := p.Meta()
	p.Close()
	if m.dead {
		m.revive()
		return
	}
	refused := len(s.choice.Replace) > 0 && !slices.ContainsFunc(diags.Errors(), func(d diag.Diagnostic) bool { return d.Code != "not-replaced" })
	if diags.HasErrors() && !refused {
		m.fail("apply: %v", diags)
	}
	if paced.times() > paced.most {
		m.fail("apply does not come to an end")
	}
	if grew, effects := after.Serial-before.Serial, int64(m.n+m.spoken); grew > 20+4*effects {
		m.fail("%d commits for %d effects and words", grew, effects)
	}
	if s.pace == 0 && !res.Interrupted && !diags.HasErrors() && s.choice.Within.Whole() {
		m.nothingLeft()
	}
}

// moving is a clock that moves whenever it is asked.
type moving struct {
	*clock.Fake
	pace time.Duration
}

func (m *moving) Now() time.Time {
	m.Advance(m.pace)
	return m.Fake.Now()
}

// asked is a clock that ends something when it was asked too often.
type asked struct {
	clock.Clock
	most int
	end  func()
	mu   sync.Mutex
	n    int
}

func (a *asked) Now() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.n++; a.n > a.most {
		a.end()
	}
	return a.Clock.Now()
}

func (a *asked) times() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.n
}

// nothingLeft fails when what was due was not done.
func (m *machine) nothingLeft() {
	if pl := m.plan(); len(pl.Changes) > 0 {
		m.fail("after an apply the plan still has changes: %+v", pl.Changes)
	}
}

// end lets everything succeed and answers whatever waits for a person: then all
// must come to an end.
func (m *machine) end() {
	m.note("the end begins")
	for range 60 {
		for _, w := range []word{
			{verb: runner.Verb{Kind: runner.Resume}},
			{verb: runner.Verb{Kind: runner.Approve}},
			{verb: runner.Verb{Kind: runner.Resolve, Answer: ledger.AnswerWaive}},
		} {
			m.speak(w, "*")
		}
		m.apply(script{parallelism: 3})
		m.check()
		if m.complete() {
			return
		}
		m.wait("next")
	}
	m.fail("there is no end: %+v", m.plan())
}

// complete reports whether all has come to its end, and holds that end against
// the promises.
func (m *machine) complete() bool {
	pl := m.plan()
	if len(pl.Changes) > 0 || !pl.Next.IsZero() || slices.ContainsFunc(pl.Waiting, func(w plans.Wait) bool { return w.Batch != "" }) {
		return false
	}
	if len(m.locked) > 0 && len(m.open) == 0 {
		m.fail("locked for ever: %v", slices.Sorted(maps.Keys(m.locked)))
	}
	for _, s := range m.statuses() {
		if s.Batch == "" && s.Held != nil {
			continue // whoever came too late for every batch
		}
		if s.Phase != "Finish" || s.Status != plans.Complete {
			m.fail("%s stands in %s %s, and nothing will come", s.ID, s.Phase, s.Status)
		}
	}
	return true
}

func (m *machine) statuses() []*plans.TenantStatus {
	var all []*plans.TenantStatus
	if diags := m.look().Status(m.tb.Context(), addr.Selector{Tenant: "*"}, func(s *plans.TenantStatus) {
		all = append(all, s.Clone())
	}); diags.HasErrors() {
		m.fail("status: %v", diags)
	}
	return all
}
