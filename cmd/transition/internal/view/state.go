package view

import (
	"fmt"
	"io"
	"time"

	"transition/plans/ledger"
	"transition/runner/store"
)

// Record shows what is recorded of one tenant, or of the breaker of a batch.
func Record(w io.Writer, s Screen, r *ledger.Record, now time.Time, zone *time.Location) error {
	p := newPage(w, s, now, zone)
	p.begun = true
	p.linef("%s", p.paint(bold, clean(r.ID)))
	rows := [][]string{{"revision", fmt.Sprint(r.Rev)}}
	if ledger.OfBatch(r.ID) {
		rows = append(rows, []string{"resets", fmt.Sprint(r.Resets)})
	} else {
		rows = append(rows, []string{"epoch", fmt.Sprint(r.Epoch)}, []string{"batch", clean(r.Batch)})
	}
	if r.Became != "" {
		rows = append(rows, []string{"is called", clean(r.Became) + " now"})
	}
	if !r.T.IsZero() {
		rows = append(rows, []string{"T", p.dated(r.T)})
	}
	if !r.EnrolledAt.IsZero() {
		rows = append(rows, []string{"enrolled", p.dated(r.EnrolledAt)})
	}
	if !r.PlacedAt.IsZero() {
		rows = append(rows, []string{"placed", p.dated(r.PlacedAt)})
	}
	if r.Hold != nil {
		rows = append(rows, []string{"hold", joined(quoted(r.Hold.Reason), byWhom(r.Hold.By), p.period(r.Hold.Since, r.Hold.Until))})
	}
	p.rows("  ", rows)
	p.recordItems(r)
	return p.Flush()
}

func (p *page) recordItems(r *ledger.Record) {
	if len(r.Items) == 0 {
		return
	}
	p.section("Items")
	var rows [][]string
	for i := range r.Items {
		it := &r.Items[i]
		lock := ""
		if it.Obligation {
			lock = "held"
		}
		at := ""
		if !it.At.IsZero() {
			at = p.minute(it.At)
		}
		rows = append(rows, []string{stateWord(it.State), clean(it.Key), at, count(it.Attempts, "attempt", "attempts"), lock, clean(it.Reason)})
	}
	p.rows("  ", rows)
}

// stateWord is the word of a recorded state; they are those of status.
func stateWord(s ledger.State) string {
	switch s {
	case ledger.Running, ledger.Polling:
		return "running"
	case ledger.Retrying:
		return "retrying"
	case ledger.Done:
		return "done"
	case ledger.Error:
		return "failed"
	case ledger.Lost:
		return "unknown"
	case ledger.Omitted:
		return "skipped"
	case ledger.Merged:
		return "collapsed"
	case ledger.Waived:
		return "waived"
	case ledger.Late:
		return "missed"
	case ledger.Open:
		return "asked"
	default:
		return "waiting"
	}
}

// Records lists the recorded tenants as they come.
type Records struct {
	page *page
	rows [][]string
}

// NewRecords begins the list.
func NewRecords(w io.Writer, s Screen) *Records {
	return &Records{page: newPage(w, s, time.Time{}, nil)}
}

// Add lists one tenant; the record is not kept.
func (v *Records) Add(r *ledger.Record) {
	v.rows = append(v.rows, recordRow(r))
	if len(v.rows) >= chunk {
		v.page.rows("", v.rows)
		v.rows = v.rows[:0]
	}
}

// recordRow sums a record up. That of a batch knows of its breaker only.
func recordRow(r *ledger.Record) []string {
	if !ledger.OfBatch(r.ID) {
		what := count(len(r.Items), "item", "items")
		if r.Became != "" {
			what = "is called " + clean(r.Became) + " now"
		}
		return []string{clean(r.ID), clean(r.Batch), fmt.Sprintf("epoch %d", r.Epoch), what}
	}
	if s := r.Restoration(); r.ID == ledger.StateID {
		words := "restored"
		if s != nil {
			words += ", with unknown effects until " + s.Until.UTC().Format(time.RFC3339)
		}
		return []string{"(the state)", "", words, ""}
	}
	words := "breaker closed"
	if r.Hold != nil {
		words = "breaker open"
	}
	return []string{clean(r.ID), "", words, fmt.Sprintf("reset %s", count(r.Resets, "time", "times"))}
}

// Close prints what is left.
func (v *Records) Close() error {
	v.page.rows("", v.rows)
	return v.page.Flush()
}

type recordJSON struct {
	ID       string           `json:"id"`
	Revision int64            `json:"revision"`
	Epoch    int              `json:"epoch"`
	Batch    optional         `json:"batch"`
	Cutover  instant          `json:"cutover"`
	Zone     optional         `json:"zone"`
	Enrolled instant          `json:"enrolled_at"`
	Placed   instant          `json:"placed_at"`
	Hold     *heldJSON        `json:"hold"`
	Resets   int              `json:"resets,omitempty"`
	Became   string           `json:"became,omitempty"`
	Items    []recordItemJSON `json:"items"`
}

