package spec

func inventory() *Block {
	return &Block{
		Name: "inventory", Labels: []string{"NAME"},
		Doc: "A file of tenants. Several inventories add up; a plan may have none.",
		Attributes: []Attribute{
			{Name: "source", Type: Text, Required: true, Doc: "The file, relative to the plan directory: .csv now; .jsonl, .json and .yaml are not supported yet."},
			{Name: "key", Type: Text, Required: true, Doc: "The column that holds the tenants' ids."},
			{Name: "max_removals", Type: Share, Default: "10%", Doc: "An export that lost more of the recorded tenants than this is refused. The share is of those who have not left, rounded down, but one tenant may always go missing, unless this is 0%; of several inventories the greatest counts."},
		},
		Blocks: []*Block{{
			Name: "column", Labels: []string{"NAME"},
			Doc: "What is known of a column. Columns that are not declared are texts.",
			Attributes: []Attribute{
				{Name: "type", Type: TypeName, OneOf: []string{"string", "number", "bool"}, Default: "string", Doc: "Its type."},
				{Name: "required", Type: Bool, Default: false, Doc: "An empty cell is an error."},
				{Name: "default", Type: Any, DefaultDoc: "null", Doc: "The value of an empty cell."},
				{Name: "one_of", Type: Texts, DefaultDoc: "anything", Doc: "The values that are allowed."},
			},
		}},
	}
}

func tenant() *Block {
	return &Block{
		Name: "tenant", Labels: []string{"ID"},
		Doc: "One tenant written out, or what differs from its row in an inventory.",
		Attributes: []Attribute{
			{Name: "attributes", Type: Values, DefaultDoc: "those of its row", Doc: "Attributes, by name of their column."},
			{Name: "batch", Type: Reference, Refers: []string{"batch"}, DefaultDoc: "the first batch that takes it", Doc: "The batch that it is placed in, whatever match says."},
			{Name: "cutover", Type: Instant, DefaultDoc: "its batch's", Doc: "Its own T: a wall-clock time, or RFC 3339."},
			{Name: "time_zone", Type: Zone, DefaultDoc: "its row's, else its batch's", Doc: "Zone of its wall-clock times."},
			{Name: "locale", Type: Text, DefaultDoc: "its row's, else defaults.locale", Doc: `Language of its messages, as in "de" or "pt-BR".`},
			{Name: "hold", Type: Text, DefaultDoc: "not held", Doc: "Keeps it where it is, for the reason given."},
		},
	}
}

func batch() *Block {
	return &Block{
		Name: "batch", Labels: []string{"NAME"},
		Doc:        "A group of tenants that move together.",
		Attributes: append([]Attribute{cutover()}, batchAttributes()...),
		Blocks:     []*Block{batchAfter(), breaker()},
	}
}

func cutover() Attribute {
	return Attribute{Name: "cutover", Type: Instant, DefaultDoc: "no date yet", Doc: "T: a wall-clock time in time_zone, or RFC 3339."}
}

// undated are the names that mean nothing before a tenant has a batch.
func undated() []string { return []string{"T", "batch", "phase", "postpone_until"} }

func batchAttributes() []Attribute {
	return []Attribute{
		{Name: "time_zone", Type: Zone, DefaultDoc: "the transition's", Doc: "Zone of cutover, and of tenants that have none."},
		{Name: "calendar", Type: Reference, Refers: []string{"calendar"}, Support: NotYet, DefaultDoc: "defaults.calendar", Doc: "Calendar that applies."},
		{Name: "match", Type: Bool, Default: false, PerTenant: true, Without: undated(), Doc: "Whether a tenant may be placed here."},
		{Name: "priority", Type: Nullable, Default: 0, PerTenant: true, Without: undated(), Doc: "Who is placed first: the highest number; null comes last."},
		{Name: "capacity", Type: Number, Bounds: atLeast(0), DefaultDoc: "unlimited", Doc: "How much weight the batch takes."},
		{Name: "weight", Type: Number, Bounds: atLeast(0), Default: 1, PerTenant: true, Without: undated(), Doc: "How much of the capacity a tenant takes; at least 0."},
		{Name: "enrol_until", Type: Offset, DefaultDoc: "T minus notice.first, else T", Doc: "Until when tenants are placed here."},
	}
}

