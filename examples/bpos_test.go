package examples_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// instants are those that the README of bpos-s lists, in its order.
func instants(t *testing.T) []string {
	t.Helper()
	readme, err := os.ReadFile("bpos-s/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([0-9T:-]+)` \\|").FindAllStringSubmatch(string(readme), -1) {
		list = append(list, m[1])
	}
	if len(list) < 8 {
		t.Fatalf("found only the instants %q", list)
	}
	return list
}

// rows are the tenants of the inventory by id.
func rows(t *testing.T, dir string) map[string]map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "tenants.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	byID := make(map[string]map[string]string)
	for _, rec := range all[1:] {
		row := make(map[string]string)
		for i, column := range all[0] {
			row[column] = rec[i]
		}
		byID[row["id"]] = row
	}
	return byID
}

func rehearse(t *testing.T, code int, dir, instant string) result {
	t.Helper()
	return must(t, code, dir, "apply", "-rehearse="+instant, "-auto-approve")
}

func TestBposWalksEveryPlacedTenantToTheEnd(t *testing.T) {
	needsUnix(t)
	dir := copyOf(t, "bpos-s")
	for _, at := range instants(t) {
		r := rehearse(t, 0, dir, at)
		if strings.Contains(r.stdout, "No changes.") {
			t.Errorf("%s: the README lists an instant at which nothing happens:\n%s", at, r.stdout)
		}
		if again := rehearse(t, 0, dir, at); !strings.Contains(again.stdout, "No changes.") {
			t.Errorf("%s: a second apply at the same instant says:\n%v", at, again)
		}
	}

	placed := 0
	for id, tn := range status(t, 0, dir) {
		if tn.Batch == nil {
			if got := tn.where(); got != "Pre-Approval Complete" {
				t.Errorf("%s has no batch and is %s", id, got)
			}
			continue
		}
		placed++
		if got := tn.where(); got != "Finalize Complete" {
			t.Errorf("%s is %s", id, got)
		}
		mustExist(t, dir, "work/new/"+id+"/UPGRADED", "work/new/"+id+"/mail/1.eml", "work/retired/"+id)
	}
	if placed != 36 {
		t.Errorf("%d tenants were placed, want 36", placed)
	}
	if locks := glob(t, dir, "work/locks/*"); len(locks) != 0 {
		t.Errorf("still locked: %q", locks)
	}
	if mails := glob(t, dir, "outbox/new/*"); len(mails) != 36*4 {
		t.Errorf("%d messages were sent, want 4 to each of 36 tenants", len(mails))
	}
}

func TestBposShowsWhyATenantIsNotPlaced(t *testing.T) {
	dir := copyOf(t, "bpos-s")
	rehearse(t, 0, dir, "2012-01-10")
	inventory := rows(t, dir)
	pilots := 0
	for id, tn := range status(t, 0, dir) {
		want, batch := "", "wave1"
		switch row := inventory[id]; {
		case row["blackberry"] == "true":
			want, batch = "Waits for the BlackBerry service on the new platform", ""
		case id == "humongous": // 600 of 500: larger than the whole batch
			want, batch = "capacity 257/500 of batch wave1", ""
		case row["ring"] == "pilot" && id != "northwind" && id != "tailspin":
			batch = "pilot"
			pilots++
		}
		if got := tn.reason(); !strings.Contains(got, want) || (want == "") != (got == "") {
			t.Errorf("%s is held because of %q, want %q", id, got, want)
		}
		if got := deref(tn.Batch); got != batch {
			t.Errorf("%s is in batch %q, want %q", id, got, batch)
		}
	}
	if pilots != 10 {
		t.Errorf("the pilot has %d tenants, want its capacity of 10", pilots)
	}
}

// Whoever appears when the notice can no longer be kept is not taken by surprise.
func TestBposDoesNotPlaceATenantWhoComesTooLate(t *testing.T) {
	needsUnix(t)
	dir := copyOf(t, "bpos-s")
	walk := instants(t)
	for _, at := range walk[:5] {
		rehearse(t, 0, dir, at)
	}
	appendLine(t, filepath.Join(dir, "tenants.csv"),
		"wingtip,Wingtip Toys,broad,90,false,Americas,en,Mike Ray,mike.ray@wingtip.example\n")
	rehearse(t, 0, dir, walk[5])
	late := status(t, 0, dir)["wingtip"]
	if got := late.reason(); late.Batch != nil || !strings.Contains(got, "notice: 30d needed, 27d left") {
		t.Errorf("the latecomer is in batch %q, held because of %q", deref(late.Batch), got)
	}
}

