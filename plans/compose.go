package plans

import (
	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/diag"
)

// composable reports whether everything that an item does in the outside world
// can be composed for the tenant. It is asked before the item begins; of a lock
// for its release as well: what cannot be given back is not taken, and what cannot
// be asked about is not started.
func (w *walk) composable(it *schema.Item) bool {
	w.d.env.Phase = it.Phase.Name
	for _, effect := range effectsOf(it) {
		if at, err := compose(effect, &w.d.env); err != nil {
			w.problem(at, it.Key(), err)
			return false
		}
	}
	return true
}

// effectsOf are the effect of an item, that of giving it back if it is a lock, and
// how either is asked about.
func effectsOf(it *schema.Item) [4]schema.Effect {
	all := [4]schema.Effect{EffectOf(it, ledger.Run)}
	if _, lock := it.Does.(*schema.Lock); lock {
		all[1] = EffectOf(it, ledger.Release)
	}
	if p := PollOf(it, ledger.Run); p != nil {
		all[2] = p.Effect
	}
	if p := ProbeOf(it, ledger.Run); p != nil {
		all[3] = p.Effect
	}
	return all
}

// compose evaluates an effect, and returns the place of the first expression
// that has no value.
func compose(e schema.Effect, env *schema.Env) (diag.Range, error) {
	switch e := e.(type) {
	case *schema.Exec:
		return first(
			try(e.Command, env),
			try(e.Env, env),
			try(e.Dir, env),
		)
	case *schema.HTTP:
		return first(
			try(e.URL, env),
			try(e.Headers, env),
			try(e.Body, env),
		)
	default:
		return diag.Range{}, nil
	}
}

// failure is an expression without a value; the zero failure is none.
type failure struct {
	at  diag.Range
	err error
}

func try[V any](e schema.Expr[V], env *schema.Env) failure {
	if e.IsConst() {
		return failure{}
	}
	_, err := e.For(env)
	return failure{e.Range, err}
}

func first(all ...failure) (diag.Range, error) {
	for _, f := range all {
		if f.err != nil {
			return f.at, f.err
		}
	}
	return diag.Range{}, nil
}
