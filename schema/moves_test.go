package schema_test

import (
	"testing"

	"transition/schema"
)

func phase(name string) schema.Ref { return schema.Ref{Kind: schema.RefPhase, Name: name} }
func item(key string) schema.Ref   { return schema.Ref{Kind: schema.RefItem, Name: key} }
func batch(name string) schema.Ref { return schema.Ref{Kind: schema.RefBatch, Name: name} }

// edited is a plan that was renamed again and again.
func edited() *schema.Config {
	return &schema.Config{
		Moves: []*schema.Move{
			{From: phase("Copy"), To: phase("Pre-Stage")},
			{From: phase("Pre-Stage"), To: phase("Prep")},
			{From: item("Copy/all"), To: item("Copy/everything")},
			{From: item("Prep/files"), To: item("Lock/files")},
			{From: batch("one"), To: batch("first")},
			{From: item("on/news"), To: item("on/changed")},
			{From: item("Survey/call"), To: item("Prep/call")},
		},
		Removals: []*schema.Removal{{From: item("Pre-Stage/scan")}, {From: phase("Survey")}, {From: batch("first")}},
	}
}

func TestNow(t *testing.T) {
	for was, want := range map[schema.Ref]schema.Ref{
		phase("Copy"):      phase("Prep"),
		item("Copy/mail"):  item("Prep/mail"),       // the move of a phase takes its items along
		item("Copy/all"):   item("Prep/everything"), // an item's own move comes first
		item("Copy/files"): item("Lock/files"),
		item("on/news"):    item("on/changed"),
		batch("one"):       batch("first"),
		batch("Copy"):      batch("Copy"), // a batch is no phase
		item("Lock/files"): item("Lock/files"),
	} {
		if got := edited().Now(was); got != want {
			t.Errorf("%v is called %v now, want %v", was, got, want)
		}
	}
}

func TestRemoved(t *testing.T) {
	for was, want := range map[schema.Ref]bool{
		item("Copy/scan"):      true, // by the name that it had in between
		item("Pre-Stage/scan"): true,
		item("Prep/scan"):      false, // another item, of a later version
		item("Survey/ask"):     true,  // with its phase
		item("Survey/call"):    false, // it was moved elsewhere before
		batch("one"):           true,
		batch("two"):           false,
	} {
		if got := edited().Removed(was) != nil; got != want {
			t.Errorf("%v was removed: %t, want %t", was, got, want)
		}
	}
}

func TestNow_ComesToAnEnd(t *testing.T) {
	c := &schema.Config{Moves: []*schema.Move{{From: phase("A"), To: phase("B")}, {From: item("B/x"), To: item("A/x")}}}
	c.Now(item("A/x"))
}
