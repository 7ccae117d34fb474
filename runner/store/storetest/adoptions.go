package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"time"

	"transition/plans/ledger"
	"transition/runner/store"
)

// Kept is a file that is to be kept, and counts in reads how often it was read.
func Kept(path, content string, reads *int) store.File {
	return store.File{Path: path, SHA256: sha256.Sum256([]byte(content)), Open: func() (io.ReadCloser, error) {
		*reads++
		return io.NopCloser(strings.NewReader(content)), nil
	}}
}

// long has several parts in any store.
var long = strings.Repeat("id,email\n", 400_000)

// plan is an adoption with files given as path, content, path, content.
func (f *fixture) plan(digest string, reads *int, files ...string) *store.Adoption {
	a := &store.Adoption{Digest: digest, Inventory: "inv-" + digest, Vars: []string{`days=7`, `greeting="a=b"`}, Withheld: []string{"password"}}
	for i := 0; i < len(files); i += 2 {
		a.Files = append(a.Files, Kept(files[i], files[i+1], reads))
	}
	return a
}

// adopted reads the adopted plan with everything in it.
func adopted(f *fixture, s store.Store) (*store.Adoption, map[string]string) {
	f.Helper()
	return kept(f, s.Adopted)
}

func kept(f *fixture, read func(context.Context) (*store.Adoption, error)) (*store.Adoption, map[string]string) {
	f.Helper()
	a, err := read(f.ctx())
	if err != nil {
		f.Fatalf("adopted: %v", err)
	}
	if a == nil {
		return nil, nil
	}
	contents := make(map[string]string)
	for i := range a.Files {
		var b bytes.Buffer
		if err := a.Files[i].Copy(&b); err != nil {
			f.Fatal(err)
		}
		if int64(b.Len()) != a.Files[i].Size {
			f.Errorf("%s has %d bytes and says it has %d", a.Files[i].Path, b.Len(), a.Files[i].Size)
		}
		contents[a.Files[i].Path] = b.String()
	}
	return a, contents
}

func testAdopt(f *fixture) {
	if a, _ := adopted(f, f.Store); a != nil {
		f.Fatalf("a new state has adopted %+v", a)
	}
	var reads int
	want := []string{"empty.txt", "", "p.transition.hcl", "transition \"t\" {}\n", "tenants.csv", long}
	f.commit(store.Commit{Adopt: f.plan("one", &reads, want...)})
	at := f.now
	f.facts(enrolled("contoso")) // a commit that adopts nothing changes nothing of it
	m := f.meta()
	if m.Adopted != "one" || m.AdoptedInventory != "inv-one" || !m.AdoptedAt.Equal(at) {
		f.Errorf("the description is %+v", m)
	}
	a, contents := adopted(f, f.Store)
	f.same("the contents", map[string]string{want[0]: want[1], want[2]: want[3], want[4]: want[5]}, contents)
	f.same("the variables", []string{`days=7`, `greeting="a=b"`}, a.Vars)
	f.same("the withheld ones", []string{"password"}, a.Withheld)
	f.same("the digests", "one inv-one", a.Digest+" "+a.Inventory)
	f.same("the sum", f.plan("one", &reads, want...).Sum(), a.Sum())
	f.sound()
}

// testAdoptAgain reads nothing that is kept already, and forgets what is gone.
func testAdoptAgain(f *fixture) {
	var before, after int
	f.commit(store.Commit{Adopt: f.plan("one", &before, "a.md", "a", "p.transition.hcl", "first", "tenants.csv", long)})
	f.commit(store.Commit{Adopt: f.plan("two", &after, "moved.csv", long, "p.transition.hcl", "second")})
	if before != 3 || after != 1 {
		f.Errorf("%d files were read at first and %d for one changed file", before, after)
	}
	a, contents := adopted(f, f.Store)
	f.same("the contents", map[string]string{"moved.csv": long, "p.transition.hcl": "second"}, contents)
	f.same("the digest", "two", a.Digest)
	f.sound()
}

