package hclconfig_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"transition/schema/hclconfig"
)

const editedPlan = `transition "t" {
  defaults {
    channel = channel.maildir.post
    timeout = "2h"
  }
  postpone {
    max   = 1
    until = "T-20d"
  }
}
variable "bin" { default = "./bin" }
locals {
  kinds  = { a = "${var.bin}/copy", b = file("b.txt") }
  unused = 1
}
inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
  column "ring" { type = string }
}
channel "maildir" "post" { path = "out" }
channel "maildir" "other" { path = "other" }
retry "patient" { max_attempts = 8 }
limit "few" { max_in_flight = 2 }

phase "Tell" {
  opens = "T-30d"

  communication "letter" {
    to      = [tenant.email]
    message = "mail/letter"
  }
  communication "note" {
    channel = channel.maildir.other
    to      = [tenant.email]
    subject = "x"
    body    = templatefile("note.tmpl", { date = T, until = postpone_until })
    at      = "T-25d"
  }
}
phase "Copy" {
  opens = "T-7d"

  work "copy" {
    exec { command = [local.kinds[tenant.ring], tenant.id] }
    retry = retry.patient
    limit = limit.few
    undo {
      exec { command = ["discard"] }
    }
  }
  lock "door" {
    acquire {
      exec { command = ["lock"] }
    }
    release {
      exec { command = ["unlock"] }
    }
    release_in = phase.Done
  }
}
phase "Done" {
  opens = "T+1d"
}
`

func editedFiles() fstest.MapFS {
	return fstest.MapFS{
		"x.transition.hcl":   {Data: []byte(editedPlan)},
		"tenants.csv":        {Data: []byte("id,email,seats,ring\n")},
		"mail/letter.md":     {Data: []byte("---\nsubject: Dear ${tenant.id}\n---\nSee ${local.kinds[\"b\"]}.\n")},
		"mail/letter.de.md":  {Data: []byte("---\nsubject: Hallo\n---\nText\n")},
		"note.tmpl":          {Data: []byte("On ${date}, until ${until}.")},
		"b.txt":              {Data: []byte("./bin/b")},
		"mail/another.de.md": {Data: []byte("---\nsubject: x\n---\nText\n")},
	}
}

