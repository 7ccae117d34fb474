package plans

import (
	"fmt"
	"slices"

	"transition/plans/ledger"
	"transition/schema"
)

// late is a communication whose window has passed, or passes at this instant, and
// that goes out with another one, or alone.
type late struct {
	action Action
	joins  string // channel and recipients: what it has in common with its carrier
}

// send decides a communication that has not begun, or that some recipients have
// not had yet.
func (w *walk) send(a Action, c *schema.Communication, rec *ledger.Item) PhaseStatus {
	a.Kind, a.Op = Send, ledger.Send
	everybody, ok := w.recipients(a.Item, c)
	if !ok {
		return Error
	}
	if !w.legible(a.Item, c) {
		return Error
	}
	a.Everybody, a.Recipients = everybody, everybody
	if rec != nil && len(rec.Parts) > 0 {
		a.Recipients = w.unsent(everybody, rec)
	}
	if len(a.Recipients) == 0 {
		w.giveUp(a.Item, everybody, rec)
		return Pending
	}
	joins := func() string { return c.Channel.Kind + "." + c.Channel.Name + "\x00" + boxes(everybody) }
	until := w.line.Items[a.Item.Index].LateUntil
	again := rec != nil && (rec.Again || len(rec.Parts) > 0)
	if a.Item.Late == schema.LateCollapse && !again && !until.IsZero() && !w.d.now.Before(until) {
		if w.d.now.After(until) {
			a.Reason = "late: its time was until " + w.local(until)
		}
		w.late = append(w.late, late{a, joins()})
		return Pending
	}
	w.carried(&a)
	if len(w.late) > 0 {
		w.carry(&a, joins())
	}
	w.act(a)
	return Pending
}

// carried adds the messages that were recorded as collapsed into this one.
func (w *walk) carried(a *Action) {
	key := a.Item.Key()
	for _, other := range w.d.cfg.Items {
		if rec := w.d.rec[other.Index]; rec != nil && rec.State == ledger.Merged && rec.Into == key {
			a.Carries = append(a.Carries, other)
		}
	}
}

// unsent lists the recipients of whom nothing is recorded.
func (w *walk) unsent(everybody []string, rec *ledger.Item) []string {
	var out []string
	for _, r := range everybody {
		i := slices.IndexFunc(rec.Parts, func(p ledger.Part) bool { return p.Recipient == r })
		if i < 0 || rec.Parts[i].State == ledger.None {
			out = append(out, r)
		}
	}
	return out
}

// remaining are the recipients who are still to be written to: of who is tried again,
// those that are recipients still, and whoever has not been written to.
func (w *walk) remaining(again, everybody []string, rec *ledger.Item) []string {
	again = slices.DeleteFunc(again, func(r string) bool { return !slices.Contains(everybody, r) })
	return append(again, w.unsent(everybody, rec)...)
}

// carry gives a message the late ones to the same people as sections.
func (w *walk) carry(a *Action, joins string) {
	w.late = slices.DeleteFunc(w.late, func(l late) bool {
		if l.joins != joins {
			return false
		}
		a.Carries = append(a.Carries, l.action.Item)
		w.act(Action{
			Kind: Collapse, Item: l.action.Item, At: l.action.At, Into: a.Item,
			Reason: "collapsed into " + a.Item.Key(),
		})
		return true
	})
}

// collapse sends what is late and has found no message to go out with: the last
// one to the same people carries the others.
func (w *walk) collapse() {
	for len(w.late) > 0 {
		l := w.late[len(w.late)-1]
		w.late = w.late[:len(w.late)-1]
		w.carried(&l.action)
		w.carry(&l.action, l.joins)
		w.act(l.action)
	}
}

// recipients evaluates whom a communication goes to, in order, each mailbox once.
func (w *walk) recipients(it *schema.Item, c *schema.Communication) ([]string, bool) {
	w.d.env.Phase = it.Phase.Name
	var lists [3][]string
	for i, e := range [...]*schema.Expr[[]string]{&c.To, &c.Cc, &c.Bcc} {
		list, err := e.For(&w.d.env)
		if err != nil {
			w.problem(e.Range, it.Key(), err)
			return nil, false
		}
		lists[i] = list
	}
	return sorted(Addressees(w.r, it.Key(), lists[:]...)), true
}

