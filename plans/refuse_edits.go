package plans

import (
	"fmt"
	"strings"

	"transition/schema"
	"transition/schema/diag"
)

// editRefusals collects what an edited plan may not do to what is recorded.
type editRefusals struct {
	items   []string // addresses of open items that the plan has no more
	behind  []string // of items that have begun behind a lock, likewise
	clashes []string // of items whose new key is recorded too
	parts   []string // of tenants that a part of the plan would rename, or items of them
	going   []string // of items that are renamed while long work of them goes on
	// open and locked are addresses of items that a block takes out, batches are
	// tenants of a batch that it takes out, and moving those of them who are past
	// the point of no return.
	open, locked, batches, moving map[*schema.Removal][]string
	blocks                        diag.List // each about one block
}

// note adds a name to those of a block.
func note(all *map[*schema.Removal][]string, gone *schema.Removal, name string) {
	if *all == nil {
		*all = make(map[*schema.Removal][]string)
	}
	(*all)[gone] = append((*all)[gone], name)
}

func (ref *editRefusals) remove(gone *schema.Removal, address string, locked bool) {
	if locked {
		note(&ref.locked, gone, address)
	} else {
		note(&ref.open, gone, address)
	}
}

func (ref *editRefusals) block(at diag.Range, kind, code, summary, detail, hint string) {
	ref.blocks.Add(diag.Diagnostic{
		Severity: diag.Error, Code: code, Summary: summary, Detail: detail, Hint: hint, Subject: at, Where: kind,
	})
}

// stillThere refuses to take somebody for gone whom the inventory has.
func (ref *editRefusals) stillThere(at diag.Range, kind, what, id string) {
	ref.block(at, kind, "still-there", "A "+kind+" tenant that is still there",
		fmt.Sprintf("This says that tenant %q %s, and the inventory still has it.", id, what),
		"Take its row out, or this block: without it, whoever has the id now is enrolled as new.")
}

// twice refuses two records for one tenant. other is whose record there is beside
// that of the block: the one of the new id itself, or of another one.
func (ref *editRefusals) twice(m *schema.Move, other, now string) {
	detail := fmt.Sprintf("This says that tenant %q is called %q now, and of %q itself something is recorded already: two histories do not make one.", m.From.Name, now, now)
	if other != now {
		detail = fmt.Sprintf("Tenants %q and %q are both said to be called %q now, and two histories do not make one.", m.From.Name, other, now)
	}
	ref.block(m.Range, "moved", "two-histories", "Two histories would become one", detail,
		"Remove the block: what is recorded under the new id goes on, and the old one leaves like everybody who is in no inventory any more.")
}

func (ref *editRefusals) busy(m *schema.Move, now string, open []string) {
	id := m.From.Name
	ref.block(m.Range, "moved", "moved-while-open", "A tenant was renamed while something of it is open",
		fmt.Sprintf("This says that tenant %q is called %q now, and something of it is open: %s. What was begun under one id cannot be ended under another.", id, now, quoteSome(open)),
		fmt.Sprintf("Put its row back under the old id until that has ended, or answer for it: transition resolve %s/%s -done|-retry|-waive -reason=... A lock that is held is no obstacle.", id, open[0]))
}

func (ref *editRefusals) nobody(m *schema.Move, now string) {
	ref.block(m.Range, "moved", "moved-to-nobody", "A tenant was renamed, and its new id is nowhere",
		fmt.Sprintf("This says that tenant %q is called %q now, and no inventory has %q.", m.From.Name, now, now),
		"Correct the id here or in the inventory.")
}

func (ref *editRefusals) staysLocked(gone *schema.Removal, id string, locks []string) {
	ref.block(gone.Range, "removed", "removed-while-locked", "A lock cannot be removed while it is held",
		fmt.Sprintf("Tenant %q is past the point of no return, and may be locked: %s. Nothing would give that back.", id, quoteSome(locks)),
		"Put its row back until the lock was given back.")
}

func (ref *editRefusals) staysOpen(gone *schema.Removal, id string, open []string) {
	ref.block(gone.Range, "removed", "removed-while-open", "Something was removed while it is open",
		fmt.Sprintf("Tenant %q is past the point of no return, and something of it is open: %s.", id, quoteSome(open)),
		fmt.Sprintf("Put its row back until that has ended, or answer for it: transition resolve %s/%s -done|-retry|-waive -reason=... To give it up, write on_active = \"abandon\".", id, open[0]))
}

