//go:build crashpoint && linux

// Package crashpoint names the places at which the crash tests kill the program.
//
// TRANSITION_CRASH=NAME:COUNT:ACTION, of which there may be several with commas
// between them, does something to this process when the place is come by for the
// COUNT-th time, from 1: kill is SIGKILL, stop is SIGSTOP, after which it goes on
// when it gets SIGCONT. TRANSITION_REACHED=FILE appends the name of each place
// that is come by, one a line.
package crashpoint

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// points is what has happened in this process.
var points struct {
	sync.Mutex
	hits map[string]int
}

// Hit marks a place. It is safe for concurrent use.
func Hit(name string) {
	points.Lock()
	defer points.Unlock()
	if points.hits == nil {
		points.hits = make(map[string]int)
	}
	points.hits[name]++
	note(name)
	strike(name, points.hits[name])
}

// note says that a place was come by.
func note(name string) {
	path := os.Getenv("TRANSITION_REACHED")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(f, name)
		f.Close()
	}
	if err != nil {
		panic(err)
	}
}

// strike does what was asked for.
func strike(name string, hits int) {
	at := name + ":" + strconv.Itoa(hits) + ":"
	for one := range strings.SplitSeq(os.Getenv("TRANSITION_CRASH"), ",") {
		action, here := strings.CutPrefix(one, at)
		if !here {
			continue
		}
		switch action {
		case "kill":
			send(syscall.SIGKILL)
			select {} // it may take a moment, in which nothing else may happen here
		case "stop":
			send(syscall.SIGSTOP)
		default:
			panic("TRANSITION_CRASH: there is no action " + action)
		}
	}
}

// send gives this very thread a signal, so that it does not come any further.
func send(sig syscall.Signal) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := syscall.Tgkill(os.Getpid(), syscall.Gettid(), sig); err != nil {
		panic(err)
	}
}
