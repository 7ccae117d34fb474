package view

import (
	"io"

	"transition/plans"
	"transition/schema/diag"
)

// changeJSON is a change as machines read it.
type changeJSON struct {
	Tenant  string     `json:"tenant"`
	Batch   optional   `json:"batch"`
	Phase   optional   `json:"phase"`
	Item    optional   `json:"item"`
	Address string     `json:"address"`
	Kind    string     `json:"kind"`
	Reason  string     `json:"reason"`
	At      instant    `json:"at"`
	Detail  detailJSON `json:"detail"`
}

type detailJSON struct {
	Cutover    instant  `json:"cutover,omitzero"`
	OldCutover instant  `json:"old_cutover,omitzero"`
	OldBatch   string   `json:"old_batch,omitempty"`
	Recipients []string `json:"recipients,omitempty"`
	Into       string   `json:"into,omitempty"`
	Attempt    int      `json:"attempt,omitempty"`
	Passes     bool     `json:"passes_point_of_no_return,omitempty"`
	Doubted    bool     `json:"doubted,omitempty"`
}

func toChangeJSON(c *plans.Change) changeJSON {
	return changeJSON{
		Tenant: c.Tenant, Batch: optional(c.Batch), Phase: optional(c.Phase), Item: optional(c.Item),
		Address: c.Address(), Kind: c.Kind.String(), Reason: c.Reason, At: instant(c.At),
		Detail: detailJSON{
			Cutover: instant(c.Detail.T), OldCutover: instant(c.Detail.OldT), OldBatch: c.Detail.OldBatch, Recipients: c.Detail.Recipients, Into: c.Detail.Into,
			Attempt: c.Detail.Attempt, Passes: c.Detail.PassesPONR, Doubted: c.Detail.Doubted,
		},
	}
}

type waitJSON struct {
	Tenant  string  `json:"tenant"`
	Address string  `json:"address"`
	Kind    string  `json:"kind"`
	Reason  string  `json:"reason"`
	Since   instant `json:"since"`
	Until   instant `json:"until"`
}

func toWaitJSON(w *plans.Wait) waitJSON {
	return waitJSON{w.Tenant, w.Address, string(w.Kind), w.Reason, instant(w.Since), instant(w.Until)}
}

type upcomingJSON struct {
	At    instant `json:"at"`
	Kind  string  `json:"kind"`
	Count int     `json:"count"`
}

// summaryJSON counts the changes of every kind, absent ones too.
func summaryJSON(counts map[plans.Kind]int) map[string]int {
	all := make(map[string]int, len(counts))
	for _, k := range plans.Kinds() {
		all[k.String()] = counts[k]
	}
	return all
}

// PlanJSON writes a plan as one document, plan.schema.json.
func PlanJSON(w io.Writer, p *plans.Plan) error {
	d := newDocument(w)
	d.field("now", instant(p.Now))
	d.field("lineage", optional(p.Lineage))
	d.field("serial", p.Serial)
	d.field("summary", summaryJSON(p.Count()))
	d.field("part", toPartJSON(p))
	d.array("changes")
	for i := range p.Changes {
		d.element(toChangeJSON(&p.Changes[i]))
	}
	d.close()
	d.array("waiting")
	for i := range p.Waiting {
		d.element(toWaitJSON(&p.Waiting[i]))
	}
	d.close()
	d.upcoming(p)
	d.diagnostics(p.Diagnostics)
	return d.end()
}

// upcoming writes what comes later, and when the next instant is.
func (d *document) upcoming(p *plans.Plan) {
	d.array("upcoming")
	for _, u := range p.Upcoming {
		d.element(upcomingJSON{instant(u.At), u.Kind.String(), u.Count})
	}
	d.close()
	d.field("next", instant(p.Next))
}

// NextJSON writes when anything falls due, next.schema.json. wrong is as with
// NewStatusJSON.
func NextJSON(w io.Writer, p *plans.Plan, wrong diag.List) error {
	d := newDocument(w)
	d.field("now", instant(p.Now))
	d.wrong(wrong)
	d.upcoming(p)
	return d.end()
}
