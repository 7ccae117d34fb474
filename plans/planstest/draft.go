// Package planstest makes plans for tests: one that can be edited in every way
// that there is.
package planstest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"
)

// Draft is a plan that can be edited in every way that there is.
type Draft struct {
	// Defaults are attributes of the plan's defaults; they may name
	// retry.patient.
	Defaults string

	batches []batch
	phases  []phase
	tenants map[string]tenant
	moved   []string // blocks
	blocked string   // ring that a constraint blocks; empty: none
	violate string   // on_violation
	notice  bool
	named   int // names given so far

	// Of an enriched draft:
	head       string // attributes and blocks of the transition
	top        string // blocks
	recipients int    // of each tenant; 0: one
}

type batch struct {
	name, ring string
	cutover    time.Time // zero: no date
	capacity   int       // 0: unlimited
	breaker    string    // block
	waits      bool      // for the first batch
}

type phase struct {
	name  string
	days  int  // offset; the first has none
	hours bool // the offset is counted in hours
	rest  string
	items []item
}

type item struct{ name, block string }

type tenant struct {
	ring  string
	gone  bool
	batch string    // that its block names
	own   time.Time // its own cutover
}

const workBlock = "  work %q {\n    exec { command = [\"run\", tenant.id] }\n%s  }\n"

const undoBlock = "    undo {\n      exec { command = [\"undo\", tenant.id] }\n    }\n"

const messageBlock = "  communication %q {\n    channel = channel.maildir.post\n    to = split(\" \", tenant.email)\n    subject = \"s\"\n    body = \"On ${T}.\"\n    notice = true\n  }\n"

const lockBlock = `  lock "admin" {
    acquire {
      exec { command = ["lock", tenant.id] }
    }
    release {
      exec { command = ["unlock", tenant.id] }
    }
    release_in = phase.Finish
  }
`

// New draws a plan of one to four tenants.
func New(rt *rapid.T) *Draft {
	day := func(month time.Month, d int) time.Time { return time.Date(2027, month, d, 18, 0, 0, 0, time.UTC) }
	d := &Draft{
		notice:  rapid.Bool().Draw(rt, "notice"),
		tenants: make(map[string]tenant),
		batches: []batch{
			{name: "b1", ring: "1", cutover: day(time.March, 20)},
			{name: "b2", ring: "2", cutover: day(time.April, 17), capacity: rapid.IntRange(0, 2).Draw(rt, "capacity")},
		},
		phases: []phase{
			{name: "Wait"},
			{name: "Tell", days: -30, items: []item{{"first", fmt.Sprintf(messageBlock, "first")}}},
			{name: "Copy", days: -7, items: []item{{"copy", fmt.Sprintf(workBlock, "copy", undoBlock)}}},
			{name: "Lock", days: -1, items: []item{{"admin", lockBlock}}},
			{name: "Move", rest: "  latest_start = \"T+1d\"\n  point_of_no_return = true\n", items: []item{{"upgrade", fmt.Sprintf(workBlock, "upgrade", "")}}},
			{name: "Finish", days: 3},
		},
	}
	switch rapid.SampledFrom([]string{"", "work", "lock"}).Draw(rt, "behind the lock") {
	case "work":
		d.phases[3].items = append(d.phases[3].items, item{"flip", fmt.Sprintf(workBlock, "flip", "    after = [lock.admin]\n"+undoBlock)})
	case "lock":
		d.phases[3].items = append(d.phases[3].items, item{"inner", strings.Replace(lockBlock, "\"admin\" {\n", "\"inner\" {\n    after = [lock.admin]\n", 1)})
	}
	for i := range rapid.IntRange(1, 4).Draw(rt, "tenants") {
		d.tenants[fmt.Sprintf("t%d", i)] = tenant{ring: fmt.Sprint(i%2 + 1)}
	}
	return d
}

// Clone is a copy that is edited on its own.
func (d *Draft) Clone() *Draft {
	c := *d
	c.batches, c.moved, c.tenants = slices.Clone(d.batches), slices.Clone(d.moved), maps.Clone(d.tenants)
	c.phases = slices.Clone(d.phases)
	for i := range c.phases {
		c.phases[i].items = slices.Clone(c.phases[i].items)
	}
	return &c
}

