// Package watch tells when the content of a plan directory has changed.
//
// What the operating system says of files are hints, and no more: editors
// write, rename and truncate in their own ways, queues overflow, and network
// file systems say nothing. A hint means: look. Only a look, which reads
// everything, decides whether anything has changed; and a content is believed
// once all looks for as long as Options.Settle have found the same.
//
// No look tells a half-written file from a whole one: rows that are exported one
// by one, and a checkout that is half-way, are right as far as they go. So whoever
// acts upon a content lets it stand for longer than its writers pause.
package watch

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"

	"transition/runner/clock"
)

const (
	// quiet is how long nothing may have happened before a look, and the least
	// time for which a change must stand. The tools that save a file in several
	// steps need less.
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
	// Modified is when a file or a directory of it was last written to, as far
	// as the file system tells; the zero time if it does not. Newest is which.
	Modified time.Time
	Newest   string
}

// Options say what is watched.
type Options struct {
	// Look reads the content. It is called by the Watcher's methods and New only.
	Look  func() Content
	Clock clock.Clock
	// Settle is how long a content must stand unchanged. Below a quiet moment it
	// is that for changes, and what New finds is believed at once.
	Settle time.Duration
	// Unsettled is told once for every change that begins to settle, with what
	// was written to last. May be nil.
	Unsettled func(newest string)
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

	taken    string // the digest that was believed last; empty: none was yet
	seen     string // the digest that the last look found
	active   bool   // something has happened that no look has explained yet
	stir     bool   // something has happened since next was set
	waited   time.Duration
	next     alarm // for the next look
	settling alarm // for seen to be believed; not set: it is
}

// New looks once, and begins to watch. If the content has not stood for long
// enough, Wait tells when it has; and it tells whatever changes from then on. So
// whoever reads the content must read it after New.
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
	w := &Watcher{o: o, notify: n}
	if n != nil {
		w.hints = n.hints()
	}
	w.warn(failed)
	found := o.Look()
	if o.Settle < quiet || o.Clock.Now().Sub(found.Modified) >= o.Settle {
		w.taken = found.Digest
	}
	w.see(found)
	if w.follow(found.Dirs) {
		w.wake() // what has happened before the watch began, nobody has told
	} else {
		w.rest()
	}
	return w
}

// Close ends the watch, and waits for everything that it started.
func (w *Watcher) Close() error {
	w.next.stop()
	w.settling.stop()
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
		case <-w.next.rang:
			w.ring()
		case <-w.settling.rang:
			if w.settle() {
				return nil
			}
		}
	}
}

// Settled looks, and reports whether the content is the one that Wait told last,
// or that New believed.
func (w *Watcher) Settled() bool {
	w.look()
	return w.seen == w.taken
}

// hint puts the next look off until things are quiet.
func (w *Watcher) hint() {
	if !w.active {
		w.wake()
		return
	}
	w.stir = true
}

// ring looks, unless something has just happened.
func (w *Watcher) ring() {
	if w.active && w.stir && w.waited < patience {
		w.stir = false
		w.waited += quiet
		w.next.set(w.o.Clock, quiet)
		return
	}
	w.look()
}

// settle believes the content, unless it has just changed. It reports that.
func (w *Watcher) settle() bool {
	if !w.look() {
		return false
	}
	w.taken = w.seen
	w.settling.stop()
	return true
}

// look reports whether the content is what the last look has found.
func (w *Watcher) look() bool {
	found := w.o.Look()
	began := w.follow(found.Dirs)
	same := found.Digest == w.seen && !began
	if !same {
		w.see(found)
	}
	if began {
		w.wake()
	} else {
		w.rest()
	}
	return same
}

// see takes a content for the present one, which has to settle unless it is the
// one that is believed.
func (w *Watcher) see(found Content) {
	w.seen = found.Digest
	if w.seen == w.taken {
		w.settling.stop()
		return
	}
	if !w.settling.isSet() && w.o.Unsettled != nil {
		w.o.Unsettled(found.Newest)
	}
	w.settling.set(w.o.Clock, max(quiet, w.o.Settle))
}

// wake makes the next look come after a quiet moment.
func (w *Watcher) wake() {
	w.active, w.stir, w.waited = true, false, quiet
	w.next.set(w.o.Clock, quiet)
}

// rest makes the next look come with the next round.
func (w *Watcher) rest() {
	w.active = false
	w.next.set(w.o.Clock, rounds)
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

// alarm rings once after it was set.
type alarm struct {
	rang   <-chan struct{} // nil: it is not set
	cancel func()
}

func (a *alarm) set(c clock.Clock, d time.Duration) {
	a.stop()
	a.rang, a.cancel = clock.Alarm(c, d)
}

func (a *alarm) stop() {
	if a.isSet() {
		a.cancel()
	}
	a.rang = nil
}

func (a *alarm) isSet() bool { return a.rang != nil }
