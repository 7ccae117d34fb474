package view

import (
	"io"
	"time"

	"transition/plans/timeline"
)

// Timeline shows every resolved instant, batch by batch, local and in UTC.
func Timeline(w io.Writer, s Screen, entries []timeline.Entry, now time.Time) error {
	p := newPage(w, s, now, time.UTC)
	if len(entries) == 0 {
		p.linef("No batch has a date yet.")
	}
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n].Batch == entries[0].Batch {
			n++
		}
		zone := "UTC"
		if entries[0].Zone != nil {
			zone = entries[0].Zone.String()
		}
		p.section("batch " + clean(entries[0].Batch) + " · " + zone)
		rows := make([][]string, n)
		for i := range n {
			rows[i] = p.entryRow(&entries[i])
		}
		p.rows("  ", rows)
		entries = entries[n:]
	}
	return p.Flush()
}

func (p *page) entryRow(e *timeline.Entry) []string {
	what := clean(e.Phase)
	if e.Item != "" {
		what += "/" + clean(e.Item)
	}
	return []string{
		p.in(e.Zone).dated(e.At), e.Offset, what, string(e.Edge), p.paint(yellow, clean(e.Note)),
	}
}

type entryJSON struct {
	Batch  string   `json:"batch"`
	Phase  string   `json:"phase"`
	Item   optional `json:"item"`
	Edge   string   `json:"edge"`
	Offset string   `json:"offset"`
	At     instant  `json:"at"`
	Local  string   `json:"local"`
	Zone   string   `json:"zone"`
	Note   string   `json:"note"`
}

// TimelineJSON writes every resolved instant, timeline.schema.json.
func TimelineJSON(w io.Writer, entries []timeline.Entry) error {
	d := newDocument(w)
	d.array("entries")
	for i := range entries {
		e := &entries[i]
		zone := e.Zone
		if zone == nil {
			zone = time.UTC
		}
		d.element(entryJSON{
			Batch: e.Batch, Phase: e.Phase, Item: optional(e.Item), Edge: string(e.Edge), Offset: e.Offset,
			At: instant(e.At), Local: e.At.In(zone).Format(time.RFC3339), Zone: zone.String(), Note: e.Note,
		})
	}
	d.close()
	return d.end()
}
