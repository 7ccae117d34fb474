package compile_test

import (
	"testing"

	"github.com/hashicorp/hcl/v2"

	"transition/schema/hclconfig/compile"
)

// Whatever is written, the answer is a text, a diagnostic or an error; never a
// panic, and never a text that is longer than allowed.
func FuzzTemplate(f *testing.F) {
	for _, src := range append(hostile(),
		"Dear ${tenant.name}",
		`${join("", [for a in range(9) : [for b in tenant.seats : a][0]])}`,
		`%{ for k, v in tenant }${k}=${v}%{ endfor }`,
		`${setproduct(["a"], ["b"])[0][0]}${format("%9999d", 1)}`,
		`${tenant.rate / 0}${1e99999}${-0}${5 % 0}`,
		`${templatefile("mail/hello.tmpl", tenant)}`,
		`${[tenant][*].name[0]}${tenant["na${"me"}"]}`,
		`${try(tenant.x.y, can(T), offset("T-1d@09:00"))}`,
		"${~ \"a\" ~}\n%{~ if true ~} x %{~ endif ~}",
		`${{ for k, v in { a = 1 } : "${k}" => v... }["a"][0]}`,
	) {
		f.Add([]byte(src), "Contoso")
	}
	s := scope()
	f.Fuzz(func(t *testing.T, src []byte, name string) {
		x, diags := compile.Template(src, "m.md", hcl.InitialPos, s)
		for _, d := range diags {
			if code, ok := d.Extra.(string); !ok || code == "" || d.Subject == nil || d.Detail == "" {
				t.Errorf("a diagnostic without code, place or words: %+v", d)
			}
		}
		if diags.HasErrors() {
			return
		}
		e := env()
		e.Tenant.Cells[0] = text(name)
		for _, e.Markdown = range []bool{false, true} {
			got, err := x.For(e)
			if err == nil && len(got) > 1<<20 {
				t.Errorf("%d bytes", len(got))
			}
		}
	})
}
