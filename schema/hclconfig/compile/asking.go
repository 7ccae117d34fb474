package compile

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"transition/schema"
)

// asking makes a node that has hcl evaluate the expression, provided that its
// type is certain.
func (b *builder) asking(e hclsyntax.Expression) (node, bool) {
	p := newProgram(b.scope, e)
	v, diags := p.check()
	if diags.HasErrors() {
		return node{}, false // a branch that may never be chosen
	}
	v, _ = v.Unmark()
	shared := levelOf(e)&perTenant == 0
	switch v.Type() {
	case cty.String:
		return node{text: textOf{read: recalled(shared, asked(p, cty.String, cty.Value.AsString))}}, true
	case cty.Bool:
		return node{bool: askedBool{recalled(shared, asked(p, cty.Bool, cty.Value.True))}}, true
	case cty.Number:
		read := asked(p, cty.Number, func(v cty.Value) cty.Value { return v })
		return node{num: askedNum{recalled(shared, numbers(read))}}, true
	default:
		return node{}, false
	}
}

// reader reads a value for a tenant.
type reader[V any] func(*schema.Env) (V, state)

// asked lets hcl evaluate. An error is left to the evaluation of the whole.
func asked[V any](p *program, t cty.Type, get func(cty.Value) V) reader[V] {
	return func(env *schema.Env) (out V, st state) {
		v, err := p.value(env)
		if err != nil {
			return out, unsure
		}
		v, _ = v.Unmark()
		switch {
		case v.Type() != t || !v.IsKnown():
			return out, unsure
		case v.IsNull():
			return out, null
		default:
			return get(v), known
		}
	}
}

func numbers(read reader[cty.Value]) reader[num] {
	return func(env *schema.Env) (num, state) {
		v, st := read(env)
		if st != known {
			return num{}, st
		}
		return numOf(v.AsBigFloat())
	}
}

type askedNum struct{ read reader[num] }

func (n askedNum) num(env *schema.Env) (num, state) { return n.read(env) }

type askedBool struct{ read reader[bool] }

func (n askedBool) bool(env *schema.Env) (bool, state) { return n.read(env) }

// batchText is T, or a name of the batch's.
func batchText(s textSource) textNode {
	return textOf{read: recalled(true, s.read)}
}

// sharing is all of an Env that many tenants have in common.
type sharing struct {
	t, until, old time.Time
	zone          *time.Location
	batch, phase  string
}

type recollection[V any] struct {
	key   sharing
	value V
	state state
}

// recalled keeps what read gave for the last few batches and zones, if the value
// depends on nothing else: a date in a subject is then written once, not a
// million times.
func recalled[V any](shared bool, read reader[V]) reader[V] {
	if !shared {
		return read
	}
	m := new(memory[V])
	return func(env *schema.Env) (V, state) {
		key := sharing{t: env.T, until: env.PostponeUntil, old: env.OldT, zone: env.Zone, batch: env.Batch, phase: env.Phase}
		r := m.last.Load()
		if r == nil || r.key != key {
			r = m.recall(key, func() (V, state) { return read(env) })
		}
		return r.value, r.state
	}
}

// memory holds recollections. Tenants of one batch stand together most often,
// so the last one is looked at first.
type memory[V any] struct {
	last atomic.Pointer[recollection[V]]

	mu  sync.Mutex
	all map[sharing]*recollection[V]
}

func (m *memory[V]) recall(key sharing, read func() (V, state)) *recollection[V] {
	const most = 64
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.all[key]
	if !ok {
		v, st := read()
		r = &recollection[V]{key: key, value: v, state: st}
		if len(m.all) >= most || m.all == nil {
			m.all = make(map[sharing]*recollection[V])
		}
		m.all[key] = r
	}
	m.last.Store(r)
	return r
}
