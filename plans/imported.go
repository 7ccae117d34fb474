package plans

import (
	"fmt"
	"strconv"
	"time"

	"transition/plans/ledger"
	"transition/schema"
	"transition/schema/diag"
	"transition/schema/factfile"
)

// Import is what a person says had happened to one tenant before the tool came.
type Import struct {
	Config *schema.Config
	Tenant *schema.Tenant
	Record *ledger.Record
	Rows   []factfile.Row // of this tenant
	File   string         // that they were read from
	// Apart: the adopted plan has never had the tenant's inventory.
	Apart  bool
	Said   time.Time
	By     string
	Reason string
}

// Imported is what an import comes to.
type Imported struct {
	Facts []ledger.Fact
	// Left are the rows that say nothing new: address and reason.
	Left [][2]string
	// Wrong are rows that cannot be. Nothing may be recorded then.
	Wrong diag.List
}

// Facts works out what is to be recorded. What is recorded already is left as it
// is, so that a file may be imported again.
func (in *Import) Facts() Imported {
	i := importing{Import: in, r: in.Record.Clone(), fresh: make(map[string]bool)}
	if l := in.Record.Left; l != nil {
		i.left(in.Record.ID, "has left the transition")
		return i.out
	}
	if i.r.EnrolledAt.IsZero() {
		i.add(EnrolFact(i.r.ID, i.earliest()), factfile.Row{Line: in.Rows[0].Line})
	}
	for _, row := range in.Rows {
		if row.Item == nil {
			i.place(row)
		}
	}
	for _, row := range in.Rows {
		if row.Item != nil {
			i.item(row)
		}
	}
	return i.out
}

// importing is one import under way.
type importing struct {
	*Import
	r     *ledger.Record // with what was said so far
	fresh map[string]bool
	out   Imported
}

// earliest is the first instant that the rows name.
func (i *importing) earliest() time.Time {
	at := i.Said
	for _, row := range i.Rows {
		if !row.At.IsZero() {
			at = earliest(at, row.At)
		}
	}
	return at
}

// add records a fact that a row says.
func (i *importing) add(f ledger.Fact, row factfile.Row) {
	said := i.Said
	f.Said, f.Source = &said, i.File+":"+strconv.Itoa(row.Line)
	f.By, f.Reason = i.By, i.Reason
	f.Apart = i.Apart && ledger.SetsWay(f.Kind)
	if row.Note != "" {
		f.Reason += ": " + row.Note
	}
	i.r.Apply(f)
	i.out.Facts = append(i.out.Facts, f)
}

func (i *importing) left(address, why string) {
	i.out.Left = append(i.out.Left, [2]string{address, why})
}

func (i *importing) wrong(row factfile.Row, detail, hint string) {
	i.out.Wrong.Add(diag.Diagnostic{
		Severity: diag.Error, Code: "bad-fact", Summary: "A fact that cannot be", Detail: detail, Hint: hint,
		Subject: diag.Range{File: i.File, Start: diag.Pos{Line: row.Line, Column: 1}, End: diag.Pos{Line: row.Line, Column: 2}},
	})
}

// place gives the tenant the batch and the T that a row names.
func (i *importing) place(row factfile.Row) {
	b, zone := row.Batch, Zone(i.Config, i.Tenant, row.Batch)
	t := b.T
	if i.Tenant.Block != nil && !i.Tenant.Block.Cutover.IsZero() {
		t = i.Tenant.Block.Cutover
	}
	if !row.Cutover.IsZero() {
		t = row.Cutover
	}
	switch {
	case t.IsZero():
		i.wrong(row, fmt.Sprintf("Batch %q has no date, so that tenant %q cannot be in it on one.", b.Name, i.r.ID), "Write the tenant's T into the column cutover.")
	case i.r.Batch == b.Name && i.r.T.Equal(t):
		i.left(i.r.ID, "is placed so already")
	case i.r.Batch != "":
		i.left(i.r.ID, "is in batch "+i.r.Batch+" already; another batch or date is given to it by editing the plan")
	default:
		at := row.At
		if at.IsZero() {
			at = i.Said
		}
		i.add(PlaceFact(i.r, b, t, zone, at), row)
	}
}

// item records what became of an item.
func (i *importing) item(row factfile.Row) {
	key := row.Item.Key()
	if rec := i.r.Item(key); rec != nil && !i.fresh[key] && (rec.State != ledger.None || rec.Generation > 0 || hasBegun(rec)) {
		i.left(i.r.ID+"/"+key, "is recorded already")
		return
	}
	f := ledger.Fact{
		At: row.At, Tenant: i.r.ID, Kind: ledger.Imported, Item: key, Epoch: i.r.Epoch,
		Op: doing(row.Item).Op, State: ledger.Was(row.State),
		Recipient: Addressees(i.r, key, []string{row.Recipient})[0],
	}
	if c, ok := row.Item.Does.(*schema.Communication); ok && !i.message(row, c, &f) {
		return
	}
	i.fresh[key] = true
	i.add(f, row)
}

// message completes the fact of a message that was sent: what it told.
func (i *importing) message(row factfile.Row, c *schema.Communication, f *ledger.Fact) bool {
	f.Notice = c.Notice && row.State == factfile.Done
	if !c.Binds() || row.State != factfile.Done {
		return true
	}
	t := row.Announced
	if t.IsZero() {
		t = i.r.T
	}
	if t.IsZero() {
		i.wrong(row, fmt.Sprintf("%s tells T, and tenant %q has none yet, so that nobody knows which T it told.", row.Item.Key(), i.r.ID), "Write that T into the column announced, or give the tenant its batch in a row of its own.")
		return false
	}
	f.Announced = &t
	return true
}
