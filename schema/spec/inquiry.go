package spec

import "slices"

// ofAttempt and ofLock say what a probe asks.
const (
	ofAttempt = "Asks whether an attempt of unknown outcome has had its effect; of work with a poll, whether that has ended. " + untilAnswered
	ofLock    = "Asks whether the lock is taken, when the outcome of taking it, or of giving it back, is unknown. " + untilAnswered

	untilAnswered = "It changes nothing, and is asked again until it answers or a person does: at most once a minute, and at least once an hour while somebody applies. Both true is no answer. " + ofResult
	ofResult      = "What it was told is result: result.exit_code, result.stdout and result.stderr of a command, result.status, result.headers (by lower-case name) and result.body of a request, and result.json, null where the answer is no JSON."
)

func probe(doc string) *Block {
	return &Block{
		Name: "probe", Max: 1, Choose: []string{"exec", "http"}, Doc: doc,
		Attributes: []Attribute{
			{Name: "done", Type: Bool, PerTenant: true, OfResult: true, DefaultDoc: "exit code 0, or 2xx, unless not_done; required beside a poll", Doc: "Whether it has happened, by what result says."},
			{Name: "not_done", Type: Bool, PerTenant: true, OfResult: true, DefaultDoc: "exit code 1, or 404, unless done", Doc: "Whether it certainly has not; then it is done again, by its retry, or once without one. It counts when the time of the attempt, its timeout, is over: until then it may be on its way."},
		},
		Blocks: questions(),
	}
}

func poll() *Block {
	return &Block{
		Name: "poll", Max: 1, Choose: []string{"exec", "http"},
		Doc: "Asks again and again whether work that goes on by itself after it was started has ended. It changes nothing. What was started goes on whether or not anybody applies meanwhile. " + ofResult,
		Attributes: []Attribute{
			{Name: "every", Type: Interval, Required: true, Doc: "How often it asks."},
			{Name: "timeout", Type: Interval, DefaultDoc: "none", Doc: "How long the work may take; what has not ended then is unknown."},
			{Name: "done", Type: Bool, PerTenant: true, OfResult: true, Required: true, Doc: "Whether the work has ended well, by what result says."},
			{Name: "failed", Type: Bool, PerTenant: true, OfResult: true, DefaultDoc: "never", Doc: "Whether it has failed for good."},
			{Name: "progress", Type: Text, PerTenant: true, OfResult: true, DefaultDoc: "none", Doc: "How far it is, as people read it."},
		},
		Blocks: questions(),
	}
}

// questions are commands and requests that only ask. What their answers mean is
// said by the block that asks, so that they have no codes of their own.
func questions() []*Block {
	ask, request := exec(), http()
	ask.Doc = "Asks by a command, which may take " + AskTimeout + ": a list of arguments, never a shell."
	ask.Attributes = without(ask.Attributes, "success_codes", "retry_codes", "unknown_codes")
	request.Doc = "Asks by a request, which may take " + AskTimeout + "."
	request.Attributes = without(request.Attributes, "success_status", "retry_status")
	for i := range request.Attributes {
		if a := &request.Attributes[i]; a.Name == "method" {
			a.OneOf = []string{"GET", "HEAD", "POST"}
		}
	}
	return []*Block{ask, request}
}

func without(all []Attribute, names ...string) []Attribute {
	return slices.DeleteFunc(all, func(a Attribute) bool { return slices.Contains(names, a.Name) })
}
