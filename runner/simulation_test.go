package runner_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"transition/plans"
	"transition/plans/ledger"
	"transition/plans/planstest"
	"transition/runner"
	"transition/runner/action"
	"transition/runner/clock"
	"transition/schema/addr"
	"transition/schema/diag"
)

// seeds is how many lives are simulated; each seed decides one, whole.
const seeds = 2000

// TestSimulation lives through whole transitions in virtual time: plans that are
// edited under way, people who speak, effects that fail, hang or end unknown, and
// processes that are killed, lose their lease, their disk or their power, on a
// machine that is suspended and whose clock is set. A seed that failed once is
// in testdata/simulation/seeds and comes first. To repeat one:
//
//	go test ./runner -run 'TestSimulation/seed=N$'
func TestSimulation(t *testing.T) {
	n := seeds
	if testing.Short() {
		n /= 20
	}
	var failed atomic.Int32
	for _, seed := range append(knownSeeds(t), upTo(n)...) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			t.Parallel()
			if failed.Load() >= 3 {
				t.Skip("enough has failed")
			}
			defer func() {
				if t.Failed() {
					failed.Add(1)
					t.Logf("to repeat it: go test ./runner -run 'TestSimulation/seed=%d$'", seed)
				}
			}()
			simulate(t, seed)
		})
	}
}

func upTo(n int) []uint64 {
	var list []uint64
	for i := range n {
		list = append(list, uint64(i+1))
	}
	return list
}

// knownSeeds are those that have found something.
func knownSeeds(t *testing.T) []uint64 {
	text, err := os.ReadFile(filepath.Join("testdata", "simulation", "seeds"))
	if err != nil {
		t.Fatal(err)
	}
	var list []uint64
	for line := range strings.Lines(string(text)) {
		first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		if first == "" || first == "#" {
			continue
		}
		seed, err := strconv.ParseUint(first, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, seed)
	}
	return list
}

// simulate lives one life, in a bubble whose time passes when nobody works.
func simulate(t *testing.T, seed uint64) {
	dice := dice{rand.New(rand.NewPCG(seed, 0))}
	bits := make([]byte, 1<<16)
	for i := 0; i < len(bits); i += 8 {
		binary.LittleEndian.PutUint64(bits[i:], dice.Uint64())
	}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		rapid.MakeFuzz(func(rt *rapid.T) { newSim(rt, dice, dir).live() })(t, bits)
	})
}

// dice are thrown by the goroutine of the test only.
type dice struct{ *rand.Rand }

// one reports whether one of n comes up.
func (d dice) one(n int) bool { return d.IntN(n) == 0 }

func pick[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }

// minutes are at most so many.
func (d dice) minutes(most int) time.Duration { return time.Duration(d.IntN(most+1)) * time.Minute }

// sim is one life.
type sim struct {
	rt       *rapid.T // draws the plan and its edits
	dice     dice
	dir      string
	draft    *planstest.Draft
	disk     *disk
	person   *runner.Project // nil: not open
	world    *simWorld
	clock    *simClock
	wentBack bool // the clock, at least once
	nodes    int
	alive    []*node
	freed    map[string]bool // tenants of whom a person has said that their lock is dealt with
	serial   int64

	mu    sync.Mutex
	n     int
	wrong []string
	trail []string
}

// simClock is the clock of the machine, which may be set.
type simClock struct {
	clock.Clock
	mu     sync.Mutex
	offset time.Duration
}

func (c *simClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Clock.Now().Add(c.offset)
}

func (c *simClock) jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

func newSim(rt *rapid.T, dice dice, dir string) *sim {
	s := &sim{
		rt: rt, dice: dice, dir: dir, draft: planstest.New(rt), disk: newDisk(), world: newSimWorld(), freed: make(map[string]bool),
		clock: &simClock{Clock: clock.System()},
	}
	s.clock.jump(time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC).Sub(s.clock.Now()))
	if dice.one(2) {
		s.draft.Defaults = "    retry = retry.patient\n"
	}
	if dice.one(4) {
		s.draft.Defaults += "    delivery = \"at_least_once\"\n"
	}
	s.write()
	return s
}

func (s *sim) live() {
	for range 2 + s.dice.IntN(9) {
		s.passes()
		if s.dice.one(3) {
			s.edit()
		}
		if s.dice.one(6) {
			s.speak()
		}
		s.work()
		s.answer(false)
		s.check()
	}
	s.end()
	s.leave()
}

func (s *sim) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	return s.n
}

