package runner_test

import (
	"strings"
	"testing"
)

// A text that cannot be made for one tenant is found before anybody is written to:
// no half of a message leaves, and nobody's.
func TestTextThatCannotBeMade(t *testing.T) {
	b := newBench(t, strings.Replace(welcome, `body    = "b"`, `body    = "You are number ${tonumber(tenant.id)}"`, 1), "12,a@a.example", "many,b@b.example")
	_, diags := b.apply("2027-03-13 18:00")
	if len(diags) != 1 || diags[0].Code != "no-value-for-tenant" || !strings.Contains(diags[0].Detail, `"many"`) {
		t.Errorf("it says %v", diags)
	}
	b.want()
}
