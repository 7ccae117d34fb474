package plans

import (
	"iter"

	"transition/plans/ledger"
	"transition/schema"
)

// walkBoth calls f for every tenant that the inventory or the record knows.
func walkBoth(in Input, f func(*schema.Tenant, *ledger.Record)) error {
	next, stop := iter.Pull2(in.Records)
	defer stop()
	r, err, ok := next()
	for t := range in.Tenants {
		for ok && err == nil && r.ID < t.ID {
			f(nil, r)
			r, err, ok = next()
		}
		if ok && err != nil {
			return err
		}
		if !ok || r.ID != t.ID {
			f(t, &ledger.Record{ID: t.ID})
			continue
		}
		f(t, r)
		r, err, ok = next()
	}
	for ok && err == nil {
		f(nil, r)
		r, err, ok = next()
	}
	return err
}
