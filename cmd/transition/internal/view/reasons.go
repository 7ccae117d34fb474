package view

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// reasonsKept bounds the distinct reasons that are counted apart.
const reasonsKept = 500

// reasons counts why, for all who are shown together.
type reasons map[string]int

// add counts a reason; an empty one says nothing.
func (r reasons) add(reason string) {
	if reason == "" {
		return
	}
	if _, ok := r[reason]; !ok && len(r) >= reasonsKept {
		reason = "other reasons"
	}
	r[reason]++
}

// sorted lists the reasons, the most frequent first.
func (r reasons) sorted() []string {
	return slices.SortedFunc(maps.Keys(r), func(a, b string) int {
		return cmp.Or(cmp.Compare(r[b], r[a]), cmp.Compare(a, b))
	})
}

// words is the most frequent reason of n, and how far it is not that of all.
func (r reasons) words(n int) string {
	if len(r) == 0 {
		return ""
	}
	all := r.sorted()
	words := clean(all[0])
	if r[all[0]] < n {
		words += fmt.Sprintf(" (%d of %d)", r[all[0]], n)
	}
	if others := len(all) - 1; others > 0 {
		words += " and " + count(others, "other reason", "other reasons")
	}
	return words
}
