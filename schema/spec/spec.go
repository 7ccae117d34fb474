// Package spec describes every block and attribute that may be written in a
// plan directory: one description for the decoder, for the reference that people
// read, and for editors.
//
// The description is data. What an attribute means for a transition is decided
// elsewhere; here stand its name, its type, its default and one sentence.
package spec

import (
	"fmt"
	"math"
)

// Support says whether a part of the language has an effect yet. What has none
// is refused when it is written, never ignored.
type Support uint8

// The degrees of support.
const (
	Supported   Support = iota
	DefaultOnly         // the default may be written out, any other value is refused
	NotYet              // refused
)

// String is the word used in the reference.
func (s Support) String() string {
	switch s {
	case Supported:
		return "supported"
	case DefaultOnly:
		return "default only"
	case NotYet:
		return "not yet"
	default:
		return "invalid"
	}
}

// Type is the type of an attribute, in the word that people read.
type Type string

// The types. An attribute that is PerTenant holds an expression of its type.
const (
	Text      Type = "text"
	Bool      Type = "true or false"
	Number    Type = "number"
	Nullable  Type = "number or null"
	Integer   Type = "whole number"
	Offset    Type = "T-offset"
	Duration  Type = "duration" // calendar days count as such
	Interval  Type = "interval" // elapsed time: a day is 24 hours
	Instant   Type = "date and time"
	Zone      Type = "time zone"
	Share     Type = "share" // "95%" or 0.95
	Texts     Type = "list of texts"
	Integers  Type = "list of whole numbers"
	TextMap   Type = "map of texts"
	Reference Type = "reference"
	Address   Type = "address" // of a part of the plan: phase.Lock.admin
	Items     Type = "list of items"
	Values    Type = "map"
	Any       Type = "any value"
	TypeName  Type = "type"
	Condition Type = "condition" // with Sentences: evaluated when all values are known
	Sentences Type = "sentences"
)

// Attribute describes one attribute.
type Attribute struct {
	Name     string
	Type     Type
	Doc      string // one sentence
	Required bool
	// Default is the value of an attribute that is not written: a string, bool,
	// int, float64 or []int; nil when there is none, or when it follows from
	// other parts of the plan, as DefaultDoc then says.
	Default    any
	DefaultDoc string
	OneOf      []string // the allowed values; empty: any of the type
	Bounds     *Bounds  // of numbers; nil: any
	Refers     []string // of a Reference or Items: the blocks that may be named
	// PerTenant marks an expression that is evaluated for each tenant. All
	// others are evaluated once, when the plan is read.
	PerTenant bool
	Without   []string // names of the language that mean nothing here
	OfEvent   bool     // it may name what only texts of the event in attribute "on" may
	OfResult  bool     // it may name result
	Support   Support
	Missing   *Missing
}

// Bounds are the least and the greatest number allowed; infinite: no bound.
type Bounds struct{ Least, Most float64 }

// Contains reports whether a number is allowed.
func (b *Bounds) Contains(x float64) bool { return b == nil || b.Least <= x && x <= b.Most }

// String says which numbers are allowed, as in "from 0 to 1".
func (b *Bounds) String() string {
	if math.IsInf(b.Most, 1) {
		return fmt.Sprintf("at least %v", b.Least)
	}
	return fmt.Sprintf("from %v to %v", b.Least, b.Most)
}

func atLeast(least float64) *Bounds { return &Bounds{Least: least, Most: math.Inf(1)} }

// Missing says what is told about a required part that was left out, where the
// general words would not explain enough.
type Missing struct {
	Code, Summary, Why string
}

// Block describes one kind of block.
type Block struct {
	Name string
	// Kind is the value of the first label where the attributes depend on it, as
	// in channel "smtp"; blocks of one Name then differ by Kind.
	Kind       string
	Labels     []string // names of the labels, without the one for Kind
	Doc        string   // one sentence or two
	Min, Max   int      // Max 0: any number
	Attributes []Attribute
	Blocks     []*Block
	Choose     []string // nested blocks of which exactly one must be written
	Open       bool     // attributes of any name and value
	Support    Support
	Missing    *Missing
}

// Attribute finds an attribute by name.
func (b *Block) Attribute(name string) (*Attribute, bool) {
	for i := range b.Attributes {
		if b.Attributes[i].Name == name {
			return &b.Attributes[i], true
		}
	}
	return nil, false
}

// Nested finds the nested blocks of a name: none, one, or one for each Kind.
func (b *Block) Nested(name string) []*Block {
	var found []*Block
	for _, n := range b.Blocks {
		if n.Name == name {
			found = append(found, n)
		}
	}
	return found
}

// BlockNames lists the distinct names of the nested blocks in their order.
func (b *Block) BlockNames() []string {
	var names []string
	for _, n := range b.Blocks {
		if len(names) == 0 || names[len(names)-1] != n.Name {
			names = append(names, n.Name)
		}
	}
	return names
}

// Title is the block's header as it is written, with its labels in capitals.
func (b *Block) Title() string {
	title := b.Name
	if b.Kind != "" {
		title += ` "` + b.Kind + `"`
	}
	for _, l := range b.Labels {
		title += " " + l
	}
	return title
}

// The times that an effect may take where neither its item nor the plan's
// defaults say so.
const (
	ExecTimeout = "1h"
	HTTPTimeout = "1m"
	AskTimeout  = "1m" // of a poll or a probe
)

// StatePath is where the recorded state is kept unless the plan says otherwise.
const StatePath = ".transition/state.db"

// The ports of a mail server where its channel names none.
const (
	SubmissionPort = 587 // STARTTLS
	PlainPort      = 25  // tls = "none"
)
