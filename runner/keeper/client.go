package keeper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"transition/runner/action"
	"transition/runner/action/command"
	"transition/runner/action/note"
	"transition/runner/process"
)

// Program makes the process of a keeper, which is not started yet.
type Program func() *exec.Cmd

// Client runs commands by a keeper, which it starts with the first one. What only
// asks is run by Local: it changes nothing. So is everything if there can be no
// keeper. Close it when nothing runs any more.
type Client struct {
	Local   *command.Executor
	Program Program
	Log     hclog.Logger

	mu   sync.Mutex
	line *line
	none bool // there can be no keeper
}

// Do implements [action.Executor].
func (c *Client) Do(ctx context.Context, r action.Request) action.Outcome {
	if r.Command == nil || r.Asks || ctx.Err() != nil {
		return c.Local.Do(ctx, r)
	}
	l := c.open()
	if l == nil {
		return c.Local.Do(ctx, r)
	}
	// Where noting fails, it is not known after a crash what became of it.
	_ = note.Keeper(r.Note, l.who)
	full := time.AfterFunc(c.patience(), func() { c.giveUp(l) }) // who moves takes orders at once
	id, reports, err := l.order(newTask(r, c.Local))
	full.Stop()
	if err != nil { // it has not got all of it, so that nothing has begun
		c.Log.Warn("the process that runs commands is gone", "error", err)
		return c.Local.Do(ctx, r)
	}
	timeout := command.TimeoutOf(r)
	late := time.NewTimer(timeout) // for whoever has lost the keeper, who sees to it
	defer late.Stop()
	frozen := time.NewTimer(timeout + c.patience())
	defer frozen.Stop()
	var began process.Identity
	for stop := ctx.Done(); ; {
		select {
		case rep, ok := <-reports:
			switch {
			case !ok:
				return c.alone(ctx, r, began, late.C)
			case rep.Outcome != nil:
				return *rep.Outcome
			}
			began, _ = process.System{}.Identify(rep.PID, command.Marks(r))
			if r.Started != nil {
				r.Started(rep.PID)
			}
		case <-stop:
			stop = nil
			go l.stop(id) // who does not move does not read
			frozen.Reset(c.patience())
		case <-frozen.C:
			c.giveUp(l)
		}
	}
}

// patience is how long a keeper may take for what must be done by now.
func (c *Client) patience() time.Duration { return 2 * c.Local.Patience() }

// giveUp ends a keeper that lives and does not move, and nothing else: what it had
// to see to is seen to by those who have lost it.
func (c *Client) giveUp(l *line) {
	c.Log.Warn("the process that runs commands does not answer, and is ended", "pid", l.process.Pid)
	_ = l.process.Kill() // or it has just ended
}

// open is the line to a keeper that lives; nil: there can be none.
func (c *Client) open() *line {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.none || c.line != nil && c.line.alive() {
		return c.line
	}
	l, err := dial(c.Program(), command.Inherited(c.Local.Environ))
	if err != nil {
		c.Log.Warn("commands will not outlive this process unharmed", "error", err)
		c.line, c.none = nil, true
		return nil
	}
	c.line = l
	return l
}

// Close lets the keeper end, and waits for that.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.line == nil {
		return nil
	}
	err := c.line.in.Close()
	select {
	case <-c.line.gone:
	case <-time.After(c.patience()):
		c.giveUp(c.line)
		<-c.line.gone
	}
	c.line = nil
	if errors.Is(err, os.ErrClosed) { // it was gone before
		return nil
	}
	return err
}

// lookEvery is how often there is a look at a command whose end nobody tells.
const lookEvery = time.Second