// Text is the plan file.
func (d *Draft) Text() string {
	var b strings.Builder
	b.WriteString("transition \"t\" {\n  time_zone = \"Europe/Vienna\"\n")
	if d.notice {
		b.WriteString("  notice {\n    first = \"10d\"\n    final = \"3d\"\n  }\n")
	}
	if d.Defaults != "" {
		b.WriteString("  defaults {\n" + d.Defaults + "  }\n")
	}
	b.WriteString(d.head + "}\nretry \"patient\" {\n  max_attempts = 3\n  initial_interval = \"20h\"\n}\ninventory \"tenants\" {\n  source = \"tenants.csv\"\n  key = \"id\"\n  max_removals = \"100%\"\n}\nchannel \"maildir\" \"post\" {\n  path = \"outbox\"\n  from = \"x@a.example\"\n}\n")
	for _, x := range d.batches {
		fmt.Fprintf(&b, "batch %q {\n  match = tenant.ring == %q\n", x.name, x.ring)
		if !x.cutover.IsZero() {
			fmt.Fprintf(&b, "  cutover = %q\n", x.cutover.Format(time.RFC3339))
		}
		if x.capacity > 0 {
			fmt.Fprintf(&b, "  capacity = %d\n", x.capacity)
		}
		if x.waits {
			fmt.Fprintf(&b, "  after {\n    batch = batch.%s\n    soak = \"1d\"\n  }\n", d.batches[0].name)
		}
		b.WriteString(x.breaker)
		b.WriteString("}\n")
	}
	if d.blocked != "" {
		fmt.Fprintf(&b, "constraint \"ring\" {\n  blocked_when = tenant.ring == %q\n  reason = \"it waits\"\n  on_violation = %q\n}\n", d.blocked, d.violate)
	}
	for i, p := range d.phases {
		fmt.Fprintf(&b, "phase %q {\n%s", p.name, p.rest)
		if i > 0 {
			fmt.Fprintf(&b, "  opens = %q\n", p.offset())
		}
		for _, it := range p.items {
			b.WriteString(it.block)
		}
		b.WriteString("}\n")
	}
	for _, id := range slices.Sorted(maps.Keys(d.tenants)) {
		t := d.tenants[id]
		if t.gone || t.batch == "" && t.own.IsZero() {
			continue
		}
		fmt.Fprintf(&b, "tenant %q {\n", id)
		if t.batch != "" {
			fmt.Fprintf(&b, "  batch = batch.%s\n", t.batch)
		}
		if !t.own.IsZero() {
			fmt.Fprintf(&b, "  cutover = %q\n", t.own.Format(time.RFC3339))
		}
		b.WriteString("}\n")
	}
	return b.String() + d.top + strings.Join(d.moved, "")
}

func (p *phase) offset() string {
	if p.hours {
		return fmt.Sprintf("T%+dh", 24*p.days)
	}
	return offset(p.days)
}

func offset(days int) string {
	if days == 0 {
		return "T"
	}
	return fmt.Sprintf("T%+dd", days)
}

// Inventory is what the plan calls tenants.csv.
func (d *Draft) Inventory() string {
	var b strings.Builder
	b.WriteString("id,email,ring\n")
	for _, id := range slices.Sorted(maps.Keys(d.tenants)) {
		if t := d.tenants[id]; !t.gone {
			emails := id + "@a.example"
			for i := 2; i <= d.recipients; i++ {
				emails += fmt.Sprintf(" %s@%c.example", id, 'a'+i-1)
			}
			fmt.Fprintf(&b, "%s,%s,%s\n", id, emails, t.ring)
		}
	}
	return b.String()
}

// Change edits the plan in one way, and says which.
func (d *Draft) Change(rt *rapid.T, now time.Time) string {
	edits := []func(*rapid.T, time.Time) string{
		d.moveDate, d.moveDate, d.moveDate, d.callOff, d.changeTenant, d.changeTenant, d.leave, d.shiftPhase,
		d.insert, d.insert, d.remove, d.rename, d.renameItem, d.renamePhase, d.constrain,
	}
	return edits[rapid.IntRange(0, len(edits)-1).Draw(rt, "edit")](rt, now)
}

func (d *Draft) batch(rt *rapid.T) *batch {
	return &d.batches[rapid.IntRange(0, len(d.batches)-1).Draw(rt, "batch")]
}

func (d *Draft) moveDate(rt *rapid.T, now time.Time) string {
	b := d.batch(rt)
	if b.cutover.IsZero() {
		b.cutover = time.Date(now.Year(), now.Month(), now.Day(), 18, 0, 0, 0, time.UTC).AddDate(0, 0, 40)
	}
	b.cutover = b.cutover.AddDate(0, 0, rapid.IntRange(-25, 30).Draw(rt, "days"))
	return "moving the date of " + b.name
}

func (d *Draft) callOff(rt *rapid.T, _ time.Time) string {
	b := d.batch(rt)
	b.cutover = time.Time{}
	return "calling off " + b.name
}

func (d *Draft) tenant(rt *rapid.T) (string, tenant) {
	id := rapid.SampledFrom(slices.Sorted(maps.Keys(d.tenants))).Draw(rt, "tenant")
	return id, d.tenants[id]
}

func (d *Draft) changeTenant(rt *rapid.T, now time.Time) string {
	id, t := d.tenant(rt)
	switch rapid.IntRange(0, 3).Draw(rt, "how") {
	case 0:
		t.ring = fmt.Sprint(rapid.IntRange(1, 3).Draw(rt, "ring"))
	case 1:
		t.batch = d.batch(rt).name
	case 2:
		t.batch, t.own = "", time.Time{}
	default:
		t.own = time.Date(now.Year(), now.Month(), now.Day(), 18, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(-5, 60).Draw(rt, "days"))
	}
	d.tenants[id] = t
	return "changing " + id
}

