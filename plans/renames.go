package plans

import (
	"slices"
	"time"

	"transition/plans/ledger"
	"transition/schema"
)

// Renames says what the plan calls now what it called otherwise in an earlier
// version. It is not safe for concurrent use.
type Renames struct {
	cfg     *schema.Config
	names   map[schema.Ref]string // of all batches and items that were asked for
	tenants map[string]string     // of those that have another id
}

// NewRenames reads the moves of a plan.
func NewRenames(cfg *schema.Config) *Renames {
	n := &Renames{cfg: cfg, names: make(map[schema.Ref]string), tenants: make(map[string]string)}
	for _, m := range cfg.Moves {
		if m.From.Kind == schema.RefTenant {
			n.tenants[m.From.Name] = n.now(m.From)
		}
	}
	return n
}

// Key is what an item is called now: PHASE/ITEM.
func (n *Renames) Key(key string) string { return n.name(schema.RefItem, key) }

// Batch is what a batch is called now.
func (n *Renames) Batch(name string) string { return n.name(schema.RefBatch, name) }

// Tenant is the id that a tenant has now.
func (n *Renames) Tenant(id string) string {
	if now, moved := n.tenants[id]; moved {
		return now
	}
	return id
}

func (n *Renames) name(kind schema.RefKind, name string) string {
	if len(n.cfg.Moves) == 0 {
		return name
	}
	was := schema.Ref{Kind: kind, Name: name}
	now, known := n.names[was]
	if !known {
		now = n.now(was)
		n.names[was] = now
	}
	return now
}

// now leaves what was removed under the name that it had.
func (n *Renames) now(was schema.Ref) string {
	if n.cfg.Removed(was) != nil {
		return was.Name
	}
	return n.cfg.Now(was).Name
}

// Rename is an item that has another key now.
type Rename struct{ From, To string }

// Of lists the items of a record that have another key now. clash is such an
// item whose new key is recorded too, so that it keeps its old one; empty: there
// is none.
func (n *Renames) Of(r *ledger.Record) (list []Rename, clash string) {
	if len(n.cfg.Moves) == 0 {
		return nil, ""
	}
	for i := range r.Items {
		from := r.Items[i].Key
		to := n.Key(from)
		switch {
		case to == from:
		case r.Item(to) != nil, slices.ContainsFunc(list, func(other Rename) bool { return other.To == to }):
			clash = from
		default:
			list = append(list, Rename{from, to})
		}
	}
	return list, clash
}

// View is a record with its items under the keys that they have now: r itself if
// they have these already. Its revision is that of r.
func (n *Renames) View(r *ledger.Record) *ledger.Record {
	list, _ := n.Of(r)
	if len(list) == 0 {
		return r
	}
	v := r.Clone()
	for _, f := range renameFacts(r, list, time.Time{}) {
		v.Apply(f)
	}
	v.Rev = r.Rev
	return v
}

func renameFacts(r *ledger.Record, list []Rename, now time.Time) []ledger.Fact {
	var facts []ledger.Fact
	for _, x := range list {
		facts = append(facts, ledger.Fact{
			At: now, Tenant: r.ID, Kind: ledger.Renamed, Epoch: r.Epoch, Item: x.From, Into: x.To,
		})
	}
	return facts
}
