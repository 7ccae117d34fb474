package view

import (
	"fmt"
	"io"
	"strings"
	"time"

	"transition/plans/ledger"
	"transition/schema/diag"
)

// History shows the facts of a tenant as they come, one a line, oldest first.
type History struct {
	page   *page
	tenant string
	zone   *time.Location
	rows   [][]string
	n      int
}

// NewHistory begins the history of a tenant.
func NewHistory(w io.Writer, s Screen, tenant string, now time.Time, zone *time.Location) *History {
	return &History{page: newPage(w, s, now, zone), tenant: tenant, zone: zone}
}

// Add shows one fact.
func (v *History) Add(f ledger.Fact) {
	if v.n == 0 {
		v.page.linef("%s · %d · %s", v.page.paint(bold, clean(v.tenant)), v.page.now.Year(), v.zone)
	}
	v.n++
	v.rows = append(v.rows, []string{
		v.page.minute(f.At), v.page.factMark(f.Kind), clean(v.where(&f)), v.page.factWords(&f),
	})
	if len(v.rows) >= chunk {
		v.page.rows("", v.rows)
		v.rows = v.rows[:0]
	}
}

// where is the item of a fact, under the id of the tenant if that was another one
// then.
func (v *History) where(f *ledger.Fact) string {
	if f.Tenant == v.tenant || v.tenant == "" {
		return f.Item
	}
	return strings.TrimSuffix(f.Tenant+"/"+f.Item, "/")
}

// Close prints what is left.
func (v *History) Close() error {
	v.page.rows("", v.rows)
	if v.n == 0 {
		v.page.linef("Nothing is recorded of %s.", clean(v.tenant))
	}
	return v.page.Flush()
}

func (s Screen) factMark(k ledger.Kind) string {
	switch k {
	case ledger.Succeeded, ledger.Approved, ledger.Consented:
		return s.paint(green, string(k))
	case ledger.Failed, ledger.Unknown, ledger.Missed, ledger.Rejected, ledger.Expired, ledger.Objected:
		return s.paint(red, string(k))
	case ledger.Held, ledger.Resumed, ledger.Resolved:
		return s.paint(yellow, string(k))
	default:
		return string(k)
	}
}

// factWords says what is particular about a fact.
func (p *page) factWords(f *ledger.Fact) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if f.Batch != "" {
		add("batch %s", clean(f.Batch))
	}
	if f.T != nil {
		add("T %s", p.both(*f.T))
	}
	if f.Apart {
		add("by a part of a plan that was not adopted")
	}
	if f.Op == ledger.Acquire || f.Op == ledger.Release {
		add("%s", f.Op)
	}
	if f.No > 1 {
		add("attempt %d", f.No)
	}
	if f.Recipient != "" {
		add("to %s", clean(f.Recipient))
	}
	switch {
	case f.Into == "":
	case f.Kind == ledger.Renamed:
		add("is called %s now", clean(f.Into))
	default:
		add("into %s", clean(f.Into))
	}
	if f.Answer != "" {
		add("%s", f.Answer)
	}
	if f.State != "" {
		add("%s", f.State)
	}
	switch {
	case f.Source == "":
	case f.Kind == ledger.Renamed:
		add("was %s", clean(f.Source))
	default:
		add("from %s", clean(f.Source))
	}
	if f.Next != nil {
		add("again %s", p.minute(*f.Next))
	}
	if f.Until != nil {
		add("until %s", p.minute(*f.Until))
	}
	if words := evidenceWords(&f.Evidence, f.Reason); words != "" {
		add("%s", words)
	}
	return joined(strings.Join(parts, ", "), quoted(f.Reason), byWhom(f.By))
}

// evidenceWords are the codes that an attempt ended with, unless the reason says
// them.
func evidenceWords(e *ledger.Evidence, reason string) string {
	var parts []string
	add := func(word string, code int) {
		if code != 0 && !strings.Contains(reason, fmt.Sprint(code)) {
			parts = append(parts, fmt.Sprintf("%s %d", word, code))
		}
	}
	if e.ExitCode != nil {
		add("exit", *e.ExitCode)
	}
	add("status", e.Status)
	return strings.Join(parts, ", ")
}

