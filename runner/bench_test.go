package runner_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
	"transition/runner/clock"
	"transition/runner/process"
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
)

// head is what the plans of most tests begin with.
const head = `
transition "t" { time_zone = "Europe/Vienna" }

inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
}

channel "maildir" "post" {
  path = "outbox"
  from = "x@example.org"
}
`

// one is the batch of plans that need only one. Its T is on a Saturday.
const one = `
batch "one" {
  cutover = "2027-03-20 18:00"
  match   = true
}
`

// fake has effects that a test decides.
type fake struct {
	mu      sync.Mutex
	do      func(r action.Request) action.Outcome
	hangs   bool // what it does ends only when it is stopped
	journal []string
}

func (f *fake) Do(ctx context.Context, r action.Request) action.Outcome {
	f.mu.Lock()
	line := fmt.Sprintf("%s %s #%d", r.Op, r.Address, r.Attempt)
	if r.Asks {
		line = "ask about " + line
	}
	f.journal = append(f.journal, line)
	do, hangs := f.do, f.hangs
	f.mu.Unlock()
	if do == nil {
		return succeeded
	}
	out := do(r)
	if hangs {
		<-ctx.Done()
	}
	return out
}

// taken are the effects since it was last asked, in alphabetical order.
func (f *fake) taken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := slices.Clone(f.journal)
	slices.Sort(out)
	f.journal = nil
	return out
}

func (f *fake) actions() *runner.Actions {
	return &runner.Actions{
		Command: f, HTTP: f,
		Channel: func(*schema.Channel) action.Executor { return f },
		Close:   func() error { return nil },
	}
}

var (
	succeeded = action.Outcome{Class: action.Succeeded}
	retryable = action.Outcome{Class: action.Retryable, Reason: "not now"}
	permanent = action.Outcome{Class: action.Permanent, Reason: "refused"}
	unknown   = action.Outcome{Class: action.Unknown, Reason: "no answer"}
)

// always answers every effect alike.
func always(o action.Outcome) func(action.Request) action.Outcome {
	return func(action.Request) action.Outcome { return o }
}

// bench is a plan directory with a fake world.
type bench struct {
	tb    testing.TB
	dir   string
	fake  *fake
	clock clock.Clock
	vars  []string // as of -var
	table process.Table
	log   hclog.Logger

	mayWrite func(name string) error // nil: as the system says
}

func newBench(tb testing.TB, plan string, tenants ...string) *bench {
	tb.Helper()
	b := &bench{tb: tb, dir: tb.TempDir(), fake: &fake{}, clock: clock.System()}
	b.write("p.transition.hcl", plan)
	b.write("tenants.csv", "id,email\n"+strings.Join(tenants, "\n")+"\n")
	return b
}

func (b *bench) write(name, content string) {
	b.tb.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o644); err != nil {
		b.tb.Fatal(err)
	}
}

func (b *bench) load() *runner.Project {
	b.tb.Helper()
	p, diags := runner.Open(runner.Options{Dir: b.dir, Vars: b.vars, Clock: b.clock, Actions: b.fake.actions(), Log: b.log, Processes: b.table, MayWrite: b.mayWrite})
	if diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	b.tb.Cleanup(func() { p.Close() })
	return p
}

func (b *bench) open(need runner.Need, instant string) *runner.Project {
	b.tb.Helper()
	p := b.load()
	var at time.Time
	if instant != "" {
		at = b.instant(instant)
	}
	if diags := p.OpenState(b.tb.Context(), need, at); diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	return p
}

func (b *bench) instant(s string) time.Time {
	b.tb.Helper()
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		b.tb.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", s, zone)
	if err != nil {
		b.tb.Fatal(err)
	}
	return at
}

// patience bounds an apply that does not come to an end.
const patience = 30 * time.Second

// apply rehearses at an instant.
func (b *bench) apply(instant string, change ...func(*runner.ApplyOptions)) (runner.ApplyResult, diag.List) {
	b.tb.Helper()
	return b.carryOut(b.open(runner.NeedRehearse, instant), change)
}

// carryOut applies, and closes the project.
func (b *bench) carryOut(p *runner.Project, change []func(*runner.ApplyOptions)) (runner.ApplyResult, diag.List) {
	b.tb.Helper()
	ctx, cancel := context.WithTimeout(b.tb.Context(), patience)
	defer cancel()
	o := runner.ApplyOptions{User: "ann"}
	for _, c := range change {
		c(&o)
	}
	res, diags := p.Apply(ctx, o, nil)
	if ctx.Err() != nil {
		b.tb.Error("apply does not come to an end")
	}
	if err := p.Close(); err != nil {
		b.tb.Error(err)
	}
	return res, diags
}

func (b *bench) must(instant string, change ...func(*runner.ApplyOptions)) runner.ApplyResult {
	b.tb.Helper()
	res, diags := b.apply(instant, change...)
	if diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	return res
}

// real makes the state of the real thing, whose clock a test may move at any
// moment, rather than that of a rehearsal.
func (b *bench) real(instant string) *clock.Fake {
	b.tb.Helper()
	c := clock.NewFake(b.instant(instant))
	b.clock = c
	p := b.load()
	if _, diags := p.Init(b.tb.Context()); diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	if err := p.Close(); err != nil {
		b.tb.Fatal(err)
	}
	return c
}

