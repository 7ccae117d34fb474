// Package addr reads and prints the addresses of what a plan acts upon:
//
//	TENANT                  one tenant
//	TENANT/PHASE/ITEM       one item of one tenant
//	batch.NAME              every tenant of a batch
//
// Any part of a selector may hold the globs * and ?, as in contoso/Lock/*.
package addr

// Address names a tenant, or one item of it. Phase and Item are both empty or
// both set.
type Address struct {
	Tenant, Phase, Item string
}

// String prints the address; Parse reads it back.
func (a Address) String() string {
	if a.Phase == "" {
		return a.Tenant
	}
	return a.Tenant + "/" + a.Phase + "/" + a.Item
}

// Selector is an address with globs.
type Selector struct {
	Batch               string // batch.NAME; Tenant is then empty
	Tenant, Phase, Item string // Phase and Item empty: the tenant as a whole
}

// Parse reads an address without globs.
func Parse(s string) (Address, error) { panic("stub") }

// ParseSelector reads a selector. An error is a full sentence that shows a
// right form.
func ParseSelector(s string) (Selector, error) { panic("stub") }

// Tenants reports whether the selector covers a tenant; batch is the batch that
// it is placed in, or "".
func (s Selector) Tenants(tenant, batch string) bool { panic("stub") }

// Items reports whether the selector covers an item of a tenant that it covers.
// A selector without PHASE/ITEM covers every item.
func (s Selector) Items(phase, item string) bool { panic("stub") }
