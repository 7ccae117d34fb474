package hclconfig_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"transition/schema"
	"transition/schema/hclconfig"
)

// describe writes what a configuration means, without places in files: two
// configurations with one description do the same. Expressions are evaluated for
// one tenant.
func describe(t testing.TB, cfg *schema.Config) string {
	t.Helper()
	d := &description{t: t, env: sampleEnv(cfg)}
	d.line("transition %q %q in %s locale %q notice %v %v state %s %s", cfg.Name, cfg.Description, cfg.Zone, cfg.Locale,
		cfg.Notice.First, cfg.Notice.Final, cfg.State.Kind, cfg.State.Path)
	for _, inv := range cfg.Inventories {
		d.line("inventory %s %s key %s", inv.Name, inv.Source, inv.Key)
	}
	for _, c := range cfg.Columns.List {
		d.line("column %s type %d required %v one of %v default %v", c.Name, c.Type, c.Required, c.OneOf, c.Default)
	}
	for _, v := range cfg.Variables {
		d.line("variable %s = %s set %v", v.Name, v.Value, v.Set)
	}
	for _, b := range cfg.Batches {
		d.batch(b)
	}
	for _, c := range cfg.Constraints {
		d.line("constraint %s %v %q", c.Name, eval(d, c.BlockedWhen), eval(d, c.Reason))
	}
	for _, p := range cfg.Phases {
		d.phase(p)
	}
	for _, c := range cfg.Channels {
		d.line("channel %s.%s from %q smtp %+v maildir %+v", c.Kind, c.Name, eval(d, c.From), c.SMTP, c.Maildir)
	}
	for _, l := range cfg.Limits {
		d.line("limit %s %d", l.Name, l.MaxInFlight)
	}
	for _, id := range []string{"a", "b"} {
		if b := cfg.Tenants[id]; b != nil {
			d.line("tenant %s %v batch %s cutover %s hold %q", id, b.Attributes, batchName(b.Batch), b.Cutover.UTC(), b.Hold)
		}
	}
	return d.String()
}

type description struct {
	strings.Builder
	t   testing.TB
	env *schema.Env
}

func (d *description) line(format string, args ...any) { fmt.Fprintf(d, format+"\n", args...) }

func sampleEnv(cfg *schema.Config) *schema.Env {
	tenant := &schema.Tenant{ID: "contoso", Cells: make([]schema.Cell, len(cfg.Columns.List)), Locale: "en"}
	for i, c := range cfg.Columns.List {
		switch c.Type {
		case schema.NumberType:
			tenant.Cells[i] = schema.Cell{Valid: true, Text: "250", Num: 250}
		case schema.Bool:
			tenant.Cells[i] = schema.Cell{Valid: true, Text: "true"}
		case schema.String:
			tenant.Cells[i] = schema.Cell{Valid: true, Text: c.Name + " of contoso"}
			if strings.HasSuffix(c.Name, "mail") {
				tenant.Cells[i].Text = c.Name + "@contoso.example"
			}
		}
	}
	return &schema.Env{Tenant: tenant, T: time.Date(2030, 3, 9, 18, 0, 0, 0, time.UTC), Zone: time.UTC, Batch: "wave1", Phase: "Lock"}
}

func eval[V any](d *description, e schema.Expr[V]) V {
	d.t.Helper()
	v, err := e.For(d.env)
	if err != nil {
		d.t.Errorf("evaluating: %v", err)
	}
	return v
}

func batchName(b *schema.Batch) string {
	if b == nil {
		return "none"
	}
	return b.Name
}

func phaseName(p *schema.Phase) string {
	if p == nil {
		return "none"
	}
	return p.Name
}

func (d *description) batch(b *schema.Batch) {
	d.line("batch %s T %s in %s match %v priority %v weight %v capacity %v until %v", b.Name, b.T.UTC(), b.Zone,
		eval(d, b.Match), eval(d, b.Priority), eval(d, b.Weight), b.Capacity, b.EnrolUntil)
	if a := b.After; a != nil {
		d.line("  after %s reached %s %v soak %v holds %s", batchName(a.Batch), phaseName(a.Reached), a.AtLeast, a.Soak, phaseName(a.Holds))
	}
}

func (d *description) phase(p *schema.Phase) {
	d.line("phase %d %s opens %v closes %v latest %v end %v hard %v point %v", p.Index, p.Name, p.Opens, p.Closes, p.LatestStart, p.MustEnd, p.Hard, p.PointOfNoReturn)
	for _, i := range p.Items {
		d.line("  item %d %s at %v until %v late %d when %v retry %+v limit %+v after %v", i.Index, i.Name, i.At, i.LateUntil, i.Late, eval(d, i.When), *i.Retry, i.Limit != nil, itemNames(i.After))
		switch does := i.Does.(type) {
		case *schema.Communication:
			d.line("    to %v cc %v channel %s notice %v", eval(d, does.To), eval(d, does.Cc), does.Channel.Name, does.Notice)
			text := does.Message.For("")
			d.line("    %q %q", eval(d, text.Subject), eval(d, text.Body))
		case *schema.Work:
			d.effect(does.Effect)
		case *schema.Lock:
			d.effect(does.Acquire)
			d.effect(does.Release)
			d.line("    in %s after %v by %v", phaseName(does.ReleaseIn), itemNames(does.ReleaseAfter), does.ReleaseBy)
		case *schema.Approval:
			d.line("    by %v prompt %q expires %v", does.By, eval(d, does.Prompt), does.Expires)
		}
	}
}

func (d *description) effect(e schema.Effect) {
	switch e := e.(type) {
	case *schema.Exec:
		d.line("    exec %v env %v dir %s codes %v %v %v timeout %s delivery %d", eval(d, e.Command), eval(d, e.Env), eval(d, e.Dir),
			e.SuccessCodes, e.RetryCodes, e.UnknownCodes, e.Timeout, e.Delivery)
	case *schema.HTTP:
		d.line("    http %s %s headers %v body %q status %v %v timeout %s delivery %d", e.Method, eval(d, e.URL), eval(d, e.Headers), eval(d, e.Body),
			e.SuccessStatus, e.RetryStatus, e.Timeout, e.Delivery)
	}
}

func itemNames(items []*schema.Item) []string {
	var names []string
	for _, i := range items {
		names = append(names, i.Key())
	}
	return names
}

// mustLoad loads a plan without mistakes.
func mustLoad(t testing.TB, archive string, o hclconfig.Options) *schema.Config {
	t.Helper()
	cfg, diags := hclconfig.Load(mapFS(parseArchive(t, archive)), o)
	if len(diags) > 0 {
		t.Fatalf("diagnostics:\n%s", lines(diags))
	}
	return cfg
}
