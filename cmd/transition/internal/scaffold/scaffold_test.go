package scaffold_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"transition/cmd/transition/internal/scaffold"
	"transition/schema/hclconfig"
)

var now = time.Date(2012, 1, 10, 0, 0, 0, 0, time.UTC)

func planOf(t *testing.T, o scaffold.Options) (names []string, plan string) {
	t.Helper()
	made, err := scaffold.Plan(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range made.Files {
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
		"names with blanks":  {Name: "x", Now: now, CSV: []byte("Customer ID;E-Mail of admin;Seats left\na;b@c.example;1\n")},
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
		"else one that differs":        {"land,shop\nde,x\nde,y\n", []string{`key    = "shop"`}, nil},
		"not one with gaps":            {"id,shop\n,x\na,y\n", []string{`key    = "shop"`}, nil},
		"a name as people write it":    {"Seats;Customer ID\n1;a\n2;b\n", []string{`key    = "Customer ID"`, `column "Seats" { type = number }`}, nil},
		"tabs":                         {"n\tid\n1\ta\n", []string{`key    = "id"`, `column "n"`}, nil},
		"the last row counts too":      {"id,n\n" + manyRows() + "b,x\n", nil, []string{`column "n"`}},
		"zeros in front are no number": {"id,zip\na,01234\nb,99999\n", nil, []string{`column "zip"`}},
		"numbers and bools":            {"id,n,b,s\na,-1.5,true,1x\nb,,false,2\n", []string{`column "n" { type = number }`, `column "b" { type = bool }`}, []string{`column "s"`}},
		"a key of digits is a string":  {"id\n1\n2\n", nil, []string{`column "id"`}},
		"a column without values":      {"id,n\na,\n", nil, []string{`column "n"`}},
		"names that cannot be written": {"id,\"a \"\" b\",${c}\na,1,2\n", nil, []string{`a " b`, `${c}`}},
		"an address":                   {"id,E-Mail\na,x@y.example\n", []string{`to      = [tenant.E-Mail]`}, nil},
		"an address with blanks":       {"id,Mail of IT\na,x@y.example\n", []string{`to      = [tenant["Mail of IT"]]`}, nil},
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

// manyRows are more than anybody would look at.
func manyRows() string {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "a%d,1\n", i)
	}
	return b.String()
}

func TestInventoryOfNoUse(t *testing.T) {
	for name, csv := range map[string]string{
		"empty": "", "no column that differs": "n,m\na,b\na,b\n", "a quote that never ends": "id\n\"a\n",
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

func TestKeyThatIsGiven(t *testing.T) {
	csv := []byte("id,Customer No\na,x\nb,y\n")
	_, plan := planOf(t, scaffold.Options{Name: "x", Now: now, CSV: csv, Key: "Customer No"})
	if !strings.Contains(plan, `key    = "Customer No"`) {
		t.Errorf("the key is not the one that was given:\n%s", plan)
	}
	_, err := scaffold.Plan(scaffold.Options{Now: now, CSV: csv, Key: "Customer Nr"})
	if err == nil || !strings.Contains(err.Error(), `did you mean "Customer No"`) {
		t.Errorf("the error is %v", err)
	}
}

func TestMessagesCallTenantsByName(t *testing.T) {
	for csv, want := range map[string]string{
		"id\na\n": "${tenant.id} has moved", "id,name\na,A\n": "${tenant.name} has moved",
		"id,Company Name\na,A\n": `${tenant["Company Name"]} has moved`,
	} {
		made, err := scaffold.Plan(scaffold.Options{Now: now, CSV: []byte(csv)})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range made.Files {
			found = found || strings.Contains(string(f.Content), want)
		}
		if !found {
			t.Errorf("%q: no message says %q", csv, want)
		}
	}
}

func TestWhatWasChosenIsTold(t *testing.T) {
	made, err := scaffold.Plan(scaffold.Options{Now: now, CSV: []byte("id,mail\na,x@y.example\nb,\n")})
	if err != nil {
		t.Fatal(err)
	}
	if made.Key != "id" || made.Address != "mail" || made.Tenants != 2 {
		t.Errorf("it says key %q, address %q, %d tenants", made.Key, made.Address, made.Tenants)
	}
}
