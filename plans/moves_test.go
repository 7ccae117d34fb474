package plans_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/plans/timeline"
	"transition/schema"
)

// TestNoFalseDateStands moves T of the seed's batches at every instant of their
// timelines, later and earlier and away, twice, and looks at what people were
// told last: at the end of every apply no last word is a date that is no longer
// true, and no lock is held before its time.
func TestNoFalseDateStands(t *testing.T) {
	files := seedFiles(t)
	first := newMoving(t, files)
	for _, at := range first.instants(t) {
		for _, one := range moves {
			for _, two := range moves {
				t.Run(fmt.Sprintf("%s/%s/%s", at.Format("0102-1504"), one.name, two.name), func(t *testing.T) {
					m := newMoving(t, files)
					m.until(t, at)
					m.move(t, one)
					m.w.now = m.w.now.Add(26 * time.Hour)
					m.settle(t)
					m.move(t, two)
					m.until(t, m.w.now.AddDate(0, 1, 0))
				})
			}
		}
	}
}

// move is a way in which the dates of all batches change.
type move struct {
	name string
	days int // 0: there is no date any more
}

var moves = []move{{"later", 9}, {"earlier", -3}, {"away", 0}}

// moving is the seed with a journal of what people were told.
type moving struct {
	w     *world
	files fstest.MapFS
	shift int               // days by which the batches are moved at present
	gone  bool              // they have no date
	told  map[string]string // last date by tenant and recipient; "none": that there is none
}

func seedFiles(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	dir := os.DirFS("../examples/bpos-s")
	err := fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(dir, path)
		files[path] = &fstest.MapFile{Data: content}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func newMoving(t *testing.T, files fstest.MapFS) *moving {
	t.Helper()
	m := &moving{files: files, told: make(map[string]string)}
	m.load(t)
	m.w.now = time.Date(2011, 12, 20, 12, 0, 0, 0, time.UTC)
	m.settle(t)
	return m
}

// load reads the plan with the dates that it has at present.
func (m *moving) load(t *testing.T) {
	t.Helper()
	files := fstest.MapFS{}
	for path, f := range m.files {
		files[path] = f
	}
	text := m.files["bpos-s.transition.hcl"].Data
	for _, day := range []string{"2012-03-09", "2012-03-30"} {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("cutover  = %q", at.AddDate(0, 0, m.shift).Format(time.DateOnly)+" 18:00")
		if m.gone {
			line = ""
		}
		text = bytes.Replace(text, []byte(fmt.Sprintf("cutover  = %q", day+" 18:00")), []byte(line), 1)
	}
	files["bpos-s.transition.hcl"] = &fstest.MapFile{Data: text}
	w, diags := newWorld(t, files)
	if w == nil {
		t.Fatal(diags)
	}
	if m.w != nil {
		w.records, w.now, w.next, w.adopted = m.w.records, m.w.now, m.w.next, m.w.adopted
	}
	m.w = w
}

// instants are all at which anything of the seed happens, once each.
func (m *moving) instants(t *testing.T) []time.Time {
	t.Helper()
	var all []time.Time
	for _, b := range m.w.cfg.Batches {
		for _, e := range timeline.Entries(m.w.cfg, b) {
			all = append(all, e.At, e.At.Add(time.Minute))
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// until applies at everything that falls due until an instant.
func (m *moving) until(t *testing.T, end time.Time) {
	t.Helper()
	for range 200 {
		next := m.w.plan(t).Plan.Next
		if next.IsZero() || next.After(end) {
			break
		}
		m.w.now = next
		m.settle(t)
	}
	if end.After(m.w.now) {
		m.w.now = end
		m.settle(t)
	}
}

// move changes the dates. What the plan refuses is taken back.
func (m *moving) move(t *testing.T, how move) {
	t.Helper()
	shift, gone := m.shift, m.gone
	m.shift, m.gone = shift+how.days, how.days == 0
	m.load(t)
	if diags := m.w.plan(t).Plan.Diagnostics; diags.HasErrors() {
		for _, d := range diags {
			if !slices.Contains([]string{"notice-too-short", "date-in-the-past", "moved-past-return"}, d.Code) {
				t.Fatalf("%s: %s", d.Code, d.Detail)
			}
		}
		m.shift, m.gone = shift, gone
		m.load(t)
	}
	m.settle(t)
}

// settle applies and looks at what people know.
func (m *moving) settle(t *testing.T) {
	t.Helper()
	m.w.before = m.hear
	m.w.apply(t, succeed)
	if res := m.w.plan(t); len(res.Plan.Changes) > 0 {
		t.Fatalf("%s: another apply would change %v", m.w.now, res.Plan.Changes)
	}
	for id, r := range m.w.records {
		want := "none"
		if !r.T.IsZero() {
			want = r.T.Format(time.RFC3339)
		}
		for to, last := range m.told {
			if tenant, _, _ := bytes.Cut([]byte(to), []byte(" ")); string(tenant) == id && last != want {
				t.Errorf("%s: %s was told %s last, and it is %s", m.w.now, to, last, want)
			}
		}
		m.locks(t, r)
	}
}

// locks fails when a lock is held before its time though nothing behind it has
// begun.
func (m *moving) locks(t *testing.T, r *ledger.Record) {
	t.Helper()
	lock := r.Item("Lock/tenant_admin")
	if lock == nil || !lock.Obligation || r.Item("DataUpgrade/upgrade") != nil {
		return
	}
	if r.T.IsZero() || m.w.now.Before(r.T.AddDate(0, 0, -1).Add(-2*time.Hour)) {
		t.Errorf("%s: %s is locked, and T is %s", m.w.now, r.ID, r.T)
	}
}

// hear notes what a message tells.
func (m *moving) hear(a *plans.Action, r *ledger.Record) {
	c, ok := a.Item.Does.(*schema.Communication)
	if !ok {
		return
	}
	for _, to := range a.Recipients {
		switch {
		case c.On == schema.OnWithdrawn || c.On == schema.OnRolledBack:
			m.told[r.ID+" "+to] = "none"
		case c.TellsT:
			m.told[r.ID+" "+to] = r.T.Format(time.RFC3339)
		}
	}
}
