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
	"transition/schema"
	"transition/schema/addr"
	"transition/schema/diag"
	"transition/schema/factfile"
	"transition/schema/toffset"
)

var update = flag.Bool("update", false, "rewrite the want sections of testdata/*.txtar")

// TestArchives runs the planner's archives: each holds a plan directory, a
// script, and what the script prints. The script's commands are
//
//	now INSTANT                 sets the clock
//	check                       prints what is wrong with the plan for its tenants
//	plan                        prints the plan
//	apply                       carries it out; every attempt succeeds
//	                            both take -target=, -exclude= and -replace=
//	status [SELECTOR]           prints where tenants are
//	items SELECTOR              prints where their items are
//	on ADDRESS OUTCOME          from now on attempts of ADDRESS, or of ADDRESS/RECIPIENT,
//	                            end so: failed, retryable, unknown or dies (the runner does)
//	asked ADDRESS ANSWER [TEXT] from now on whoever asks about ADDRESS is told so:
//	                            done, not_done or nothing
//	text ADDRESS                prints the subject of a message
//	told TENANT                 prints who was told which date last
//	replace FILE OLD => NEW     changes a text of a file
//	edit NAME                   takes the files NAME/* over the plan's own; what
//	                            cannot be read is reported, and the plan stays; plan
//	                            compares with what the last apply has adopted
//	hold TENANT REASON          and resume, approve, reject; TENANT/consent/answer
//	                            is what the tenant answers to being moved
//	resolve ADDRESS ANSWER
//	import FILE                 records what it says had happened
//	reset BATCH REASON          resets the breaker of a batch
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
	replies  map[string]plans.Reply
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
	s := &script{t: t, files: files, outcomes: make(map[string][]string), replies: make(map[string]plans.Reply)}
	w, diags := newWorld(t, files)
	s.report(diags)
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

func (s *script) report(diags diag.List) {
	for _, d := range diags {
		fmt.Fprintf(&s.out, "%s %s: %s\n", d.Severity, d.Code, d.Detail)
	}
}

func (s *script) run(words []string) {
	s.t.Helper()
	args := words[1:]
	switch words[0] {
	case "now":
		s.w.now = s.instant(strings.Join(args, " "))
	case "check":
		s.report(plans.CheckTenants(s.w.cfg, s.w.input().Tenants))
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
		s.w.asked = s.reply
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
	case "asked":
		answer := ledger.Answer(args[1])
		if answer == "nothing" {
			answer = ""
		}
		s.replies[args[0]] = plans.Reply{Answer: answer, Reason: strings.Join(args[2:], " ")}
	case "replace": // FILE OLD => NEW
		s.replace(args)
	case "reset":
		s.reset(args[0], strings.Join(args[1:], " "))
	case "told":
		for _, w := range s.w.record(args[0]).Told {
			fmt.Fprintf(&s.out, "%s %s by %s\n", w.Recipient, s.w.time(w.T), w.Item)
		}
	case "import":
		s.imports(args[0])
	case "text":
		s.text(args[0])
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
		s.report(diags)
		return
	}
	w.records, w.rows, w.now, w.adopted = s.w.records, s.w.rows, s.w.now, s.w.adopted
	s.w = w
}

// replace changes a text in one file of the plan.
func (s *script) replace(args []string) {
	s.t.Helper()
	from, to, _ := strings.Cut(strings.ReplaceAll(strings.Join(args[1:], " "), "\\n", "\n"), " => ")
	old := string(s.files[args[0]].Data)
	if !strings.Contains(old, from) {
		s.t.Fatalf("%s does not contain %q", args[0], from)
	}
	s.files["now/"+args[0]] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(old, from, to))}
	s.edit("now")
	delete(s.files, "now/"+args[0])
}