func (s *sim) note(n *node, format string, args ...any) {
	who := "-"
	if n != nil {
		who = strconv.Itoa(n.name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trail = append(s.trail, s.clock.Now().Format("06-01-02 15:04:05 ")+who+" "+fmt.Sprintf(format, args...))
}

// wrongly notes what must not be. Only the goroutine of the test may fail.
func (s *sim) wrongly(format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	s.note(nil, "WRONG: %s", what)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, what)
}

func (s *sim) fail(format string, args ...any) {
	s.rt.Helper()
	for _, n := range s.alive {
		n.kill()
		<-n.done
	}
	s.rt.Fatalf("%s\n%s\n%s", fmt.Sprintf(format, args...), strings.Join(s.trail, "\n"), s.draft.Text())
}

func (s *sim) write() {
	s.leave()
	for name, text := range map[string]string{"p.transition.hcl": s.draft.Text(), "tenants.csv": s.draft.Inventory()} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			s.fail("%v", err)
		}
	}
}

// open opens the plan for a node; nil: for a person.
func (s *sim) open(n *node) (*runner.Project, diag.List) {
	o := runner.Options{Dir: s.dir, Clock: s.clock}
	if n != nil {
		o.Actions = n.actions()
	}
	p, diags := runner.Open(o)
	if !diags.HasErrors() {
		diags = p.Use(context.Background(), handle{s.disk, n}, runner.NeedWrite)
	}
	return p, diags
}

// look opens the plan for a person, unless it is open.
func (s *sim) look() *runner.Project {
	var diags diag.List
	if s.person == nil {
		s.person, diags = s.open(nil)
	} else {
		diags = s.person.Use(context.Background(), handle{s.disk, nil}, runner.NeedWrite)
	}
	if diags.HasErrors() {
		s.fail("%v", diags)
	}
	return s.person
}

// leave closes what the person had open.
func (s *sim) leave() {
	if s.person == nil {
		return
	}
	if err := s.person.Close(); err != nil {
		s.wrongly("%v", err)
	}
	s.person = nil
}

// edit changes the plan in one way, unless the plan refuses that.
func (s *sim) edit() {
	before := s.draft.Clone()
	what := s.draft.Change(s.rt, s.clock.Now())
	s.write()
	var diags diag.List
	if s.person, diags = s.open(nil); !diags.HasErrors() {
		_, diags = s.person.Plan(context.Background())
	}
	s.note(nil, "%s: %v", what, diags.Errors())
	if diags.HasErrors() {
		s.draft = before
		s.write()
	}
}

// passes lets time pass while nobody applies: the machine is on, or suspended.
// Mostly until something falls due.
func (s *sim) passes() {
	d := s.dice.minutes(20 * 24 * 60)
	if pl, diags := s.look().Plan(context.Background()); !diags.HasErrors() && !pl.Next.IsZero() && !s.dice.one(4) {
		d = pl.Next.Sub(s.clock.Now()) + s.dice.minutes(pick(s.dice, 0, 300, 3000))
	}
	if s.dice.one(2) {
		s.clock.jump(d)
		return
	}
	time.Sleep(d)
}

// moment is something that happens.
type moment string

const (
	nothing  moment = ""
	fault    moment = "the disk fails once"
	kill     moment = "killed"
	power    moment = "the power fails"
	takeover moment = "the lease is lost, and another one applies"
	second   moment = "another one tries to apply"
	jump     moment = "the clock is set"
	edited   moment = "the plan is edited"
	spoken   moment = "somebody speaks"
)

// work is one apply, with what happens meanwhile.
func (s *sim) work() {
	n := s.start(s.dice.node())
	for range s.dice.IntN(3) {
		time.Sleep(s.dice.minutes(60) + time.Microsecond*time.Duration(s.count()))
		m := pick(s.dice, kill, power, takeover, takeover, second, jump, edited, spoken)
		s.note(nil, "%s", m)
		switch m {
		case kill:
			n.kill()
		case power:
			s.powerFails()
		case takeover:
			s.disk.now().Unlock()
			s.start(s.dice.node())
		case second:
			s.start(s.dice.node())
		case jump:
			s.set(pick(s.dice, jumps...))
		case edited:
			s.edit()
		case spoken:
			s.speak()
		}
	}
	s.wait()
}

var jumps = []time.Duration{
	-24 * time.Hour, -time.Hour, -time.Second, time.Second, time.Minute, time.Hour, 24 * time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour, 2 * 365 * 24 * time.Hour,
}

func (s *sim) set(d time.Duration) {
	s.wentBack = s.wentBack || d < 0
	s.clock.jump(d)
}

