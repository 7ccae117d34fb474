package addr

import "strings"

// Selector is an address with globs. The zero Selector covers nothing.
type Selector struct {
	Batch               string // of batch.NAME; Tenant is then empty
	Tenant, Phase, Item string // Phase and Item empty: the tenant as a whole
}

const (
	selectorForms = `Write for example "contoso", "contoso/Lock/*", "batch.wave1" or "*".`
	batchPrefix   = "batch."
)

// ParseSelector reads a selector: TENANT, TENANT/PHASE/ITEM, batch.NAME or
// batch.NAME/PHASE/ITEM, each part with or without globs. TENANT/PHASE means
// all items of the phase. An error is a *SyntaxError.
func ParseSelector(s string) (Selector, error) {
	sel, problem := parseSelector(s)
	if problem != "" {
		return Selector{}, &SyntaxError{Problem: quote(s) + " " + problem, Fix: selectorForms}
	}
	return sel, nil
}

func parseSelector(s string) (Selector, string) {
	parts, problem := split(s)
	if problem != "" {
		return Selector{}, problem
	}
	var sel Selector
	if batch, ok := strings.CutPrefix(parts[0], batchPrefix); !ok {
		sel.Tenant = parts[0]
	} else if sel.Batch = batch; batch == "" {
		return Selector{}, "names no batch after the dot."
	}
	switch len(parts) {
	case 2:
		sel.Phase, sel.Item = parts[1], "*"
	case 3:
		sel.Phase, sel.Item = parts[1], parts[2]
	}
	return sel, ""
}

// String prints the selector; ParseSelector reads it back.
func (s Selector) String() string {
	if s.Batch != "" {
		return join(batchPrefix+s.Batch, s.Phase, s.Item)
	}
	return join(s.Tenant, s.Phase, s.Item)
}

// Tenants reports whether the selector covers a tenant; batch is the batch that
// it is placed in, or "". A tenant without a batch is in none, not even batch.*.
func (s Selector) Tenants(tenant, batch string) bool {
	if s.Batch != "" {
		return batch != "" && match(s.Batch, batch)
	}
	return match(s.Tenant, tenant)
}

// Items reports whether the selector covers an item of a tenant that it covers.
// A selector without PHASE/ITEM covers every item.
func (s Selector) Items(phase, item string) bool {
	if s.Phase == "" {
		return true
	}
	return match(s.Phase, phase) && match(s.Item, item)
}
