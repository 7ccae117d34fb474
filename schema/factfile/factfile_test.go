package factfile_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"transition/schema"
	"transition/schema/factfile"
	"transition/schema/hclconfig"
)

const plan = `
transition "t" { time_zone = "Europe/Vienna" }

channel "maildir" "post" { path = "outbox" }

batch "one" { cutover = "2027-05-01 18:00" }

phase "Wait" {}

phase "Tell" {
  opens = "T-30d"

  communication "first" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "first"
    body    = "On ${"$"}{T}."
    notice  = true
  }
}

phase "Lock" {
  opens = "T-1d"

  lock "admin" {
    acquire {
      exec { command = ["lock"] }
    }
    release {
      exec { command = ["unlock"] }
    }
    release_in = phase.Done
  }
}

phase "Done" { opens = "T+1d" }
`

func config(t testing.TB) *schema.Config {
	t.Helper()
	files := fstest.MapFS{
		"p.transition.hcl": {Data: []byte(strings.ReplaceAll(plan, `${"$"}{T}`, "${T}") + "\ntenant \"acme\" {\n  attributes = { email = \"a@acme.example\" }\n}\n")},
	}
	cfg, diags := hclconfig.Load(files, hclconfig.Options{Version: "0.1.0"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return cfg
}

var now = time.Date(2027, 4, 1, 12, 0, 0, 0, time.UTC)

func TestRead(t *testing.T) {
	const table = "\ufeffat;item;tenant;state;recipient;batch;note\n" +
		"2027-03-30 18:00;Lock/admin;zeta;locked;;;\n" +
		"2027-03-01;Tell/first;acme;;a@acme.example;;\"in the log; twice\"\n" +
		";;acme;;;one;\n"
	rows, diags := factfile.Read([]byte(table), "facts.csv", config(t), now)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	if len(rows) != 3 || rows[0].Tenant != "acme" || rows[2].Tenant != "zeta" {
		t.Fatalf("rows %+v", rows)
	}
	first := rows[0]
	if first.Item.Key() != "Tell/first" || first.State != factfile.Done || first.Note != "in the log; twice" || first.Line != 3 {
		t.Errorf("first row of acme: %+v", first)
	}
	if want := time.Date(2027, 2, 28, 23, 0, 0, 0, time.UTC); !first.At.Equal(want) {
		t.Errorf("at %s, want midnight in Vienna", first.At)
	}
	if rows[1].Batch == nil || rows[1].Item != nil || rows[1].Batch.Name != "one" {
		t.Errorf("second row of acme: %+v", rows[1])
	}
	if rows[2].State != factfile.Locked {
		t.Errorf("row of zeta: %+v", rows[2])
	}
}

func TestMistakes(t *testing.T) {
	tests := map[string]struct{ table, code, says string }{
		"empty":                    {"", "facts-unreadable", "It is empty."},
		"torn quotes":              {"tenant,item\nacme,\"Lock\n", "facts-unreadable", "quote"},
		"unknown column":           {"tenant,itm\n", "unknown-column", "Did you mean item?"},
		"column twice":             {"tenant,at,at\n", "duplicate-column", `"at"`},
		"nobody's column":          {"item,at\n", "missing-column", "tenant"},
		"too many cells":           {"tenant,item\nacme,Lock/admin,x\n", "too-many-cells", "more cells"},
		"about nobody":             {"tenant,item,state,at\n,Lock/admin,done,2027-03-01\n", "empty-key", "no tenant"},
		"about nothing":            {"tenant,at\nacme,2027-03-01\n", "bad-fact", "neither an item nor a batch"},
		"unknown item":             {"tenant,item,at\nacme,Lock/admim,2027-03-01\n", "unknown-reference", "Did you mean Lock/admin?"},
		"what the plan lacks":      {"tenant,item,at\nacme,on/rescheduled,2027-03-01\n", "unknown-reference", "on/rescheduled"},
		"unknown batch":            {"tenant,batch\nacme,onne\n", "unknown-reference", "Did you mean one?"},
		"no instant":               {"tenant,item,state\nacme,Lock/admin,done\n", "bad-fact", "does not say when"},
		"bad instant":              {"tenant,item,state,at\nacme,Lock/admin,done,soon\n", "bad-instant", "soon"},
		"tomorrow":                 {"tenant,item,state,at\nacme,Lock/admin,done,2027-04-02\n", "bad-fact", "only what has happened"},
		"unknown state":            {"tenant,item,state,at\nacme,Lock/admin,lokced,2027-03-01\n", "bad-fact", "Did you mean locked?"},
		"lock without state":       {"tenant,item,at\nacme,Lock/admin,2027-03-01\n", "bad-fact", "still held"},
		"no lock":                  {"tenant,item,state,at,recipient\nacme,Tell/first,locked,2027-03-01,\n", "bad-fact", "no lock"},
		"message to nobody":        {"tenant,item,at\nacme,Tell/first,2027-03-01\n", "bad-fact", "who had the message"},
		"bad address":              {"tenant,item,at,recipient\nacme,Tell/first,2027-03-01,acme\n", "bad-fact", `"acme"`},
		"recipient of a skip":      {"tenant,item,state,at,recipient\nacme,Tell/first,skipped,2027-03-01,a@acme.example\n", "bad-fact", "nobody had it"},
		"batch of an item":         {"tenant,item,state,at,batch\nacme,Lock/admin,done,2027-03-01,one\n", "bad-fact", "batch says nothing"},
		"recipient of the tenant":  {"tenant,batch,recipient\nacme,one,a@acme.example\n", "bad-fact", "recipient says nothing"},
		"recipient of what is run": {"tenant,item,state,at,recipient\nacme,Lock/admin,done,2027-03-01,a@acme.example\n", "bad-fact", "no message"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, diags := factfile.Read([]byte(test.table), "facts.csv", config(t), now)
			if len(diags) == 0 {
				t.Fatal("no mistake")
			}
			d := diags[0]
			if d.Code != test.code || !strings.Contains(d.Detail+d.Hint, test.says) {
				t.Errorf("%s: %s %s\nwant %s with %q", d.Code, d.Detail, d.Hint, test.code, test.says)
			}
			if d.Subject.File != "facts.csv" || d.Subject.Start.Line < 1 {
				t.Errorf("range %+v", d.Subject)
			}
		})
	}
}

func TestManyMistakesAreCounted(t *testing.T) {
	table := "tenant,item,at\n" + strings.Repeat("acme,Lock/none,2027-03-01\n", 1000)
	_, diags := factfile.Read([]byte(table), "facts.csv", config(t), now)
	if last := diags[len(diags)-1]; len(diags) > 60 || last.Code != "more-mistakes" || !strings.Contains(last.Detail, "950 more") {
		t.Errorf("%d diagnostics, the last: %s", len(diags), last.Detail)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("tenant,item,state,at\nacme,Lock/admin,done,2027-03-01\n"))
	f.Add([]byte("tenant;batch;cutover\nacme;one;2027-05-02\n"))
	f.Add([]byte("\"tenant\n"))
	cfg := config(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		rows, diags := factfile.Read(content, "facts.csv", cfg, now)
		for _, row := range rows {
			if row.Item == nil && row.Batch == nil && !diags.HasErrors() {
				t.Errorf("a row says nothing: %+v", row)
			}
		}
	})
}
