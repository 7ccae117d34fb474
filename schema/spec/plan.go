package spec

// Plan describes a plan directory: the block without a name that holds all
// others. Each call makes a new description, which the caller may keep.
func Plan() *Block {
	blocks := []*Block{transition(), variable(), locals()}
	blocks = append(blocks, inventory(), tenant(), batch(), series(), constraint(), phase(), event())
	blocks = append(blocks, channels()...)
	blocks = append(blocks, retry(), limit(), calendar(), moved(), removed(), check())
	return &Block{
		Doc:    "A plan directory: all files *.transition.hcl and *.transition.hcl.json in it, read together.",
		Blocks: blocks,
	}
}

func transition() *Block {
	return &Block{
		Name: "transition", Labels: []string{"NAME"}, Min: 1, Max: 1,
		Doc: "The transition as a whole.",
		Attributes: []Attribute{
			{Name: "description", Type: Text, Doc: "What it does, for people."},
			{Name: "time_zone", Type: Zone, Default: "UTC", Doc: "Zone of every wall-clock time that names no other, as IANA calls it."},
			{Name: "max_due_burst", Type: Integer, Bounds: atLeast(0), Default: 1000, Doc: "When the machine's clock jumps, or nobody applied for long, much falls due at once that nobody expects. If more outside effects than this fell due after the last apply and more than 48 hours ago, a person is asked: plan warns, apply says so where it asks, apply -auto-approve and run do nothing but release the locks that are due, until a person applies, or says apply -auto-approve -allow-burst. Each item of each tenant counts, except releases, undo, and what somebody's hold or another batch kept back. Rehearsals and saved plans are not asked about."},
			{Name: "required_version", Type: Text, DefaultDoc: "any version", Doc: `Versions of this program that may read the plan, as in ">= 0.1" or "~> 1.2".`},
		},
		Blocks: append([]*Block{notice(), defaults(), postpone(), consent()}, states()...),
	}
}

func notice() *Block {
	return &Block{
		Name: "notice", Max: 1,
		Doc: "How long before T a tenant must have been told before it enters a phase with a lock or the point of no return.",
		Attributes: []Attribute{
			{Name: "first", Type: Duration, DefaultDoc: "not required", Doc: "The earliest notice comes at least this long before T."},
			{Name: "final", Type: Duration, DefaultDoc: "not required", Doc: "The first notice of the present T comes at least this long before it."},
		},
	}
}

func defaults() *Block {
	return &Block{
		Name: "defaults", Max: 1,
		Doc: "What items have that do not say otherwise.",
		Attributes: []Attribute{
			{Name: "channel", Type: Reference, Refers: []string{"channel"}, DefaultDoc: "none", Doc: "Channel of communications."},
			{Name: "retry", Type: Reference, Refers: []string{"retry"}, DefaultDoc: "one attempt", Doc: "Retry policy of items."},
			{Name: "timeout", Type: Interval, DefaultDoc: ExecTimeout + " for exec, " + HTTPTimeout + " for http", Doc: "How long a command or request may take."},
			{Name: "delivery", Type: Text, OneOf: deliveries(), DefaultDoc: "see work", Doc: "The promise about an effect whose outcome is unknown."},
			{Name: "locale", Type: Text, DefaultDoc: "none", Doc: "Locale of tenants that have none."},
			{Name: "calendar", Type: Reference, Refers: []string{"calendar"}, Support: NotYet, DefaultDoc: "none", Doc: "Calendar of business days, freezes and quiet hours."},
		},
		Blocks: []*Block{breaker()},
	}
}

func breaker() *Block {
	return &Block{
		Name: "breaker", Max: 1,
		Doc: "Stops a batch when more attempts of its tenants than allowed end in Error, those with an unknown outcome included: no phase, message or question begins for a tenant for whom it has not begun, and nobody new is placed. What has begun goes on, so does everything past the point of no return, locks are released, and whoever was told a wrong date is told the right one. It stays open until a person says breaker reset, and counts anew from there. One of its bounds must be written; a batch's own breaker replaces that of defaults.",
		Attributes: []Attribute{
			{Name: "max_errors", Type: Integer, Bounds: atLeast(0), DefaultDoc: "no bound", Doc: "How many attempts may end in Error."},
			{Name: "max_error_ratio", Type: Share, DefaultDoc: "no bound", Doc: "Which share of the attempts may end in Error."},
			{Name: "min_sample", Type: Integer, Bounds: atLeast(1), Default: 1, Doc: "How many attempts must have ended before the share counts."},
		},
	}
}

func postpone() *Block {
	return &Block{
		Name: "postpone", Max: 1,
		Doc: "How often and until when a tenant may ask for a later T. Without this block it may not.",
		Attributes: []Attribute{
			{Name: "max", Type: Integer, Bounds: atLeast(0), Default: 1, Doc: "How often."},
			{Name: "until", Type: Offset, Default: "T", Doc: "The last instant to ask, counted from the present T; texts name it as postpone_until."},
			{Name: "min_shift", Type: Duration, DefaultDoc: "none", Doc: "The least distance between the old T and the new one."},
			{Name: "end", Type: Instant, DefaultDoc: "none", Doc: "No T may lie after this."},
		},
	}
}

