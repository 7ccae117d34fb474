//go:build crashpoint && linux

package main

import (
	"bytes"
	"io/fs"
	"maps"
	"net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"transition/plans/ledger"
)

// happened lists what has happened outside: what commands have written down, the
// letters in the box, and what servers have seen.
func (c *crashed) happened() []effect {
	c.Helper()
	all := c.scene.web.all()
	journal, err := os.ReadFile(filepath.Join(c.dir, "journal"))
	if err != nil && !os.IsNotExist(err) {
		c.Fatal(err)
	}
	for line := range strings.Lines(string(journal)) {
		key, what, _ := strings.Cut(strings.TrimSpace(line), " ")
		all = append(all, effect{key, what})
	}
	for _, data := range c.scene.mails.all() {
		all = append(all, c.letter("mail", data))
	}
	letters, err := filepath.Glob(filepath.Join(c.dir, "outbox", "new", "*.eml"))
	c.must(err)
	for _, name := range letters {
		data, err := os.ReadFile(name)
		c.must(err)
		all = append(all, c.letter("letter", data))
	}
	return all
}

func (c *crashed) letter(kind string, data []byte) effect {
	c.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	c.must(err)
	key, _, _ := strings.Cut(strings.TrimPrefix(m.Header.Get("Message-ID"), "<"), "@")
	return effect{key, m.Header.Get("To") + " " + kind + " " + m.Header.Get("Subject")}
}

// look looks at everything after an accident, before anybody has put it right.
// Nothing of that changes anything.
func (c *crashed) look() {
	c.Helper()
	before, names := c.happened(), c.files()
	c.witness()
	c.copies()
	serial := c.serial
	plan, code := c.try("plan")
	switch s := c.readable(); {
	case c.cutOff():
		if code != 1 {
			c.Errorf("after an init that was cut off, plan ends with %d", code)
		}
		if s != nil {
			c.must(s.Close())
		}
		return
	case s == nil:
		if code == 0 && c.recorded() {
			c.Error("plan takes a state of an older schema")
		}
		return
	default:
		c.must(s.Close())
		c.run(0, "state", "verify")
	}
	if open := c.unknown(); code != 0 || len(open) > 0 && !strings.Contains(plan, "? unknown") {
		c.Errorf("plan ends with %d, while %v are unknown:\n%s", code, open, plan)
	}
	c.history()
	if c.serial != serial || len(c.happened()) != len(before) || !slices.Equal(names, c.files()) {
		c.Errorf("looking has changed something: %v, %v", names, c.files())
	}
	if _, err := os.Stat(filepath.Join(c.dir, "first.plan")); err == nil {
		c.run(0, "show", "first.plan")
	}
}

// cutOff reports whether the init that was to make the state has not ended.
func (c *crashed) cutOff() bool {
	c.Helper()
	content, err := os.ReadFile(filepath.Join(c.dir, ".transition.lineage"))
	if !os.IsNotExist(err) {
		c.must(err)
	}
	return strings.HasSuffix(string(content), " unfinished\n")
}

// files lists the plan directory without what the engine makes while it reads.
func (c *crashed) files() []string {
	c.Helper()
	var names []string
	c.must(filepath.WalkDir(c.dir, func(name string, _ fs.DirEntry, err error) error {
		if !slices.Contains([]string{".db-wal", ".db-shm", ".synced"}, filepath.Ext(name)) {
			names = append(names, name)
		}
		return err
	}))
	return names
}

// witness holds what has happened against the record.
func (c *crashed) witness() {
	c.Helper()
	began, succeeded := c.intents(), map[string]string{}
	for _, f := range c.history() {
		if f.Kind == ledger.Succeeded {
			succeeded[f.Key] = f.Tenant + "/" + f.Item
		}
	}
	seen, what := map[string]int{}, map[string]string{}
	for _, e := range c.happened() {
		seen[e.key]++
		what[e.key] = e.what
	}
	for _, key := range slices.Sorted(maps.Keys(seen)) {
		n := seen[key]
		if n > began[key] {
			c.Errorf("%s has happened %d times, and %d attempts have begun", what[key], n, began[key])
		}
		if n > 1 && !strings.HasSuffix(what[key], repeats) {
			c.scene.all.twice()
			c.Errorf("%s has happened %d times", what[key], n)
		}
	}
	for key, address := range succeeded {
		if seen[key] == 0 {
			c.Errorf("%s has succeeded, and nothing has happened", address)
		}
	}
	c.inOrder()
}

// inOrder wants the commands of a tenant by the order of the phases.
func (c *crashed) inOrder() {
	c.Helper()
	journal, err := os.ReadFile(filepath.Join(c.dir, "journal"))
	if err != nil {
		return // nothing has happened yet
	}
	order := []string{"Tell", "Copy", "Lock", "Done", "After"}
	at := make(map[string]int)
	for line := range strings.Lines(string(journal)) {
		words := strings.Fields(line)
		part := strings.Split(words[1], "/")
		switch n := slices.Index(order, part[1]); {
		case words[2] == "release" || words[2] == "undo": // later than its phase
		case n < at[part[0]]:
			c.Errorf("%s comes after a later phase", words[1])
		default:
			at[part[0]] = n
		}
	}
}

// finally wants the end that the story has without an accident.
func (c *crashed) finally() {
	c.Helper()
	c.witness()
	if out := c.run(0, "plan"); !strings.Contains(out, "No changes.") {
		c.Errorf("in the end plan says\n%s", out)
	}
	if got := c.standing(); !maps.Equal(got, c.scene.end) {
		c.Errorf("in the end there are\n%v\nnot\n%v", got, c.scene.end)
	}
	last := c.scene.steps[len(c.scene.steps)-1]
	before, serial := counts(c.happened()), c.serial
	c.do(&last)
	c.history()
	if c.serial != serial || !maps.Equal(before, counts(c.happened())) {
		c.Error("a second apply changes something")
	}
	c.run(0, "state", "verify")
	c.must(filepath.WalkDir(c.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		if bytes.Contains(content, []byte(canary)) {
			c.Errorf("%s holds a secret", name)
		}
		return err
	}))
}
