package runner

import (
	"context"

	"transition/runner/store"
	"transition/schema/diag"
)

// Use takes a state that is open already, as OpenState does one of a file.
func (p *Project) Use(ctx context.Context, s store.Store, need Need) diag.List {
	p.state = s
	if diags := p.refresh(ctx); diags.HasErrors() {
		return diags
	}
	return p.checkState(ctx, "memory", need, "")
}

// WrapState puts a double around the opened state.
func (p *Project) WrapState(wrap func(store.Store) store.Store) { p.state = wrap(p.state) }
