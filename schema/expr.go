package schema

import (
	"time"

	"transition/schema/diag"
)

// Env is what an expression sees. One Env is reused from tenant to tenant; an
// expression keeps nothing of it.
type Env struct {
	Tenant *Tenant
	T      time.Time      // the zero time while there is no date: null in expressions
	Zone   *time.Location // in which T is written
	Batch  string         // empty: null
	Phase  string         // empty: null
	// PostponeUntil is the last instant to ask for a later T; zero, and null in
	// expressions, for who may not.
	PostponeUntil time.Time
	// OldT, Reason and Address are for texts of events: the T that was, why it
	// came to it, and the item that it is about. Zero: null.
	OldT            time.Time
	Reason, Address string
	// Result is what a poll or a probe was told; nil: null.
	Result *Result
	// Markdown asks message bodies to escape what comes from tenants.
	Markdown bool
}

// Number is a number that may be null.
type Number struct {
	Value float64
	Valid bool
}

// Expr is an expression of the plan that yields a V for a tenant. The zero Expr
// is an attribute that was not written; it yields the zero V.
//
// An Expr is safe for concurrent use as long as each goroutine has its own Env.
type Expr[V any] struct {
	// Eval is nil when the value is the same for every tenant.
	Eval  func(*Env) (V, error)
	Value V // when Eval is nil
	Range diag.Range
}

// Const makes an expression that is the same for every tenant.
func Const[V any](v V) Expr[V] { return Expr[V]{Value: v} }

// For evaluates the expression. An error says what is wrong with the value in
// one sentence, without a place: Range is the place.
func (e Expr[V]) For(env *Env) (V, error) {
	if e.Eval == nil {
		return e.Value, nil
	}
	return e.Eval(env)
}

// IsSet reports whether the attribute was written.
func (e Expr[V]) IsSet() bool { return !e.Range.IsZero() }

// IsConst reports whether the value is the same for every tenant.
func (e Expr[V]) IsConst() bool { return e.Eval == nil }
