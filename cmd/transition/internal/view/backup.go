package view

import (
	"fmt"
	"io"
	"time"

	"transition/runner"
	"transition/runner/store"
)

// BackedUp shows a backup that was written.
func BackedUp(w io.Writer, s Screen, b runner.BackedUp) error {
	p := newPage(w, s, time.Time{}, nil)
	p.linef("%s Serial %d is in %s, and sound: %s, %s.", p.paint(green, "Success!"), b.Meta.Serial, clean(b.File),
		count(int(b.Report.Facts), "fact", "facts"), tenants(int(b.Report.Tenants)))
	return p.Flush()
}

// BackedUpJSON writes what was backed up, backup.schema.json.
func BackedUpJSON(w io.Writer, b runner.BackedUp) error {
	return whole(w, field{"file", b.File}, field{"lineage", b.Meta.Lineage}, field{"serial", b.Meta.Serial},
		field{"facts", b.Report.Facts}, field{"tenants", b.Report.Tenants})
}

// Restoring shows what a restoration would come to.
func Restoring(w io.Writer, s Screen, r runner.Restored, now time.Time, zone *time.Location) error {
	p := newPage(w, s, now, zone)
	p.linef("%s has come to serial %d.", clean(r.File), r.Copy.Serial)
	if r.Lost != nil {
		p.linef("What fell due until %s and is not in it becomes unknown.", p.dated(r.Until))
	}
	p.missing(r)
	return p.Flush()
}

// Restored shows what was restored.
func Restored(w io.Writer, s Screen, r runner.Restored) error {
	p := newPage(w, s, time.Time{}, nil)
	p.linef("%s Serial %d is restored.", p.paint(green, "Success!"), r.Copy.Serial)
	if r.Aside != "" {
		p.linef("What was there is kept in %s.", clean(r.Aside))
	}
	p.missing(r)
	if r.Lost != nil {
		apply := "transition apply"
		if r.Copy.Kind == store.Rehearsal {
			apply += " -rehearse=INSTANT"
		}
		p.linef("What may have been done is shown as unknown once it is due: %s, then transition status -status=Error", apply)
	}
	return p.Flush()
}

// missing lists what is known to have begun, and is not in the copy.
func (p *page) missing(r runner.Restored) {
	const most = 10
	if len(r.Missing) == 0 {
		return
	}
	p.linef("%s not in it, and known to have begun:", count(len(r.Missing), "attempt is", "attempts are"))
	for _, a := range r.Missing[:min(most, len(r.Missing))] {
		p.linef("  %s", clean(a))
	}
	if n := len(r.Missing) - most; n > 0 {
		p.linef("  and %s", fmt.Sprintf("%d more", n))
	}
}

// RestoredJSON writes what was restored, restore.schema.json.
func RestoredJSON(w io.Writer, r runner.Restored) error {
	return whole(w, field{"file", r.File}, field{"lineage", r.Copy.Lineage}, field{"serial", r.Copy.Serial},
		field{"complete", r.Lost == nil}, field{"unknown_until", instant(r.Until)}, field{"missing", listed(r.Missing)},
		field{"kept", optional(r.Aside)})
}
