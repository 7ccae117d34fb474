package keeper

import (
	"time"

	"transition/runner/action"
	"transition/runner/action/command"
)

// version is that of what is said between a runner and its keeper.
const version = 1

// order is what a runner says, as a line of JSON.
type order struct {
	ID   int64 `json:"id"`
	Stop bool  `json:"stop,omitempty"` // what runs under that id
	Task *task `json:"task,omitempty"`
}

// task is a request to run a command. Arguments and the environment may hold any
// bytes, which texts in JSON may not.
type task struct {
	Request action.Request `json:"request"` // its command has only the codes
	Argv    [][]byte       `json:"argv"`
	Dir     []byte         `json:"dir"`
	Env     []variable     `json:"env"`
	Now     time.Time      `json:"now"`
	Grace   time.Duration  `json:"grace"`
}

type variable struct{ Name, Value []byte }

// report is what a keeper says, as a line of JSON: first its version, then of each
// task that its command has begun, and what became of it.
type report struct {
	Version int             `json:"version,omitempty"`
	ID      int64           `json:"id,omitempty"`
	PID     int             `json:"pid,omitempty"`
	Outcome *action.Outcome `json:"outcome,omitempty"`
}

// newTask is what e would do of a request.
func newTask(r action.Request, e *command.Executor) *task {
	c := r.Command
	t := &task{Request: r, Dir: []byte(c.Dir), Now: e.Now(), Grace: e.Grace}
	t.Request.Command = &action.Command{SuccessCodes: c.SuccessCodes, RetryCodes: c.RetryCodes, UnknownCodes: c.UnknownCodes}
	for _, arg := range c.Argv {
		t.Argv = append(t.Argv, []byte(arg))
	}
	for name, value := range c.Env {
		t.Env = append(t.Env, variable{[]byte(name), []byte(value)})
	}
	return t
}

// request is the request that a task was made of.
func (t *task) request() action.Request {
	r, c := t.Request, t.Request.Command
	c.Dir, c.Env = string(t.Dir), make(map[string]string, len(t.Env))
	for _, arg := range t.Argv {
		c.Argv = append(c.Argv, string(arg))
	}
	for _, v := range t.Env {
		c.Env[string(v.Name)] = string(v.Value)
	}
	return r
}
