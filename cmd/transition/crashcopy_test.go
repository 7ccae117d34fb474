//go:build crashpoint && linux

package main

import (
	"encoding/json"
	"os"
	"path/filepath"

	"transition/plans/ledger"
	"transition/runner/store/sqlite"
)

// intents counts the attempts that have begun, by key: in the state, or in one that
// was in its place, whichever knows of more.
func (c *crashed) intents() map[string]int {
	c.Helper()
	most := make(map[string]int)
	take := func(all []ledger.Fact) {
		n := make(map[string]int)
		for i := range all {
			if all[i].Kind == ledger.Began {
				n[all[i].Key]++
				most[all[i].Key] = max(most[all[i].Key], n[all[i].Key])
			}
		}
	}
	take(c.history())
	replaced, err := filepath.Glob(c.state() + ".replaced-*")
	c.must(err)
	for _, name := range replaced {
		if filepath.Ext(name) == ".db-wal" {
			continue
		}
		s, err := sqlite.Open(c.Context(), name, sqlite.ReadOnly)
		c.must(err)
		take(c.facts(s))
		c.must(s.Close())
	}
	return most
}

// facts are those of attempts.
func (c *crashed) facts(s *sqlite.Store) []ledger.Fact {
	c.Helper()
	var all []ledger.Fact
	for f, err := range s.History(c.Context(), "") {
		c.must(err)
		if f.Key != "" { // what was shipped has none
			all = append(all, f)
		}
	}
	return all
}

// copies wants every backup whole.
func (c *crashed) copies() {
	c.Helper()
	names, err := filepath.Glob(filepath.Join(c.dir, "*.db"))
	c.must(err)
	for _, name := range names {
		c.run(0, "state", "verify", "-state="+filepath.Base(name))
	}
}

// outcomes writes the file that an apply writes when it cannot record what became
// of its attempts. Without such attempts there is none.
func (c *crashed) outcomes(file string) error {
	c.Helper()
	open := make(map[int64]ledger.Fact)
	for _, f := range c.history() {
		if f.Kind == ledger.Began {
			open[f.Attempt] = f
		} else {
			delete(open, f.Attempt)
		}
	}
	var facts []ledger.Fact
	for _, e := range c.happened() {
		for _, f := range open {
			if f.Key == e.key {
				f.Kind, f.At = ledger.Succeeded, c.now
				facts = append(facts, f)
			}
		}
	}
	if len(facts) == 0 {
		return nil
	}
	b, err := json.Marshal(map[string]any{
		"format_version": "1.0", "lineage": c.from, "serial": c.serial, "written_at": c.now, "facts": facts,
	})
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}
