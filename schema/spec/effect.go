package spec

func deliveries() []string { return []string{"at_most_once", "at_least_once"} }

func work() *Block {
	own := append(effectAttributes(), []Attribute{
		{Name: "limit", Type: Reference, Refers: []string{"limit"}, DefaultDoc: "none", Doc: "How much of it runs at once."},
		{Name: "output", Type: TextMap, PerTenant: true, Support: NotYet, DefaultDoc: "none", Doc: "What is kept of the result."},
		{Name: "pool", Type: Text, Support: NotYet, DefaultDoc: "none", Doc: "Which workers carry it out."},
	}...)
	return &Block{
		Name: "work", Labels: []string{"NAME"}, Choose: []string{"exec", "http"},
		Doc:        "A command that runs, or a request that is sent, for each tenant.",
		Attributes: append(own, itemAttributes(late())...),
		Blocks:     append(effects(), probe(ofAttempt), poll(), repeat(), undo()),
	}
}

// effectAttributes are what work and its undo have in common.
func effectAttributes() []Attribute {
	return []Attribute{
		{Name: "timeout", Type: Interval, DefaultDoc: "defaults.timeout, else " + ExecTimeout + " for exec, " + HTTPTimeout + " for http", Doc: "How long an attempt may take."},
		{Name: "delivery", Type: Text, OneOf: deliveries(), DefaultDoc: "defaults.delivery, else at_least_once for http GET, HEAD, PUT and DELETE, else at_most_once", Doc: "The promise about an attempt whose outcome is unknown: a person decides (at_most_once), or it is tried again as often as its retry allows (at_least_once)."},
	}
}

func effects() []*Block { return []*Block{exec(), http()} }

func exec() *Block {
	return &Block{
		Name: "exec", Max: 1,
		Doc: "Runs a command: a list of arguments, never a shell.",
		Attributes: []Attribute{
			{Name: "command", Type: Texts, Required: true, PerTenant: true, Doc: "The program and its arguments."},
			{Name: "env", Type: TextMap, PerTenant: true, DefaultDoc: "none", Doc: "More environment variables."},
			{Name: "dir", Type: Text, Default: ".", PerTenant: true, Doc: "Where it runs, relative to the plan directory."},
			{Name: "success_codes", Type: Integers, Bounds: exitCodes(), Default: []int{0}, Doc: "Exit codes that mean success."},
			{Name: "retry_codes", Type: Integers, Bounds: exitCodes(), Default: []int{75}, Doc: "Exit codes that mean no effect, try again."},
			{Name: "unknown_codes", Type: Integers, Bounds: exitCodes(), DefaultDoc: "none", Doc: "Exit codes that mean nobody knows."},
		},
	}
}

func exitCodes() *Bounds { return &Bounds{Least: 0, Most: 255} }

func statuses() *Bounds { return &Bounds{Least: 100, Most: 599} }

func http() *Block {
	return &Block{
		Name: "http", Max: 1,
		Doc: "Sends one request.",
		Attributes: []Attribute{
			{Name: "method", Type: Text, OneOf: Methods(), DefaultDoc: "POST with a body, else GET", Doc: "The method."},
			{Name: "url", Type: Text, Required: true, PerTenant: true, Doc: "The address, http or https."},
			{Name: "headers", Type: TextMap, PerTenant: true, DefaultDoc: "none", Doc: "More headers."},
			{Name: "body", Type: Text, PerTenant: true, DefaultDoc: "none", Doc: "What is sent."},
			{Name: "success_status", Type: Integers, Bounds: statuses(), DefaultDoc: "every 2xx", Doc: "Status codes that mean success."},
			{Name: "retry_status", Type: Integers, Bounds: statuses(), DefaultDoc: "408, 425, 429 and 503", Doc: "More status codes that mean no effect, try again."},
		},
	}
}

// Methods lists the request methods that may be written.
func Methods() []string { return []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} }

// Repeatable reports whether a request of this method may be sent twice without
// harm, so that an unknown outcome of it is tried again (RFC 9110, section 9.2.2).
func Repeatable(method string) bool {
	switch method {
	case "GET", "HEAD", "PUT", "DELETE":
		return true
	default:
		return false
	}
}

func lock() *Block {
	noWay := func(why string) *Missing {
		return &Missing{Code: "lock-without-release", Summary: "A lock without a way to its release", Why: why}
	}
	own := []Attribute{
		{
			Name: "release_in", Type: Reference, Refers: []string{"phase"}, Required: true, Doc: "The later phase in which it is released.",
			Missing: noWay("No phase is named in which the lock is released, so it would be held for ever."),
		},
		{Name: "release_by", Type: Offset, DefaultDoc: "none", Doc: "When people are alarmed because it is still held, by exit code 3 and on = \"error\"; nothing is released by it."},
		{Name: "discharged_by", Type: Reference, Refers: []string{"work"}, DefaultDoc: "none", Doc: "Work whose success ends the obligation without a release."},
	}
	release := part("release", "How it is released.")
	release.Attributes = []Attribute{
		{Name: "after", Type: Items, Refers: ItemBlocks(), DefaultDoc: "none", Doc: "Items of the phase release_in that must be done before."},
	}
	release.Missing = noWay("Nothing says how the lock is released, so it would be held for ever.")
	return &Block{
		Name: "lock", Labels: []string{"NAME"},
		Doc:        "Something that is taken from each tenant and must be given back.",
		Attributes: append(own, itemAttributes(late())...),
		Blocks:     []*Block{part("acquire", "How it is taken."), release, probe(ofLock)},
	}
}

func part(name, doc string) *Block {
	return &Block{Name: name, Doc: doc, Min: 1, Max: 1, Choose: []string{"exec", "http"}, Blocks: effects()}
}

func repeat() *Block {
	return &Block{
		Name: "repeat", Max: 1, Support: NotYet,
		Doc: "Repeats work that has succeeded.",
		Attributes: []Attribute{
			{Name: "every", Type: Interval, Required: true, Doc: "How often."},
			{Name: "until", Type: Offset, DefaultDoc: "when the phase closes", Doc: "Until when."},
			{Name: "valid_for", Type: Interval, DefaultDoc: "for ever", Doc: "How long a success counts."},
		},
	}
}

func undo() *Block {
	return &Block{
		Name: "undo", Max: 1, Choose: []string{"exec", "http"},
		Doc:        "How the work is undone when a tenant goes back. Work that never succeeded is not undone, unless it stands behind a lock that is held: the lock opens over nothing half done.",
		Attributes: append(effectAttributes(), retries("the work's")),
		Blocks:     append(effects(), probe(ofAttempt), poll()),
	}
}
