package addr_test

import (
	"fmt"

	"transition/schema/addr"
)

func ExampleParseSelector() {
	sel, err := addr.ParseSelector("batch.wave*/Lock/*")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sel.Tenants("contoso", "wave1"), sel.Tenants("fabrikam", "pilot"))
	fmt.Println(sel.Items("Lock", "tenant_admin"), sel.Items("Finalize", "cleanup"))
	// Output:
	// true false
	// true false
}
