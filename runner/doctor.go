package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"transition/plans"
	"transition/runner/action/command"
	"transition/runner/action/mail/smtp"
	"transition/runner/watch"
	"transition/schema"
	"transition/schema/diag"
)

// Area is what a finding is about.
type Area string

// The areas, in the order in which they are examined.
const (
	AreaPlan    Area = "plan"
	AreaState   Area = "state"
	AreaClock   Area = "clock"
	AreaPeople  Area = "people"
	AreaMachine Area = "machine"
)

// Finding is one thing that an examination has looked at.
type Finding struct {
	Area Area
	// Well says what is in order. Empty: Trouble says what is not.
	Well    string
	Trouble diag.Diagnostic
}

// ExamineOptions say how far an examination goes.
type ExamineOptions struct {
	// Loaded is what Open has found.
	Loaded diag.List
	// Connect greets the mail servers; nothing is sent. Otherwise no connection
	// is made.
	Connect bool
	// Built is when this binary's source was made; zero: not known.
	Built time.Time
}

// Examine looks for whatever may keep the plan from being carried out: mistakes
// in it, programs that are not there, a state that is damaged or lies in a bad
// place, a clock that is wrong, people who are waited for. It opens the state for
// reading and changes nothing.
func (p *Project) Examine(ctx context.Context, o ExamineOptions) []Finding {
	x := &examination{p: p}
	x.plan(o.Loaded)
	x.state(ctx)
	x.clock(o.Built)
	x.people(ctx)
	x.machine(ctx, o.Connect)
	return x.found
}

// examination gathers findings.
type examination struct {
	p     *Project
	found []Finding
	right bool // the plan can be followed
}

func (x *examination) well(a Area, format string, args ...any) {
	x.found = append(x.found, Finding{Area: a, Well: fmt.Sprintf(format, args...)})
}

func (x *examination) trouble(a Area, l ...diag.Diagnostic) {
	diag.List(l).Fill(x.p.Config.Sources)
	for _, d := range l {
		x.found = append(x.found, Finding{Area: a, Trouble: d})
	}
}

func (x *examination) warn(a Area, code, summary, detail, hint string) {
	x.trouble(a, diag.Diagnostic{Severity: diag.Warning, Code: code, Summary: summary, Detail: detail, Hint: hint})
}

// plan looks at the plan directory, and whether its programs are there.
func (x *examination) plan(loaded diag.List) {
	p := x.p
	diags := loaded
	if !diags.HasErrors() {
		diags = append(diags, p.Validate()...)
	}
	x.trouble(AreaPlan, diags...)
	if x.right = !diags.HasErrors(); !x.right {
		return
	}
	var first *schema.Tenant
	n := 0
	var unread diag.List
	for t := range p.each(&unread) {
		if n++; first == nil {
			first = t.Clone()
		}
	}
	cfg := p.Config
	x.well(AreaPlan, "%q is right; phases: %d, items: %d, batches: %d, tenants: %d", cfg.Name, len(cfg.Phases), len(cfg.Items), len(cfg.Batches), n)
	if first != nil {
		x.programs(first)
	}
}

// programs looks whether the commands could be started, as they are written for
// one tenant.
func (x *examination) programs(t *schema.Tenant) {
	p := x.p
	env := &schema.Env{Tenant: t, Zone: p.Config.Zone, T: p.Now()}
	missing := false
	told := make(map[string]bool)
	for _, it := range p.Config.Items {
		env.Phase = it.Phase.Name
		for _, e := range commands(it) {
			c, err := p.command(e, env)
			if err != nil || len(c.Argv) == 0 || told[c.Argv[0]] {
				continue
			}
			told[c.Argv[0]] = true
			why := command.Startable(c)
			if why == "" {
				continue
			}
			missing = true
			x.trouble(AreaPlan, diag.Diagnostic{
				Severity: diag.Error, Code: "no-program", Summary: "A command could not be started",
				Detail:  sentence(why),
				Hint:    "Every attempt of it would fail. Install the program on the machine that applies, or correct the command.",
				Subject: e.Range, Where: fmt.Sprintf("%s %q", it.Kind(), it.Name),
			})
		}
	}
	if len(told) > 0 && !missing {
		x.well(AreaPlan, "all programs that it names can be started")
	}
}

// commands are the commands of an item, whatever it runs them for.
func commands(it *schema.Item) []*schema.Exec {
	var all []schema.Effect
	asks := func(poll *schema.Poll, probe *schema.Probe) {
		if poll != nil {
			all = append(all, poll.Effect)
		}
		if probe != nil {
			all = append(all, probe.Effect)
		}
	}
	switch does := it.Does.(type) {
	case *schema.Work:
		all = append(all, does.Effect)
		asks(does.Poll, does.Probe)
		if u := does.Undo; u != nil {
			all = append(all, u.Effect)
			asks(u.Poll, u.Probe)
		}
	case *schema.Lock:
		all = append(all, does.Acquire, does.Release)
		asks(nil, does.Probe)
	case *schema.Communication, *schema.Approval:
	}
	var execs []*schema.Exec
	for _, e := range all {
		if e, ok := e.(*schema.Exec); ok {
			execs = append(execs, e)
		}
	}
	return execs
}