// now applies the real thing.
func (b *bench) now(change ...func(*runner.ApplyOptions)) runner.ApplyResult {
	b.tb.Helper()
	res, diags := b.carryOut(b.open(runner.NeedWrite, ""), change)
	if diags.HasErrors() {
		b.tb.Fatal(diags)
	}
	return res
}

func alone(o *runner.ApplyOptions) { o.Parallelism = 1 }

// atThePrompt does something while the user is asked whether to apply.
func atThePrompt(do func(*plans.Plan)) func(*runner.ApplyOptions) {
	return func(o *runner.ApplyOptions) {
		o.Confirm = func(p *plans.Plan) bool {
			do(p)
			return true
		}
	}
}

// say speaks as a person does: from another process, and without a lease.
func (b *bench) say(v runner.Verb, selector string) (runner.VerbResult, diag.List) {
	b.tb.Helper()
	p := b.open(runner.NeedWrite, "")
	defer p.Close()
	return b.sayAs(p, v, selector)
}

func (b *bench) sayAs(p *runner.Project, v runner.Verb, selector string) (runner.VerbResult, diag.List) {
	b.tb.Helper()
	sel, err := addr.ParseSelector(selector)
	if err != nil {
		b.tb.Fatal(err)
	}
	v.Selector, v.Reason, v.By = sel, "because", "ann"
	return p.Say(b.tb.Context(), v)
}

// told says something that must be taken. It may be said during an effect, whose
// goroutine must not end before the effect has.
func (b *bench) told(v runner.Verb, selector string) {
	b.tb.Helper()
	if _, diags := b.say(v, selector); diags.HasErrors() {
		b.tb.Errorf("%s %s: %v", v.Kind, selector, diags)
	}
}

func (b *bench) hold(selector string) {
	b.tb.Helper()
	b.told(runner.Verb{Kind: runner.Hold}, selector)
}

func (b *bench) resolve(answer ledger.Answer, selector string) {
	b.tb.Helper()
	b.told(runner.Verb{Kind: runner.Resolve, Answer: answer}, selector)
}

// item is what is recorded of an item; nil: nothing.
func (b *bench) item(address string) *ledger.Item {
	b.tb.Helper()
	a, err := addr.Parse(address)
	if err != nil {
		b.tb.Fatal(err)
	}
	return b.record(a.Tenant).Item(a.Phase + "/" + a.Item)
}

func (b *bench) record(tenant string) *ledger.Record {
	b.tb.Helper()
	p := b.open(runner.NeedState, "")
	defer p.Close()
	r, diags := p.Record(b.tb.Context(), tenant)
	if diags.HasErrors() || r == nil {
		b.tb.Fatalf("no record of %s: %v", tenant, diags)
	}
	return r
}

func (b *bench) state(address string) ledger.State {
	b.tb.Helper()
	it := b.item(address)
	if it == nil {
		return ledger.None
	}
	return it.State
}

// want compares the effects since it was last asked.
func (b *bench) want(effects ...string) {
	b.tb.Helper()
	if got := b.fake.taken(); !slices.Equal(got, effects) {
		b.tb.Errorf("effects %q, want %q", got, effects)
	}
}

func (b *bench) wantState(address string, want ledger.State) {
	b.tb.Helper()
	if got := b.state(address); got != want {
		b.tb.Errorf("state of %s is %d, want %d", address, got, want)
	}
}

// status tells where a tenant is.
func (b *bench) status(tenant string) *plans.TenantStatus {
	b.tb.Helper()
	p := b.open(runner.NeedState, "")
	defer p.Close()
	s, diags := p.Why(b.tb.Context(), tenant)
	if diags.HasErrors() || s == nil {
		b.tb.Fatalf("no status of %s: %v", tenant, diags)
	}
	return s
}

// sound fails unless the state is what its history adds up to.
func (b *bench) sound() {
	b.tb.Helper()
	p := b.open(runner.NeedState, "")
	defer p.Close()
	report, diags := p.Verify(b.tb.Context())
	if diags.HasErrors() || len(report.Problems) > 0 {
		b.tb.Errorf("verify: %v %q", diags, report.Problems)
	}
}

// kill keeps the state as a runner leaves it that is killed at this instant, in the
// middle of an effect. What it does from now on is not real: revive forgets it.
func (b *bench) kill() {
	b.tb.Helper()
	if err := copyState(filepath.Join(b.dir, ".transition"), filepath.Join(b.dir, "image")); err != nil {
		b.tb.Error(err)
	}
}

func (b *bench) revive() {
	b.tb.Helper()
	if err := copyState(filepath.Join(b.dir, "image"), filepath.Join(b.dir, ".transition")); err != nil {
		b.tb.Fatal(err)
	}
}

// copyState copies a state as a process leaves it that ends at this instant.
func copyState(from, to string) error {
	err := os.MkdirAll(to, 0o700)
	for _, name := range []string{"state.db", "state.db-wal", "state.db-shm", "state.db.mark"} {
		target := filepath.Join(to, name)
		content, absent := os.ReadFile(filepath.Join(from, name))
		os.Remove(target)
		if absent != nil || strings.HasSuffix(name, "-shm") {
			continue // the engine makes its index anew, as after a crash
		}
		err = errors.Join(err, os.WriteFile(target, content, 0o600))
	}
	const notes = "state.db.running"
	os.RemoveAll(filepath.Join(to, notes))
	if _, absent := os.Stat(filepath.Join(from, notes)); absent == nil {
		err = errors.Join(err, os.CopyFS(filepath.Join(to, notes), os.DirFS(filepath.Join(from, notes))))
	}
	return err
}
