package view

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"transition/plans"
	"transition/schema"
)

// worstKept is how many of the tenants with each bad status a tally remembers.
const worstKept = 3

// tally sums up tenants as they stream by; it keeps none of them, whatever
// their number.
type tally struct {
	phases    []string // in order; tenants without a phase come first, as ""
	noReturn  int      // index in phases of the point of no return; -1: none
	approvals approvals
	moves     map[string]bool // items, by PHASE/ITEM, that make out the move

	tenants   int
	fresh     int                // not enrolled yet
	counts    map[string]*[5]int // by phase, then status
	heldIn    map[string]int     // by phase
	held      reasons
	batches   map[string]*batchTally
	worst     [5][]worstTenant // by status
	need, ask int              // tenants that need a person, approvals that wait
	breakers  map[string]*breakerTally
	locked    int
	overdue   int
}

// breakerTally is an open breaker.
type breakerTally struct {
	held *plans.Held
	kept int // tenants that it keeps back now
}

type batchTally struct {
	name    string
	t       time.Time
	zone    *time.Location
	tenants int
	moved   int
	waived  int // went on without having been moved, since a person said so
}

// worstTenant is what a summary says of a tenant that is not well.
type worstTenant struct {
	id, phase string
	status    plans.PhaseStatus
	words     string
}

func newTally(cfg *schema.Config) *tally {
	t := &tally{
		noReturn: -1, approvals: approvalsOf(cfg),
		counts: make(map[string]*[5]int), heldIn: make(map[string]int), held: make(reasons),
		batches: make(map[string]*batchTally), breakers: make(map[string]*breakerTally),
	}
	for i, p := range cfg.Phases {
		t.phases = append(t.phases, p.Name)
		if p.PointOfNoReturn && t.noReturn < 0 {
			t.noReturn = i
		}
	}
	t.moves = movesOf(cfg, t.noReturn)
	return t
}

// movesOf are the items that make out the move: the work of the point of no return;
// in a plan without one that of the phases up to T, or all work if there is none then.
func movesOf(cfg *schema.Config, noReturn int) map[string]bool {
	if noReturn >= 0 {
		return workOf(cfg, func(p *schema.Phase) bool { return p.Name == cfg.Phases[noReturn].Name })
	}
	moves := workOf(cfg, func(p *schema.Phase) bool { return p.Opens == nil || p.Opens.Nominal() <= 0 })
	if len(moves) == 0 {
		moves = workOf(cfg, func(*schema.Phase) bool { return true })
	}
	return moves
}

// workOf are the work items of some phases, by PHASE/ITEM.
func workOf(cfg *schema.Config, in func(*schema.Phase) bool) map[string]bool {
	work := make(map[string]bool)
	for _, it := range cfg.Items {
		if _, ok := it.Does.(*schema.Work); ok && in(it.Phase) {
			work[it.Key()] = true
		}
	}
	return work
}

func (t *tally) add(s *plans.TenantStatus, w wall) {
	t.tenants++
	if s.New {
		t.fresh++
	}
	row := t.counts[s.Phase]
	if row == nil {
		row = new([5]int)
		t.counts[s.Phase] = row
	}
	row[s.Status]++
	t.addHeld(s, w)
	t.addBreaker(s)
	t.addBatch(s)
	if alarming := t.addLocks(s); alarming || s.Status == plans.Error {
		t.need++
	}
	t.addItems(s, w)
}

func (t *tally) addHeld(s *plans.TenantStatus, w wall) {
	if s.Held == nil {
		return
	}
	t.heldIn[s.Phase]++
	if s.Held.Breaker != "" {
		return // it is told once for its batch
	}
	reason := clean(s.Held.Reason)
	if !s.Held.Until.IsZero() {
		reason += " until " + w.brief(s.Held.Until)
	}
	t.held.add(reason)
}

// addBreaker counts an open breaker once, however many it keeps back.
func (t *tally) addBreaker(s *plans.TenantStatus) {
	if s.Stopped == nil {
		return
	}
	b := t.breakers[s.Stopped.Breaker]
	if b == nil {
		b = &breakerTally{held: s.Stopped}
		t.breakers[s.Stopped.Breaker] = b
		t.need++
	}
	if s.Held != nil && s.Held.Breaker != "" {
		b.kept++
	}
}

func (t *tally) addBatch(s *plans.TenantStatus) {
	if s.Batch == "" {
		return
	}
	b := t.batches[s.Batch]
	if b == nil {
		b = &batchTally{name: s.Batch, t: s.T, zone: s.Zone}
		t.batches[s.Batch] = b
	}
	b.tenants++
	switch {
	case !t.through(s):
	case t.without(s):
		b.waived++
	default:
		b.moved++
	}
}

// without reports whether a person let a tenant go on without its move.
func (t *tally) without(s *plans.TenantStatus) bool {
	return slices.ContainsFunc(s.Items, func(it plans.ItemStatus) bool {
		return it.State == plans.ItemWaived && t.moves[it.Phase+"/"+it.Item]
	})
}

// through reports whether a tenant is through: beyond the point of no return with
// all of that phase's work done, or, in a plan without one, at its end.
func (t *tally) through(s *plans.TenantStatus) bool {
	at := slices.Index(t.phases, s.Phase)
	if t.noReturn < 0 {
		return at == len(t.phases)-1 && s.Status == plans.Complete
	}
	if at < t.noReturn {
		return false
	}
	for i := range s.Items {
		if s.Items[i].Phase == t.phases[t.noReturn] && !settled(s.Items[i].State) {
			return false
		}
	}
	return true
}

func settled(s plans.ItemState) bool {
	switch s {
	case plans.ItemDone, plans.ItemSkipped, plans.ItemCollapsed, plans.ItemWaived:
		return true
	default:
		return false
	}
}

// addLocks counts open locks and reports whether one needs a person.
func (t *tally) addLocks(s *plans.TenantStatus) bool {
	alarming := false
	for i := range s.Locks {
		t.locked++
		if s.Locks[i].Overdue {
			t.overdue++
		}
		alarming = alarming || s.Locks[i].Alarming()
	}
	return alarming
}

func (t *tally) addItems(s *plans.TenantStatus, w wall) {
	for i := range s.Items {
		if t.approvals.open(s, &s.Items[i], w) {
			t.ask++
		}
	}
	if s.Status != plans.Error && s.Status != plans.Warning || len(t.worst[s.Status]) >= worstKept {
		return
	}
	words := ""
	if it := worstItem(s); it != nil {
		words = itemWords(it, w)
	}
	t.worst[s.Status] = append(t.worst[s.Status], worstTenant{s.ID, s.Phase, s.Status, words})
}

// count is how many tenants have a status in any phase.
func (t *tally) count(s plans.PhaseStatus) int {
	n := 0
	for _, row := range t.counts {
		n += row[s]
	}
	return n
}

// byDate lists the batches by T, those without a date last.
func (t *tally) byDate() []*batchTally {
	return slices.SortedFunc(maps.Values(t.batches), func(a, b *batchTally) int {
		if a.t.IsZero() != b.t.IsZero() {
			return cmp.Compare(btoi(a.t.IsZero()), btoi(b.t.IsZero()))
		}
		return cmp.Or(a.t.Compare(b.t), cmp.Compare(a.name, b.name))
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
