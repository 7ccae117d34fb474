// Package watch tells when the content of a plan directory has changed.
//
// What the operating system says of files are hints, and no more: editors
// write, rename and truncate in their own ways, queues overflow, and network
// file systems say nothing. A hint means: look. Only a look, which reads
// everything, decides whether anything has changed; and a content is believed
// when two looks with a quiet moment between them have found the same, so that a
// file that is being written is never taken for what its author wants.
package watch

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"

	"transition/runner/clock"
)

const (
	// quiet is how long nothing may have happened before a look. The tools that
	// save a file in several steps need less.
	quiet = 250 * time.Millisecond
	// patience is how long a directory in which something happens all the time
	// goes without a look.
	patience = 2 * time.Second
	// rounds is how often there is a look although nothing has happened.
	rounds = 30 * time.Second
)

// Content is what a look has found.
type Content struct {
	// Digest is equal for equal contents, and never empty. Whatever could not be
	// read is a part of the content, too.
	Digest string
	// Dirs are the directories, as absolute paths, in which things happen that
	// may change the content. They need not exist.
	Dirs []string
}

// Options say what is watched.
type Options struct {
	// Look reads the content. It is called by New and Wait only.
	Look  func() Content
	Clock clock.Clock
	// Log is told once when the system does not let everything be watched. May
	// be nil.
	Log hclog.Logger
}

// Watcher waits for changes of a content. It is good for one goroutine; close it
// when done.
type Watcher struct {
	o      Options
	notify notifier // nil: there are only the rounds
	hints  <-chan struct{}
	warned bool

	taken  string // the digest that the caller knows
	seen   string // what the last look found instead; empty: nothing else
	active bool   // something has happened that no look has explained yet
	stir   bool   // something has happened since the alarm was set
	waited time.Duration
	rang   <-chan struct{}
	stop   func()
}

// New looks once, and begins to watch. Whatever changes from then on is told by
// Wait; so whoever reads the content must read it after New.
func New(o Options) *Watcher {
	n, err := newSystemNotifier()
	if err != nil {
		return begin(o, nil, err)
	}
	return begin(o, n, nil)
}

// begin is New with a notifier; nil: failed says why there is none.
func begin(o Options, n notifier, failed error) *Watcher {
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	w := &Watcher{o: o, notify: n, stop: func() {}}
	if n != nil {
		w.hints = n.hints()
	}
	w.warn(failed)
	found := o.Look()
	w.taken = found.Digest
	if w.follow(found.Dirs) {
		w.wake() // what has happened before the watch began, nobody has told
	} else {
		w.rest()
	}
	return w
}

// Close ends the watch, and waits for everything that it started.
func (w *Watcher) Close() error {
	w.stop()
	if w.notify == nil {
		return nil
	}
	return w.notify.close()
}

// Wait returns nil once the content has settled as another one than at the last
// time, or at New, and the error of ctx when that ends first. What happens
// between two calls is not lost.
func (w *Watcher) Wait(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.hints:
			w.hint()
		case <-w.rang:
			if w.ring() {
				return nil
			}
		}
	}
}

// hint puts the next look off until things are quiet.
func (w *Watcher) hint() {
	if !w.active {
		w.wake()
		return
	}
	w.stir = true
}

// ring looks, unless something has just happened. It reports a change.
func (w *Watcher) ring() bool {
	if w.active && w.stir && w.waited < patience {
		w.stir = false
		w.waited += quiet
		w.set(quiet)
		return false
	}
	return w.look()
}

// look compares the content with what is known. It reports a change.
func (w *Watcher) look() bool {
	found := w.o.Look()
	more := w.follow(found.Dirs)
	known, settled := found.Digest == w.taken, found.Digest == w.seen
	switch {
	case more || !known && !settled:
		w.seen = found.Digest
		w.wake()
		return false
	case settled && !known:
		w.taken = found.Digest
	}
	w.seen = ""
	w.rest()
	return !known
}

// wake makes the next look come after a quiet moment.
func (w *Watcher) wake() {
	w.active, w.stir, w.waited = true, false, quiet
	w.set(quiet)
}

// rest makes the next look come with the next round.
func (w *Watcher) rest() {
	w.active = false
	w.set(rounds)
}

func (w *Watcher) set(d time.Duration) {
	w.stop()
	w.rang, w.stop = clock.Alarm(w.o.Clock, d)
}

// follow watches directories and no others. It reports whether any is new.
func (w *Watcher) follow(dirs []string) bool {
	if w.notify == nil {
		return false
	}
	began, err := w.notify.follow(dirs)
	w.warn(err)
	return began
}

// warn says once that changes may be noticed late.
func (w *Watcher) warn(err error) {
	if err == nil || w.warned {
		return
	}
	w.warned = true
	hint := "changes are noticed all the same, but later"
	if tooMany(err) {
		hint = "raise fs.inotify.max_user_watches or max_user_instances; until then changes are noticed later"
	}
	w.o.Log.Warn("not everything can be watched", "error", err, "look_every", rounds, "hint", hint)
}

// errNoWatch says that a directory cannot be watched.
var errNoWatch = errors.New("directory cannot be watched")
