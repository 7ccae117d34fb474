package plans_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"transition/plans"
	"transition/plans/ledger"
	"transition/schema/addr"
	"transition/schema/toffset"
)

var update = flag.Bool("update", false, "rewrite the want sections of testdata/*.txtar")

// TestArchives runs the planner's archives: each holds a plan directory, a
// script, and what the script prints. The script's commands are
//
//	now INSTANT                 sets the clock
//	plan                        prints the plan
//	apply                       carries it out; every attempt succeeds
//	                            both take -target=, -exclude= and -replace=
//	status [SELECTOR]           prints where tenants are
//	items SELECTOR              prints where their items are
//	on ADDRESS OUTCOME          from now on attempts of ADDRESS end so: failed,
//	                            unknown or dies (the runner does)
//	edit NAME                   takes the files NAME/* over the plan's own
//	hold TENANT REASON          and resume, approve, reject
//	resolve ADDRESS ANSWER
func TestArchives(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runArchive(t, ar)
			last := &ar.Files[len(ar.Files)-1]
			if last.Name != "want" {
				t.Fatalf("the last section of %s is %q, not want", file, last.Name)
			}
			if *update {
				last.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(last.Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

type script struct {
	t        *testing.T
	files    fstest.MapFS
	w        *world
	out      strings.Builder
	outcomes map[string][]string // by address: words of "on"
}

func runArchive(t *testing.T, ar *txtar.Archive) string {
	t.Helper()
	files := fstest.MapFS{}
	var lines string
	for _, f := range ar.Files {
		switch f.Name {
		case "script":
			lines = string(f.Data)
		case "want":
		default:
			files[f.Name] = &fstest.MapFile{Data: f.Data}
		}
	}
	s := &script{t: t, files: files, outcomes: make(map[string][]string)}
	w, diags := newWorld(t, files)
	for _, d := range diags {
		fmt.Fprintf(&s.out, "%s %s: %s\n", d.Severity, d.Code, d.Detail)
	}
	s.w = w
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || w == nil {
			continue
		}
		fmt.Fprintf(&s.out, "> %s\n", line)
		s.run(strings.Fields(line))
	}
	return s.out.String()
}

func (s *script) run(words []string) {
	s.t.Helper()
	args := words[1:]
	switch words[0] {
	case "now":
		s.w.now = s.instant(strings.Join(args, " "))
	case "plan":
		s.choose(args)
		res := s.w.plan(s.t)
		for _, sel := range res.Unknown {
			fmt.Fprintf(&s.out, "error: nobody is covered by %s\n", sel)
		}
		s.w.show(&s.out, res.Plan)
	case "apply":
		s.choose(args)
		n := len(s.w.effects)
		s.w.apply(s.t, s.outcome)
		for _, e := range s.w.effects[n:] {
			fmt.Fprintf(&s.out, "%s\n", e)
		}
	case "status", "items":
		sel := addr.Selector{Tenant: "*"}
		if len(args) > 0 {
			sel = s.selector(args[0])
		}
		s.w.status(s.t, &s.out, sel, words[0] == "items")
	case "edit":
		s.edit(args[0])
	case "on":
		s.outcomes[args[0]] = args[1:]
	case "replace": // FILE OLD => NEW
		s.replace(args)
	case "told":
		for _, w := range s.w.record(args[0]).Told {
			fmt.Fprintf(&s.out, "%s %s by %s\n", w.Recipient, s.w.time(w.T), w.Item)
		}
	case "hold", "resume", "approve", "reject", "resolve", "rollback", "withdraw", "postpone":
		s.say(words[0], args)
	default:
		s.t.Fatalf("unknown command %q", words[0])
	}
}

// edit reads the plan again with some of its files changed; what is recorded
// stays.
func (s *script) edit(name string) {
	s.t.Helper()
	for file, content := range s.files {
		if rest, ok := strings.CutPrefix(file, name+"/"); ok {
			s.files[rest] = content
		}
	}
	w, diags := newWorld(s.t, s.files)
	if w == nil {
		s.t.Fatalf("edited plan: %v", diags)
	}
	w.records, w.now = s.w.records, s.w.now
	s.w = w
}

// replace changes a text in one file of the plan.
func (s *script) replace(args []string) {
	s.t.Helper()
	from, to, _ := strings.Cut(strings.Join(args[1:], " "), " => ")
	old := string(s.files[args[0]].Data)
	if !strings.Contains(old, from) {
		s.t.Fatalf("%s does not contain %q", args[0], from)
	}
	s.files["now/"+args[0]] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(old, from, strings.ReplaceAll(to, "\\n", "\n")))}
	s.edit("now")
	delete(s.files, "now/"+args[0])
}

// choose reads what is wanted of a plan.
func (s *script) choose(args []string) {
	s.t.Helper()
	s.w.within, s.w.replace = plans.Scope{}, nil
	for _, arg := range args {
		flag, value, _ := strings.Cut(arg, "=")
		switch flag {
		case "-target":
			s.w.within.Targets = append(s.w.within.Targets, s.selector(value))
		case "-exclude":
			s.w.within.Excludes = append(s.w.within.Excludes, s.selector(value))
		case "-replace":
			a, err := addr.Parse(value)
			if err != nil {
				s.t.Fatal(err)
			}
			s.w.replace = append(s.w.replace, a)
		default:
			s.t.Fatalf("unknown flag %q", arg)
		}
	}
}

func (s *script) instant(text string) time.Time {
	s.t.Helper()
	at, _, err := toffset.ParseInstant(text, s.w.cfg.Zone)
	if err != nil {
		s.t.Fatal(err)
	}
	return at
}

func (s *script) selector(text string) addr.Selector {
	s.t.Helper()
	sel, err := addr.ParseSelector(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return sel
}

func (s *script) outcome(a *plans.Action, tenant, _ string) ledger.Kind {
	switch words := s.outcomes[tenant+"/"+a.Item.Key()]; {
	case len(words) == 0:
		return ledger.Succeeded
	case words[0] == "dies":
		return ""
	default:
		return ledger.Kind(words[0])
	}
}

func (s *script) say(verb string, args []string) {
	s.t.Helper()
	a, err := addr.Parse(args[0])
	if err != nil {
		s.t.Fatal(err)
	}
	r := s.w.record(a.Tenant)
	f := ledger.Fact{At: s.w.now, Tenant: a.Tenant, Epoch: r.Epoch, By: "ann", Reason: strings.Join(args[1:], " ")}
	if a.Phase != "" {
		f.Item = a.Phase + "/" + a.Item
	}
	switch verb {
	case "rollback":
		f.Kind, f.Epoch = ledger.RolledBack, r.Epoch+1
	case "withdraw":
		f.Kind, f.Epoch = ledger.Withdrawn, r.Epoch+1
	case "postpone":
		t := s.instant(strings.Join(args[1:], " "))
		f.Kind, f.T, f.Reason = ledger.Postponed, &t, ""
	case "hold":
		f.Kind = ledger.Held
	case "resume":
		f.Kind = ledger.Resumed
	case "approve":
		f.Kind = ledger.Approved
	case "reject":
		f.Kind = ledger.Rejected
	case "resolve":
		f.Kind, f.Answer = ledger.Resolved, ledger.Answer(args[1])
		if it := s.w.item(f.Item); f.Answer == ledger.AnswerDone && it != nil && plans.ByHand(it, r) {
			f.Op = ledger.Undo
		}
	}
	r.Apply(f)
}
