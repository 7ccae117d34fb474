package planfile_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"transition/plans"
	"transition/plans/planfile"
	"transition/schema/addr"
)

var update = flag.Bool("update", false, "write the newest of testdata anew; never do so after a release")

func sample() *planfile.File {
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		panic(err)
	}
	at := time.Date(2027, 3, 20, 17, 0, 0, 0, time.UTC)
	return &planfile.File{
		Dir: "plans/waves", Lineage: "a-lineage", Serial: 7, Digest: "d1", Inventory: "d2",
		Plan: &plans.Plan{
			Name: "waves", Now: at, Zone: vienna, Lineage: "a-lineage", Serial: 7, Tenants: 3, Locks: 1,
			Next: at.Add(time.Hour),
			Changes: []plans.Change{
				{Kind: plans.Enrol, Tenant: "acme", At: at},
				{Kind: plans.Place, Tenant: "acme", Batch: "one", At: at, Detail: plans.Detail{T: at.AddDate(0, 2, 0)}},
				{Kind: plans.Collapse, Tenant: "acme", Batch: "one", Phase: "Tell", Item: "first", At: at, Reason: "collapsed into Remind/again", Detail: plans.Detail{Into: "Remind/again"}},
				{Kind: plans.Send, Tenant: "acme", Batch: "one", Phase: "Remind", Item: "again", At: at, Detail: plans.Detail{Recipients: []string{"a@a.example"}}},
				{Kind: plans.Run, Tenant: "beta", Batch: "one", Phase: "Move", Item: "upgrade", At: at, Reason: "retry", Detail: plans.Detail{Attempt: 2, PassesPONR: true}},
			},
			Waiting:  []plans.Wait{{Kind: plans.WaitRetry, Tenant: "cara", Batch: "one", Address: "cara/Copy/copy", Reason: "exit code 75", Since: at, Until: at.Add(time.Minute)}},
			Upcoming: []plans.Upcoming{{At: at.Add(time.Hour), Kind: plans.Unlock, Count: 2}},
			Within: plans.Scope{
				Targets:  []addr.Selector{{Batch: "one"}, {Tenant: "c*", Phase: "Copy", Item: "*"}},
				Excludes: []addr.Selector{{Tenant: "dora"}},
			},
			LeftOut: 12, Replaced: []addr.Address{{Tenant: "cara", Phase: "Copy", Item: "copy"}},
		},
	}
}

// sample0 is what the format 1.0 could hold of it.
func sample0() *planfile.File {
	f := sample()
	f.Plan.Within, f.Plan.LeftOut, f.Plan.Replaced = plans.Scope{}, 0, nil
	return f
}

var compare = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	var b bytes.Buffer
	if err := planfile.Write(&b, sample()); err != nil {
		t.Fatal(err)
	}
	got, err := planfile.Read(&b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got, compare); diff != "" {
		t.Errorf("-written +read:\n%s", diff)
	}
}

// Every format that was ever written must be read for as long as its major
// version is.
func TestFormatV1IsRead(t *testing.T) {
	for file, want := range map[string]*planfile.File{"testdata/v1.json": sample0(), "testdata/v1.1.json": sample()} {
		if *update && file == "testdata/v1.1.json" {
			var b bytes.Buffer
			if err := planfile.Write(&b, want); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := planfile.Read(bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, compare); diff != "" {
			t.Errorf("%s: -want +read:\n%s", file, diff)
		}
	}
}

func TestForeignFilesAreRefused(t *testing.T) {
	var b bytes.Buffer
	if err := planfile.Write(&b, sample()); err != nil {
		t.Fatal(err)
	}
	whole := b.String()
	tests := map[string]string{
		"empty":           "",
		"other json":      `{"format_version":"1.0"}`,
		"cut":             whole[:len(whole)/2],
		"next major":      strings.Replace(whole, `"format_version": "1.1"`, `"format_version": "2.0"`, 1),
		"unknown field":   strings.Replace(whole, `"serial"`, `"serail"`, 1),
		"unknown kind":    strings.Replace(whole, `"kind": "enrol"`, `"kind": "enroll"`, 1),
		"unknown zone":    strings.Replace(whole, "Europe/Vienna", "Europe/Vienne", 1),
		"something after": whole + "{}",
		"a name twice":    strings.Replace(whole, `"serial": 7`, `"serial": 7, "serial": 8`, 1),
		"twice by case":   strings.Replace(whole, `"serial": 7`, `"serial": 7, "Serial": 8`, 1),
		"twice within":    strings.Replace(whole, `"kind": "enrol"`, `"kind": "send", "kind": "enrol"`, 1),
		"lists twice":     strings.Replace(whole, `"waiting"`, `"changes": [], "waiting"`, 1),
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := planfile.Read(strings.NewReader(content)); !errors.Is(err, planfile.ErrFormat) {
				t.Errorf("error %v, want ErrFormat", err)
			}
		})
	}
}

