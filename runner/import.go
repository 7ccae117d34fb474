package runner

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner/crashpoint"
	"transition/runner/regular"
	"transition/schema"
	"transition/schema/diag"
	"transition/schema/factfile"
)

// ImportOptions say what to import.
type ImportOptions struct {
	File   string // of facts, as package factfile reads it
	Check  bool   // record nothing
	By     string
	Reason string
}

// Import records what had happened before the tool came, as a file says: all of
// it, or nothing when any row is wrong. What is recorded already is left as it
// is. With Check the result says what would be recorded.
//
// It needs no lease: a person is heard while an apply runs.
func (p *Project) Import(ctx context.Context, o ImportOptions) (VerbResult, diag.List) {
	var res VerbResult
	if diags := p.clockRight(); diags.HasErrors() {
		return res, diags
	}
	apart, diags := p.importable()
	if diags.HasErrors() {
		return res, diags
	}
	content, err := readFacts(o.File)
	if err != nil {
		return res, diag.List{noFacts(o.File, err)}
	}
	rows, diags := factfile.Read(content, o.File, p.Config, p.Now())
	if diags.HasErrors() {
		return res, diags
	}
	if diags := p.openInventory(); diags.HasErrors() {
		return res, diags
	}
	i := importing{p: p, o: o, res: &res, apart: apart, revs: make(map[string]int64)}
	diags = i.collect(ctx, rows)
	diags.Fill(map[string][]byte{o.File: content})
	if diags.HasErrors() || o.Check || len(i.facts) == 0 {
		return res, diags
	}
	return res, i.record(ctx)
}

// importable refuses facts about items that the adopted plan may call otherwise:
// what time makes due goes on under that one. Its inventory may be another; then
// the tenants keep what they get here until the plan is applied.
func (p *Project) importable() (apart bool, diags diag.List) {
	if p.meta.Adopted == "" {
		return false, nil
	}
	if p.meta.Adopted != hex.EncodeToString(p.Config.Digest[:]) {
		return false, diag.List{{
			Severity: diag.Error, Code: "import-edited", Summary: "The plan was edited since it was applied",
			Detail: fmt.Sprintf("What is imported is held against the plan, and that is another one now than the plan adopted on %s, under which time goes on.", p.show(p.meta.AdoptedAt)),
			Hint:   "Apply the edits first, or take them back; rows may be added to the inventory before an import.",
		}}
	}
	digest, err := p.inventoryDigest()
	if err != nil {
		return false, diag.List{unkept(err)}
	}
	return digest != p.meta.AdoptedInventory, nil
}

// importing is one import under way.
type importing struct {
	p     *Project
	o     ImportOptions
	res   *VerbResult
	apart bool // the adopted plan has another inventory
	facts []ledger.Fact
	revs  map[string]int64 // of the records on which they were worked out
}

// collect works out the facts of all tenants.
func (i *importing) collect(ctx context.Context, rows []factfile.Row) diag.List {
	var diags diag.List
	tenants := i.tenants(rows, &diags)
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].Tenant == rows[0].Tenant {
			n++
		}
		own := rows[:n]
		rows = rows[n:]
		t := tenants[own[0].Tenant]
		if t == nil {
			diags.Add(i.stranger(own[0]))
			continue
		}
		r, err := i.p.state.Record(ctx, t.ID)
		if err != nil {
			return append(diags, stateProblem(err))
		}
		if r == nil {
			r = &ledger.Record{ID: t.ID}
		}
		diags = append(diags, i.tenant(t, r, own)...)
	}
	return diags
}

func (i *importing) tenant(t *schema.Tenant, r *ledger.Record, rows []factfile.Row) diag.List {
	in := plans.Import{
		Config: i.p.Config, Tenant: t, Record: r, Rows: rows, File: i.o.File,
		Apart: i.apart, Said: i.p.Now(), By: i.o.By, Reason: i.o.Reason,
	}
	got := in.Facts()
	i.revs[r.ID] = r.Rev
	for k := range got.Facts {
		i.p.scrub(&got.Facts[k])
		if a := addressOf(&got.Facts[k]); len(i.res.Touched) == 0 || i.res.Touched[len(i.res.Touched)-1] != a {
			i.res.Touched = append(i.res.Touched, a)
		}
	}
	i.facts = append(i.facts, got.Facts...)
	for _, l := range got.Left {
		i.res.Left = append(i.res.Left, Left{l[0], l[1]})
	}
	return got.Wrong
}

// tenants finds the tenants that rows are about.
func (i *importing) tenants(rows []factfile.Row, diags *diag.List) map[string]*schema.Tenant {
	found := make(map[string]*schema.Tenant)
	for _, row := range rows {
		found[row.Tenant] = nil
	}
	for t := range i.p.each(diags) {
		if _, wanted := found[t.ID]; wanted {
			found[t.ID] = t.Clone()
		}
	}
	return found
}

func (i *importing) stranger(row factfile.Row) diag.Diagnostic {
	at := diag.Pos{Line: row.Line, Column: 1}
	return diag.Diagnostic{
		Severity: diag.Error, Code: "unknown-tenant", Summary: "There is no such tenant",
		Detail:  fmt.Sprintf("No inventory has a tenant %q, and only of those that move can anything be recorded.", row.Tenant),
		Hint:    "Correct the id, or put the tenant into an inventory first.",
		Subject: diag.Range{File: i.o.File, Start: at, End: at},
	}
}

// record appends all facts in one transaction, unless a record has moved on.
func (i *importing) record(ctx context.Context) diag.List {
	crashpoint.Hit("import.before_commit")
	err := i.p.state.Append(ctx, i.facts, func(now *ledger.Record) error {
		if now.Rev != i.revs[now.ID] {
			return errMoved
		}
		return nil
	})
	crashpoint.Hit("import.after_commit")
	switch {
	case errors.Is(err, errMoved):
		return diag.List{{
			Severity: diag.Error, Code: "records-moved", Summary: "The recorded state has moved on meanwhile",
			Detail: "While the file was read, something else was recorded of a tenant in it, so that nothing was imported.",
			Hint:   "Run the command again.",
		}}
	case err != nil:
		return diag.List{stateProblem(err)}
	}
	return nil
}

// readFacts reads a regular file that is not too large.
func readFacts(name string) ([]byte, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is no regular file")
	case info.Size() > factfile.MaxSize:
		return nil, fmt.Errorf("it has %d bytes, and at most %d are read at once", info.Size(), factfile.MaxSize)
	}
	return regular.ReadFile(name, factfile.MaxSize)
}

func noFacts(name string, err error) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Error, Code: "no-facts", Summary: "The file of facts cannot be read",
		Detail: "The file " + strconv.Quote(name) + " cannot be read: " + plain(err).Error() + ".",
		Hint:   "Its path is relative to the directory in which the command runs.",
	}
}
