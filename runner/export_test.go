package runner

import "transition/runner/store"

// WrapState puts a double around the opened state.
func (p *Project) WrapState(wrap func(store.Store) store.Store) { p.state = wrap(p.state) }
