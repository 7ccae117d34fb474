package command

import (
	"transition/runner/action/tail"
	"transition/schema"
)

// maxAnswer is how much of the output of a command that asks is kept, in bytes.
const maxAnswer = 64 << 10

// output is what a command prints. Of one that asks, the two streams are kept
// apart; otherwise both are one, in the order in which they came.
type output struct {
	stdout, stderr *tail.Buffer
}

func newOutput(asks bool) output {
	if !asks {
		both := tail.NewBuffer(maxOutput)
		return output{both, both}
	}
	return output{tail.NewBuffer(maxAnswer), tail.NewBuffer(maxOutput)}
}

// String is what is kept as evidence.
func (o output) String() string {
	if o.stdout == o.stderr {
		return o.stdout.String()
	}
	both := tail.NewBuffer(maxOutput)
	_, _ = both.Write([]byte(o.stdout.String() + o.stderr.String())) // it never fails
	return both.String()
}

// result is what a command was told that asked; nil of one that did not.
func (o output) result(code int) *schema.Result {
	if o.stdout == o.stderr {
		return nil
	}
	return &schema.Result{Command: true, ExitCode: code, Stdout: o.stdout.String(), Stderr: o.stderr.String()}
}
