// Package keeper lets commands outlive the runner that wanted them. They are
// started, read and waited for by another process, their keeper, which is this
// program once more: one for each apply, from its first command on. When the runner
// is killed, the keeper goes on reading what they print, stops them when their time
// is up, writes into their notes how they have ended, and ends with the last one.
package keeper

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"sync"
	"time"

	"transition/runner/action"
	"transition/runner/action/command"
)

// Word is the argument that makes the program a keeper.
const Word = "keep-commands"

// keeper is the other side of a [Client].
type keeper struct {
	environ []string

	saying sync.Mutex
	to     *json.Encoder

	mu      sync.Mutex
	running map[int64]context.CancelFunc
	all     sync.WaitGroup
}

// Serve is all that a keeper does. Its environment is what commands inherit. It
// returns once its runner is gone, or has hung up, and every command has ended.
//
// It must not die of a signal that is meant for its runner, nor of writing to one
// that is gone.
func Serve(from io.Reader, to io.Writer, environ []string) {
	k := &keeper{environ: environ, to: json.NewEncoder(to), running: make(map[int64]context.CancelFunc)}
	k.say(report{Version: version})
	for lines := bufio.NewReader(from); ; {
		line, err := lines.ReadBytes('\n')
		var o order
		if err != nil || json.Unmarshal(line, &o) != nil { // an order that was cut off is none
			break
		}
		if o.Stop {
			k.stop(o.ID)
		} else if o.Task != nil {
			k.start(o.ID, o.Task)
		}
	}
	k.all.Wait()
}

// say reports to the runner. If that is gone, nobody wants to know.
func (k *keeper) say(r report) {
	k.saying.Lock()
	defer k.saying.Unlock()
	_ = k.to.Encode(r)
}

func (k *keeper) start(id int64, t *task) {
	ctx, cancel := context.WithCancel(context.Background())
	k.mu.Lock()
	k.running[id] = cancel
	k.mu.Unlock()
	r := t.request()
	r.Started = func(pid int) { k.say(report{ID: id, PID: pid}) }
	e := command.Executor{Environ: k.environ, Now: func() time.Time { return t.Now }, Grace: t.Grace}
	k.all.Go(func() {
		out := e.Do(ctx, r)
		k.stop(id)
		k.say(report{ID: id, Outcome: &out})
	})
}

// stop ends the command of a task, if that still runs.
func (k *keeper) stop(id int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if cancel := k.running[id]; cancel != nil {
		cancel()
		delete(k.running, id)
	}
}

var _ action.Executor = (*Client)(nil)
