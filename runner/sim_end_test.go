package runner_test

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/plans/planstest"
	"transition/runner"
	"transition/schema/addr"
	"transition/schema/diag"
)

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
	s.world.mu.Lock()
	defer s.world.mu.Unlock()
	for lock := range s.world.locked {
		r, err := s.disk.now().Record(context.Background(), lock[0])
		if err != nil || s.freed[lock] {
			continue
		}
		if !slices.ContainsFunc(r.Items, func(it ledger.Item) bool { return it.Obligation && path.Base(it.Key) == lock[1] }) {
			s.wrongly("%s is locked, and the record does not know", lock)
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
		s.push()
		s.say(runner.Verb{Kind: runner.Resume, Selector: addr.Selector{Tenant: "*"}})
		s.answer(true)
		s.unlock()
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

// unlock rolls back whose lock stays shut over what stands behind it.
func (s *sim) unlock() {
	for _, t := range s.statuses() {
		if slices.ContainsFunc(t.Locks, func(l plans.LockStatus) bool { return l.Kept != "" }) {
			s.say(runner.Verb{Kind: runner.Rollback, Selector: addr.Selector{Tenant: t.ID}})
		}
	}
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
	waits := slices.ContainsFunc(pl.Waiting, func(w plans.Wait) bool {
		return w.Kind == plans.WaitRunning || w.Kind.NeedsPerson() && (w.Kind != plans.WaitLock || w.Kept)
	})
	d := time.Hour // somebody still finds out
	if !pl.Next.IsZero() {
		d = pl.Next.Sub(s.clock.Now())
	}
	time.Sleep(d)
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
	for lock := range s.world.locked {
		if !s.freed[lock] {
			s.fail("%s is locked for ever", lock)
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
	if err != nil || r == nil || !r.T.IsZero() && !r.T.After(s.clock.Now()) {
		return // nobody is told a date that has passed
	}
	want := ""
	if !r.T.IsZero() && !r.Leaving() {
		want = r.T.UTC().Format(time.RFC3339)
	}
	if news.date != want && !slices.ContainsFunc(r.Items, func(it ledger.Item) bool {
		return it.OfEvent() && !strings.HasPrefix(path.Base(it.Key), planstest.Aside) && (it.State == ledger.Waived || it.State != ledger.None && !it.State.Settled())
	}) {
		s.fail("%s of %s was told %q last, and it is %q", to, tenant, news.date, want)
	}
}