// TestDigests_ChangeWithWhatAnItemDoes edits one thing at a time.
func TestDigests_ChangeWithWhatAnItemDoes(t *testing.T) {
	const plan = "x.transition.hcl"
	all := "Copy/copy Copy/door Tell/letter Tell/note"
	for _, c := range []struct{ name, file, old, new, want string }{
		{"a comment", plan, `retry = retry.patient`, "# slow\n    retry = retry.patient // very", ""},
		{"blank space", plan, `max_attempts = 8`, `max_attempts   =   8`, ""},
		{"line breaks", plan, `[tenant.email]`, "[\n  tenant.email\n]", ""},
		{"the order of attributes", plan, "retry = retry.patient\n    limit = limit.few", "limit = limit.few\n    retry = retry.patient", ""},
		{"what nothing uses", plan, "unused = 1", "unused = 2", ""},
		{"a message of nobody", "mail/another.de.md", "Text", "Other", ""},
		{"when a phase opens", plan, `opens = "T-7d"`, `opens = "T-8d"`, ""},
		{"when an item is due", plan, `at      = "T-25d"`, `at      = "T-24d"`, ""},
		{"what becomes of new items", plan, `opens = "T-7d"`, "opens = \"T-7d\"\n  on_insert = \"run\"", ""},

		{"a recipient", plan, `to      = [tenant.email]
    message`, `to      = [lower(tenant.email)]
    message`, "Tell/letter"},
		{"a command", plan, `"discard"`, `"drop"`, "Copy/copy"},
		{"another file", plan, `message = "mail/letter"`, `message = "mail/another"`, "Tell/letter"},
		{"a message", "mail/letter.md", "See", "Look at", "Tell/letter"},
		{"a message in another language", "mail/letter.de.md", "Text", "Wort", "Tell/letter"},
		{"a template", "note.tmpl", "On", "Am", "Tell/note"},
		{"a local", plan, `a = "${var.bin}/copy"`, `a = "cp"`, "Copy/copy"},
		{"a variable behind a local", plan, `default = "./bin"`, `default = "./sbin"`, "Copy/copy"},
		{"a file behind a local, which a message names too", "b.txt", "./bin/b", "./bin/c", "Copy/copy Tell/letter"},
		{"a channel", plan, `path = "other"`, `path = "another"`, "Tell/note"},
		{"the default channel", plan, `path = "out"`, `path = "outbox"`, "Tell/letter"},
		{"which channel is the default", plan, `channel = channel.maildir.post`, `channel = channel.maildir.other`, "Tell/letter"},
		{"a retry policy", plan, `max_attempts = 8`, `max_attempts = 9`, "Copy/copy"},
		{"a limit", plan, `max_in_flight = 2`, `max_in_flight = 3`, "Copy/copy"},
		{"the default timeout", plan, `timeout = "2h"`, `timeout = "3h"`, "Copy/copy Copy/door"},
		{"the deadline that a message tells", plan, `until = "T-20d"`, `until = "T-21d"`, "Tell/note"},
		{"when it is late", plan, `at      = "T-25d"`, "at = \"T-25d\"\n    late = \"run\"", "Tell/note"},
		{"the window of a phase", plan, `opens = "T-7d"`, "opens = \"T-7d\"\n  latest_start = \"T-6d\"", "Copy/copy Copy/door"},
		{"the gate of a phase", plan, `opens = "T-30d"`, "opens = \"T-30d\"\n  gate = \"hard\"", "Tell/letter Tell/note"},
		{"the default of a column", plan, `{ type = string }`, "{\n    type    = string\n    default = \"a\"\n  }", "Copy/copy"},
		{"a column that nothing names", plan, `column "ring" { type = string }`, "column \"ring\" { type = string }\n  column \"seats\" { type = number }", ""},
		{"everything", plan, `opens = "T`, "must_end = \"T+9d\"\n  opens = \"T", all},
	} {
		files := editedFiles()
		before := digestsOf(t, files)
		text := string(files[c.file].Data)
		if !strings.Contains(text, c.old) {
			t.Fatalf("%s: %s does not hold %q", c.name, c.file, c.old)
		}
		files[c.file] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, c.old, c.new))}
		after := digestsOf(t, files)
		var changed []string
		for _, key := range slices.Sorted(maps.Keys(after)) {
			if after[key] != before[key] {
				changed = append(changed, key)
			}
		}
		if got := strings.Join(changed, " "); got != c.want {
			t.Errorf("%s changes %q, want %q", c.name, got, c.want)
		}
	}
}

func digestsOf(t *testing.T, files fstest.MapFS) map[string][32]byte {
	t.Helper()
	cfg, diags := hclconfig.Load(files, hclconfig.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	digests := make(map[string][32]byte)
	for _, item := range cfg.Items {
		digests[item.Key()] = item.Digest
	}
	return digests
}

func TestDigests_DoNotDependOnWhereAnItemStands(t *testing.T) {
	files := editedFiles()
	before := digestsOf(t, files)
	text := string(files["x.transition.hcl"].Data)
	at := strings.Index(text, "phase \"Copy\"")
	files["x.transition.hcl"] = &fstest.MapFile{Data: []byte(text[:at])}
	files["y.transition.hcl"] = &fstest.MapFile{Data: []byte("\n\n" + text[at:])}
	if after := digestsOf(t, files); !maps.Equal(before, after) {
		t.Errorf("before %x\nafter %x", before, after)
	}
}

func TestDigests_OfJSON(t *testing.T) {
	plan := func(command, space string) fstest.MapFS {
		return fstest.MapFS{"x.transition.hcl.json": {Data: []byte(`{
			"transition": {"t": {}}, "locals": {"bin": "` + command + `"},
			"phase": {"A": {"opens": "T", "work": {"w": {"exec": {"command": ["${local.bin}",` + space + `"x"]}}}}}
		}`)}}
	}
	if before := digestsOf(t, plan("a", "")); !maps.Equal(before, digestsOf(t, plan("a", "\n  "))) {
		t.Error("blank space changes the digest")
	} else if maps.Equal(before, digestsOf(t, plan("b", ""))) {
		t.Error("a local does not change the digest")
	}
}
