package plans

import (
	"cmp"
	"slices"
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// upcoming counts what falls due later for a tenant that was just decided. Most
// of it is shared: tenants with one T and zone have one line, whose counters
// rise; only retries have instants of their own.
func (d *Decider) upcoming(t *schema.Tenant, r *ledger.Record, out *Decision, own map[upcoming]int) {
	d.env.Tenant = t
	for i, it := range d.cfg.Items {
		rec := d.rec[i]
		switch {
		case rec == nil || rec.State == ledger.None:
			if d.ahead(it, out) && d.forTenant(it) {
				out.line.due[i]++
			}
		case rec.State == ledger.Retrying && rec.Next.After(d.now):
			own[upcoming{rec.Next.UnixNano(), doing(it).Kind}]++
		}
	}
	for _, c := range out.Coming {
		own[upcoming{c.At.UnixNano(), c.Kind}]++
	}
	for _, it := range d.locks {
		opens := out.line.Phases[it.Does.(*schema.Lock).ReleaseIn.Index].Opens
		if opens.After(d.now) && d.unlocks(it, out) {
			out.line.unlocks[it.Index]++
		}
	}
}

// ahead reports whether an item of which nothing is recorded will come: its time
// is ahead, and nothing stands in the way.
func (d *Decider) ahead(it *schema.Item, out *Decision) bool {
	shut := out.Dead || out.Barred != nil && it.Phase.Index >= out.Barred.Index
	return out.line.Items[it.Index].At.After(d.now) && !(shut && it.Phase.Hard) && !d.stops(it.Phase, out)
}

// unlocks reports whether a lock will be given back in its phase: it is held, or
// will be taken first, and the tenant will come so far.
func (d *Decider) unlocks(it *schema.Item, out *Decision) bool {
	rec := d.rec[it.Index]
	if rec == nil || rec.State == ledger.None {
		return d.ahead(it, out) && d.forTenant(it)
	}
	return rec.Obligation && !(out.Dead && out.Status == Error) && !discharged(d.rec, it)
}

func (d *Decider) forTenant(it *schema.Item) bool {
	if it.When.IsConst() {
		return !it.When.IsSet() || it.When.Value
	}
	d.env.Phase = it.Phase.Name
	yes, err := it.When.For(&d.env)
	return err == nil && yes
}

// upcomingList is everything that was counted, by instant and kind.
func (d *Decider) upcomingList(own map[upcoming]int) []Upcoming {
	for _, l := range d.lines {
		for i, n := range l.due {
			if n > 0 {
				own[upcoming{l.Items[i].At.UnixNano(), doing(d.cfg.Items[i]).Kind}] += n
			}
		}
		for i, n := range l.unlocks {
			if n > 0 {
				in := d.cfg.Items[i].Does.(*schema.Lock).ReleaseIn
				own[upcoming{l.Phases[in.Index].Opens.UnixNano(), Unlock}] += n
			}
		}
	}
	list := make([]Upcoming, 0, len(own))
	for k, n := range own {
		list = append(list, Upcoming{At: time.Unix(0, k.at).UTC(), Kind: k.kind, Count: n})
	}
	slices.SortFunc(list, func(a, b Upcoming) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind))
	})
	return list
}