// A copy that has no room is tried again, and nobody has to do anything.
func TestBposCopyIsTriedAgain(t *testing.T) {
	needsUnix(t)
	dir := copyOf(t, "bpos-s")
	for _, at := range instants(t)[:5] {
		rehearse(t, 0, dir, at)
	}
	mustWrite(t, filepath.Join(dir, "work/quota-full/contoso"), "")
	rehearse(t, 0, dir, "2012-03-03")
	if got := status(t, 0, dir)["contoso"].where(); got != "Pre-Stage Warning" {
		t.Errorf("with its quota full contoso is %s", got)
	}
	if err := os.Remove(filepath.Join(dir, "work/quota-full/contoso")); err != nil {
		t.Fatal(err)
	}
	rehearse(t, 0, dir, "2012-03-03T01:00")
	if got := status(t, 0, dir)["contoso"].where(); got != "Pre-Stage Complete" {
		t.Errorf("with room again contoso is %s", got)
	}
}

// The transition refuses whoever is not locked, and such a tenant waits for a person.
func TestBposUpgradeNeedsTheLock(t *testing.T) {
	needsUnix(t)
	dir := copyOf(t, "bpos-s")
	walk := instants(t)
	for _, at := range walk[:7] {
		rehearse(t, 0, dir, at)
	}
	admin := func(verb string) {
		t.Helper()
		if r := command(t, dir, nil, "sh", "bin/admin", verb, "contoso"); r.code != 0 {
			t.Fatalf("bin/admin %s: %v", verb, r)
		}
	}
	admin("enable")
	rehearse(t, 3, dir, walk[7])
	all := status(t, 3, dir)
	if got := all["contoso"].where(); got != "DataUpgrade Error" {
		t.Errorf("without its lock contoso is %s", got)
	}
	if got := all["adatum"].where(); got != "DataUpgrade Complete" {
		t.Errorf("beside it adatum is %s", got)
	}

	admin("disable")
	must(t, 0, dir, "resolve", "contoso/DataUpgrade/upgrade", "-retry", "-reason=locked again")
	rehearse(t, 0, dir, walk[7])
	if got := status(t, 0, dir)["contoso"].where(); got != "DataUpgrade Complete" {
		t.Errorf("locked and tried again contoso is %s", got)
	}
}

// Who has missed the hours in which the move may begin is given back unharmed,
// and whoever waits for the pilot waits until its own hours have passed.
func TestBposMissedMove(t *testing.T) {
	needsUnix(t)
	dir := copyOf(t, "bpos-s")
	for _, at := range instants(t) {
		switch {
		case at < "2012-03-09T18:30":
			rehearse(t, 0, dir, at)
		case at > "2012-03-09T18:30":
			rehearse(t, 3, dir, at)
		}
		if at == "2012-03-30" {
			if got := status(t, 3, dir)["woodgrove"].reason(); !strings.Contains(got, "waits for batch pilot") {
				t.Errorf("at T-1d woodgrove of wave1 is held because of %q", got)
			}
		}
	}
	all := status(t, 3, dir)
	if got := all["contoso"]; got.Status != "Error" || !strings.Contains(got.reason(), "missed") {
		t.Errorf("contoso of the pilot is %s, held because of %q", got.where(), got.reason())
	}
	if got := all["woodgrove"]; got.Status != "Error" || !strings.Contains(got.reason(), "missed: Lock/tenant_admin") {
		t.Errorf("woodgrove of wave1, which waits for the pilot, is %s, held because of %q", got.where(), got.reason())
	}
	if locks := glob(t, dir, "work/locks/*"); len(locks) != 0 {
		t.Errorf("still locked: %q", locks)
	}
	if moved := glob(t, dir, "work/new/*/UPGRADED"); len(moved) != 0 {
		t.Errorf("moved all the same: %q", moved)
	}
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func glob(t *testing.T, dir, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func mustExist(t *testing.T, dir string, paths ...string) {
	t.Helper()
	for _, p := range paths {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(p))); err != nil {
			t.Error(err)
		}
	}
}

func mustWrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func appendLine(t *testing.T, path, line string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, path, string(data)+line)
}
