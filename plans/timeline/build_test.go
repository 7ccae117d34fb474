package timeline_test

import (
	"math"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/toffset"
)

// builder makes configurations for tests: the seed's phases, to be changed by a
// test before done fills in what hclconfig would derive.
type builder struct {
	t   testing.TB
	cfg *schema.Config
}

// seed is the plan that the project began with: its eight phases and two
// batches, with the second waiting for the first for two days.
func seed(t testing.TB) *builder {
	b := &builder{t: t, cfg: &schema.Config{Name: "bpos-s"}}
	b.cfg.Notice = schema.Notice{First: b.duration("30d"), Final: b.duration("7d"), Range: at(3)}
	b.phase("Pre-Approval", "")
	b.notice(b.phase("PrimaryPrep", "T-60d"), "first_notice")
	b.notice(b.phase("SecondaryPrep", "T-30d"), "reminder")
	b.notice(b.phase("Approval", "T-14d"), "final_notice")
	b.work(b.phase("Pre-Stage", "T-7d"), "copy_content")
	lock := &schema.Lock{ReleaseBy: b.offset("T+4d")}
	b.item(b.phase("Lock", "T-1d"), "tenant_admin", lock)
	upgrade := b.phase("DataUpgrade", "T")
	upgrade.LatestStart, upgrade.PointOfNoReturn, upgrade.LatestRange = b.offset("T+4h"), true, at(70)
	b.work(upgrade, "upgrade")
	lock.ReleaseIn = b.phase("Finalize", "T+48h")
	b.work(lock.ReleaseIn, "cleanup")

	pilot := b.batch("pilot", "2012-03-09 18:00", "America/Los_Angeles")
	b.after(b.batch("wave1", "2012-03-30 18:00", "America/Los_Angeles"), pilot, "2d")
	return b
}

// done derives the order of phases and items, and when phases close.
func (b *builder) done() *schema.Config {
	b.cfg.Items = nil
	for i, p := range b.cfg.Phases {
		p.Index = i
		if i+1 < len(b.cfg.Phases) && p.Closes == nil {
			p.Closes = b.cfg.Phases[i+1].Opens
		}
		for _, it := range p.Items {
			it.Index = len(b.cfg.Items)
			b.cfg.Items = append(b.cfg.Items, it)
		}
	}
	return b.cfg
}

func (b *builder) phase(name, opens string) *schema.Phase {
	p := &schema.Phase{Name: name, Range: at(10 + len(b.cfg.Phases))}
	if opens != "" {
		p.Opens = b.offset(opens)
	}
	b.cfg.Phases = append(b.cfg.Phases, p)
	return p
}

func (b *builder) item(p *schema.Phase, name string, does schema.Doing) *schema.Item {
	it := &schema.Item{Name: name, Phase: p, Does: does, Late: schema.LateHold, Range: at(50)}
	p.Items = append(p.Items, it)
	return it
}

func (b *builder) work(p *schema.Phase, name string) *schema.Item {
	return b.item(p, name, &schema.Work{})
}

func (b *builder) notice(p *schema.Phase, name string) *schema.Item {
	return b.item(p, name, &schema.Communication{Notice: true})
}

// batch adds a batch; without a cutover it has no date.
func (b *builder) batch(name, cutover, zone string) *schema.Batch {
	b.t.Helper()
	made := &schema.Batch{Name: name, Zone: b.zone(zone), Capacity: math.Inf(1), Range: at(20), TRange: at(21)}
	if cutover != "" {
		t, _, err := toffset.ParseInstant(cutover, made.Zone)
		if err != nil {
			b.t.Fatal(err)
		}
		made.T = t
	}
	b.cfg.Batches = append(b.cfg.Batches, made)
	return made
}

// after lets a batch wait for the whole of another one before it enters Lock.
func (b *builder) after(waiting, other *schema.Batch, soak string) *schema.After {
	waiting.After = &schema.After{
		Batch: other, Reached: b.named("Finalize"), AtLeast: 1, Soak: b.duration(soak), Holds: b.named("Lock"),
		Range: at(30), Soaks: at(32),
	}
	return waiting.After
}

func (b *builder) named(name string) *schema.Phase {
	b.t.Helper()
	for _, p := range b.cfg.Phases {
		if p.Name == name {
			return p
		}
	}
	b.t.Fatalf("there is no phase %q", name)
	return nil
}

// only is the first item of a phase.
func (b *builder) only(phase string) *schema.Item { return b.named(phase).Items[0] }

func (b *builder) offset(s string) *toffset.Offset {
	b.t.Helper()
	o, err := toffset.Parse(s)
	if err != nil {
		b.t.Fatal(err)
	}
	return &o
}

func (b *builder) duration(s string) toffset.Duration {
	b.t.Helper()
	d, err := toffset.ParseDuration(s)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

func (b *builder) zone(name string) *time.Location {
	b.t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		b.t.Fatal(err)
	}
	return zone
}

// at is a place in a plan file.
func at(line int) diag.Range {
	return diag.Range{File: "plan.transition.hcl", Start: diag.Pos{Line: line, Column: 1, Byte: line * 100}}
}
