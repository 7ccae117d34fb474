package spec

// Events lists what a communication without an offset may be sent on.
func Events() []string {
	return []string{"placed", "rescheduled", "withdrawn", "rolled_back", "held", "missed", "error", "completed"}
}

func event() *Block {
	return &Block{
		Name: "communication", Labels: []string{"NAME"},
		Doc:        "A message that is sent when something happens instead of at an offset. Of rescheduled, withdrawn and rolled_back there is one each: what the plan does not write is sent in the words of the last notice.",
		Attributes: eventAttributes(),
		Blocks:     []*Block{digest()},
	}
}

// eventAttributes begin with on, which decides what the texts may name.
func eventAttributes() []Attribute {
	on := Attribute{
		Name: "on", Type: Text, Required: true, OneOf: Events(),
		Doc: "The event. An error is an item that failed or whose outcome nobody knows, and a lock that is held past its release_by. The texts may name old_T with rescheduled, withdrawn and rolled_back, reason with withdrawn, rolled_back, held, missed and error, and address with missed and error.",
	}
	to := Attribute{
		Name: "to", Type: Texts, PerTenant: true,
		DefaultDoc: "for rescheduled, withdrawn and rolled_back those who were told a T that is no longer true; required for the others",
		Doc:        "Recipients; each gets a message of its own.",
	}
	onReschedule := Attribute{
		Name: "on_reschedule", Type: Text, OneOf: []string{"correct", "ignore"}, Default: "correct",
		Doc: "What those get who had it when T changes: a correction if it told them T, or nothing. Never nothing with rescheduled, withdrawn and rolled_back, which say what is true.",
	}
	return append(append([]Attribute{on}, textAttributes(to)...), onReschedule, when(), retries("defaults.retry, else one attempt"))
}
