package runner

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"transition/runner/watch"
)

const watchedPlan = `
transition "watched" {}
variable "greeting" {
  type    = string
  default = "Dear"
}
locals { text = file("texts/text.txt") }
inventory "tenants" {
  source = "rows/tenants.csv"
  key    = "id"
}
channel "maildir" "box" { path = "outbox" }
phase "Tell" {
  opens = "T-30d"
  communication "letter" {
    channel = channel.maildir.box
    to      = [tenant.email]
    message = "mail/letter"
  }
}
`

// shelf is a plan directory with a file of variables beside it.
type shelf struct {
	*testing.T
	o Options
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	above := t.TempDir()
	s := &shelf{t, Options{Dir: filepath.Join(above, "plan"), VarFiles: []string{filepath.Join(above, "vars", "some.hclvars")}}}
	s.write("plan.transition.hcl", watchedPlan)
	s.write("mail/letter.md", "---\nsubject: You move\n---\nSoon.\n")
	s.write("rows/tenants.csv", "id,email\ncontoso,a@example.org\n")
	s.write("texts/text.txt", "text")
	s.write("../vars/some.hclvars", `greeting = "Hello"`)
	if p, diags := Open(s.o); diags.HasErrors() {
		t.Fatal(diags)
	} else if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shelf) path(name string) string { return filepath.Join(s.o.Dir, filepath.FromSlash(name)) }

func (s *shelf) write(name, text string) {
	s.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o755); err != nil {
		s.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(text), 0o644); err != nil {
		s.Fatal(err)
	}
}

func (s *shelf) remove(name string) {
	s.Helper()
	if err := os.RemoveAll(s.path(name)); err != nil {
		s.Fatal(err)
	}
}

// broken makes the plan one that does not even parse.
func (s *shelf) broken() { s.write("plan.transition.hcl", watchedPlan+"\n}") }

func TestLookSeesWhatThePlanIsReadFrom(t *testing.T) {
	tests := []struct {
		name         string
		first, after func(*shelf)
		same         bool
	}{
		{name: "a plan file", after: func(s *shelf) { s.write("plan.transition.hcl", watchedPlan+"\n# more\n") }},
		{name: "another plan file", after: func(s *shelf) { s.write("more.transition.hcl", "") }},
		{name: "a message", after: func(s *shelf) { s.write("mail/letter.md", "---\nsubject: You move\n---\nNow.\n") }},
		{name: "a translation", after: func(s *shelf) { s.write("mail/letter.de.md", "---\nsubject: Umzug\n---\nBald.\n") }},
		{name: "a row, not the first", after: func(s *shelf) {
			s.write("rows/tenants.csv", "id,email\ncontoso,a@example.org\nfabrikam,b@example.org\n")
		}},
		{name: "a file that an expression reads", after: func(s *shelf) { s.write("texts/text.txt", "other") }},
		{name: "variables given by flag", after: func(s *shelf) { s.write("../vars/some.hclvars", `greeting = "Hi"`) }},
		{name: "variables found", after: func(s *shelf) { s.write("some.auto.hclvars", `greeting = "Hi"`) }},
		{name: "no plan file any more", after: func(s *shelf) { s.remove("plan.transition.hcl") }},
		{name: "no directory any more", after: func(s *shelf) { s.remove(".") }},
		{
			name: "a message that was missing", first: func(s *shelf) { s.remove("mail") },
			after: func(s *shelf) { s.write("mail/letter.md", "---\nsubject: You move\n---\nSoon.\n") },
		},
		{
			name: "an inventory that was missing", first: func(s *shelf) { s.remove("rows") },
			after: func(s *shelf) { s.write("rows/tenants.csv", "id,email\n") },
		},
		{
			name: "a mistake that was another one", first: (*shelf).broken,
			after: func(s *shelf) { s.write("plan.transition.hcl", watchedPlan+"\n}}") },
		},
		{name: "nothing", after: func(*shelf) {}, same: true},
		{name: "a file that the plan does not read", after: func(s *shelf) { s.write("mail/notes.txt", "x"); s.write("outbox/new/1.eml", "x") }, same: true},
		{name: "an editor's backup", after: func(s *shelf) { s.write("plan.transition.hcl~", "x"); s.write(".#plan.transition.hcl", "x") }, same: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShelf(t)
			if tt.first != nil {
				tt.first(s)
			}
			before := look(s.o)
			tt.after(s)
			if after := look(s.o); (after.Digest == before.Digest) != tt.same {
				t.Errorf("the digests are equal: %t, want %t", !tt.same, tt.same)
			}
		})
	}
}

func TestLookNamesTheDirectories(t *testing.T) {
	tests := []struct {
		name  string
		first func(*shelf)
		want  []string // below the one that holds everything
	}{
		{"of a plan", func(*shelf) {}, []string{"plan", "plan/mail", "plan/rows", "plan/texts", "vars"}},
		{"that are missing", func(s *shelf) { s.remove("mail"); s.remove("rows") }, []string{"plan", "plan/mail", "plan/rows", "vars"}},
		{"of a plan that cannot be read", (*shelf).broken, []string{"plan", "vars"}},
		{"when there is no plan", func(s *shelf) { s.remove(".") }, []string{"plan", "vars"}},
		{"that a link leads to", func(s *shelf) {
			s.write("shared/letter.md", "---\nsubject: You move\n---\nSoon.\n")
			s.remove("mail/letter.md")
			if err := os.Symlink("../shared/letter.md", s.path("mail/letter.md")); err != nil {
				s.Fatal(err)
			}
		}, []string{"plan/shared"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newShelf(t)
			tt.first(s)
			got := look(s.o)
			above := filepath.Dir(s.o.Dir)
			for _, name := range tt.want {
				if dir := filepath.Join(above, filepath.FromSlash(name)); !slices.Contains(got.Dirs, dir) {
					t.Errorf("%s is not watched, only %q", name, got.Dirs)
				}
			}
			checkDirs(t, got, above)
		})
	}
}

// checkDirs expects nothing of what lies above the plan and its variables.
func checkDirs(t *testing.T, c watch.Content, above string) {
	t.Helper()
	if slices.Contains(c.Dirs, above) || slices.Contains(c.Dirs, filepath.Dir(above)) {
		t.Errorf("what lies above is watched: %q", c.Dirs)
	}
}
