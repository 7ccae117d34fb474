package runner_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"transition/runner"
	"transition/runner/clock"
	"transition/schema/diag"
)

// lineageFile is where the plan says which recorded state is its own.
const lineageFile = ".transition.lineage"

// planDir is a plan directory in which init has been run.
func planDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"p.transition.hcl": plan, "tenants.csv": "id\nacme\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	withPlan(t, dir, func(p *runner.Project) {
		if _, diags := p.Init(t.Context()); diags.HasErrors() {
			t.Fatal(diags)
		}
	})
	return dir
}

func withPlan(t *testing.T, dir string, use func(*runner.Project)) {
	t.Helper()
	p, diags := runner.Open(runner.Options{Dir: dir, Clock: clock.Still(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC))})
	defer p.Close()
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	use(p)
}

// openState opens the recorded state of a plan directory.
func openState(t *testing.T, dir string, need runner.Need) (diags diag.List) {
	t.Helper()
	withPlan(t, dir, func(p *runner.Project) { diags = p.OpenState(t.Context(), need, time.Time{}) })
	return diags
}

// refuses wants one error of a code whose words hold some and lack others.
func refuses(t *testing.T, diags diag.List, code, says string, never ...string) {
	t.Helper()
	if len(diags) != 1 || diags[0].Code != code {
		t.Fatalf("got %v, want one diagnostic %q", diags, code)
	}
	d := diags[0]
	if !strings.Contains(d.Detail, says) {
		t.Errorf("the detail does not say %q: %s", says, d.Detail)
	}
	if d.Hint == "" {
		t.Error("there is no hint")
	}
	all := d.Detail + " " + d.Hint
	for _, words := range append(never, strings.ToLower(d.Summary)) {
		if strings.Contains(strings.ToLower(all), words) {
			t.Errorf("the words hold %q: %s", words, all)
		}
	}
}

func TestOnlyALineageIsTakenForOne(t *testing.T) {
	dir := planDir(t)
	path := filepath.Join(dir, lineageFile)
	own, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const other = "0b9f3c52-6a51-4f0e-9c57-0c6d4b0a7f11"
	tests := map[string]struct {
		content string
		code    string // empty: it is right
		says    string
	}{
		"as written":        {string(own), "", ""},
		"without a newline": {strings.TrimSpace(string(own)), "", ""},
		"of Windows":        {strings.TrimSpace(string(own)) + "\r\n", "", ""},
		"another lineage":   {other + "\n", "other-state", other},
		"empty":             {"", "lineage-file", "it is empty"},
		"blank":             {" \n\n", "lineage-file", "it is empty"},
		"a text":            {"swordfish\n", "lineage-file", "a UUID"},
		"two lineages":      {string(own) + other + "\n", "lineage-file", "a UUID"},
		"a conflict":        {"<<<<<<< HEAD\n" + string(own) + "=======\n", "lineage-file", "a UUID"},
		"too much":          {strings.Repeat("0", 1<<20), "lineage-file", "a UUID"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, need := range []runner.Need{runner.NeedNone, runner.NeedState, runner.NeedWrite} {
				diags := openState(t, dir, need)
				if tt.code == "" {
					if len(diags) > 0 {
						t.Errorf("got %v", diags)
					}
					continue
				}
				refuses(t, diags, tt.code, tt.says, "swordfish", "<<<<")
			}
		})
	}
}

func TestInitRefusesALineageFileThatIsNone(t *testing.T) {
	dir := planDir(t)
	if err := os.WriteFile(filepath.Join(dir, lineageFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	withPlan(t, dir, func(p *runner.Project) {
		_, diags := p.Init(t.Context())
		refuses(t, diags, "lineage-file", "it is empty")
	})
}

func TestStateOfNoUse(t *testing.T) {
	tests := map[string]struct {
		spoil func(path string) error
		code  string
		says  string
	}{
		"a directory": {func(path string) error { return os.Mkdir(path, 0o700) }, "no-state-file", "is not a regular file"},
		"empty":       {func(path string) error { return os.WriteFile(path, nil, 0o600) }, "state-damaged", "is empty"},
		"a text": {
			func(path string) error {
				return os.WriteFile(path, []byte(strings.Repeat("no database\n", 900)), 0o600)
			},
			"state-damaged", "not a database",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := planDir(t)
			path := filepath.Join(dir, ".transition", "state.db")
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := tt.spoil(path); err != nil {
				t.Fatal(err)
			}
			for _, need := range []runner.Need{runner.NeedState, runner.NeedWrite} {
				// What cannot be opened cannot be verified.
				refuses(t, openState(t, dir, need), tt.code, tt.says, "state verify")
			}
		})
	}
}
