package addr

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSelector_Tenants(t *testing.T) {
	for _, c := range []struct {
		selector, tenant, batch string
		want                    bool
	}{
		{"*", "contoso", "", true},
		{"contoso", "contoso", "wave1", true},
		{"contoso", "contoso2", "wave1", false},
		{"contoso", "Contoso", "wave1", false},
		{"con*", "contoso", "", true},
		{"*so", "contoso", "", true},
		{"c*t*o", "contoso", "", true},
		{"c?ntoso", "cöntoso", "", true},
		{"c??ntoso", "cöntoso", "", false},
		{"contoso/Lock/*", "contoso", "wave1", true},
		{"contoso/Lock/*", "fabrikam", "wave1", false},
		{"batch.wave1", "contoso", "wave1", true},
		{"batch.wave1", "contoso", "wave10", false},
		{"batch.wave*", "contoso", "wave10", true},
		{"batch.*", "contoso", "", false},
		{"batch.wave1", "batch.wave1", "", false},
		{"?atch.wave1", "batch.wave1", "", true},
		{"batch*", "batch.wave1", "", true},
	} {
		t.Run(c.selector+" "+c.tenant+" "+c.batch, func(t *testing.T) {
			sel, err := ParseSelector(c.selector)
			if err != nil {
				t.Fatal(err)
			}
			if got := sel.Tenants(c.tenant, c.batch); got != c.want {
				t.Errorf("Tenants = %t", got)
			}
		})
	}
}

func TestSelector_Items(t *testing.T) {
	for _, c := range []struct {
		selector, phase, item string
		want                  bool
	}{
		{"contoso", "Lock", "tenant_admin", true},
		{"contoso/Lock", "Lock", "tenant_admin", true},
		{"contoso/Lock", "DataUpgrade", "upgrade", false},
		{"contoso/Lock/*", "Lock", "tenant_admin", true},
		{"contoso/Pre*/*", "Pre-Stage", "copy", true},
		{"contoso/Pre*/*", "Lock", "copy", false},
		{"contoso/*/copy", "Pre-Stage", "copy", true},
		{"contoso/*/copy", "Pre-Stage", "copy_content", false},
		{"batch.wave1/Lock/x", "Lock", "x", true},
	} {
		t.Run(c.selector+" "+c.phase+" "+c.item, func(t *testing.T) {
			sel, err := ParseSelector(c.selector)
			if err != nil {
				t.Fatal(err)
			}
			if got := sel.Items(c.phase, c.item); got != c.want {
				t.Errorf("Items = %t", got)
			}
		})
	}
}

func TestSelector_ZeroCoversNoTenant(t *testing.T) {
	if (Selector{}).Tenants("contoso", "wave1") {
		t.Error("the zero Selector covers a tenant")
	}
}

// Globs mean the same as the regular expressions that they stand for.
func TestMatch_AsRegexp(t *testing.T) {
	globs := strings.NewReplacer(`\*`, `.*`, `\?`, `.`)
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringOfN(rapid.SampledFrom([]rune("ab*?ö")), 0, 8, -1).Draw(t, "pattern")
		s := rapid.StringOfN(rapid.SampledFrom([]rune("abö")), 0, 10, -1).Draw(t, "s")
		re := regexp.MustCompile(`^(?s:` + globs.Replace(regexp.QuoteMeta(pattern)) + `)$`)
		if got, want := match(pattern, s), re.MatchString(s); got != want {
			t.Errorf("match(%q, %q) = %t", pattern, s, got)
		}
	})
}

// The worst pattern that fits into an address takes no noticeable time, where a
// recursive glob would run for longer than the universe exists.
func TestMatch_ManyStars(t *testing.T) {
	if match(strings.Repeat("a*", 127)+"b", strings.Repeat("a", 256)) {
		t.Error("a pattern that ends in b covers a text without it")
	}
}

func TestMatch_AllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { match("c*n?oso", "contoso") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
