package runner

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/action"
	"transition/runner/action/tail"
)

// maxReply is how much is kept of what people read of an answer, in bytes.
const maxReply = 300

// asks reports whether the entry only asks, and changes nothing.
func (e *entry) asks() bool { return e.action != nil && e.action.Inquiry != plans.NoInquiry }

// ends reports whether the entry asks about work that has a share of its limit
// for as long as it goes on.
func (e *entry) ends() bool {
	return e.action.Inquiry == plans.Polling && plans.PollOf(e.action.Item, e.action.Op) != nil
}

// ask hands an inquiry to a worker. Nothing is claimed, and that it begins is not
// recorded: whoever asks twice does no harm.
func (e *engine) ask(en *entry, now time.Time) {
	r := en.task.record
	it := r.Item(en.action.Item.Key())
	try := plans.TryOf(it, en.action.Op)
	en.stage, en.record, en.batch, en.began, en.first = running, r, en.task.batch, now, try.First
	en.attempt, en.no = try.Attempt, try.Attempts
	en.key = ledger.Key(e.p.meta.Lineage, r.ID, cmp.Or(it.Alias, it.Key), en.action.Op, "", it.Epoch, it.Generation)
	e.start(en)
}

// hear says what an inquiry was told.
func (p *Project) hear(en *entry, o action.Outcome) plans.Reply {
	if o.Result == nil {
		return plans.Reply{Reason: p.line("no answer: " + o.Reason)}
	}
	env := p.env(en)
	env.Result = o.Result
	reply := en.action.Hear(env)
	reply.Reason = p.line(reply.Reason)
	return reply
}

// line makes one line without secrets of what an expression yields.
func (p *Project) line(text string) string { return tail.Line(p.secrets.Clean(text), maxReply) }

// inquire has an inquiry's answer in r. Where the plan does not say any more how
// to ask, there is none.
func (e *engine) inquire(stop context.Context, r *result) {
	if r.entry.action.EffectOf() == nil {
		return
	}
	e.act(stop, r)
	r.cut = r.outcome.Result == nil && stop.Err() != nil
	r.reply = e.p.hear(r.entry, r.outcome)
	if r.entry.action.Inquiry == plans.Probing && r.reply.Answer == ledger.AnswerNotDone {
		r.reply = e.certain(context.WithoutCancel(stop), r.entry, r.reply)
	}
}

// certain takes no probe's word for it that an attempt has not happened which may
// still be on its way: a command outlives a runner that was killed, and a request
// its connection. It may be for as long as the attempt had time.
func (e *engine) certain(ctx context.Context, en *entry, not plans.Reply) plans.Reply {
	began, err := e.p.began(ctx, en)
	if err != nil {
		return plans.Reply{Reason: e.p.line("no answer: " + err.Error())}
	}
	until := began.Add(plans.TimeoutOf(en.action.Item, en.action.Op))
	if !e.clock.Now().Before(until) {
		return not
	}
	return plans.Reply{Reason: "not yet; it may be on its way until " + e.p.show(until), Until: until}
}

// began is when the attempt began that an inquiry is about.
func (p *Project) began(ctx context.Context, en *entry) (time.Time, error) {
	for f, err := range p.state.History(ctx, en.record.ID) {
		if err != nil {
			return time.Time{}, err
		}
		if f.Kind == ledger.Began && f.Attempt == en.attempt {
			return f.At, nil
		}
	}
	return time.Time{}, fmt.Errorf("attempt %d is not in the history", en.attempt)
}

// collectAnswer records what an inquiry was told, unless it was cut off, or the
// record has moved on under it.
func (e *engine) collectAnswer(t *turn, r result) {
	en := r.entry
	if r.cut || !e.stands(en) {
		e.end(en)
		e.decide(en.task)
		return
	}
	en.rev, en.took = en.task.record.Rev, r.took
	t.answers++
	f := en.action.Found(en.task.record, r.reply, en.key, t.commit.Now)
	if f.Kind != ledger.Polled && (f.Kind != ledger.Probed || f.Answer != "") {
		f.Evidence = r.outcome.Evidence // else the reason says it
	}
	e.round(en.task, &f)
	e.decided(t, en, []ledger.Fact{f})
}

// stands reports whether what an inquiry asked about is as it was.
func (e *engine) stands(en *entry) bool {
	it := en.task.record.Item(en.action.Item.Key())
	if it == nil {
		return false
	}
	want := ledger.Polling
	if en.action.Inquiry == plans.Probing {
		want = ledger.Lost
	}
	try := plans.TryOf(it, en.action.Op)
	return try.State == want && try.Attempt == en.attempt
}

// answered goes on after the answer to an inquiry was recorded, or refused since
// the record has moved on.
func (e *engine) answered(en *entry, f *ledger.Fact, refused bool) {
	if refused {
		e.end(en)
		return
	}
	e.over(en, f, en.took)
}