func quoted(reason string) string {
	if reason == "" {
		return ""
	}
	return `"` + clean(reason) + `"`
}

func byWhom(by string) string {
	if by == "" {
		return ""
	}
	return "by " + clean(by)
}

type factJSON struct {
	Seq        int64         `json:"seq"`
	At         instant       `json:"at"`
	Kind       string        `json:"kind"`
	Address    string        `json:"address"`
	Epoch      int           `json:"epoch"`
	Op         string        `json:"op,omitempty"`
	Recipient  string        `json:"recipient,omitempty"`
	Recipients []string      `json:"recipients,omitempty"`
	Attempt    int64         `json:"attempt,omitempty"`
	No         int           `json:"no,omitempty"`
	Key        string        `json:"key,omitempty"`
	Next       *instant      `json:"next,omitempty"`
	Evidence   *evidenceJSON `json:"evidence,omitempty"`
	Notice     bool          `json:"notice,omitempty"`
	Announced  *instant      `json:"announced,omitempty"`
	NotBegun   bool          `json:"not_begun,omitempty"`
	Batch      string        `json:"batch,omitempty"`
	Cutover    *instant      `json:"cutover,omitempty"`
	Zone       string        `json:"zone,omitempty"`
	Apart      bool          `json:"apart,omitempty"`
	Into       string        `json:"into,omitempty"`
	State      string        `json:"state,omitempty"`
	Source     string        `json:"source,omitempty"`
	Said       *instant      `json:"said,omitempty"`
	Answer     string        `json:"answer,omitempty"`
	Until      *instant      `json:"until,omitempty"`
	By         string        `json:"by,omitempty"`
	Reason     string        `json:"reason,omitempty"`
}

type evidenceJSON struct {
	ExitCode *int   `json:"exit_code,omitempty"`
	Status   int    `json:"status,omitempty"`
	Reply    string `json:"reply,omitempty"`
	Output   string `json:"output,omitempty"`
	Message  string `json:"message_id,omitempty"`
	Digest   string `json:"sha256,omitempty"`
}

func toFactJSON(f *ledger.Fact) factJSON {
	address := f.Tenant
	if f.Item != "" {
		address += "/" + f.Item
	}
	j := factJSON{
		Seq: f.Seq, At: instant(f.At), Kind: string(f.Kind), Address: address, Epoch: f.Epoch,
		Op: string(f.Op), Recipient: f.Recipient, Recipients: f.Recipients, Attempt: f.Attempt, No: f.No, Key: f.Key,
		Next: (*instant)(f.Next), Notice: f.Notice, Announced: (*instant)(f.Announced), NotBegun: f.NotBegun,
		Batch: f.Batch, Cutover: (*instant)(f.T), Zone: f.Zone, Apart: f.Apart,
		Into: f.Into, State: string(f.State), Source: f.Source, Said: (*instant)(f.Said), Answer: string(f.Answer), Until: (*instant)(f.Until), By: f.By, Reason: f.Reason,
	}
	if f.Evidence != (ledger.Evidence{}) {
		e := evidenceJSON(f.Evidence)
		j.Evidence = &e
	}
	return j
}

// HistoryJSON writes the facts of a tenant as they come, history.schema.json.
type HistoryJSON struct{ d *document }

// NewHistoryJSON begins the document. wrong is as with NewStatusJSON.
func NewHistoryJSON(w io.Writer, tenant string, wrong diag.List) *HistoryJSON {
	v := &HistoryJSON{newDocument(w)}
	v.d.wrong(wrong)
	v.d.field("tenant", tenant)
	v.d.array("facts")
	return v
}

// Add writes one fact.
func (v *HistoryJSON) Add(f ledger.Fact) { v.d.element(toFactJSON(&f)) }

// Close completes the document.
func (v *HistoryJSON) Close() error {
	v.d.close()
	return v.d.end()
}
