// Package compile turns the expressions of a plan into functions over one
// tenant's row.
//
// An expression is evaluated in one of three ways. What does not depend on the
// tenant is evaluated once, while the plan is read, and becomes a literal. Of
// the rest, the common forms become a tree of small nodes that read the row
// directly. Everything else, and every value that the nodes are not certain
// about, is evaluated by hcl itself, so that an expression means exactly what hcl
// says it means, errors included.
//
// Nothing here has an effect, and no expression of a plan can use up memory or
// time without bound: see limits.go and meter.go.
package compile

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"transition/schema"
)

// Scope is what an expression may name. It is not changed by this package, and
// must not be changed while an expression that was compiled with it is in use.
type Scope struct {
	// Consts are the roots whose values are known while the plan is read: "var"
	// and "local", each an object.
	Consts map[string]cty.Value
	// Columns are the tenants' attributes; nil: none but the built-in ones.
	Columns *schema.Columns
	// Functions are those of [Functions], or some of them.
	Functions map[string]function.Function
	// Deny has the roots that mean nothing at the place of the expression, such
	// as "T" in a batch's match, since a tenant has no T before it is placed.
	Deny map[string]bool
	// Allow has those of the roots that mean something in few places which do so
	// here: see [EventNames] and [ResultNames].
	Allow map[string]bool
	// OwnKeys: the keys of objects are the plan's own, and not a tenant's.
	OwnKeys bool
	// Named is told each root that an expression names, of those whose values
	// differ from tenant to tenant; a call of offset names T. It may be nil.
	Named func(root string)
	// Secret is told each part of an expression whose value comes of a sensitive
	// one. It may be nil.
	Secret func(Secret)
	// Spent is what all values that are the same for every tenant have taken so
	// far. It may be nil.
	Spent *int
}

// The roots whose values differ from tenant to tenant.
const (
	rootTenant        = "tenant"
	rootT             = "T"
	rootBatch         = "batch"
	rootPhase         = "phase"
	rootPostponeUntil = "postpone_until"

	// Only texts of events may name these.
	rootOldT    = "old_T"
	rootReason  = "reason"
	rootAddress = "address"
)

// source returns what a root stands for, or nil if its value is known at load
// or it does not exist.
func (s *Scope) source(root string) source {
	switch root {
	case rootTenant:
		return s.tenant()
	case rootT:
		return textSource{read: readT, at: perBatch}
	case rootBatch:
		return objectSource{at: perBatch, attrs: map[string]source{"name": textSource{read: readBatch, at: perBatch}}}
	case rootPhase:
		return objectSource{at: perBatch, attrs: map[string]source{"name": textSource{read: readPhase, at: perBatch}}}
	case rootPostponeUntil:
		return textSource{read: readPostponeUntil, at: perBatch}
	case rootOldT:
		return textSource{read: readOldT, at: perBatch}
	case rootReason:
		return textSource{read: readReason, at: perTenant}
	case rootAddress:
		return textSource{read: readAddress, at: perTenant}
	case rootResult:
		return answer()
	default:
		return nil
	}
}

// tenant is the tenant with all its attributes. The built-in ones win over
// columns of the same name.
func (s *Scope) tenant() objectSource {
	attrs := make(map[string]source)
	if s.Columns != nil {
		for i, c := range s.Columns.List {
			attrs[c.Name] = column(i, c.Type)
		}
	}
	attrs["id"] = textSource{read: readID, at: perTenant}
	attrs["time_zone"] = textSource{read: readZone, at: perTenant}
	attrs["locale"] = textSource{read: readLocale, at: perTenant}
	return objectSource{at: perTenant, attrs: attrs}
}

// column is the source of a column's values. A type that does not exist is read
// as text.
func column(i int, t schema.Type) source {
	switch t {
	case schema.NumberType:
		return numberSource{column: i}
	case schema.Bool:
		return boolSource{column: i}
	case schema.String:
		return textSource{read: readColumn(i), at: perTenant}
	default:
		return textSource{read: readColumn(i), at: perTenant}
	}
}

// roots lists the names that an expression may begin with here.
func (s *Scope) roots() []string {
	all := slices.Collect(maps.Keys(s.Consts))
	all = append(all, rootTenant, rootT, rootBatch, rootPhase, rootPostponeUntil)
	all = append(all, slices.Collect(maps.Keys(s.Allow))...)
	all = slices.DeleteFunc(all, func(r string) bool { return s.Deny[r] })
	slices.Sort(all)
	return all
}

func (s *Scope) named(root string) {
	if s.Named != nil {
		s.Named(root)
	}
}

func (s *Scope) functionNames() []string {
	return slices.Sorted(maps.Keys(s.Functions))
}

// context is what hcl evaluates with; what differs from tenant to tenant is not
// in it.
func (s *Scope) context() *hcl.EvalContext {
	return &hcl.EvalContext{Variables: s.Consts, Functions: s.Functions}
}
