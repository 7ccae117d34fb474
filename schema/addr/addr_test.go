package addr

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Address
	}{
		{"contoso", Address{Tenant: "contoso"}},
		{"contoso/Lock/tenant_admin", Address{"contoso", "Lock", "tenant_admin"}},
		{"contoso/on/rescheduled", Address{"contoso", "on", "rescheduled"}},
		{"Müller & Söhne GmbH/Pre-Stage/copy", Address{"Müller & Söhne GmbH", "Pre-Stage", "copy"}},
		{"batch.north", Address{Tenant: "batch.north"}},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, err := Parse(c.in)
			if err != nil || got != c.want {
				t.Errorf("Parse = %+v, %v; want %+v", got, err, c.want)
			}
			if got.String() != c.in {
				t.Errorf("String = %q", got)
			}
		})
	}
}

func TestParse_Mistakes(t *testing.T) {
	const forms = ` Write TENANT or TENANT/PHASE/ITEM, as in "contoso/Lock/tenant_admin".`
	for _, c := range []struct{ in, want string }{
		{"", `"" is empty.`},
		{"*", `"*" has a * or a ?, but here exactly one thing is named.`},
		{"contoso/Lock/?", `"contoso/Lock/?" has a * or a ?, but here exactly one thing is named.`},
		{"contoso/Lock", `"contoso/Lock" names a phase, but no item of it.`},
		{"contoso//x", `"contoso//x" has an empty part.`},
		{"contoso/", `"contoso/" has an empty part.`},
		{"a/b/c/d", `"a/b/c/d" has more than three parts.`},
		{" contoso", `" contoso" has a space at the beginning or the end of a part.`},
		{"con\x1btoso", `"con\x1btoso" has a character that cannot be printed.`},
		{"con\xfftoso", `"con\xfftoso" has a character that cannot be printed.`},
	} {
		t.Run(c.in, func(t *testing.T) {
			_, err := Parse(c.in)
			checkMistake(t, err, c.want+forms)
		})
	}
	_, err := Parse(strings.Repeat("x", 257))
	checkMistake(t, err, `"`+strings.Repeat("x", 60)+`…" has a part of more than 256 bytes.`+forms)
}

func TestParseSelector(t *testing.T) {
	for _, c := range []struct {
		in        string
		want      Selector
		canonical string
	}{
		{"*", Selector{Tenant: "*"}, "*"},
		{"contoso", Selector{Tenant: "contoso"}, "contoso"},
		{"contoso/Lock/*", Selector{Tenant: "contoso", Phase: "Lock", Item: "*"}, "contoso/Lock/*"},
		{"contoso/Lock", Selector{Tenant: "contoso", Phase: "Lock", Item: "*"}, "contoso/Lock/*"},
		{"*/on/rescheduled", Selector{Tenant: "*", Phase: "on", Item: "rescheduled"}, "*/on/rescheduled"},
		{"batch.wave1", Selector{Batch: "wave1"}, "batch.wave1"},
		{"batch.wave?/Lock/x", Selector{Batch: "wave?", Phase: "Lock", Item: "x"}, "batch.wave?/Lock/x"},
		{"batch", Selector{Tenant: "batch"}, "batch"},
		{"?atch.north", Selector{Tenant: "?atch.north"}, "?atch.north"},
	} {
		t.Run(c.in, func(t *testing.T) {
			got, err := ParseSelector(c.in)
			if err != nil || got != c.want {
				t.Errorf("ParseSelector = %+v, %v; want %+v", got, err, c.want)
			}
			if got.String() != c.canonical {
				t.Errorf("String = %q, want %q", got, c.canonical)
			}
		})
	}
}

func TestParseSelector_Mistakes(t *testing.T) {
	const forms = ` Write for example "contoso", "contoso/Lock/*", "batch.wave1" or "*".`
	for _, c := range []struct{ in, want string }{
		{"", `"" is empty.`},
		{"batch.", `"batch." names no batch after the dot.`},
		{"batch./Lock/x", `"batch./Lock/x" names no batch after the dot.`},
		{"/Lock/x", `"/Lock/x" has an empty part.`},
		{"a/b/c/*", `"a/b/c/*" has more than three parts.`},
	} {
		t.Run(c.in, func(t *testing.T) {
			_, err := ParseSelector(c.in)
			checkMistake(t, err, c.want+forms)
		})
	}
}

func checkMistake(t *testing.T, err error, want string) {
	t.Helper()
	var syntax *SyntaxError
	if !errors.As(err, &syntax) {
		t.Fatalf("error %v is no SyntaxError", err)
	}
	if syntax.Error() != want {
		t.Errorf("error\n got %s\nwant %s", err, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"contoso", "contoso/Lock/tenant_admin", "batch.x", "a//b", "é/ü/ö", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		if a.String() != s {
			t.Errorf("Parse(%q) prints as %q", s, a)
		}
		if strings.HasPrefix(s, "batch.") {
			return // selects a batch
		}
		sel, err := ParseSelector(s)
		if err != nil || !sel.Tenants(a.Tenant, "") || !sel.Items(a.Phase, a.Item) {
			t.Errorf("the selector %q, %v does not cover its own address", s, err)
		}
	})
}

func FuzzParseSelector(f *testing.F) {
	for _, s := range []string{"*", "contoso", "contoso/Lock", "contoso/*/??", "batch.*", "batch.x/Lock/y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sel, err := ParseSelector(s)
		if err != nil {
			return
		}
		again, err := ParseSelector(sel.String())
		if err != nil || again != sel {
			t.Errorf("ParseSelector(%q) = %+v, which reads back as %+v, %v", s, sel, again, err)
		}
	})
}