func consent() *Block {
	return &Block{
		Name: "consent", Max: 1,
		Doc: "Keeps tenants that have not agreed out of a phase and of every later hard one; soft phases go on. A person records what a tenant answers, with approve or reject and the address TENANT/consent/answer. An answer stays when T moves. A no holds the tenant until it agrees; after the phase has begun it withdraws it, and past the point of no return it is refused. A plan with this block has no phase called consent.",
		Attributes: []Attribute{
			{Name: "mode", Type: Text, Required: true, OneOf: []string{"opt_in", "opt_out", "both"}, Doc: "What counts as a yes: a yes and nothing else, silence and nothing else, or either."},
			{Name: "opt_out_after", Type: Duration, DefaultDoc: "none with opt_in, else required", Doc: "How long after the first delivered notice silence counts as a yes. One that bounced (resolve -bounced) is none, and after a message that calls the move off the next one is the first."},
			{Name: "phase", Type: Reference, Refers: []string{"phase"}, DefaultDoc: "the first hard phase with a lock or the point of no return, else the first hard phase", Doc: "The first phase that may not be entered without consent; it must be hard."},
			{Name: "no_answer", Type: Text, OneOf: []string{"hold", "withdraw"}, Default: "hold", Doc: "What becomes of whoever has not answered when the phase opens; only with opt_in. withdraw: it leaves the transition, is told so, and stays out until resume. Whoever got its date after the phase had opened is held, and so is whom a person holds, until resume."},
		},
	}
}

func states() []*Block {
	return []*Block{
		{
			Name: "state", Kind: "sqlite", Max: 1,
			Doc: "Keeps the recorded state in a file.",
			Attributes: []Attribute{
				{Name: "path", Type: Text, Default: StatePath, Doc: "The file, relative to the plan directory or absolute."},
			},
		},
		{
			Name: "state", Kind: "postgres", Max: 1, Support: NotYet,
			Doc: "Keeps the recorded state in a database.",
			Attributes: []Attribute{
				{Name: "url", Type: Text, Required: true, Doc: "Where the database is."},
			},
		},
	}
}

func variable() *Block {
	return &Block{
		Name: "variable", Labels: []string{"NAME"},
		Doc: "An input value. It comes from -var, -var-file, *.auto.hclvars or the environment variable TRANSITION_VAR_NAME, in this order.",
		Attributes: []Attribute{
			{Name: "type", Type: TypeName, DefaultDoc: "any", Doc: "Its type, as in string, number, bool or list(string)."},
			{Name: "default", Type: Any, DefaultDoc: "none: a value must be given", Doc: "Its value when none is given."},
			{Name: "description", Type: Text, Doc: "What it is for, for people."},
			{Name: "sensitive", Type: Bool, Default: false, Doc: "Its value, and what is made of it, is replaced in every output."},
			{Name: "ephemeral", Type: Bool, Default: false, Doc: "Its value is never stored or shown, and is no part of the plan's digest."},
		},
		Blocks: []*Block{{
			Name: "validation", Doc: "A condition on the value.",
			Attributes: conditionAttributes("What the value must fulfil."),
		}},
	}
}

func locals() *Block {
	return &Block{
		Name: "locals", Open: true,
		Doc: "Named values of the plan, for use as local.NAME. They may use each other, but not in a circle.",
	}
}

func check() *Block {
	return &Block{
		Name: "check", Labels: []string{"NAME"},
		Doc:        "A condition on the plan itself; when it does not hold, people are warned.",
		Attributes: conditionAttributes("What the plan should fulfil."),
	}
}

func conditionAttributes(doc string) []Attribute {
	return []Attribute{
		{Name: "condition", Type: Condition, Required: true, Doc: doc},
		{Name: "error_message", Type: Sentences, Required: true, Doc: "What is said when it does not, in full sentences."},
	}
}

func moved() *Block {
	return &Block{
		Name: "moved",
		Doc: "Says that a tenant, batch, phase or item has another name now: what is recorded under the old one goes on under the new one, and nothing is done again. The move of a phase takes its items along. Once it is applied, the block may go. " +
			"An item keeps its idempotency keys, and what is open of it stays open; a tenant must have nothing open but locks that are held.",
		Attributes: []Attribute{
			{Name: "from", Type: Address, Required: true, Doc: `Its old address: tenant.NAME, tenant["NAME"], batch.NAME, phase.NAME or phase.NAME.ITEM.`},
			{Name: "to", Type: Address, Required: true, Doc: "Its new address."},
		},
	}
}

func removed() *Block {
	return &Block{
		Name: "removed",
		Doc: "Says that a tenant, batch, phase or item was taken out on purpose. Without it, nothing may be taken out of which something is open: what has begun and is not done with, or waits for a person. " +
			"A tenant past the point of no return may leave with it: nothing is undone or called off then. A lock cannot be taken out while it is held, and neither can what has begun behind it.",
		Attributes: []Attribute{
			{Name: "from", Type: Address, Required: true, Doc: `Its address: tenant.NAME, tenant["NAME"], batch.NAME, phase.NAME or phase.NAME.ITEM.`},
			{Name: "on_active", Type: Text, OneOf: []string{"finish", "abandon"}, DefaultDoc: "refused while something is open", Doc: "What becomes of what is open. abandon gives it up, and has the tenants of a batch placed anew. finish is refused as well: what is to go on keeps its block, an item with when = false, a batch with capacity = 0."},
		},
	}
}