// testPart keeps a plan of which a part is applied beside the adopted one, until
// another one is adopted as a whole.
func testPart(f *fixture) {
	var reads int
	first := []string{"p.transition.hcl", "first", "tenants.csv", long}
	f.commit(store.Commit{Part: f.plan("part", &reads, "p.transition.hcl", "of nothing")})
	if a, _ := adopted(f, f.Store); a != nil {
		f.Errorf("a part is adopted: %+v", a)
	}
	f.commit(store.Commit{Adopt: f.plan("one", &reads, first...)})
	if a, _ := kept(f, f.Part); a != nil || f.meta().Part != "" {
		f.Errorf("after a plan was adopted, the part is %+v", a)
	}
	reads = 0
	f.commit(store.Commit{Part: f.plan("two", &reads, "p.transition.hcl", "second", "tenants.csv", long)})
	at := f.now
	f.facts(enrolled("contoso"))
	if reads != 1 {
		f.Errorf("%d files were read for one that the adopted plan has not", reads)
	}
	m := f.meta()
	if m.Adopted != "one" || m.Part != "two" || m.PartInventory != "inv-two" || !m.PartAt.Equal(at) {
		f.Errorf("the description is %+v", m)
	}
	_, contents := kept(f, f.Part)
	f.same("the part", map[string]string{"p.transition.hcl": "second", "tenants.csv": long}, contents)
	_, contents = adopted(f, f.Store)
	f.same("the adopted plan", map[string]string{"p.transition.hcl": "first", "tenants.csv": long}, contents)
	f.sound()
	f.commit(store.Commit{Part: f.plan("three", &reads, "p.transition.hcl", "third")})
	a, contents := kept(f, f.Part)
	f.same("the next part", map[string]string{"p.transition.hcl": "third"}, contents)
	f.same("its variables", []string{`days=7`, `greeting="a=b"`}, a.Vars)
	f.sound()
	f.commit(store.Commit{Adopt: f.plan("one", &reads, first...)})
	if a, _ := kept(f, f.Part); a != nil || f.meta().Part != "" {
		f.Errorf("after the plan was adopted, the part is %+v", a)
	}
	f.sound()
}

// testAdoptFails leaves the plan of before whole, whatever goes wrong.
func testAdoptFails(f *fixture) {
	var reads int
	f.commit(store.Commit{Adopt: f.plan("one", &reads, "p.transition.hcl", "first", "tenants.csv", long)})
	before, contents := adopted(f, f.Store)
	meta := f.meta()
	changed := f.plan("two", &reads, "a.md", "new", "p.transition.hcl", "second")
	changed.Files[1].SHA256[0]++
	unread := f.plan("two", &reads, "a.md", "new", "p.transition.hcl", "second")
	gone := errors.New("no such file")
	unread.Files[1].Open = func() (io.ReadCloser, error) { return nil, gone }
	for name, test := range map[string]struct {
		commit store.Commit
		want   error
	}{
		"a file that has changed":      {store.Commit{Adopt: changed}, store.ErrChanged},
		"a file that cannot be read":   {store.Commit{Adopt: unread}, gone},
		"something else of the commit": {store.Commit{Adopt: f.plan("two", &reads, "a.md", "new"), Dropped: []int64{99}}, nil},
	} {
		_, err := f.try(test.commit)
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			f.Errorf("%s: got error %v, want %v", name, err, test.want)
		}
		var file *store.FileError
		if test.want != nil && (!errors.As(err, &file) || file.Path != "p.transition.hcl") {
			f.Errorf("%s: the error does not name the file: %v", name, err)
		}
		a, is := adopted(f, f.Store)
		f.same(name+": the sum", before.Sum(), a.Sum())
		f.same(name+": the contents", contents, is)
		f.same(name+": the description", meta, f.meta())
	}
	f.sound()
}

// testAdoptSurvives cuts the power after a plan was adopted.
func testAdoptSurvives(f *fixture, reopen Reopen) {
	var reads int
	f.commit(store.Commit{
		Adopt: f.plan("one", &reads, "p.transition.hcl", "first", "tenants.csv", long),
		Facts: []ledger.Fact{{At: day.Add(time.Hour), Tenant: "contoso", Kind: ledger.Enrolled}},
	})
	a, contents := adopted(f, reopen(f.T, f.Store))
	if a == nil || a.Digest != "one" {
		f.Fatalf("after the power was cut, the adopted plan is %+v", a)
	}
	f.same("the contents", map[string]string{"p.transition.hcl": "first", "tenants.csv": long}, contents)
}