func batchAfter() *Block {
	return &Block{
		Name: "after", Max: 1,
		Doc: "Makes the batch wait for another one.",
		Attributes: []Attribute{
			{Name: "batch", Type: Reference, Refers: []string{"batch"}, Required: true, Doc: "The batch that it waits for."},
			{Name: "reached", Type: Reference, Refers: []string{"phase"}, DefaultDoc: "the last phase", Doc: "The phase that the other batch's tenants must have Complete."},
			{Name: "at_least", Type: Share, Default: "100%", Doc: "Which share of them."},
			{Name: "soak", Type: Duration, DefaultDoc: "none", Doc: "How long to wait after that."},
			{Name: "holds", Type: Reference, Refers: []string{"phase"}, DefaultDoc: "the first hard phase", Doc: "The first phase that may not be entered before."},
		},
	}
}

func series() *Block {
	own := []Attribute{
		{Name: "first", Type: Instant, Required: true, Doc: "T of the first batch."},
		{Name: "every", Type: Duration, Required: true, Doc: "The distance between two batches."},
		{Name: "count", Type: Integer, Bounds: atLeast(1), Required: true, Doc: "How many batches."},
		{Name: "skip", Type: Reference, Refers: []string{"calendar"}, DefaultDoc: "none", Doc: "Days on which no batch falls."},
	}
	return &Block{
		Name: "series", Labels: []string{"NAME"}, Support: NotYet,
		Doc:        "Batches in a row: NAME-01, NAME-02, and so on.",
		Attributes: append(own, batchAttributes()...),
		Blocks:     []*Block{batchAfter(), breaker()},
	}
}

func constraint() *Block {
	return &Block{
		Name: "constraint", Labels: []string{"NAME"},
		Doc: "Keeps tenants from being placed, and from entering hard phases.",
		Attributes: []Attribute{
			{Name: "blocked_when", Type: Bool, Required: true, PerTenant: true, Without: undated(), Doc: "Whether a tenant is blocked."},
			{Name: "reason", Type: Text, Required: true, PerTenant: true, Without: undated(), Doc: "Why, as people read it."},
			{Name: "on_violation", Type: Text, OneOf: []string{"hold", "warn", "eject"}, Default: "hold", Doc: "What becomes of a tenant that is placed already: it is held, it goes on with a warning, or it loses its batch."},
		},
	}
}

func calendar() *Block {
	return &Block{
		Name: "calendar", Labels: []string{"NAME"}, Support: NotYet,
		Doc: "Business days, holidays, freezes and quiet hours.",
		Attributes: []Attribute{
			{Name: "workdays", Type: Texts, DefaultDoc: "Monday to Friday", Doc: "The days of the week that are business days."},
			{Name: "holidays", Type: Texts, DefaultDoc: "none", Doc: "Dates that are not."},
			{Name: "source", Type: Text, DefaultDoc: "none", Doc: "An .ics file of holidays."},
			{Name: "when_blocked", Type: Text, OneOf: []string{"later", "earlier", "hold"}, Default: "later", Doc: "What becomes of an item that falls on such a day."},
		},
		Blocks: []*Block{
			{
				Name: "freeze", Doc: "A time in which nothing begins.",
				Attributes: []Attribute{
					{Name: "from", Type: Instant, Required: true, Doc: "Its begin."},
					{Name: "to", Type: Instant, Required: true, Doc: "Its end."},
					{Name: "reason", Type: Text, Required: true, Doc: "Why, as people read it."},
				},
			},
			{
				Name: "quiet_hours", Max: 1, Doc: "The time of day in which no message goes out.",
				Attributes: []Attribute{
					{Name: "from", Type: Text, Required: true, Doc: `Its begin, as in "20:00".`},
					{Name: "to", Type: Text, Required: true, Doc: "Its end."},
				},
			},
		},
	}
}