func (d *Draft) leave(rt *rapid.T, _ time.Time) string {
	if rapid.IntRange(0, 3).Draw(rt, "new") == 0 {
		d.named++
		d.tenants[fmt.Sprintf("n%d", d.named)] = tenant{ring: fmt.Sprint(rapid.IntRange(1, 2).Draw(rt, "ring"))}
		return "a new tenant"
	}
	id, t := d.tenant(rt)
	t.gone = !t.gone
	d.tenants[id] = t
	return "the coming or going of " + id
}

func (d *Draft) shiftPhase(rt *rapid.T, _ time.Time) string {
	i := rapid.IntRange(1, len(d.phases)-1).Draw(rt, "phase")
	least, most := -60, 30
	if i > 1 {
		least = d.phases[i-1].days + 1
	}
	if i < len(d.phases)-1 {
		most = d.phases[i+1].days - 1
	}
	if least <= most {
		d.phases[i].days = rapid.IntRange(least, most).Draw(rt, "offset")
	}
	if d.phases[i].rest != "" {
		d.phases[i].rest = fmt.Sprintf("  latest_start = %q\n  point_of_no_return = true\n", offset(d.phases[i].days+1))
	}
	return "shifting phase " + d.phases[i].name
}

func (d *Draft) insert(rt *rapid.T, _ time.Time) string {
	i := rapid.IntRange(1, len(d.phases)-1).Draw(rt, "phase")
	d.named++
	name := fmt.Sprintf("x%d", d.named)
	block := fmt.Sprintf(workBlock, name, undoBlock)
	if rapid.Bool().Draw(rt, "message") {
		block = fmt.Sprintf(messageBlock, name)
	}
	d.phases[i].items = append(d.phases[i].items, item{name, block})
	return "inserting " + d.phases[i].name + "/" + name
}

// inserted picks an item that was inserted; false: there is none.
func (d *Draft) inserted(rt *rapid.T) (p, i int, ok bool) {
	p = rapid.IntRange(1, len(d.phases)-1).Draw(rt, "phase")
	i = slices.IndexFunc(d.phases[p].items, func(it item) bool { return strings.HasPrefix(it.name, "x") })
	return p, i, i >= 0
}

func (d *Draft) remove(rt *rapid.T, _ time.Time) string {
	p, i, ok := d.inserted(rt)
	if !ok {
		return "nothing"
	}
	name := d.phases[p].items[i].name
	d.phases[p].items = slices.Delete(d.phases[p].items, i, i+1)
	return "removing " + name
}

// rename gives a batch another name.
func (d *Draft) rename(rt *rapid.T, _ time.Time) string {
	b := d.batch(rt)
	d.named++
	old := b.name
	b.name = fmt.Sprintf("r%d", d.named)
	for id, t := range d.tenants {
		if t.batch == old {
			t.batch = b.name
			d.tenants[id] = t
		}
	}
	d.moved = append(d.moved, fmt.Sprintf("moved {\n  from = batch.%s\n  to = batch.%s\n}\n", old, b.name))
	return "renaming " + old
}

// renameItem gives an item that was inserted another name.
func (d *Draft) renameItem(rt *rapid.T, _ time.Time) string {
	p, i, ok := d.inserted(rt)
	if !ok {
		return "nothing"
	}
	d.named++
	old, name := d.phases[p].items[i].name, fmt.Sprintf("x%d", d.named)
	block := strings.Replace(d.phases[p].items[i].block, strconv.Quote(old), strconv.Quote(name), 1)
	d.phases[p].items[i] = item{name, block}
	d.moved = append(d.moved, fmt.Sprintf("moved {\n  from = phase.%s.%s\n  to = phase.%[1]s.%[3]s\n}\n", d.phases[p].name, old, name))
	return "renaming item " + old
}

// renamePhase gives a phase another name, but not the one that a lock names.
func (d *Draft) renamePhase(rt *rapid.T, _ time.Time) string {
	p := &d.phases[rapid.IntRange(1, len(d.phases)-2).Draw(rt, "phase")]
	d.named++
	old := p.name
	p.name = fmt.Sprintf("P%d", d.named)
	d.moved = append(d.moved, fmt.Sprintf("moved {\n  from = phase.%s\n  to = phase.%s\n}\n", old, p.name))
	return "renaming phase " + old
}

func (d *Draft) constrain(rt *rapid.T, _ time.Time) string {
	d.blocked = rapid.SampledFrom([]string{"", "1", "2"}).Draw(rt, "blocked")
	d.violate = rapid.SampledFrom([]string{"hold", "warn", "eject"}).Draw(rt, "violation")
	return "the constraint"
}

// Files are what the draft is written as.
func (d *Draft) Files() fstest.MapFS {
	return fstest.MapFS{
		"p.transition.hcl": {Data: []byte(d.Text())},
		"tenants.csv":      {Data: []byte(d.Inventory())},
	}
}

// Tenants are the ids of all tenants that there have been, sorted.
func (d *Draft) Tenants() []string { return slices.Sorted(maps.Keys(d.tenants)) }

// Phases are the names of the phases in their order.
func (d *Draft) Phases() []string {
	var names []string
	for i := range d.phases {
		names = append(names, d.phases[i].name)
	}
	return names
}
