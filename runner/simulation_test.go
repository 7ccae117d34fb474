package runner_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"transition/plans/planstest"
	"transition/runner"
	"transition/runner/clock"
	"transition/schema/diag"
)

// seeds is how many lives are simulated, unless TRANSITION_SEEDS says otherwise;
// each seed decides one, whole. CI simulates 2,000.
const seeds = 200

// TestSimulation lives through whole transitions in virtual time: plans that are
// edited under way, people who speak, effects that fail, hang or end unknown, and
// processes that are killed, lose their lease, their disk or their power, on a
// machine that is suspended and whose clock is set. A seed that failed once is
// in testdata/simulation/seeds and comes first. To repeat one:
//
//	TRANSITION_SEEDS=N go test ./runner -run 'TestSimulation/seed=N$'
func TestSimulation(t *testing.T) {
	n := seeds
	if text := os.Getenv("TRANSITION_SEEDS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal("TRANSITION_SEEDS: ", err)
		}
	} else if testing.Short() {
		n /= 10
	}
	percent := debug.SetGCPercent(400) // it is short of time, and not of memory
	t.Cleanup(func() { debug.SetGCPercent(percent) })
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
					t.Logf("to repeat it: TRANSITION_SEEDS=%d go test ./runner -run 'TestSimulation/seed=%d$'", seed, seed)
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

// sim is one life.
type sim struct {
	rt      *rapid.T // draws the plan and its edits
	dice    dice
	dir     string
	draft   *planstest.Draft
	disk    *disk
	person  *runner.Project // nil: not open
	world   *simWorld
	clock   *simClock
	nodes   int
	freed   map[[2]string]bool // locks, by tenant and name, of which a person has said that they are dealt with
	ended   chan struct{}      // closed when nothing counts any more
	durable map[string]bool    // files beside the state that a power cut has left
	serial  int64

	mu    sync.Mutex
	alive []*node // that nobody has waited for
	all   []*node
	n     int
	wrong []string
	trail []string
}

// simClock is the clock of the machine, which may be set.
type simClock struct {
	clock.Clock
	mu     sync.Mutex
	offset time.Duration
	back   bool // it was set back at least once
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
	c.back = c.back || d < 0
}

func (c *simClock) wentBack() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.back
}

func newSim(rt *rapid.T, dice dice, dir string) *sim {
	s := &sim{
		rt: rt, dice: dice, dir: dir, draft: planstest.New(rt), disk: newDisk(), world: newSimWorld(), freed: make(map[[2]string]bool),
		ended: make(chan struct{}), durable: make(map[string]bool),
		clock: &simClock{Clock: clock.System()},
	}
	s.clock.jump(time.Date(2027, 1, 4, 9, 0, 0, 0, time.UTC).Sub(s.clock.Now()))
	if dice.one(2) {
		s.draft.Defaults = "    retry = retry.patient\n"
	}
	if dice.one(4) {
		s.draft.Defaults += "    delivery = \"at_least_once\"\n"
	}
	if !dice.one(3) {
		s.draft.Enrich(rt)
	}
	if err := os.MkdirAll(s.stateDir(), 0o700); err != nil {
		rt.Fatal(err)
	}
	s.write()
	return s
}

func (s *sim) live() {
	defer s.bury()
	for range 2 + s.dice.IntN(9) {
		s.passes()
		if s.dice.one(3) {
			s.edit()
		}
		if s.dice.one(6) {
			s.speak()
		}
		if s.dice.one(2) {
			s.push()
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
	o := runner.Options{Dir: s.dir, Clock: s.clock, Processes: simProcesses{s.world}}
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
			s.powerFails(another(s.dice.Uint64()))
		case takeover:
			s.disk.now().Unlock()
			s.start(s.dice.node())
		case second:
			s.start(s.dice.node())
		case jump:
			s.clock.jump(pick(s.dice, jumps...))
		case edited:
			s.edit()
		case spoken:
			s.speak()
		}
	}
	s.wait()
}

// wait lets whoever applies come to the end; who hangs is killed.
func (s *sim) wait() {
	for _, n := range s.living() {
		select {
		case <-n.done:
		case <-time.After(n.patience()):
			s.note(n, "killed, since it hangs")
			n.kill()
		case <-n.killed:
		}
		n.excused()
	}
	synctest.Wait() // whoever was killed stands still
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alive = nil
}

// living are the nodes that nobody has waited for.
func (s *sim) living() []*node {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.alive)
}

// powerFails ends everybody, and leaves what was durable.
func (s *sim) powerFails(d dice) {
	s.world.reboots()
	for _, n := range s.living() {
		n.kill()
	}
	s.disk.powerFails()
	s.filesAreLost(d)
}

// bury lets go whoever was killed.
func (s *sim) bury() {
	for _, n := range s.all {
		n.kill()
	}
	close(s.ended)
	for _, n := range s.all {
		<-n.done
	}
}