// node says how one apply goes.
func (d dice) node() nodeScript {
	sc := nodeScript{parallelism: pick(d, 1, 3), onward: d.one(2), wait: d.one(4)}
	for range pick(d, 0, maxFates, maxFates) {
		sc.fates = append(sc.fates, d.fate())
	}
	if d.one(3) {
		sc.mishap = mishap{at: 1 + d.IntN(60), after: d.one(2), what: pick(d, fault, kill, power)}
	}
	return sc
}

// fate says what becomes of one effect.
func (d dice) fate() fate {
	f := fate{
		class: pick(d, action.Succeeded, action.Succeeded, action.Succeeded, action.Retryable, action.Permanent, action.Unknown),
		early: d.one(2), real: d.one(2), took: d.minutes(90),
	}
	f.hangs = f.class == action.Unknown && d.one(3)
	return f
}

// wait lets whoever applies come to the end; who hangs is killed.
func (s *sim) wait() {
	for _, n := range s.alive {
		select {
		case <-n.done:
		case <-time.After(n.patience()):
			s.note(n, "killed, since it hangs")
			n.kill()
			<-n.done
		}
		n.excused()
	}
	s.alive = nil
}

// powerFails ends everybody, and leaves what was durable.
func (s *sim) powerFails() {
	for _, n := range s.alive {
		n.kill()
	}
	s.disk.powerFails()
}

// speak says something about a tenant.
func (s *sim) speak() {
	v := runner.Verb{
		Kind:     pick(s.dice, runner.Hold, runner.Resume, runner.Resume, runner.Rollback, runner.Withdraw),
		Selector: addr.Selector{Tenant: pick(s.dice, s.draft.Tenants()...)},
	}
	s.say(v)
}

func (s *sim) say(v runner.Verb) {
	v.By, v.Reason = "ann", "because"
	res, diags := s.look().Say(context.Background(), v)
	s.note(nil, "%s %s %s: %v %v", v.Kind, v.Answer, v.Selector, res.Touched, diags.Errors())
	for _, d := range diags.Errors() {
		if d.Code != "nothing-matches" && d.Code != "clock-went-back" {
			s.wrongly("%s: %s %s", v.Kind, d.Code, d.Detail)
		}
	}
}

// answer lets people answer for what waits for them: the truth. all: for
// everything.
func (s *sim) answer(all bool) {
	for _, t := range s.statuses() {
		r, err := s.disk.now().Record(context.Background(), t.ID)
		if err != nil || r == nil {
			continue
		}
		for _, it := range t.Items {
			x := r.Item(it.Phase + "/" + it.Item)
			if x == nil || !all && !s.dice.one(2) {
				continue
			}
			a := s.answerFor(x, all)
			if a == "" {
				continue
			}
			s.freed[t.ID] = s.freed[t.ID] || a == ledger.AnswerWaive && x.Obligation
			s.say(runner.Verb{Kind: runner.Resolve, Answer: a, Selector: addr.Selector{Tenant: t.ID, Phase: it.Phase, Item: it.Item}})
		}
	}
}

// answerFor is what a person says of an item; empty: nothing.
func (s *sim) answerFor(x *ledger.Item, all bool) ledger.Answer {
	tries := []*ledger.Try{&x.Try}
	if x.Release != nil {
		tries = append(tries, x.Release)
	}
	for i := range x.Parts {
		tries = append(tries, &x.Parts[i].Try)
	}
	var answer ledger.Answer
	for _, try := range tries {
		switch {
		case try.State == ledger.Lost:
			happened, known := s.world.truth(try.Attempt)
			switch {
			case !known:
				return ""
			case happened:
				return ledger.AnswerDone
			default:
				answer = ledger.AnswerRetry
			}
		case try.State == ledger.Late || try.State == ledger.Returned && all:
			answer = ledger.AnswerWaive
		case try.State.NeedsPerson() && answer == "":
			answer = ledger.AnswerRetry
		}
	}
	return answer
}

func (s *sim) statuses() []*plans.TenantStatus {
	var all []*plans.TenantStatus
	diags := s.look().Status(context.Background(), addr.Selector{Tenant: "*"}, func(t *plans.TenantStatus) { all = append(all, t.Clone()) })
	if diags.HasErrors() {
		s.fail("status: %v", diags)
	}
	return all
}

