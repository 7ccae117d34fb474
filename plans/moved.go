package plans

import (
	"fmt"
	"strings"

	"transition/plans/ledger"
	"transition/schema"
)

// edits is what an edited plan makes of what is recorded: other names, and what
// was taken out.
type edits struct {
	renames *Renames
	// former are the records of tenants that are said to have another id now, by
	// that id, and met those ids that the inventory has.
	former map[string]*ledger.Record
	met    map[string]bool
	// steps are those of the tenant at hand: its record is given as it is after
	// them.
	steps []Step
}

func newEdits(cfg *schema.Config) edits {
	return edits{renames: NewRenames(cfg), former: make(map[string]*ledger.Record), met: make(map[string]bool)}
}

// lookBack finds what is recorded of tenants that have another id now, before
// those come. A plan without such moves does not read the records for it.
func (c *computation) lookBack() error {
	e := &c.edits
	if len(e.renames.tenants) == 0 {
		return nil
	}
	for r, err := range c.in.Records {
		if err != nil {
			return err
		}
		now := e.renames.Tenant(r.ID)
		if now == r.ID || r.Became != "" {
			continue
		}
		if other := e.former[now]; other != nil {
			c.refused.twice(c.move(r.ID), other.ID, now)
			continue
		}
		e.former[now] = r.Clone()
	}
	return nil
}

// named is what is recorded of a tenant under the names that the plan has now,
// without what it gives up; nil: the tenant comes under another id, or is gone
// under this one. t is nil for who is in no inventory.
func (c *computation) named(t *schema.Tenant, r *ledger.Record) *ledger.Record {
	e := &c.edits
	e.steps = nil
	if t == nil && (r.Became != "" || e.renames.Tenant(r.ID) != r.ID) {
		return nil
	}
	if t != nil {
		r = c.succeed(r)
	}
	return c.giveUp(c.rename(r))
}

// succeed gives a tenant what is recorded under the id that it had before.
func (c *computation) succeed(r *ledger.Record) *ledger.Record {
	e := &c.edits
	if c.denied(r.ID) {
		return r
	}
	was := e.former[r.ID]
	if was == nil {
		return r
	}
	e.met[r.ID] = true
	c.inPart(r.ID)
	m := c.move(was.ID)
	if r.Rev > 0 && r.Became == "" {
		c.refused.twice(m, r.ID, r.ID)
		return r
	}
	if open := pendingItems(was); len(open) > 0 {
		c.refused.busy(m, r.ID, open)
	}
	s := Step{
		Change: Change{
			Kind: Adopt, Tenant: r.ID, Batch: was.Batch, At: c.in.Now,
			Reason: "is called " + r.ID + " now, was " + was.ID + takenAs(was),
		},
		Fact:  ledger.Fact{At: c.in.Now, Tenant: r.ID, Kind: ledger.Renamed, Source: was.ID, Known: ledger.Know(was)},
		Also:  []ledger.Fact{{At: c.in.Now, Tenant: was.ID, Kind: ledger.Renamed, Epoch: was.Epoch, Into: r.ID}},
		Other: was,
	}
	return c.edited(r, s)
}

// takenAs says which locks were taken under the id that a tenant had: who gives
// them back may have to use it.
func takenAs(was *ledger.Record) string {
	var keys []string
	for i := range was.Items {
		if was.Items[i].Obligation {
			keys = append(keys, was.Items[i].Key)
		}
	}
	if len(keys) == 0 {
		return ""
	}
	return "; locked under that id: " + strings.Join(keys, ", ")
}

// denied reports whether the plan says of a tenant in the inventory that it is
// called otherwise, or was removed.
func (c *computation) denied(id string) bool {
	if now := c.edits.renames.Tenant(id); now != id {
		c.refused.stillThere(c.move(id).Range, "moved", fmt.Sprintf("is called %q now", now), id)
		return true
	}
	if gone := c.removedTenant(id); gone != nil {
		c.refused.stillThere(gone.Range, "removed", "was removed", id)
		return true
	}
	return false
}

// move is the block that gives a tenant another id.
func (c *computation) move(id string) *schema.Move {
	for _, m := range c.in.Config.Moves {
		if m.From.Kind == schema.RefTenant && m.From.Name == id {
			return m
		}
	}
	return nil
}

// rename gives items the keys that they have now.
func (c *computation) rename(r *ledger.Record) *ledger.Record {
	list, clash := c.edits.renames.Of(r)
	if clash != "" {
		c.refused.clashes = append(c.refused.clashes, r.ID+"/"+clash)
	}
	if len(list) == 0 {
		return r
	}
	c.inPart(r.ID)
	for _, x := range list {
		if stillOpen(r.Item(x.From)) {
			c.refused.going = append(c.refused.going, r.ID+"/"+x.From)
		}
	}
	facts := renameFacts(r, list, c.in.Now)
	var reasons []string
	for _, x := range list {
		reasons = append(reasons, x.From+" is "+x.To+" now")
	}
	ch := Change{Kind: Adopt, Tenant: r.ID, Batch: r.Batch, At: c.in.Now, Reason: strings.Join(reasons, ", ")}
	return c.edited(r, Step{Change: ch, Fact: facts[0], Also: facts[1:]})
}

// inPart notes a tenant that is to be renamed by a part of a plan. That is not
// adopted, and what time makes due would go on under the old name.
func (c *computation) inPart(id string) {
	if !c.in.Within.Whole() {
		c.refused.parts = append(c.refused.parts, id)
	}
}

// stillOpen reports whether an attempt of an item is open in the state, under the
// name that it has there.
func stillOpen(it *ledger.Item) bool {
	return it.State == ledger.Polling || it.Release != nil && it.Release.State == ledger.Polling
}

// edited notes steps of the tenant at hand, and returns its record as it is after
// them, at the revision that it has.
func (c *computation) edited(r *ledger.Record, steps ...Step) *ledger.Record {
	if len(steps) == 0 {
		return r
	}
	after := r.Clone()
	for i := range steps {
		for _, f := range steps[i].Facts() {
			if f.Tenant == r.ID {
				after.Apply(f)
			}
		}
	}
	after.Rev = r.Rev
	c.edits.steps = append(c.edits.steps, steps...)
	return after
}
