package runner

import (
	"fmt"
	"time"

	"transition/plans/ledger"
	mailer "transition/runner/action/mail"
	"transition/schema"
	"transition/schema/toffset"
)

// communication evaluates a message: one of the plan's texts, or what is said of
// a changed date where the plan has no text for that.
func (p *Project) communication(j *entry, c *schema.Communication, env *schema.Env) (mailer.Message, error) {
	if c.On == "" {
		return message(j.action, c, env)
	}
	env.Reason, env.Address = j.action.Reason, j.action.About
	if word := j.record.LastWord(j.recipient); word != nil {
		env.OldT = word.T
	}
	if c.Builtin {
		return p.builtin(j, c, env)
	}
	m, err := message(j.action, c, env)
	if !c.To.IsSet() {
		m.AllTo = []string{j.recipient}
	}
	// Its row may be gone, and who was told that it is off holds no old date.
	if err != nil && (j.record.Left != nil || env.OldT.IsZero()) {
		return p.builtin(j, c, env)
	}
	return m, err
}

// builtin tells of a changed date: under a first line that names the old date
// and the new one stands what the recipient was told last, as it is now.
func (p *Project) builtin(j *entry, c *schema.Communication, env *schema.Env) (mailer.Message, error) {
	m := mailer.Message{AllTo: []string{j.recipient}}
	first, subject := p.changed(c, env)
	m.Subject = subject
	m.Sections = []mailer.Section{{Subject: subject, Text: first, Escaped: escape(first)}}
	basis := p.basis(j.record, j.recipient)
	if c.On != schema.OnRescheduled || basis == nil {
		return m, nil
	}
	s, err := section(basis, env)
	m.Sections = append(m.Sections, s)
	return m, err
}

// changed is the first line of a message about a changed date, and its subject.
func (p *Project) changed(c *schema.Communication, env *schema.Env) (line, subject string) {
	old := "The date of your move"
	if !env.OldT.IsZero() {
		old = "Your move on " + toffset.ShowLocal(env.OldT, env.Zone)
	}
	if c.On == schema.OnRescheduled {
		at := toffset.ShowLocal(env.T, env.Zone)
		return fmt.Sprintf("%s has a new date: %s.", old, at), "New date: " + at
	}
	subject = "Your move is called off"
	if !env.OldT.IsZero() {
		subject += ": " + toffset.ShowLocal(env.OldT, env.Zone)
	}
	if c.On == schema.OnWithdrawn && env.Batch != "" {
		return old + " does not take place. We will tell you when there is a new date.", subject
	}
	return old + " does not take place.", subject
}

// basis is the message that last told a recipient of a date, as the plan has it
// now; nil: the plan has none of them any more.
func (p *Project) basis(r *ledger.Record, recipient string) *schema.Item {
	if word := r.LastWord(recipient); word != nil {
		if it := p.item(word.Item); it != nil && isMessage(it) {
			return it
		}
	}
	var newest *schema.Item
	var at time.Time
	for _, it := range p.Config.Items {
		c, ok := it.Does.(*schema.Communication)
		rec := r.Item(it.Key())
		if ok && c.Binds() && rec != nil && rec.State == ledger.Done && !rec.At.Before(at) {
			newest, at = it, rec.At
		}
	}
	return newest
}

func isMessage(it *schema.Item) bool {
	_, ok := it.Does.(*schema.Communication)
	return ok
}

// channelTo is how what an item sends reaches a recipient; nil: there is no way.
// What has no channel of its own goes the way of what the recipient was told last.
func (p *Project) channelTo(it *schema.Item, r *ledger.Record, recipient string) *schema.Channel {
	var c *schema.Channel
	switch does := it.Does.(type) {
	case *schema.Communication:
		c = does.Channel
	case *schema.Approval:
		c = does.Ask.Channel
	case *schema.Work, *schema.Lock:
	}
	if c != nil {
		return c
	}
	if it := p.basis(r, recipient); it != nil {
		return it.Does.(*schema.Communication).Channel
	}
	if len(p.Config.Channels) > 0 {
		return p.Config.Channels[0]
	}
	return nil
}