// What is wrong is said in words of the format, not of the program.
func TestMistakesNameTheField(t *testing.T) {
	var b bytes.Buffer
	if err := planfile.Write(&b, sample()); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ from, to, says string }{
		"too large a number":   {`"serial": 7`, `"serial": 1e99`, `its field "serial" is 1e99 and not a whole number`},
		"a negative serial":    {`"serial": 7`, `"serial": -1`, `its field "serial" is -1`},
		"a text for a number":  {`"tenants": 3`, `"tenants": "3"`, `its field "tenants" is a text and not a whole number`},
		"negative tenants":     {`"tenants": 3`, `"tenants": -3`, `its field "tenants" is -3`},
		"negative locks":       {`"locks": 1`, `"locks": -1`, `its field "locks" is -1`},
		"a negative attempt":   {`"attempt": 2`, `"attempt": -2`, `its field "changes.attempt" is -2`},
		"a negative count":     {`"count": 2`, `"count": -2`, `its field "upcoming.count" is -2`},
		"a number for a text":  {`"tenant": "acme"`, `"tenant": 1`, `its field "changes.tenant" is a number and not a text`},
		"an object for a list": {`"recipients": [`, `"recipients": {}, "recipients": [`, `its field "changes.recipients" is an object and not a list`},
		"a text for an object": {`"changes": [`, `"changes": ["x",`, `its field "changes" is a text and not an object`},
		"no truth":             {`"passes_point_of_no_return": true`, `"passes_point_of_no_return": 1`, `is a number and not true or false`},
		"no instant":           {`"now": "`, `"now": "next `, `its field "now" is "next 2027-03-20T17:00:00Z" and not an instant`},
		"no instant further":   {`"since": "`, `"since": "next `, `its field "waiting.since" is "next `},
		"a number for instant": {`"next": "2027-03-20T18:00:00Z"`, `"next": 12`, `its field "next" is 12 and not an instant`},
		"an unknown field":     {`"serial"`, `"serail"`, `it has a field "serail"`},
		"negative left out":    {`"left_out": 12`, `"left_out": -12`, `its field "left_out" is -12`},
		"no selector":          {`"batch.one"`, `"a/b/c/d"`, `its field "targets" holds something else`},
		"no address":           {`"replaced": [`, `"replaced": ["*/Copy/copy",`, `its field "replaced" holds something else`},
		"a long text":          {`"now": "`, `"now": "` + strings.Repeat("long ", 1000), `long…`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			content := strings.Replace(b.String(), tt.from, tt.to, 1)
			if content == b.String() {
				t.Fatalf("the sample does not hold %s", tt.from)
			}
			_, err := planfile.Read(strings.NewReader(content))
			if !errors.Is(err, planfile.ErrFormat) {
				t.Fatalf("error %v, want ErrFormat", err)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the error does not say %s: %v", tt.says, err)
			}
			for _, words := range []string{"Go ", "json:", "unmarshal", "V1"} {
				if strings.Contains(err.Error(), words) {
					t.Errorf("the error speaks of %q: %v", words, err)
				}
			}
			if len(err.Error()) > 300 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := planfile.Write(&b, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, content []byte) {
		read, err := planfile.Read(bytes.NewReader(content))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if err := planfile.Write(&again, read); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		twice, err := planfile.Read(&again)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if diff := cmp.Diff(read, twice, compare); diff != "" {
			t.Fatal(diff)
		}
	})
}
