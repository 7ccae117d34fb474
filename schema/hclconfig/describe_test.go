package hclconfig_test

import (
	"fmt"
	"slices"
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
	d.rules(cfg)
	for _, inv := range cfg.Inventories {
		d.line("inventory %s %s key %s max removals %v", inv.Name, inv.Source, inv.Key, inv.MaxRemovals)
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
		d.line("constraint %s %v %q on violation %d", c.Name, eval(d, c.BlockedWhen), eval(d, c.Reason), c.OnViolation)
	}
	for _, p := range cfg.Phases {
		d.phase(p)
	}
	d.line("events")
	for _, i := range cfg.Events {
		d.item(i)
	}
	d.changes(cfg)
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

// rules describes what holds for all tenants.
func (d *description) rules(cfg *schema.Config) {
	if p := cfg.Postpone; p != nil {
		d.line("postpone max %d until %v shift %v end %s", p.Max, p.Until, p.MinShift, p.End.UTC())
	}
	if c := cfg.Consent; c != nil {
		d.line("consent mode %d after %v phase %s withdraw %v", c.Mode, c.OptOutAfter, phaseName(c.Phase), c.Withdraw)
	}
}

// changes are sorted, since they have the order of the files.
func (d *description) changes(cfg *schema.Config) {
	var list []string
	for _, m := range cfg.Moves {
		list = append(list, fmt.Sprintf("moved %v to %v", m.From, m.To))
	}
	for _, r := range cfg.Removals {
		list = append(list, fmt.Sprintf("removed %v on active %d", r.From, r.OnActive))
	}
	slices.Sort(list)
	d.line("%s", strings.Join(list, "\n"))
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
	return &schema.Env{Tenant: tenant, T: time.Date(2030, 3, 9, 18, 0, 0, 0, time.UTC), Zone: time.UTC, Batch: "wave1", Phase: "Lock",
		PostponeUntil: time.Date(2030, 2, 23, 18, 0, 0, 0, time.UTC), OldT: time.Date(2030, 3, 2, 18, 0, 0, 0, time.UTC),
		Reason: "it was asked for", Address: "contoso/Lock/admin",
		Result: &schema.Result{Status: 200, Headers: map[string]string{"x-end": "yes"}, Body: `{"state": "done", "percent": 63}`}}
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
	if r := b.Breaker; r != nil {
		d.line("  breaker errors %s ratio %s sample %d", number(r.MaxErrors), number(r.MaxRatio), r.MinSample)
	}
	if a := b.After; a != nil {
		d.line("  after %s reached %s %v soak %v holds %s", batchName(a.Batch), phaseName(a.Reached), a.AtLeast, a.Soak, phaseName(a.Holds))
	}
}

func number[N int | float64](n *N) string {
	if n == nil {
		return "none"
	}
	return fmt.Sprint(*n)
}

func (d *description) phase(p *schema.Phase) {
	d.line("phase %d %s opens %v closes %v latest %v end %v hard %v point %v insert %d", p.Index, p.Name, p.Opens, p.Closes, p.LatestStart, p.MustEnd, p.Hard, p.PointOfNoReturn, p.OnInsert)
	for _, i := range p.Items {
		d.item(i)
	}
}

func (d *description) item(i *schema.Item) {
	d.line("  item %d %s at %v until %v late %d when %v retry %+v limit %+v after %v", i.Index, i.Key(), i.At, i.LateUntil, i.Late, eval(d, i.When), *i.Retry, i.Limit != nil, itemNames(i.After))
	switch does := i.Does.(type) {
	case *schema.Communication:
		d.communication(does)
	case *schema.Work:
		d.effect(does.Effect)
		d.poll(does.Poll)
		d.probe(does.Probe)
		if does.Undo != nil {
			d.line("    undo, at most %d attempts", does.Undo.Retry.MaxAttempts)
			d.effect(does.Undo.Effect)
			d.poll(does.Undo.Poll)
			d.probe(does.Undo.Probe)
		}
	case *schema.Lock:
		d.effect(does.Acquire)
		d.effect(does.Release)
		d.probe(does.Probe)
		d.line("    in %s after %v by %v", phaseName(does.ReleaseIn), itemNames(does.ReleaseAfter), does.ReleaseBy)
	case *schema.Approval:
		d.line("    by %v prompt %q expires %v", does.By, eval(d, does.Prompt), does.Expires)
	}
}

func (d *description) poll(p *schema.Poll) {
	if p == nil {
		return
	}
	d.line("    poll every %s for %s done %v failed %v %q", p.Every, p.Timeout, eval(d, p.Done), eval(d, p.Failed), eval(d, p.Progress))
	d.effect(p.Effect)
}

func (d *description) probe(p *schema.Probe) {
	if p == nil {
		return
	}
	d.line("    probe done %v %v not done %v %v", p.Done.IsSet(), eval(d, p.Done), p.NotDone.IsSet(), eval(d, p.NotDone))
	d.effect(p.Effect)
}

func (d *description) communication(c *schema.Communication) {
	d.line("    on %q builtin %v notice %v tells T %v on reschedule %d", c.On, c.Builtin, c.Notice, c.TellsT, c.OnReschedule)
	if c.Builtin {
		return
	}
	d.line("    to %v cc %v channel %s", eval(d, c.To), eval(d, c.Cc), c.Channel.Name)
	text := c.Message.For("")
	d.line("    %q %q", eval(d, text.Subject), eval(d, text.Body))
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
