package schema

import (
	"time"

	"transition/schema/diag"
)

// Poll asks whether work that was started, and goes on by itself, has ended.
type Poll struct {
	Every   time.Duration
	Timeout time.Duration // since the work was started; 0: no bound
	Effect  Effect        // how it asks; it changes nothing
	Done    Expr[bool]    // it has ended well
	Failed  Expr[bool]    // it has failed for good
	// Progress is how far it is, for people.
	Progress Expr[string]
	Range    diag.Range
}

// Probe asks whether an attempt of unknown outcome has had its effect.
type Probe struct {
	Effect  Effect     // how it asks; it changes nothing
	Done    Expr[bool] // not set: exit code 0, or 2xx, unless NotDone
	NotDone Expr[bool] // not set: exit code 1, or 404, unless Done
	Range   diag.Range
}

// Result is what came back from asking: of a command that ended by itself, or of
// a server that answered. Texts are bounded, and free of control characters.
type Result struct {
	// Command: ExitCode, Stdout and Stderr are set; otherwise Status, Headers and
	// Body are. The others are null in expressions.
	Command        bool
	ExitCode       int
	Stdout, Stderr string
	Status         int
	Headers        map[string]string // by lower-case name
	Body           string
}

// Done is what the result says where a probe does not: exit code 0, or 2xx.
func (r *Result) Done() bool {
	if r.Command {
		return r.ExitCode == 0
	}
	return r.Status >= 200 && r.Status < 300
}

// NotDone is what the result says where a probe does not: exit code 1, or 404.
func (r *Result) NotDone() bool {
	if r.Command {
		return r.ExitCode == 1
	}
	return r.Status == 404
}

// Text is what may be JSON: the body, or what a command wrote to its output.
func (r *Result) Text() string {
	if r.Command {
		return r.Stdout
	}
	return r.Body
}