// check holds what is recorded, and what has happened, against the promises.
func (s *sim) check() {
	st := s.disk.now()
	report, err := st.Verify(context.Background())
	if err != nil || len(report.Problems) > 0 {
		s.wrongly("verify: %v %v", err, report.Problems)
	}
	m, err := st.Meta(context.Background())
	if err != nil || m.Serial < s.serial {
		s.wrongly("serial %d after %d, %v", m.Serial, s.serial, err)
	}
	s.serial = m.Serial
	s.world.outcomes(st, s.wrongly)
	s.locks()
	s.reasons()
	if len(s.wrong) > 0 {
		s.fail("%s", strings.Join(s.wrong, "\n"))
	}
}

// locks notes a lock that is forgotten.
func (s *sim) locks() {
	for tenant := range s.world.locked {
		r, err := s.disk.now().Record(context.Background(), tenant)
		if err != nil || s.freed[tenant] {
			continue
		}
		if !slices.ContainsFunc(r.Items, func(it ledger.Item) bool { return it.Obligation }) {
			s.wrongly("%s is locked, and the record does not know", tenant)
		}
	}
}

// reasons notes a tenant that neither moves nor says why.
func (s *sim) reasons() {
	phases := s.draft.Phases()
	last := phases[len(phases)-1]
	for _, t := range s.statuses() {
		if t.Phase == last && t.Status == plans.Complete || !t.Next.IsZero() || t.Held != nil || t.New || t.Becomes != "" {
			continue
		}
		if !slices.ContainsFunc(t.Items, explained) {
			s.wrongly("%s stands in %s %s without a reason: %+v", t.ID, t.Phase, t.Status, t.Items)
		}
	}
}

// end lets faults stop and people answer, until nothing more comes.
func (s *sim) end() {
	s.note(nil, "the end begins")
	for range 200 {
		s.answer(true)
		s.say(runner.Verb{Kind: runner.Resume, Selector: addr.Selector{Tenant: "*"}})
		n := s.start(nodeScript{parallelism: 3})
		s.wait()
		s.check()
		if over, wrong := s.over(n); wrong {
			return
		} else if over {
			s.once()
			return
		}
	}
	s.fail("it does not come to an end")
}

// over reports whether all has come to an end, or the plan itself is wrong by
// now; else time goes on.
func (s *sim) over(n *node) (over, wrong bool) {
	if n.res.After == nil {
		if slices.ContainsFunc(n.diags.Errors(), func(d diag.Diagnostic) bool { return d.Code == "clock-went-back" }) {
			s.clock.jump(24 * time.Hour)
			return false, false
		}
		return false, true // people have to edit it
	}
	s.falseDates()
	pl := n.res.After
	for i := range pl.Changes {
		if c := &pl.Changes[i]; c.At.Before(n.res.Plan.Now) { // else time has gone on
			s.fail("after an apply the plan still has: %+v", c)
		}
	}
	waits := slices.ContainsFunc(pl.Waiting, func(w plans.Wait) bool { return w.Kind.NeedsPerson() && w.Kind != plans.WaitLock })
	if !pl.Next.IsZero() {
		if d := pl.Next.Sub(s.clock.Now()); d > 0 {
			time.Sleep(d)
		}
	}
	return pl.Next.IsZero() && !waits && len(pl.Changes)+len(n.res.Plan.Changes) == 0, false
}

// once fails unless a second apply does nothing, and every promise is kept.
func (s *sim) once() {
	before, _ := s.disk.now().Meta(context.Background())
	effects := s.world.effects
	s.start(nodeScript{parallelism: 1})
	s.wait()
	if after, _ := s.disk.now().Meta(context.Background()); after.Serial != before.Serial || s.world.effects != effects {
		s.fail("an apply after the end does something")
	}
	for tenant := range s.world.locked {
		if !s.freed[tenant] {
			s.fail("%s is locked for ever", tenant)
		}
	}
}

// falseDates fails when a recipient's last word is not true, unless a message
// that would say so waits, or a person lets it stand.
func (s *sim) falseDates() {
	for who, news := range s.world.told {
		s.falseDate(who[0], who[1], news)
	}
}

func (s *sim) falseDate(tenant, to string, news simNews) {
	r, err := s.disk.now().Record(context.Background(), tenant)
	if err != nil || r == nil || !r.T.IsZero() && r.T.Before(s.clock.Now()) {
		return // nobody is told a date that has passed
	}
	want := ""
	if !r.T.IsZero() && !r.Leaving() {
		want = r.T.UTC().Format(time.RFC3339)
	}
	if news.date != want && !slices.ContainsFunc(r.Items, func(it ledger.Item) bool {
		return it.OfEvent() && (it.State == ledger.Waived || it.State != ledger.None && !it.State.Settled())
	}) {
		s.fail("%s of %s was told %q last, and it is %q", to, tenant, news.date, want)
	}
}