// refuseEdits reports the collected refusals.
func (c *computation) refuseEdits() {
	ref := &c.refused.editRefusals
	c.refuseStrays(ref)
	for now, was := range c.edits.former {
		if !c.edits.met[now] {
			ref.nobody(c.move(was.ID), now)
		}
	}
	for _, gone := range c.in.Config.Removals {
		ref.refuseRemoval(gone)
	}
	c.plan.Diagnostics = append(c.plan.Diagnostics, ref.blocks...)
}

// refuseStrays reports what no block of the plan explains.
func (c *computation) refuseStrays(ref *editRefusals) {
	if len(ref.items) > 0 {
		c.refuseItems(ref.items, "open-item-gone", "An item was removed or renamed while something of it is open",
			"A lock that may be held, or what has begun or waits for a person, would be forgotten (%s concerned): %s.",
			fmt.Sprintf("Say what it is called now, in a block moved with from = %s and to = its new name. If it was taken out on purpose, give up what is open of it, in a block removed with from = %[1]s and on_active = \"abandon\". Else put it back under its name; a lock that may be held must be, until it was given back.", written(ref.items[0])))
	}
	c.refuseItems(ref.behind, "begun-item-gone", "What has begun behind a held lock was removed",
		"Whether a lock may be opened depends on what has begun behind it, and of that the plan has something no more (%s concerned): %s.",
		"Put it back until the locks are released, with when = false: then nothing new of it begins.")
	c.refuseItems(ref.clashes, "two-histories", "Two histories would become one",
		"Under both names something is recorded, and two histories do not make one (%s concerned): %s.",
		"Remove the block moved: what is recorded under the new name counts.")
	c.refuseTenants(ref.parts, "renamed-in-part", "A part of a plan cannot rename",
		"%s called otherwise now, or something of them is: %s. A part of a plan is not adopted, so that what time makes due would go on under the old name.",
		"Apply the plan as a whole first, without -target and -exclude.")
	c.refuseItems(ref.going, "moved-while-it-goes-on", "An item was renamed while long work of it goes on",
		"Its attempt is open under the old name until its poll has an end (%s concerned): %s.",
		"Rename it when that has ended.")
}

// refuseItems adds an error that lists items by their addresses, if there are any.
func (c *computation) refuseItems(addresses []string, code, summary, detail, hint string) {
	if len(addresses) == 0 {
		return
	}
	tenants := make(map[string]bool)
	for _, a := range addresses {
		tenant, _, _ := strings.Cut(a, "/")
		tenants[tenant] = true
	}
	c.plan.Diagnostics.Add(diag.Diagnostic{
		Severity: diag.Error, Code: code, Summary: summary, Hint: hint,
		Detail: fmt.Sprintf(detail, count(len(tenants), "tenant is", "tenants are"), quoteSome(addresses)),
	})
}

// refuseRemoval reports what a block removed may not take out.
func (ref *editRefusals) refuseRemoval(gone *schema.Removal) {
	refuse := func(names []string, code, summary, detail, hint string) {
		if len(names) > 0 {
			ref.block(gone.Range, "removed", code, summary, fmt.Sprintf(detail, len(names), quoteSome(names)), hint)
		}
	}
	refuse(ref.locked[gone], "removed-while-locked", "A lock cannot be removed while it is held",
		"Locks that may be held would be forgotten (%d): %s.",
		"Put the lock back until it was given back everywhere, with when = false: then it is taken nowhere else.")
	refuse(ref.open[gone], "removed-while-open", "Something was removed while it is open",
		"What has begun or waits for a person would be forgotten (%d): %s."+finish(gone, "Without its block it cannot finish."),
		"Put it back with when = false: what has begun goes on to its end, and nothing new begins. To give it up, write on_active = \"abandon\".")
	refuse(ref.batches[gone], "removed-with-tenants", "A batch was removed while tenants are in it",
		"Tenants are placed in it (%d): %s."+finish(gone, "Without its block it has no date to go on by."),
		"Put it back with capacity = 0: who is in it goes on, and nobody else comes in. To have them placed anew, write on_active = \"abandon\".")
	refuse(ref.moving[gone], "removed-past-return", "A batch was removed with tenants past the point of no return",
		"Tenants of it are past the point of no return (%d): %s. What has happened has no other date.",
		"Put it back with capacity = 0 until they are Complete.")
}

// finish adds to a sentence why on_active = "finish" is no way out.
func finish(gone *schema.Removal, why string) string {
	if gone.OnActive != schema.ActiveFinish {
		return ""
	}
	return " " + why
}

// written is an item, given by its address, as a plan names it.
func written(address string) string {
	parts := strings.Split(address, "/")
	return "phase." + strings.Join(parts[max(len(parts)-2, 0):], ".")
}
