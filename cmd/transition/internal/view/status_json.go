package view

import (
	"cmp"
	"io"
	"time"

	"transition/plans"
	"transition/schema/diag"
)

type heldJSON struct {
	Reason string   `json:"reason"`
	Since  instant  `json:"since"`
	By     optional `json:"by"`
}

type itemJSON struct {
	Address     string  `json:"address"`
	State       string  `json:"state"`
	Attempts    int     `json:"attempts"`
	At          instant `json:"at"`
	NextAttempt instant `json:"next_attempt"`
	Reason      string  `json:"reason"`
}

type tenantJSON struct {
	ID      string     `json:"id"`
	Batch   optional   `json:"batch"`
	Cutover instant    `json:"cutover"`
	Epoch   int        `json:"epoch"`
	Phase   optional   `json:"phase"`
	Status  string     `json:"status"`
	Held    *heldJSON  `json:"held"`
	Next    instant    `json:"next"`
	Items   []itemJSON `json:"items"`
}

// fill sets j to a tenant, reusing the memory of j.Items.
func (j *tenantJSON) fill(s *plans.TenantStatus) {
	items := j.Items[:0]
	*j = tenantJSON{
		ID: s.ID, Batch: optional(s.Batch), Cutover: instant(s.T), Epoch: s.Epoch,
		Phase: optional(s.Phase), Status: s.Status.String(), Next: instant(s.Next),
	}
	if s.Held != nil {
		j.Held = &heldJSON{s.Held.Reason, instant(s.Held.Since), optional(s.Held.By)}
	}
	for i := range s.Items {
		it := &s.Items[i]
		items = append(items, itemJSON{
			Address: s.ID + "/" + it.Phase + "/" + it.Item, State: string(it.State), Attempts: it.Attempts,
			At: instant(it.At), NextAttempt: instant(it.NextAttempt), Reason: it.Reason,
		})
	}
	j.Items = listed(items)
}

// StatusJSON writes tenants as they come, status.schema.json.
type StatusJSON struct {
	d       *document
	row     tenantJSON
	summary map[string]map[string]int
}

// NewStatusJSON begins the document as of an instant. wrong is what is wrong with
// the plan directory, where a plan that is kept stands in for it.
func NewStatusJSON(w io.Writer, now time.Time, wrong diag.List) *StatusJSON {
	v := &StatusJSON{d: newDocument(w), summary: make(map[string]map[string]int)}
	v.d.field("now", instant(now))
	v.d.wrong(wrong)
	v.d.array("tenants")
	return v
}

// Add writes one tenant; the value is not kept.
func (v *StatusJSON) Add(s *plans.TenantStatus) {
	v.row.fill(s)
	v.d.element(&v.row)
	counts := v.summary[s.Phase]
	if counts == nil {
		counts = make(map[string]int)
		v.summary[s.Phase] = counts
	}
	counts[s.Status.String()]++
}

// Close completes the document with the count of tenants per phase and status.
func (v *StatusJSON) Close() error {
	v.d.close()
	v.d.field("summary", v.summary)
	return v.d.end()
}

type sourceJSON struct {
	Filename string `json:"filename"`
	Line     int    `json:"line"`
}

type lockJSON struct {
	Address   string  `json:"address"`
	Since     instant `json:"since"`
	ReleaseAt instant `json:"release_at"`
	ReleaseBy instant `json:"release_by"`
	Overdue   bool    `json:"overdue"`
	// Kept is why it stays shut though its time lies ahead; null: it does not.
	Kept optional `json:"kept"`
}

// WhyJSON writes one tenant with its locks, why.schema.json. wrong is as with
// NewStatusJSON.
func WhyJSON(w io.Writer, s *plans.TenantStatus, now time.Time, wrong diag.List) error {
	var row tenantJSON
	row.fill(s)
	locks := make([]lockJSON, len(s.Locks))
	for i, l := range s.Locks {
		locks[i] = lockJSON{s.ID + "/" + l.Phase + "/" + l.Item, instant(l.Since), instant(l.ReleaseAt), instant(l.Alarm), l.Overdue, optional(cmp.Or(l.Kept, l.Waits))}
	}
	var because *sourceJSON
	if s.Held != nil && s.Held.Source.File != "" {
		because = &sourceJSON{s.Held.Source.File, s.Held.Source.Line}
	}
	d := newDocument(w)
	d.field("now", instant(now))
	d.wrong(wrong)
	d.field("tenant", &row)
	d.field("locks", locks)
	d.field("because", because)
	return d.end()
}
