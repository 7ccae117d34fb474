package scaffold_test

import (
	"strings"
	"testing"
	"time"

	"transition/cmd/transition/internal/scaffold"
	"transition/schema/hclconfig"
)

var now = time.Date(2012, 1, 10, 0, 0, 0, 0, time.UTC)

func planOf(t *testing.T, o scaffold.Options) (names []string, plan string) {
	t.Helper()
	files, err := scaffold.Plan(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names = append(names, f.Path)
		if strings.HasSuffix(f.Path, ".hcl") {
			plan = string(f.Content)
		}
	}
	return names, plan
}

func TestPlanIsCanonical(t *testing.T) {
	for name, o := range map[string]scaffold.Options{
		"made up":            {Name: "x", Now: now},
		"columns with types": {Name: "x", Now: now, CSV: []byte("id,seats,vip\na,1,true\n")},
		"no address":         {Name: "x", Now: now, CSV: []byte("id\na\n")},
	} {
		_, plan := planOf(t, o)
		formatted, diags := hclconfig.Format([]byte(plan), "plan.transition.hcl")
		if diags.HasErrors() || string(formatted) != plan {
			t.Errorf("%s: not in canonical form (%v):\n%s", name, diags, plan)
		}
	}
}

func TestPlanFitsTheInventory(t *testing.T) {
	tests := map[string]struct {
		csv   string
		has   []string
		lacks []string
	}{
		"the key is found by its name": {"seats,customer_id\n1,a\n", []string{`key    = "customer_id"`}, nil},
		"else it is the first column":  {"account,seats\na,1\n", []string{`key    = "account"`}, nil},
		"numbers and bools":            {"id,n,b,s\na,-1.5,true,1x\nb,,false,2\n", []string{`column "n" { type = number }`, `column "b" { type = bool }`}, []string{`column "s"`}},
		"a key of digits is a string":  {"id\n1\n2\n", nil, []string{`column "id"`}},
		"a column without values":      {"id,n\na,\n", nil, []string{`column "n"`}},
		"names that are no identifier": {"id,\"a \"\" b\",1st\na,1,2\n", nil, []string{`a " b`, `1st`}},
		"an address":                   {"id,E-Mail\na,x@y.example\n", []string{`to      = [tenant.E-Mail]`}, nil},
		"a byte order mark":            {"\ufeffid\na\n", []string{`key    = "id"`}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, plan := planOf(t, scaffold.Options{Name: "x", Now: now, CSV: []byte(tt.csv)})
			for _, want := range tt.has {
				if !strings.Contains(plan, want) {
					t.Errorf("it lacks %s:\n%s", want, plan)
				}
			}
			for _, unwanted := range tt.lacks {
				if strings.Contains(plan, unwanted) {
					t.Errorf("it has %s:\n%s", unwanted, plan)
				}
			}
		})
	}
}

func TestInventoryOfNoUse(t *testing.T) {
	for name, csv := range map[string]string{
		"empty": "", "no usable column": "1st,2nd\na,b\n", "a quote that never ends": "id\n\"a\n",
	} {
		if _, err := scaffold.Plan(scaffold.Options{Now: now, CSV: []byte(csv)}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestNameAndDate(t *testing.T) {
	names := map[string]string{"Über mail": "ber-mail", "2012": "my-transition", "": "my-transition", "ok-name": "ok-name", `a"b${c}`: "a-b--c"}
	for given, want := range names {
		_, plan := planOf(t, scaffold.Options{Name: given, Now: now})
		if !strings.Contains(plan, `transition "`+want+`"`) {
			t.Errorf("%q: the transition is not %q:\n%s", given, want, plan)
		}
		if !strings.Contains(plan, `"2012-02-24 18:00"`) {
			t.Errorf("the cutover does not lie 45 days ahead:\n%s", plan)
		}
	}
}

func TestSourceIsUsedWhereItLies(t *testing.T) {
	files, plan := planOf(t, scaffold.Options{Name: "x", Now: now, CSV: []byte("id\na\n"), Source: "data/all.csv"})
	if !strings.Contains(plan, `source = "data/all.csv"`) {
		t.Error("the source is not where the file lies")
	}
	for _, f := range files {
		if strings.HasSuffix(f, ".csv") {
			t.Errorf("%s is written although the tenants are there", f)
		}
	}
}
