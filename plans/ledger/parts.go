package ledger

import (
	"slices"
	"strings"
)

// message applies an attempt to write to one recipient.
func (it *Item) message(f Fact) {
	if f.Kind == Began {
		if it.Recurs() {
			it.Generation++
		}
		it.Again = false
		it.Notice, it.Announced, it.CalledOff = f.Notice, instant(f.Announced), f.CalledOff
		it.address(f.Recipients)
	}
	it.part(f.Recipient).attempt(f)
}

// address sets whom the message goes to. Whoever has had it, or may have had
// it, stays; an empty list changes nothing.
func (it *Item) address(recipients []string) {
	if len(recipients) == 0 {
		return
	}
	it.Parts = slices.DeleteFunc(it.Parts, func(p Part) bool {
		return !slices.Contains(recipients, p.Recipient) && p.State != Done && p.State != Lost
	})
	for _, r := range recipients {
		it.part(r)
	}
}

// part returns the share of a recipient, adding it if there is none.
func (it *Item) part(recipient string) *Try {
	i, ok := slices.BinarySearchFunc(it.Parts, recipient, func(p Part, r string) int {
		return strings.Compare(p.Recipient, r)
	})
	if !ok {
		it.Parts = slices.Insert(it.Parts, i, Part{Recipient: recipient})
	}
	return &it.Parts[i].Try
}

// worst lists the states of parts; the first that any part has is the item's.
var worst = [...]State{Lost, Error, Running, Retrying, None, Waived, Done}

// rollUp makes the item's state that of its parts, and forgets them once
// nobody is left: who was written to stands in the facts.
func (it *Item) rollUp() {
	for _, s := range worst {
		i := slices.IndexFunc(it.Parts, func(p Part) bool { return p.State == s })
		if i < 0 {
			continue
		}
		p := it.Parts[i]
		it.State, it.Next, it.Reason = s, p.Next, p.Reason
		it.Attempts, it.First, it.Attempt = p.Attempts, p.First, p.Attempt
		break
	}
	if it.State.Settled() {
		it.Parts = nil
	}
}
