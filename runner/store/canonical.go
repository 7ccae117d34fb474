package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"transition/plans/ledger"
)

// Canonical returns a fact as stores keep it: its instants in UTC and without a
// monotonic reading, its texts valid UTF-8. What is read back equals it. It
// refuses what no store can keep: a fact without a tenant or an instant, one
// whose names are no valid UTF-8 or whose instants have no four-digit year, and
// one of an attempt that does not name its attempt.
func Canonical(f ledger.Fact) (ledger.Fact, error) {
	if err := checkFact(&f); err != nil {
		return ledger.Fact{}, fmt.Errorf("fact %q of tenant %q: %w", f.Kind, f.Tenant, err)
	}
	f.At = f.At.UTC().Round(0)
	for _, p := range [...]**time.Time{&f.Next, &f.Announced, &f.T, &f.Until, &f.Said} {
		if *p != nil {
			t := (*p).UTC().Round(0)
			*p = &t
		}
	}
	f.Row = canonicalRow(f.Row)
	e := &f.Evidence
	for _, s := range [...]*string{&f.Reason, &f.By, &f.Source, &e.Reply, &e.Output, &e.Message, &e.Digest} {
		*s = strings.ToValidUTF8(*s, string(utf8.RuneError))
	}
	return f, nil
}

func canonicalRow(row map[string]string) map[string]string {
	if row == nil {
		return nil
	}
	valid := make(map[string]string, len(row))
	for k, v := range row {
		valid[strings.ToValidUTF8(k, string(utf8.RuneError))] = strings.ToValidUTF8(v, string(utf8.RuneError))
	}
	return valid
}

// OfAttempt reports whether facts of a kind are caused by an attempt.
func OfAttempt(k ledger.Kind) bool {
	return k == ledger.Began || k == ledger.Succeeded || k == ledger.Failed || k == ledger.Unknown
}

// Closes reports whether a fact ends the waiting of its item's unknown attempts:
// a person or a probe has spoken, the item is given up, or it is called something
// else and waits under that name.
func Closes(f *ledger.Fact) bool {
	switch f.Kind {
	case ledger.Resolved, ledger.Renamed:
		return true
	case ledger.Probed:
		return f.Answer != ""
	case ledger.Skipped:
		return len(f.Recipients) == 0 // else only some recipients are given up
	default:
		return false
	}
}

func checkFact(f *ledger.Fact) error {
	switch {
	case f.Tenant == "":
		return errors.New("it has no tenant")
	case f.At.IsZero():
		return errors.New("it has no instant")
	// A failure may be without one: what cannot be rendered is never claimed.
	case f.Attempt == 0 && OfAttempt(f.Kind) && f.Kind != ledger.Failed:
		return errors.New("it names no attempt")
	}
	names := slices.Concat(f.Recipients, f.Known.Names(), []string{f.Tenant, f.Item, f.Recipient, f.Key, f.Batch, f.Zone, f.Into})
	for _, s := range names {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%q is not valid UTF-8", s)
		}
	}
	for _, t := range [...]*time.Time{&f.At, f.Next, f.Announced, f.T, f.Until, f.Said} {
		if t != nil && (t.UTC().Year() < 0 || t.UTC().Year() > 9999) {
			return fmt.Errorf("the year of %v does not have four digits", t)
		}
	}
	return nil
}