type recordItemJSON struct {
	Address    string   `json:"address"`
	State      string   `json:"state"`
	Epoch      int      `json:"epoch"`
	Generation int      `json:"generation"`
	Attempts   int      `json:"attempts"`
	At         instant  `json:"at"`
	Next       instant  `json:"next_attempt"`
	Locked     bool     `json:"locked"`
	Into       optional `json:"into"`
	Reason     string   `json:"reason"`
}

func toRecordJSON(r *ledger.Record) recordJSON {
	j := recordJSON{
		ID: r.ID, Revision: r.Rev, Epoch: r.Epoch, Batch: optional(r.Batch), Cutover: instant(r.T), Zone: optional(r.Zone),
		Enrolled: instant(r.EnrolledAt), Placed: instant(r.PlacedAt), Resets: r.Resets, Became: r.Became, Items: make([]recordItemJSON, len(r.Items)),
	}
	if r.Hold != nil {
		j.Hold = &heldJSON{r.Hold.Reason, instant(r.Hold.Since), optional(r.Hold.By)}
	}
	for i := range r.Items {
		it := &r.Items[i]
		j.Items[i] = recordItemJSON{
			Address: r.ID + "/" + it.Key, State: stateWord(it.State), Epoch: it.Epoch, Generation: it.Generation,
			Attempts: it.Attempts, At: instant(it.At), Next: instant(it.Next), Locked: it.Obligation,
			Into: optional(it.Into), Reason: it.Reason,
		}
	}
	return j
}

// RecordsJSON writes the recorded tenants as they come, records.schema.json.
type RecordsJSON struct{ d *document }

// NewRecordsJSON begins the document.
func NewRecordsJSON(w io.Writer, m store.Meta) *RecordsJSON {
	v := &RecordsJSON{newDocument(w)}
	v.d.field("lineage", m.Lineage)
	v.d.field("serial", m.Serial)
	v.d.field("kind", string(m.Kind))
	v.d.array("tenants")
	return v
}

// Add writes one tenant; the record is not kept.
func (v *RecordsJSON) Add(r *ledger.Record) { v.d.element(toRecordJSON(r)) }

// Close completes the document.
func (v *RecordsJSON) Close() error {
	v.d.close()
	return v.d.end()
}

// Verified shows what state verify found.
func Verified(w io.Writer, s Screen, r store.Report) error {
	p := newPage(w, s, time.Time{}, nil)
	p.linef("%s, %s, %s.", count(int(r.Facts), "fact", "facts"), tenants(int(r.Tenants)), count(int(r.Attempts), "attempt", "attempts"))
	if len(r.Problems) == 0 {
		p.linef("%s The recorded state is sound.", p.paint(green, "Success!"))
	}
	for _, problem := range r.Problems {
		p.linef("%s %s", p.paint(red, "Problem:"), clean(problem))
	}
	return p.Flush()
}

// VerifiedJSON writes what state verify found, verify.schema.json.
func VerifiedJSON(w io.Writer, r store.Report) error {
	return whole(w,
		field{"sound", len(r.Problems) == 0}, field{"facts", r.Facts}, field{"tenants", r.Tenants},
		field{"attempts", r.Attempts}, field{"problems", listed(r.Problems)})
}

// Made is what init has written before the state. The zero Made is nothing.
type Made struct {
	Files   []string
	Key     string // column of the inventory that identifies tenants
	Address string // column that messages go to; empty: there is none
	Tenants int
}

// Created shows the state that init has made.
func Created(w io.Writer, s Screen, m store.Meta, made Made) error {
	p := newPage(w, s, time.Time{}, nil)
	for _, f := range made.Files {
		p.linef("wrote %s", clean(f))
	}
	if made.Key != "" {
		address := "none, so the plan makes one up"
		if made.Address != "" {
			address = clean(made.Address)
		}
		p.linef("key: %s · address: %s · %s", clean(made.Key), address, tenants(made.Tenants))
	}
	p.linef("%s The recorded state of %q is made, lineage %s.", p.paint(green, "Success!"), clean(m.Plan), m.Lineage)
	p.linef("Commit .transition.lineage, and see what is due with: transition plan")
	return p.Flush()
}

// CreatedJSON writes what init has made, init.schema.json.
func CreatedJSON(w io.Writer, m store.Meta, made Made) error {
	return whole(w, field{"plan", m.Plan}, field{"lineage", m.Lineage}, field{"kind", string(m.Kind)}, field{"files", listed(made.Files)})
}
