package runner_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"transition/plans"
	"transition/runner"
	"transition/runner/action"
	"transition/schema/diag"
)

// TestNothingIsDoneUnderAFlippedByte damages a state that is half-way, one byte at a
// time: plan and apply say that it is damaged, and nothing happens, or they do what
// they do without.
func TestNothingIsDoneUnderAFlippedByte(t *testing.T) {
	b := newBench(t, machinePlan, "acme,a@a.example b@a.example", "beta,b@b.example", "cara,c@c.example")
	c := b.real("2027-03-01 09:00")
	b.now()
	b.fake.do = func(r action.Request) action.Outcome {
		if r.Tenant == "acme" && r.Mail.To == "a@a.example" {
			return unknown
		}
		return succeeded
	}
	c.Set(b.instant("2027-03-07 09:00"))
	b.now()
	b.fake.do = nil
	b.fake.taken()
	c.Set(b.instant("2027-03-14 09:00"))
	files := map[string][]byte{"-wal": nil, "-shm": nil}
	for _, suffix := range []string{"", ".mark"} {
		content, err := os.ReadFile(b.statePath() + suffix)
		if err != nil {
			t.Fatal(err)
		}
		files[suffix] = content
	}
	whole := files[""]
	put := func(content []byte) {
		files[""] = content
		for suffix, content := range files {
			if err := os.WriteFile(b.statePath()+suffix, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(whole)
	planned, done, diags := b.planAndApply()
	if diags.HasErrors() || len(done) == 0 {
		t.Fatal(done, diags)
	}
	step, refused := 61, 0
	if testing.Short() {
		step = 311
	}
	for i := 0; i < len(whole); i += step {
		if whole[i] == 0 {
			continue
		}
		content := bytes.Clone(whole)
		content[i] ^= 1 << (i % 8)
		put(content)
		plan, effects, diags := b.planAndApply()
		if diags.HasErrors() {
			refused++
			if code := diags.Errors()[0].Code; !strings.HasPrefix(code, "state-") && code != "no-state-file" || len(effects) > 0 {
				t.Errorf("byte %d: with %v there were the effects %v", i, diags, effects)
			}
			continue
		}
		if plan != planned || !slices.Equal(effects, done) {
			t.Errorf("byte %d: the plan is\n%s\nand not\n%s\nand %v is done", i, plan, planned, effects)
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
	t.Log(refused)
}

// planAndApply is what a plan shows and an apply does. What either refuses is an
// error; where the plan does, the apply must too.
func (b *bench) planAndApply() (shown string, effects []string, diags diag.List) {
	b.tb.Helper()
	p := b.load()
	diags = p.OpenState(b.tb.Context(), runner.NeedState, time.Time{})
	var pl *plans.Plan
	if !diags.HasErrors() {
		pl, diags = p.Plan(b.tb.Context())
	}
	if err := p.Close(); err != nil {
		b.tb.Error(err)
	}
	if pl != nil {
		shown = fmt.Sprintf("%+v %+v %v", pl.Changes, pl.Waiting, pl.Next)
	}
	p = b.load()
	if more := p.OpenState(b.tb.Context(), runner.NeedWrite, time.Time{}); more.HasErrors() {
		diags = append(diags, more...)
		if err := p.Close(); err != nil {
			b.tb.Error(err)
		}
		return shown, b.fake.taken(), diags
	}
	_, more := b.carryOut(p, nil)
	if diags.HasErrors() && !more.HasErrors() {
		b.tb.Errorf("plan says %v, and apply nothing", diags)
	}
	return shown, b.fake.taken(), append(diags, more...)
}
