package plans

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// breaker stops a batch when too many of its attempts have ended in Error. It adds
// up those of its present round, which ends when a person resets it. Once open, it
// stays so for the rest of the round, whatever ends better after that.
type breaker struct {
	batch  *schema.Batch
	round  int // from 1
	ended  int
	errors int
	open   *Held // nil: it is closed
	fresh  bool  // that it is open is not recorded yet

	stopped int // tenants for whom nothing new begins
	kept    int // of these, those for whom something is due
}

// newBreakers makes the breakers of a plan, by every name that their batches have
// had; nil: it has none.
func newBreakers(cfg *schema.Config) map[string]*breaker {
	var all map[string]*breaker
	for _, b := range cfg.Batches {
		if b.Breaker == nil {
			continue
		}
		if all == nil {
			all = make(map[string]*breaker)
		}
		all[b.Name] = &breaker{batch: b, round: 1}
	}
	for _, m := range cfg.Moves {
		if b := all[cfg.Now(m.From).Name]; m.From.Kind == schema.RefBatch && b != nil {
			all[m.From.Name] = b
		}
	}
	return all
}

// reach reports whether what belongs to a round counts. With a newer round than
// was known, a new one has begun.
func (b *breaker) reach(round int) bool {
	if round > b.round {
		b.round, b.ended, b.errors, b.open, b.fresh = round, 0, 0, nil, false
	}
	return round == b.round
}

// add counts the attempts of a tenant; with a negative sign it takes them back.
func (b *breaker) add(t ledger.Tally, sign int) {
	if b.reach(t.Round) {
		b.ended += sign * t.Ended
		b.errors += sign * t.Errors
	}
}

// hear takes in what is recorded of the batch.
func (b *breaker) hear(r *ledger.Record) {
	if b.reach(r.Resets+1) && r.Hold != nil {
		b.say(r.Hold.Reason, r.Hold.Since)
	}
}

// judge opens the breaker if a bound is exceeded.
func (b *breaker) judge() {
	if b.open != nil {
		return
	}
	if reason := b.exceeded(); reason != "" {
		b.say(reason, time.Time{})
		b.fresh = true
	}
}

func (b *breaker) say(reason string, since time.Time) {
	b.open = &Held{
		Reason: "breaker of " + b.batch.Name + ": " + reason, Since: since,
		Source: source(b.batch.Breaker.Range), Breaker: b.batch.Name,
	}
}

// reason is why it is open.
func (b *breaker) reason() string {
	return strings.TrimPrefix(b.open.Reason, "breaker of "+b.batch.Name+": ")
}

// exceeded says which bound is exceeded; empty: none.
func (b *breaker) exceeded() string {
	bounds := b.batch.Breaker
	switch {
	case bounds.MaxErrors != nil && b.errors > *bounds.MaxErrors,
		bounds.MaxRatio != nil && b.ended >= bounds.MinSample && float64(b.errors)/float64(b.ended) > *bounds.MaxRatio:
		return fmt.Sprintf("%d of %s ended in Error (%s)", b.errors, count(b.ended, "attempt", "attempts"), boundsOf(bounds))
	default:
		return ""
	}
}

// boundsOf are the bounds of a breaker as a plan writes them.
func boundsOf(b *schema.Breaker) string {
	var parts []string
	if b.MaxErrors != nil {
		parts = append(parts, "max_errors = "+itoa(*b.MaxErrors))
	}
	if b.MaxRatio != nil {
		parts = append(parts, "max_error_ratio = "+strconv.FormatFloat(*b.MaxRatio, 'g', -1, 64))
		if b.MinSample > 1 {
			parts = append(parts, "min_sample = "+itoa(b.MinSample))
		}
	}
	return strings.Join(parts, ", ")
}

// keep counts a tenant that the breaker keeps back.
func (b *breaker) keep() {
	b.stopped++
	b.kept++
}

// CountUp adds up what is recorded for the breakers of the plan. Without any it
// reads nothing. It is called once, before Round and Recount; an error is one of the
// records.
func (d *Decider) CountUp(records iter.Seq2[*ledger.Record, error]) error {
	if d.breakers == nil {
		return nil
	}
	for r, err := range records {
		if err != nil {
			return err
		}
		d.take(r)
	}
	for _, b := range d.breakers {
		b.judge()
	}
	return nil
}

