package spec

func phase() *Block {
	return &Block{
		Name: "phase", Labels: []string{"NAME"}, Min: 1,
		Doc: "One stage of a tenant's way. Phases run in the order of their offsets.",
		Attributes: []Attribute{
			{Name: "opens", Type: Offset, DefaultDoc: "none: the one phase without an offset is the first", Doc: "When it begins."},
			{Name: "closes", Type: Offset, DefaultDoc: "the next phase's opens; the last phase: never", Doc: "When the windows of its items end."},
			{Name: "latest_start", Type: Offset, DefaultDoc: "none", Doc: "Who has begun nothing in this phase by then has missed it."},
			{Name: "must_end", Type: Offset, DefaultDoc: "none", Doc: "What has not ended by then is an Error."},
			{Name: "point_of_no_return", Type: Bool, Default: false, Doc: "With the first attempt in this phase there is no way back; it requires latest_start."},
			{Name: "gate", Type: Text, OneOf: []string{"hard", "soft"}, DefaultDoc: "soft when it holds only communications or nothing, else hard", Doc: "Whether every earlier hard phase must be Complete before it is entered."},
			{Name: "after", Type: Reference, Refers: []string{"phase"}, DefaultDoc: "none", Doc: "The phase before it, where two have the same offset."},
			{Name: "on_insert", Type: Text, OneOf: []string{"skip", "run", "hold"}, Default: "skip", Doc: "What becomes of a new item for tenants that have completed the phase."},
		},
		Blocks: []*Block{communication(), work(), lock(), approval()},
	}
}

// itemAttributes are what all items have; late differs by kind.
func itemAttributes(late Attribute) []Attribute {
	return []Attribute{
		{Name: "at", Type: Offset, DefaultDoc: "when the phase opens", Doc: "When it is due."},
		when(),
		{Name: "after", Type: Items, Refers: ItemBlocks(), DefaultDoc: "none", Doc: "Items of the same phase that must be done before."},
		retries("defaults.retry, else one attempt"),
		{Name: "late_until", Type: Offset, DefaultDoc: "when the phase closes", Doc: "Until when its first attempt may begin."},
		late,
		{Name: "scope", Type: Text, OneOf: []string{"tenant", "batch"}, Default: "tenant", Support: DefaultOnly, Doc: "Whether it is done for each tenant, or once for the whole batch."},
	}
}

func when() Attribute {
	return Attribute{Name: "when", Type: Bool, Default: true, PerTenant: true, Doc: "Whether a tenant has this item at all."}
}

func retries(otherwise string) Attribute {
	return Attribute{Name: "retry", Type: Reference, Refers: []string{"retry"}, DefaultDoc: otherwise, Doc: "How often a failed attempt is repeated."}
}

// ItemBlocks lists the names of the blocks that are items of a phase.
func ItemBlocks() []string { return []string{"communication", "work", "lock", "approval"} }

func late() Attribute {
	return Attribute{Name: "late", Type: Text, OneOf: []string{"hold", "run", "skip"}, Default: "hold", Doc: "What happens when late_until has passed: a person decides, it runs all the same, or it is left out."}
}

func lateMessage() Attribute {
	return Attribute{
		Name: "late", Type: Text, OneOf: []string{"collapse", "run", "skip", "hold"}, Default: "collapse",
		Doc: "What happens when late_until has passed: it joins what else goes to the same recipients, is sent all the same, is left out, or a person decides.",
	}
}

func communication() *Block {
	return &Block{
		Name: "communication", Labels: []string{"NAME"},
		Doc:        "A message to people at each tenant.",
		Attributes: append(messageAttributes(), itemAttributes(lateMessage())...),
		Blocks:     []*Block{digest()},
	}
}

func messageAttributes() []Attribute {
	return append(textAttributes(Attribute{Name: "to", Type: Texts, Required: true, PerTenant: true, Doc: "Recipients; each gets a message of its own."}),
		Attribute{
			Name: "on_reschedule", Type: Text, OneOf: []string{"correct", "resend", "ignore"}, Default: "correct",
			Doc: "What those get who had it when T changes: a correction if it told them T, that and the message again in its new time, or nothing. A notice is always corrected, and so is what other messages told the same people.",
		},
	)
}