// imports records the facts of a file.
func (s *script) imports(name string) {
	s.t.Helper()
	rows, diags := factfile.Read(s.files[name].Data, name, s.w.cfg, s.w.now)
	for _, row := range rows {
		t, ok := s.w.tenant(row.Tenant)
		if !ok {
			s.t.Fatalf("no tenant %q", row.Tenant)
		}
		in := plans.Import{
			Config: s.w.cfg, Tenant: t, Record: s.w.record(t.ID), Rows: []factfile.Row{row},
			File: name, Said: s.w.now, By: "ann", Reason: "by hand",
		}
		got := in.Facts()
		diags = append(diags, got.Wrong...)
		for _, f := range got.Facts {
			s.w.record(t.ID).Apply(f)
		}
		for _, l := range got.Left {
			fmt.Fprintf(&s.out, "left %s: %s\n", l[0], l[1])
		}
	}
	for _, d := range diags {
		fmt.Fprintf(&s.out, "%s %s: %s\n", d.Severity, d.Code, d.Detail)
	}
}

// reset says that a batch goes on whose breaker is open.
func (s *script) reset(batch, reason string) {
	s.t.Helper()
	state, err := plans.BreakerOf(s.w.cfg, s.w.sorted(), plans.BatchOf(s.w.cfg, batch))
	if err != nil || state == nil || !state.Open {
		s.t.Fatalf("the breaker of %s is not open: %+v, %v", batch, state, err)
	}
	r := s.w.record(ledger.BatchID(batch))
	r.Apply(ledger.Fact{At: s.w.now, Tenant: r.ID, Kind: ledger.Reset, Round: state.Round + 1, By: "ann", Reason: reason})
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

// text prints the subject that a message has for a tenant.
func (s *script) text(address string) {
	s.t.Helper()
	a, err := addr.Parse(address)
	if err != nil {
		s.t.Fatal(err)
	}
	tenant, _ := s.w.tenant(a.Tenant)
	c := s.w.item(a.Phase + "/" + a.Item).Does.(*schema.Communication)
	subject, err := c.Message.For(tenant.Locale).Subject.For(&schema.Env{Tenant: tenant, Zone: s.w.cfg.Zone})
	if err != nil {
		s.t.Fatal(err)
	}
	fmt.Fprintln(&s.out, subject)
}

func (s *script) outcome(a *plans.Action, tenant, to string) ledger.Kind {
	words := s.outcomes[tenant+"/"+a.Item.Key()]
	if of := s.outcomes[tenant+"/"+a.Item.Key()+"/"+to]; len(of) > 0 {
		words = of
	}
	switch {
	case len(words) == 0:
		return ledger.Succeeded
	case words[0] == "dies":
		return ""
	default:
		return ledger.Kind(words[0])
	}
}

// answer records what a tenant answers to being moved, or prints why not.
func (s *script) answer(r *ledger.Record, yes bool, f ledger.Fact) {
	facts, why := plans.AnswerFacts(s.w.cfg, r, yes, f)
	for _, f := range facts {
		r.Apply(f)
	}
	if why != "" {
		fmt.Fprintf(&s.out, "%s/%s %s\n", r.ID, f.Item, why)
	}
}

func (s *script) reply(a *plans.Action, tenant string) plans.Reply {
	if reply, ok := s.replies[tenant+"/"+a.Item.Key()]; ok {
		return reply
	}
	return plans.Reply{Answer: ledger.AnswerDone}
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
	if f.Item == schema.ConsentKey {
		s.answer(r, verb == "approve", f)
		return
	}
	switch verb {
	case "rollback":
		f.Kind, f.Epoch = ledger.RolledBack, r.Epoch+1
	case "withdraw":
		f.Kind, f.Epoch, f.Row = ledger.Withdrawn, r.Epoch+1, s.w.rows[a.Tenant]
	case "postpone":
		t := s.instant(strings.Join(args[1:], " "))
		f.Kind, f.T, f.Reason = ledger.Postponed, &t, ""
	case "hold":
		f.Kind = ledger.Held
	case "resume":
		f.Kind, f.TakesBack = ledger.Resumed, r.Revocable() != nil
	case "approve":
		f.Kind = ledger.Approved
	case "reject":
		f.Kind = ledger.Rejected
	case "resolve":
		f.Kind, f.Answer = ledger.Resolved, ledger.Answer(args[1])
		if it := s.w.item(f.Item); f.Answer == ledger.AnswerDone && it != nil {
			plans.SayDone(it, r, &f)
		}
	}
	r.Apply(f)
}