// take adds what a record knows of a breaker.
func (d *Decider) take(r *ledger.Record) {
	if name, ok := ledger.BatchName(r.ID); ok {
		if b := d.breakers[name]; b != nil {
			b.hear(r)
		}
	} else if b := d.breakers[r.Tally.Batch]; b != nil {
		b.add(r.Tally, 1)
	}
}

// open is the open breaker of a batch; nil: there is none.
func (d *Decider) open(batch string) *Held {
	if b := d.breakers[batch]; b != nil {
		return b.open
	}
	return nil
}

// Round is the round of the breaker for which an attempt of a tenant counts that
// ends now; 0: it counts for none.
func (d *Decider) Round(r *ledger.Record) int {
	if b := d.breakers[r.CountsFor()]; b != nil {
		return b.round
	}
	return 0
}

// Recount takes a tenant's attempts into account: now rather than before. It
// returns the batch whose breaker opens with that; nil: none does.
func (d *Decider) Recount(before, now ledger.Tally) *schema.Batch {
	if before == now {
		return nil
	}
	if b := d.breakers[before.Batch]; b != nil {
		b.add(before, -1)
	}
	b := d.breakers[now.Batch]
	if b == nil {
		return nil
	}
	was := b.open
	b.add(now, 1)
	if b.judge(); was == nil && b.open != nil {
		return b.batch
	}
	return nil
}

// Hear takes in the record of a batch, and returns the batch whose breaker a
// person has reset meanwhile; nil: none.
func (d *Decider) Hear(r *ledger.Record) *schema.Batch {
	name, _ := ledger.BatchName(r.ID)
	b := d.breakers[name]
	if b == nil || b.open == nil {
		return nil
	}
	if b.hear(r); b.open == nil {
		return b.batch
	}
	return nil
}

// Broken lists the batches whose breaker is open.
func (d *Decider) Broken() []*schema.Batch {
	var list []*schema.Batch
	for _, b := range d.cfg.Batches {
		if d.open(b.Name) != nil {
			list = append(list, b)
		}
	}
	return list
}

// Opened are the facts that record which breakers have opened since it was last
// asked.
func (d *Decider) Opened(now time.Time) []ledger.Fact {
	var facts []ledger.Fact
	for _, batch := range d.Broken() {
		if b := d.breakers[batch.Name]; b.fresh {
			b.fresh = false
			facts = append(facts, ledger.Fact{At: now, Tenant: ledger.BatchID(batch.Name), Kind: ledger.Held, Reason: b.reason()})
		}
	}
	return facts
}

// BatchOf finds a batch by any name that it has had; nil: there is none.
func BatchOf(cfg *schema.Config, name string) *schema.Batch {
	name = cfg.Now(schema.Ref{Kind: schema.RefBatch, Name: name}).Name
	i := slices.IndexFunc(cfg.Batches, func(b *schema.Batch) bool { return b.Name == name })
	if i < 0 {
		return nil
	}
	return cfg.Batches[i]
}

// BreakerState is how the breaker of a batch stands.
type BreakerState struct {
	Round  int // from 1; it rises with every reset
	Ended  int // attempts of the round that have ended
	Errors int // of these, in Error
	Bounds string
	Open   bool
}

// BreakerOf says how the breaker of a batch stands; nil: it has none. An error is
// one of the records.
func BreakerOf(cfg *schema.Config, records iter.Seq2[*ledger.Record, error], batch *schema.Batch) (*BreakerState, error) {
	d := &Decider{cfg: cfg, breakers: newBreakers(cfg)}
	if err := d.CountUp(records); err != nil {
		return nil, err
	}
	b := d.breakers[batch.Name]
	if b == nil {
		return nil, nil
	}
	return &BreakerState{
		Round: b.round, Ended: b.ended, Errors: b.errors,
		Bounds: boundsOf(batch.Breaker), Open: b.open != nil,
	}, nil
}