// textAttributes are what all messages have; to and on_reschedule differ.
func textAttributes(to Attribute) []Attribute {
	return []Attribute{
		{Name: "channel", Type: Reference, Refers: []string{"channel"}, DefaultDoc: "defaults.channel", Doc: "How it is sent."},
		to,
		{Name: "cc", Type: Texts, PerTenant: true, DefaultDoc: "none", Doc: "More recipients."},
		{Name: "bcc", Type: Texts, PerTenant: true, DefaultDoc: "none", Doc: "Recipients that the others do not see."},
		{Name: "reply_to", Type: Text, PerTenant: true, DefaultDoc: "none", Doc: "Where answers go."},
		{Name: "message", Type: Text, DefaultDoc: "none: then subject and body are written", Doc: "A path without ending: the file PATH.LOCALE.md, else PATH.md."},
		{Name: "subject", Type: Text, PerTenant: true, OfEvent: true, DefaultDoc: "that of message", Doc: "The subject, with body and instead of message."},
		{Name: "body", Type: Text, PerTenant: true, OfEvent: true, DefaultDoc: "that of message", Doc: "The text in Markdown, with subject and instead of message."},
		{Name: "notice", Type: Bool, Default: false, Doc: "Whether it counts as a notice of T. Like every message that names T, it waits until there is one."},
		{Name: "attachments", Type: Texts, Support: NotYet, DefaultDoc: "none", Doc: "Files that go with it."},
	}
}

func digest() *Block {
	return &Block{
		Name: "digest", Max: 1, Support: NotYet,
		Doc: "Joins the messages of several tenants to one recipient.",
		Attributes: []Attribute{
			{Name: "by", Type: Text, PerTenant: true, Required: true, Doc: "What the tenants of one message have in common."},
			{Name: "message", Type: Text, Required: true, Doc: "The text of the joint message."},
			{Name: "window", Type: Interval, DefaultDoc: "one apply", Doc: "How long to wait for more."},
		},
	}
}

func approval() *Block {
	own := []Attribute{
		{Name: "by", Type: Texts, DefaultDoc: "anybody", Doc: "Who may answer."},
		{Name: "prompt", Type: Text, PerTenant: true, DefaultDoc: "none", Doc: "The question."},
		{Name: "expires", Type: Offset, DefaultDoc: "never", Doc: "When the question counts as answered with no."},
		{Name: "four_eyes", Type: Bool, Default: false, Support: DefaultOnly, Doc: "Whether a second person must agree."},
	}
	return &Block{
		Name: "approval", Labels: []string{"NAME"},
		Doc:        "A person's yes. The other items of its phase wait for it.",
		Attributes: append(own, itemAttributes(late())...),
		Blocks: []*Block{{
			Name: "ask", Max: 1, Doc: "The message that asks for the answer.",
			Attributes: []Attribute{
				{Name: "channel", Type: Reference, Refers: []string{"channel"}, DefaultDoc: "defaults.channel", Doc: "How it is sent."},
				{Name: "to", Type: Texts, PerTenant: true, Required: true, Doc: "Who is asked."},
				{Name: "repeat", Type: Interval, Support: NotYet, DefaultDoc: "asked once", Doc: "How often the question is repeated."},
			},
		}},
	}
}

func retry() *Block {
	return &Block{
		Name: "retry", Labels: []string{"NAME"},
		Doc: "How often, and how long apart, a failed attempt is repeated.",
		Attributes: []Attribute{
			{Name: "max_attempts", Type: Integer, Bounds: atLeast(1), Default: 5, Doc: "How many attempts there are, the first included."},
			{Name: "initial_interval", Type: Interval, Default: "1m", Doc: "The time before the second attempt."},
			{Name: "backoff_coefficient", Type: Number, Bounds: atLeast(1), Default: 2, Doc: "What each interval is multiplied with to give the next."},
			{Name: "max_interval", Type: Interval, Default: "1h", Doc: "No interval is longer."},
			{Name: "jitter", Type: Number, Bounds: &Bounds{Least: 0, Most: 1}, Default: 0.2, Doc: "Which share of an interval is left to chance, from 0 to 1."},
			{Name: "max_elapsed", Type: Interval, DefaultDoc: "no bound", Doc: "How long after the first attempt the last one may begin."},
		},
	}
}

func limit() *Block {
	return &Block{
		Name: "limit", Labels: []string{"NAME"},
		Doc: "Bounds how much work runs at once.",
		Attributes: []Attribute{
			{Name: "max_in_flight", Type: Integer, Bounds: atLeast(1), Required: true, Doc: "How many attempts run at once. Work with a poll counts until it has ended, whoever has started it."},
			{Name: "rate", Type: Text, Support: NotYet, DefaultDoc: "no bound", Doc: `How many attempts begin in a time, as in "100/m".`},
			{Name: "per", Type: Text, PerTenant: true, Support: NotYet, DefaultDoc: "one budget for all", Doc: "One budget for each value."},
		},
	}
}