// alone is the outcome of a command whose keeper was killed. It may still run, and
// must not be done again beside itself: its end is waited for, or made. began is
// its process as the keeper has told it, for want of a note.
func (c *Client) alone(ctx context.Context, r action.Request, began process.Identity, late <-chan time.Time) action.Outcome {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	stop, force := ctx.Done(), (<-chan time.Time)(nil)
	for {
		n, unread := note.Read(r.Note) // what cannot be read is no end
		if n.PID == 0 && began.PID != 0 {
			n.Identity = began
		}
		pid, keeper, life := n.Look(process.System{})
		switch {
		case life == process.Runs:
		case n.End != nil:
			return *n.End
		case unread != nil && n.PID == 0 && r.Note != "":
			return action.Outcome{Class: action.Unknown, MayRun: true, Reason: "the process that waited for it was killed, and its note cannot be read: it may still run, look for it"}
		default:
			return action.Outcome{Class: action.Unknown, Reason: "the process that waited for it was killed"}
		}
		select {
		case <-look.C:
			continue
		case <-force:
			if !keeper {
				command.Kill(pid)
			}
			continue
		case <-late:
		case <-stop:
			stop = nil
		}
		if !keeper {
			command.AskToEnd(pid)
		}
		force = time.After(c.Local.Patience())
	}
}

// line leads to a keeper. It is safe for concurrent use.
type line struct {
	who     process.Identity
	process *os.Process
	in      io.WriteCloser
	gone    chan struct{} // closed when the keeper has ended

	saying sync.Mutex
	to     *json.Encoder

	mu      sync.Mutex
	last    int64
	reports map[int64]chan report // nil: the keeper is gone
}

// dial starts a keeper. In a group of its own it is not reached by a Ctrl-C.
func dial(cmd *exec.Cmd, environ []string) (*line, error) {
	cmd.Env, cmd.SysProcAttr = environ, command.OwnGroup()
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	l := &line{process: cmd.Process, in: in, to: json.NewEncoder(in), gone: make(chan struct{}), reports: make(map[int64]chan report)}
	l.who, _ = process.System{}.Identify(cmd.Process.Pid, nil)
	from := json.NewDecoder(out)
	var hello report
	if err := from.Decode(&hello); err != nil || hello.Version != version {
		_ = in.Close()
		_ = cmd.Process.Kill()
		return nil, errors.Join(fmt.Errorf("%s does not answer as it should", cmd.Path), err, cmd.Wait())
	}
	go func() {
		defer close(l.gone)
		l.listen(from)
		_ = in.Close()
		_ = cmd.Wait() // it does not matter how it has ended
	}()
	return l, nil
}

// listen hands reports to those who wait for them, until the keeper is gone.
func (l *line) listen(from *json.Decoder) {
	for {
		var r report
		err := from.Decode(&r)
		l.mu.Lock()
		if err != nil {
			for _, c := range l.reports {
				close(c)
			}
			l.reports = nil
			l.mu.Unlock()
			return
		}
		if c := l.reports[r.ID]; c != nil {
			c <- r // there is room
			if r.Outcome != nil {
				delete(l.reports, r.ID)
			}
		}
		l.mu.Unlock()
	}
}

func (l *line) alive() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reports != nil
}

var errGone = errors.New("it has ended")

// order gives a task to the keeper. What that reports of it, which is two things at
// most, comes from the channel, which is closed when the keeper is gone.
func (l *line) order(t *task) (int64, <-chan report, error) {
	reports := make(chan report, 2)
	l.mu.Lock()
	if l.reports == nil {
		l.mu.Unlock()
		return 0, nil, errGone
	}
	l.last++
	id := l.last
	l.reports[id] = reports
	l.mu.Unlock()
	err := l.say(order{ID: id, Task: t})
	if err != nil {
		l.mu.Lock()
		delete(l.reports, id)
		l.mu.Unlock()
	}
	return id, reports, err
}

// stop asks for the end of a command. If the keeper is gone, its end is seen.
func (l *line) stop(id int64) { _ = l.say(order{ID: id, Stop: true}) }

func (l *line) say(o order) error {
	l.saying.Lock()
	defer l.saying.Unlock()
	return l.to.Encode(o)
}
