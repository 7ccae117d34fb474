package runner

import (
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"transition/plans"
	"transition/plans/planfile"
	"transition/schema/diag"
)

// SavedPlan is a plan that was written by SavePlan, read back.
type SavedPlan struct {
	Dir  string // of the plan directory, as it was given when it was saved
	Plan *plans.Plan
	file *planfile.File
	set  map[string]bool // changes, by change key
}

// SavePlan writes a plan so that Apply accepts it later. Whoever reads it may not
// know what is secret, so the reasons in it are cleaned here.
func (p *Project) SavePlan(w io.Writer, plan *plans.Plan) error {
	inv, err := p.inventoryDigest()
	if err != nil {
		return err
	}
	return planfile.Write(w, &planfile.File{
		Dir: p.o.Dir, Lineage: plan.Lineage, Serial: plan.Serial,
		Digest: hex.EncodeToString(p.Config.Digest[:]), Inventory: inv, Plan: p.withoutSecrets(plan),
	})
}

// withoutSecrets is a plan whose reasons hold none.
func (p *Project) withoutSecrets(plan *plans.Plan) *plans.Plan {
	if p.secrets == nil {
		return plan
	}
	c := *plan
	c.Changes, c.Waiting = slices.Clone(plan.Changes), slices.Clone(plan.Waiting)
	for i := range c.Changes {
		c.Changes[i].Reason = p.secrets.Clean(c.Changes[i].Reason)
	}
	for i := range c.Waiting {
		c.Waiting[i].Reason = p.secrets.Clean(c.Waiting[i].Reason)
	}
	return &c
}

// MaxSavedPlan bounds saved plans, in bytes.
const MaxSavedPlan = planfile.MaxSize

// ReadPlan reads a saved plan. Nothing in it is believed: Apply decides again.
func ReadPlan(r io.Reader) (*SavedPlan, diag.List) {
	f, err := planfile.Read(r)
	if err != nil {
		return nil, diag.List{{
			Severity: diag.Error, Code: "saved-plan", Summary: "The saved plan cannot be read",
			Detail: sentence(err.Error()), Hint: "Make a new one with: transition plan -out=FILE",
		}}
	}
	s := &SavedPlan{Dir: f.Dir, Plan: f.Plan, file: f, set: make(map[string]bool, len(f.Plan.Changes))}
	for i := range f.Plan.Changes {
		s.set[changeKey(&f.Plan.Changes[i])] = true
	}
	return s, nil
}

// choice is what the plan was made of.
func (s *SavedPlan) choice() Choice {
	return Choice{Within: s.Plan.Within, Replace: s.Plan.Replaced}
}

func changeKey(c *plans.Change) string { return c.Kind.String() + " " + c.Address() }

func (s *SavedPlan) has(c *plans.Change) bool { return s.set[changeKey(c)] }

// allows reports whether a change is one of the saved plan's.
func (s *SavedPlan) allows(kind plans.Kind, address string) bool {
	return s.set[kind.String()+" "+address]
}

// narrow leaves in a plan what was saved; what has become due since is listed
// apart, and left.
func (s *SavedPlan) narrow(res *plans.Result) {
	p := res.Plan
	var saved []plans.Change
	for i := range p.Changes {
		if s.has(&p.Changes[i]) {
			saved = append(saved, p.Changes[i])
		} else {
			p.Left = append(p.Left, p.Changes[i])
		}
	}
	p.Changes = saved
}

// stale says why the saved plan must not be applied, if so.
func (a *applying) stale(now *plans.Plan) diag.List {
	s := a.o.Saved
	if s == nil {
		return nil
	}
	inv, err := a.p.inventoryDigest()
	if err != nil {
		return diag.List{stateProblem(err)}
	}
	f := s.file
	var why []string
	add := func(changed bool, format string, args ...any) {
		if changed {
			why = append(why, fmt.Sprintf(format, args...))
		}
	}
	add(f.Lineage != a.p.meta.Lineage && !(a.p.fresh && f.Lineage == ""), "it was made for another recorded state (%s)", orNone(f.Lineage))
	add(f.Lineage == a.p.meta.Lineage && f.Serial != a.p.meta.Serial, "the recorded state has moved on from serial %d to %d", f.Serial, a.p.meta.Serial)
	add(f.Digest != hex.EncodeToString(a.p.Config.Digest[:]), "the plan directory or its variables have changed")
	add(f.Inventory != inv, "the inventory has changed")
	why = append(why, s.missing(now)...)
	if len(why) == 0 {
		return nil
	}
	return diag.List{{
		Severity: diag.Error, Code: "stale-plan", Summary: "Saved plan is stale",
		Detail: "Nothing was done, since " + strings.Join(why, "; ") + ".",
		Hint:   "Make a new one with: transition plan -out=FILE",
	}}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// missing lists the saved changes that are not right any more.
func (s *SavedPlan) missing(now *plans.Plan) []string {
	still := make(map[string]bool, len(now.Changes))
	for i := range now.Changes {
		still[changeKey(&now.Changes[i])] = true
	}
	const most = 5
	var out []string
	n := 0
	for i := range s.Plan.Changes {
		k := changeKey(&s.Plan.Changes[i])
		if still[k] {
			continue
		}
		if n++; n <= most {
			out = append(out, "no longer right: "+k)
		}
	}
	if n > most {
		out = append(out, fmt.Sprintf("and %d more changes", n-most))
	}
	return out
}
