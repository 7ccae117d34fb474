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
)

var update = flag.Bool("update", false, "write testdata/v1.json anew; never do so after a release")

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
		},
	}
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
	const file = "testdata/v1.json"
	if *update {
		var b bytes.Buffer
		if err := planfile.Write(&b, sample()); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	got, err := planfile.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got, compare); diff != "" {
		t.Errorf("-want +read:\n%s", diff)
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
		"next major":      strings.Replace(whole, `"format_version": "1.0"`, `"format_version": "2.0"`, 1),
		"unknown field":   strings.Replace(whole, `"serial"`, `"serail"`, 1),
		"unknown kind":    strings.Replace(whole, `"kind": "enrol"`, `"kind": "enroll"`, 1),
		"unknown zone":    strings.Replace(whole, "Europe/Vienna", "Europe/Vienne", 1),
		"something after": whole + "{}",
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := planfile.Read(strings.NewReader(content)); !errors.Is(err, planfile.ErrFormat) {
				t.Errorf("error %v, want ErrFormat", err)
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