// legible reports whether the message has a text for the tenant. It is asked
// when the message is due, so that nothing is done about a plan whose messages
// cannot be written.
func (w *walk) legible(it *schema.Item, c *schema.Communication) bool {
	w.d.env.Phase = it.Phase.Name
	text := c.Message.For(w.t.Locale)
	if text == nil {
		w.problem(it.Range, it.Key(), fmt.Errorf("message %s has no text for locale %q, and none without a locale", c.Message.Path, w.t.Locale))
		return false
	}
	for _, e := range [...]*schema.Expr[string]{&text.Subject, &text.Body} {
		if _, err := e.For(&w.d.env); err != nil {
			w.problem(e.Range, it.Key(), err)
			return false
		}
	}
	return true
}

// parts decides a communication that has begun for some recipients.
func (w *walk) parts(it *schema.Item, c *schema.Communication, rec *ledger.Item) PhaseStatus {
	again, who, status := w.undelivered(doing(it), rec)
	if again.Kind == Missed {
		return status
	}
	everybody, ok := w.recipients(it, c)
	if !ok {
		return Error
	}
	if who = w.remaining(who, everybody, rec); len(who) == 0 {
		w.giveUp(it, everybody, rec)
		return status
	}
	w.carried(&again)
	w.resume(again, everybody, who)
	return status
}

// giveUp records that all that is left of a message is for people who are no
// recipients any more, if that is so.
func (w *walk) giveUp(it *schema.Item, everybody []string, rec *ledger.Item) {
	if w.gone(everybody, rec) {
		w.act(Action{
			Kind: Skip, Item: it, Everybody: everybody, At: w.d.now,
			Reason: "the rest are no recipients any more",
		})
	}
}

// undelivered looks at the recipients of whom something is recorded, and returns
// the action that tries again with those for whom it is time, made from a. It is
// of the kind Missed when the time for all of them has passed.
func (w *walk) undelivered(a Action, rec *ledger.Item) (again Action, who []string, status PhaseStatus) {
	again = a
	for i := range rec.Parts {
		p := &rec.Parts[i]
		switch p.State {
		case ledger.None:
			status = max(status, Pending)
			continue
		case ledger.Done, ledger.Waived:
			continue
		}
		n := len(w.out.Actions)
		status = max(status, w.try(a.Item, &p.Try, a))
		if len(w.out.Actions) == n {
			continue
		}
		again = w.out.Actions[n]
		if again.Kind == Missed {
			return again, nil, status
		}
		w.out.Actions = w.out.Actions[:n]
		who = append(who, p.Recipient)
	}
	return again, who, status
}

// gone reports whether all that is left of a message is for people who are no
// recipients any more.
func (w *walk) gone(everybody []string, rec *ledger.Item) bool {
	return !slices.ContainsFunc(rec.Parts, func(p ledger.Part) bool {
		return !p.State.Settled() && (slices.Contains(everybody, p.Recipient) || p.State == ledger.Lost || p.State == ledger.Running)
	})
}

// resume makes the action that writes to the recipients that are left.
func (w *walk) resume(a Action, everybody, left []string) {
	a.Everybody, a.Recipients, a.Attempt = everybody, sorted(left), max(a.Attempt, 1)
	if a.At.IsZero() {
		a.At = w.line.Items[a.Item.Index].At
	}
	w.act(a)
}

// ask opens an approval.
func (w *walk) ask(a Action, does *schema.Approval) PhaseStatus {
	a.Kind, a.Op = Ask, ledger.AskOp
	a.Reason = w.prompt(a.Item)
	if does.Ask != nil {
		to, err := does.Ask.To.For(&w.d.env)
		if err != nil {
			w.problem(does.Ask.To.Range, a.Item.Key(), err)
			return Error
		}
		a.Everybody = sorted(Addressees(w.r, a.Item.Key(), to))
		a.Recipients = a.Everybody
	}
	w.act(a)
	return Pending
}

// asking decides the message of an approval that is open.
func (w *walk) asking(a Action, does *schema.Approval, rec *ledger.Item) PhaseStatus {
	again, who, status := w.undelivered(a, rec)
	if again.Kind == Missed {
		return status
	}
	to, err := does.Ask.To.For(&w.d.env)
	if err != nil {
		w.problem(does.Ask.To.Range, a.Item.Key(), err)
		return Error
	}
	everybody := sorted(Addressees(w.r, a.Item.Key(), to))
	if who = w.remaining(who, everybody, rec); len(who) > 0 {
		w.resume(again, everybody, who)
	}
	return max(status, Pending)
}
