package runner

import (
	"context"
	"fmt"
	"strings"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
)

// names tells the names of the plan from those in the record until an apply has
// brought the two together. People may use either.
type names struct {
	renames *plans.Renames
	was     map[string]string // keys in the record, of items that have another one now
}

// names are those of one tenant, with its record under the keys of the plan.
func (p *Project) names(r *ledger.Record) (names, *ledger.Record) {
	n := names{renames: plans.NewRenames(p.Config), was: make(map[string]string)}
	list, _ := n.renames.Of(r)
	for _, x := range list {
		n.was[x.To] = x.From
	}
	return n, n.renames.View(r)
}

// recorded is the key of an item in the record.
func (n names) recorded(key string) string {
	if was, ok := n.was[key]; ok {
		return was
	}
	return key
}

// items reports whether a selector covers an item of the plan.
func (n names) items(s addr.Selector, it *schema.Item) bool {
	if s.Items(it.Phase.Name, it.Name) {
		return true
	}
	was, renamed := n.was[it.Key()]
	phase, name, _ := strings.Cut(was, "/")
	return renamed && s.Items(phase, name)
}

// exact reports whether a selector names just this item.
func (n names) exact(s addr.Selector, it *schema.Item) bool {
	key := s.Phase + "/" + s.Item
	return key == it.Key() || key == n.was[it.Key()]
}

// tenant reports whether a selector names just this tenant.
func (n names) tenant(s addr.Selector, id string) bool {
	return s.Tenant == id || s.Tenant == n.renames.Tenant(id)
}

// covers reports whether a selector covers a recorded tenant. One that is called
// otherwise now is covered by both names until an apply has said so, unless the
// new one is somebody else's in the record; afterwards its old id is that of
// nobody, and only heard when somebody means just that.
func (p *Project) covers(ctx context.Context, renames *plans.Renames, s addr.Selector, r *ledger.Record) (bool, error) {
	now := renames.Tenant(r.ID)
	switch {
	case r.Became != "":
		return s.Tenant == r.ID, nil
	case s.Tenants(r.ID, r.Batch) || s.Tenants(r.ID, renames.Batch(r.Batch)):
		return true, nil
	case now == r.ID || !s.Tenants(now, r.Batch):
		return false, nil
	}
	other, err := p.state.Record(ctx, now)
	return other == nil || other.Became != "", err
}

// known reads what is recorded of a tenant, under the names of the plan: what is
// recorded under its old id too. It is never nil.
func (p *Project) known(ctx context.Context, id string) (*ledger.Record, error) {
	renames := plans.NewRenames(p.Config)
	ids := []string{id}
	for _, m := range p.Config.Moves {
		if m.From.Kind == schema.RefTenant && renames.Tenant(m.From.Name) == id {
			ids = append(ids, m.From.Name)
		}
	}
	for _, was := range ids {
		r, err := p.state.Record(ctx, was)
		if err != nil {
			return nil, err
		}
		if r != nil && r.Became == "" {
			r.ID = id
			return renames.View(r), nil
		}
	}
	return &ledger.Record{ID: id}, nil
}

// became says of an id that it is that of nobody any more; false: it is not.
func (p *Project) became(ctx context.Context, id string) (diag.Diagnostic, bool) {
	if p.state == nil || id == "" {
		return diag.Diagnostic{}, false
	}
	r, err := p.state.Record(ctx, id)
	if err != nil || r == nil || r.Became == "" {
		return diag.Diagnostic{}, false
	}
	return diag.Diagnostic{
		Severity: diag.Error, Code: "tenant-renamed", Summary: "The tenant has another id now",
		Detail: fmt.Sprintf("Tenant %q is called %q now.", id, r.Became),
		Hint:   "Name it by its new id: " + r.Became,
	}, true
}

// recordedAs gives facts the keys that the record has.
func (n names) recordedAs(facts []ledger.Fact) []ledger.Fact {
	for i := range facts {
		facts[i].Item = n.recorded(facts[i].Item)
	}
	return facts
}
