package examples_test

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestQuickstartWalk(t *testing.T) {
	needs(t, "sh")
	dir := copyOf(t, "quickstart")

	rehearse(t, 0, dir, "2027-04-19")
	held := map[string]string{"maple": "no batch matches", "oak": "batch large has no date"}
	for id, tn := range status(t, 0, dir) {
		if got := tn.reason(); got != held[id] {
			t.Errorf("%s is held because of %q, want %q", id, got, held[id])
		}
	}

	rehearse(t, 0, dir, "2027-05-07T20:00")
	if frozen := glob(t, dir, "work/frozen/*"); len(frozen) != 3 {
		t.Errorf("frozen: %q, want three tenants", frozen)
	}

	// linden's files are not where the plan expects them.
	rehearse(t, 3, dir, "2027-05-08T09:00")
	if got := status(t, 3, dir)["linden"].where(); got != "Move Error" {
		t.Errorf("linden is %s", got)
	}
	why := must(t, 3, dir, "why", "linden")
	if !strings.Contains(why.stdout, "old/linden") {
		t.Errorf("why does not repeat what the command said:\n%s", why.stdout)
	}
	mustWrite(t, filepath.Join(dir, "old/linden/menu.txt"), "Soup\n")
	must(t, 0, dir, "resolve", "linden/Move/copy", "-retry", "-reason=the files were found")
	rehearse(t, 0, dir, "2027-05-08T09:00")
	mustExist(t, dir, "work/new/cedar/wood.txt", "work/new/hazel/minutes.txt", "work/new/linden/menu.txt")

	rehearse(t, 0, dir, "2027-05-09T09:00")
	for _, id := range []string{"cedar", "hazel", "linden"} {
		if got := status(t, 0, dir)[id].where(); got != "Done Complete" {
			t.Errorf("%s is %s", id, got)
		}
	}
	if frozen := glob(t, dir, "work/frozen/*"); len(frozen) != 0 {
		t.Errorf("still frozen: %q", frozen)
	}
	if again := rehearse(t, 0, dir, "2027-05-09T09:00"); !strings.Contains(again.stdout, "No changes.") {
		t.Errorf("a second apply at the same instant says:\n%v", again)
	}
	history := must(t, 0, dir, "history", "linden")
	if !strings.Contains(history.stdout, "the files were found") {
		t.Errorf("the history does not say why linden was tried again:\n%s", history.stdout)
	}
}
