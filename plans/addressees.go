package plans

import (
	"slices"
	"strings"
	"time"

	"transition/plans/ledger"
	"transition/schema/mailbox"
)

// Addressees are the mailboxes that lists of addresses name, each once, in order.
// Spellings of one mailbox are one recipient, whatever was written when: one that the
// record knows keeps the spelling that it has there, in the shares of the item or
// else in what it was told of T. So whoever has had something is found again, and
// idempotency keys stay what they were. Any other is spelled as it comes first.
func Addressees(r *ledger.Record, item string, lists ...[]string) []string {
	all := slices.Concat(lists...)
	known := spellings(r, item)
	if len(all) < 2 && len(known) == 0 {
		return all
	}
	seen := make(map[string]bool, len(all))
	out := all[:0]
	for _, address := range all {
		box := mailbox.Fold(address)
		if seen[box] {
			continue
		}
		seen[box] = true
		if spelling, ok := known[box]; ok {
			address = spelling
		}
		out = append(out, address)
	}
	return out
}

// spellings are those of the mailboxes that the record knows. Where it has several
// for one, as earlier versions have left them, the item's share that is nearest to
// having arrived counts, or else the last word.
func spellings(r *ledger.Record, item string) map[string]string {
	var parts []ledger.Part
	if it := r.Item(item); it != nil {
		parts = it.Parts
	}
	if len(parts)+len(r.Told) == 0 {
		return nil
	}
	known := make(map[string]string, len(parts)+len(r.Told))
	for _, t := range slices.SortedStableFunc(slices.Values(r.Told), func(a, b ledger.Told) int { return a.At.Compare(b.At) }) {
		known[mailbox.Fold(t.Recipient)] = t.Recipient
	}
	for _, p := range slices.SortedStableFunc(slices.Values(parts), func(a, b ledger.Part) int { return nearness(a.State) - nearness(b.State) }) {
		known[mailbox.Fold(p.Recipient)] = p.Recipient
	}
	return known
}

// nearness is how near a share is to having arrived.
func nearness(s ledger.State) int {
	return slices.Index([]ledger.State{
		ledger.None, ledger.Retrying, ledger.Error, ledger.Waived, ledger.Lost, ledger.Running, ledger.Done,
	}, s)
}

// boxes is what recipients have in common with others, however they are spelled.
func boxes(recipients []string) string {
	folded := make([]string, len(recipients))
	for i, to := range recipients {
		folded[i] = mailbox.Fold(to)
	}
	slices.Sort(folded)
	return strings.Join(folded, "\x00")
}

// misled are those who may hold another T than the given one; zero: than none.
func misled(r *ledger.Record, t time.Time) []string {
	var out []string
	for i := range r.Told {
		if word := &r.Told[i]; word.Holds(t) && !superseded(r, word) {
			out = append(out, word.Recipient)
		}
	}
	return out
}

// superseded reports whether the mailbox has heard something later than all of a
// word, under another spelling.
func superseded(r *ledger.Record, word *ledger.Told) bool {
	if len(r.Told) == 1 {
		return false
	}
	last := word.At
	for _, d := range word.Doubts {
		last = latest(last, d.At)
	}
	box := mailbox.Fold(word.Recipient)
	return slices.ContainsFunc(r.Told, func(t ledger.Told) bool {
		return t.At.After(last) && mailbox.Fold(t.Recipient) == box
	})
}
