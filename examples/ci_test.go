package examples_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pullRequest is a repository with the example on main and a change on a branch.
type pullRequest struct {
	dir, comment string
}

// openPullRequest makes a real repository, and commits what change does to the
// plan directory on a branch of its own.
func openPullRequest(t *testing.T, change func(plan string)) pullRequest {
	t.Helper()
	needs(t, "git", "bash", "awk")
	dir := t.TempDir()
	plan := filepath.Join(dir, "migration")
	git(t, dir, "init", "--quiet", "--initial-branch=main")
	copyTo(t, plan, "ci")
	commit(t, dir, "Plan the move")
	git(t, dir, "switch", "--quiet", "--create", "change")
	change(plan)
	commit(t, dir, "Change the plan")
	return pullRequest{dir, filepath.Join(t.TempDir(), "comment.md")}
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	env := []string{
		"GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_CONFIG_SYSTEM=" + os.DevNull,
		"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@rooms.example",
		"GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@rooms.example",
	}
	r := command(t, dir, env, "git", args...)
	if r.code != 0 {
		t.Fatalf("git %s: %v", strings.Join(args, " "), r)
	}
	return r.stdout
}

func commit(t *testing.T, dir, message string) {
	t.Helper()
	git(t, dir, "add", "--all")
	git(t, dir, "commit", "--quiet", "--allow-empty", "--message", message)
}

// check runs the script as the workflow does and returns the comment. It must
// leave the working copy as it was.
func (pr pullRequest) check(t *testing.T, code int) string {
	t.Helper()
	env := []string{"TRANSITION=" + transition, "PLAN_NOW=2031-03-10"}
	r := command(t, pr.dir, env, "bash", "migration/plan.sh", "migration", pr.comment)
	if r.code != code {
		t.Fatalf("plan.sh: want exit %d, got %v", code, r)
	}
	if dirt := git(t, pr.dir, "status", "--porcelain", "--ignored"); dirt != "" {
		t.Errorf("plan.sh left in the working copy:\n%s", dirt)
	}
	comment, err := os.ReadFile(pr.comment)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(comment), "<!-- transition-plan -->\n") || len(comment) > 65536 {
		t.Errorf("a comment of %d bytes that begins with %.40q", len(comment), comment)
	}
	return string(comment)
}

func edit(t *testing.T, path, old, new string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), old) {
		t.Fatalf("%s does not contain %q", path, old)
	}
	mustWrite(t, path, strings.Replace(string(data), old, new, 1))
}

func wantAll(t *testing.T, comment string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(comment, p) {
			t.Errorf("the comment does not contain %q:\n%s", p, comment)
		}
	}
}

func TestPullRequestShowsWhatThePlanWouldDo(t *testing.T) {
	unchanged := openPullRequest(t, func(string) {}).check(t, 0)
	wantAll(t, unchanged, "graz", "porto")

	pr := openPullRequest(t, func(plan string) {
		edit(t, filepath.Join(plan, "sites.csv"), "4,no,", "4,yes,")
	})
	changed := pr.check(t, 0)
	if changed == unchanged {
		t.Errorf("one more tenant does not change the comment:\n%s", changed)
	}
	wantAll(t, changed, "graz", "porto", "tromso")
	if again := pr.check(t, 0); again != changed {
		t.Errorf("the same plan gives two comments:\n%s\n---\n%s", changed, again)
	}
}

// The plan of a migration that has begun can be reviewed where its state is not.
func TestPullRequestWithoutTheRecordedState(t *testing.T) {
	pr := openPullRequest(t, func(plan string) {
		must(t, 0, plan, "init")
		if err := os.RemoveAll(filepath.Join(plan, ".transition")); err != nil {
			t.Fatal(err)
		}
	})
	wantAll(t, pr.check(t, 0), "graz", "The recorded state is not here")
}

func TestPullRequestThatBreaksThePlanFails(t *testing.T) {
	pr := openPullRequest(t, func(plan string) {
		edit(t, filepath.Join(plan, "rooms.transition.hcl"), "cutover =", "cutovre =")
	})
	wantAll(t, pr.check(t, 1), "transition validate", "rooms.transition.hcl", "cutovre", "Did you mean", "cutover")
}

func TestPullRequestThatIsNotFormattedFails(t *testing.T) {
	pr := openPullRequest(t, func(plan string) {
		edit(t, filepath.Join(plan, "rooms.transition.hcl"), `match   = true`, `match = true`)
	})
	wantAll(t, pr.check(t, 1), "transition fmt", "rooms.transition.hcl")
}

// A stranger's words are shown, and do nothing.
func TestPullRequestCannotBreakTheComment(t *testing.T) {
	hostile := "</pre></details><img src=x>@everyone|`#1"
	named := openPullRequest(t, func(plan string) {
		appendLine(t, filepath.Join(plan, "sites.csv"), `"</details>|@all","`+hostile+`",1,yes,x@evil.example`+"\n")
	})
	broken := openPullRequest(t, func(plan string) {
		edit(t, filepath.Join(plan, "rooms.transition.hcl"), "match   = true", `match   = "`+hostile+`"`)
	})
	for name, comment := range map[string]string{"a tenant's name": named.check(t, 1), "a diagnostic": broken.check(t, 1)} {
		for _, bad := range []string{"</pre></details>", "<img", "@everyone", "@all"} {
			if strings.Contains(comment, bad) {
				t.Errorf("%s brings %q into the comment:\n%s", name, bad, comment)
			}
		}
	}
}

// fakeGH stands in for the gh command line: it notes how it is called, and has
// one comment of ours once one was posted.
const fakeGH = `#!/bin/sh
printf '%s\n' "$*" >>"$GH_LOG"
case "$*" in
*--jq*) cat "$GH_LOG.id" 2>/dev/null || true ;;
*POST*) echo 4711 >"$GH_LOG.id" ;;
esac
`

func TestCommentIsPostedOnceAndThenReplaced(t *testing.T) {
	needsUnix(t)
	needs(t, "bash")
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	mustWrite(t, filepath.Join(dir, "gh"), fakeGH)
	if err := os.Chmod(filepath.Join(dir, "gh"), 0o755); err != nil {
		t.Fatal(err)
	}
	mustWrite(t, filepath.Join(dir, "comment.md"), "the words of the plan")
	script, err := filepath.Abs("ci/comment.sh")
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"PATH=" + dir + string(os.PathListSeparator) + os.Getenv("PATH"), "GH_LOG=" + log}
	for range 2 {
		if r := command(t, dir, env, "bash", script, "rooms/plan", "7", "comment.md"); r.code != 0 {
			t.Fatalf("comment.sh: %v", r)
		}
	}
	calls, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	got := string(calls)
	wantAll(t, got, "POST repos/rooms/plan/issues/7/comments", "PATCH repos/rooms/plan/issues/comments/4711", "body=@comment.md")
	if n := strings.Count(got, "POST"); n != 1 {
		t.Errorf("%d comments were posted, want one:\n%s", n, got)
	}
	if strings.Contains(got, "the words of the plan") {
		t.Errorf("the comment's text is an argument:\n%s", got)
	}
}