// clock looks whether the clock can be right.
func (x *examination) clock(built time.Time) {
	p := x.p
	machine := p.o.Clock.Now()
	diags := p.clockRight()
	if machine.Before(built) {
		diags.Add(diag.Diagnostic{
			Severity: diag.Error, Code: "clock-before-build", Summary: "The clock of this machine is wrong",
			Detail: fmt.Sprintf("It says %s, and this program is of %s.", p.show(machine), p.show(built)),
			Hint:   "Set the clock, and let it be kept right by the time service of the system.",
		})
	}
	x.trouble(AreaClock, diags...)
	switch {
	case len(diags) > 0:
	case p.rehearsing():
		x.well(AreaClock, "this rehearsal has come to %s", p.show(p.Now()))
	case p.state == nil || p.meta.LastFact.IsZero():
		x.well(AreaClock, "it is %s", p.show(machine))
	default:
		x.well(AreaClock, "it is %s; the newest fact is of %s", p.show(machine), p.show(p.meta.LastFact))
	}
}

// people looks for what waits for a person, by the plan or, while that is wrong,
// by the adopted one; held locks wait for that to be put right.
func (x *examination) people(ctx context.Context) {
	p := x.p
	if p.state == nil {
		return
	}
	by := p
	var held diag.List
	if !x.right {
		held = p.HeldLocks(ctx)
		x.trouble(AreaPeople, held...)
		a, _ := p.Adopted(ctx)
		if a == nil {
			return
		}
		by = a.Project
	}
	pl, diags := by.Plan(ctx)
	if diags.HasErrors() || pl == nil {
		x.trouble(AreaPeople, diags.Errors()...)
		return
	}
	counts := make(map[plans.WaitKind]int)
	for i := range pl.Waiting {
		if k := pl.Waiting[i].Kind; k.NeedsPerson() {
			counts[k]++
		}
	}
	for i := range pl.Changes { // though nobody has recorded that yet
		switch ch := &pl.Changes[i]; {
		case ch.Kind == plans.Missed:
			counts[plans.WaitMissed]++
		case ch.Detail.Doubted:
			counts[plans.WaitUnknown]++
		}
	}
	switch {
	case len(counts) > 0:
		x.waited(counts)
	case len(held) == 0:
		x.well(AreaPeople, "nobody is waited for")
	}
}

// waited says how many of each kind wait for a person.
func (x *examination) waited(counts map[plans.WaitKind]int) {
	var parts []string
	for k, n := range counts {
		parts = append(parts, fmt.Sprintf("%d of kind %s", n, k))
	}
	slices.Sort(parts)
	x.warn(AreaPeople, "person-needed", "Something waits for a person",
		sentence("in the plan wait "+strings.Join(parts, ", ")), "See who and what: transition plan")
}

// machine looks at what the system must give.
func (x *examination) machine(ctx context.Context, connect bool) {
	p := x.p
	if p.root != nil {
		if err := watch.Try(p.dir); err != nil {
			x.warn(AreaMachine, "no-watch", "The system does not watch the plan directory",
				sentence(err.Error()), "transition run looks every 30 seconds instead of at once. On Linux, raise fs.inotify.max_user_watches or max_user_instances.")
		} else {
			x.well(AreaMachine, "changes of the plan directory are told by the system")
		}
	}
	if superuser() {
		x.warn(AreaMachine, "superuser", "This is the superuser",
			"The commands of the plan run with the rights of whoever applies it, and these are all rights.",
			"Apply as a user of its own, who may do what the commands need and no more.")
	}
	for _, c := range p.Config.Channels {
		if connect && c.SMTP != nil {
			x.greet(ctx, c)
		}
	}
}

// greet speaks to a mail server up to where it would take a message.
func (x *examination) greet(ctx context.Context, c *schema.Channel) {
	e := smtp.New(*c.SMTP, smtp.Options{})
	defer e.Close()
	if err := e.Greet(ctx); err != nil {
		x.trouble(AreaMachine, diag.Diagnostic{
			Severity: diag.Error, Code: "no-mail-server", Summary: "A mail server does not take messages",
			Detail: sentence(x.p.secrets.Clean(err.Error())), Hint: "Until it does, messages are retried by the rules of the plan, and nothing is lost.",
			Subject: c.Range, Where: fmt.Sprintf("channel %q %q", c.Kind, c.Name),
		})
		return
	}
	x.well(AreaMachine, "the mail server of channel %q answers, and takes the login", c.Name)
}
