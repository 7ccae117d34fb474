package view

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"transition/plans"
	"transition/schema"
)

// Overview shows what a plan directory holds: its batches with their dates,
// its phases with their items, and how many tenants are where.
//
// Add it the tenants, if there is a state, then Close it.
type Overview struct {
	page    *page
	cfg     *schema.Config
	tenants int
	inBatch map[string]int
	inPhase map[string]int
}

// NewOverview begins an overview.
func NewOverview(w io.Writer, s Screen, cfg *schema.Config, now time.Time) *Overview {
	return &Overview{
		page: newPage(w, s, now, cfg.Zone), cfg: cfg,
		inBatch: make(map[string]int), inPhase: make(map[string]int),
	}
}

// Add counts one tenant.
func (v *Overview) Add(s *plans.TenantStatus) {
	v.tenants++
	v.inBatch[s.Batch]++
	v.inPhase[s.Phase]++
}

// Close prints the overview.
func (v *Overview) Close() error {
	p := v.page
	p.begun = true
	p.linef("%s · %s · %s", p.paint(bold, clean(v.cfg.Name)), tenants(v.tenants), v.cfg.Zone)
	if v.cfg.Description != "" {
		p.linef("%s", p.wrap(clean(v.cfg.Description)))
	}
	v.batches()
	v.phases()
	return p.Flush()
}

func (v *Overview) batches() {
	if len(v.cfg.Batches) == 0 {
		return
	}
	v.page.section("Batches")
	var rows [][]string
	for _, b := range v.cfg.Batches {
		date := "no date yet"
		if !b.T.IsZero() {
			date = "T " + v.page.in(b.Zone).dated(b.T)
		}
		rows = append(rows, []string{clean(b.Name), date, v.filled(b), afterWords(b.After)})
	}
	if n := v.inBatch[""]; n > 0 {
		rows = append(rows, []string{"(no batch)", "", tenants(n), ""})
	}
	v.page.rows("  ", rows)
}

func (v *Overview) filled(b *schema.Batch) string {
	n := v.inBatch[b.Name]
	if math.IsInf(b.Capacity, 1) {
		return tenants(n)
	}
	return fmt.Sprintf("%s, capacity %g", tenants(n), b.Capacity)
}

func afterWords(a *schema.After) string {
	if a == nil || a.Batch == nil {
		return ""
	}
	words := "after " + clean(a.Batch.Name)
	if !a.Soak.IsZero() {
		words += " and a soak of " + a.Soak.String()
	}
	return words
}

func (v *Overview) phases() {
	v.page.section("Phases")
	var rows [][]string
	for _, ph := range v.cfg.Phases {
		opens := ""
		if ph.Opens != nil {
			opens = ph.Opens.String()
		}
		var notes []string
		if ph.PointOfNoReturn {
			notes = append(notes, "point of no return")
		}
		if ph.Hard {
			notes = append(notes, "hard")
		}
		rows = append(rows, []string{
			clean(ph.Name), opens, tenants(v.inPhase[ph.Name]), strings.Join(itemNames(ph), ", "), strings.Join(notes, ", "),
		})
	}
	v.page.rows("  ", rows)
}

func itemNames(ph *schema.Phase) []string {
	names := make([]string, len(ph.Items))
	for i, it := range ph.Items {
		names[i] = it.Kind() + " " + clean(it.Name)
	}
	return names
}

type batchJSON struct {
	Name     string   `json:"name"`
	Cutover  instant  `json:"cutover"`
	Zone     string   `json:"zone"`
	Capacity *float64 `json:"capacity"`
	Tenants  int      `json:"tenants"`
}

type phaseJSON struct {
	Name            string          `json:"name"`
	Opens           optional        `json:"opens"`
	Closes          optional        `json:"closes"`
	Hard            bool            `json:"hard"`
	PointOfNoReturn bool            `json:"point_of_no_return"`
	Tenants         int             `json:"tenants"`
	Items           []phaseItemJSON `json:"items"`
}

type phaseItemJSON struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// JSON writes the overview as a document, overview.schema.json, instead of Close.
func (v *Overview) JSON() error {
	d := newDocument(v.page)
	d.field("name", v.cfg.Name)
	d.field("description", v.cfg.Description)
	d.field("time_zone", v.cfg.Zone.String())
	d.field("tenants", v.tenants)
	d.array("batches")
	for _, b := range v.cfg.Batches {
		d.element(v.batchJSON(b))
	}
	d.close()
	d.array("phases")
	for _, ph := range v.cfg.Phases {
		d.element(v.phaseJSON(ph))
	}
	d.close()
	if err := d.end(); err != nil {
		return err
	}
	return v.page.Flush()
}

func (v *Overview) batchJSON(b *schema.Batch) batchJSON {
	j := batchJSON{Name: b.Name, Cutover: instant(b.T), Zone: v.cfg.Zone.String(), Tenants: v.inBatch[b.Name]}
	if b.Zone != nil {
		j.Zone = b.Zone.String()
	}
	if !math.IsInf(b.Capacity, 1) {
		j.Capacity = &b.Capacity
	}
	return j
}

func (v *Overview) phaseJSON(ph *schema.Phase) phaseJSON {
	j := phaseJSON{
		Name: ph.Name, Hard: ph.Hard, PointOfNoReturn: ph.PointOfNoReturn,
		Tenants: v.inPhase[ph.Name], Items: make([]phaseItemJSON, len(ph.Items)),
	}
	if ph.Opens != nil {
		j.Opens = optional(ph.Opens.String())
	}
	if ph.Closes != nil {
		j.Closes = optional(ph.Closes.String())
	}
	for i, it := range ph.Items {
		j.Items[i] = phaseItemJSON{it.Name, it.Kind()}
	}
	return j
}
