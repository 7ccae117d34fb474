package schema

import (
	"iter"
	"strings"
)

// Names yields what a part of an earlier version of the plan was called since,
// beginning with r itself and ending with what it is called now. The move of a
// phase takes its items along; an item's own comes first.
func (c *Config) Names(r Ref) iter.Seq[Ref] {
	return func(yield func(Ref) bool) {
		for range len(c.Moves) + 1 { // the moves of a sound plan do not go in a circle
			if !yield(r) {
				return
			}
			next, moved := c.moved(r)
			if !moved {
				return
			}
			r = next
		}
	}
}

// Now is what a part of an earlier version of the plan is called now.
func (c *Config) Now(r Ref) Ref {
	for name := range c.Names(r) {
		r = name
	}
	return r
}

// Removed says that a part of an earlier version of the plan was taken out on
// purpose, or the phase that it was in with all that is not said to be elsewhere;
// nil: nobody says so.
func (c *Config) Removed(r Ref) *Removal {
	for name := range c.Names(r) {
		if gone := c.removal(name); gone != nil {
			return gone
		}
		if phase, _, ok := name.split(); ok && c.move(name) == nil {
			if gone := c.removal(phase); gone != nil {
				return gone
			}
		}
	}
	return nil
}

// moved is the next name of a part; false: it has none.
func (c *Config) moved(r Ref) (Ref, bool) {
	if m := c.move(r); m != nil {
		return m.To, true
	}
	phase, item, ok := r.split()
	if !ok {
		return r, false
	}
	m := c.move(phase)
	if m == nil {
		return r, false
	}
	return Ref{Kind: RefItem, Name: m.To.Name + "/" + item}, true
}

// move is what is written of just this part; nil: nothing.
func (c *Config) move(r Ref) *Move {
	for _, m := range c.Moves {
		if m.From == r {
			return m
		}
	}
	return nil
}

func (c *Config) removal(r Ref) *Removal {
	for _, gone := range c.Removals {
		if gone.From == r {
			return gone
		}
	}
	return nil
}

// split returns the phase and the name of an item; false: r is none.
func (r Ref) split() (phase Ref, item string, ok bool) {
	if r.Kind != RefItem {
		return Ref{}, "", false
	}
	name, item, ok := strings.Cut(r.Name, "/")
	return Ref{Kind: RefPhase, Name: name}, item, ok
}

// OfEvents reports whether r is a message that is sent when something happens,
// or stands for all of them.
func (r Ref) OfEvents() bool {
	phase, _, ok := r.split()
	return ok && phase.Name == EventPhase || r.Kind == RefPhase && r.Name == EventPhase
}
