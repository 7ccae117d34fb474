//go:build crashpoint && unix

// Package crashpoint names the places at which the crash tests kill the program.
//
// TRANSITION_CRASH=NAME:COUNT:ACTION does something to this process when the
// place is come by for the COUNT-th time, from 1: kill is SIGKILL, stop is
// SIGSTOP, after which it goes on when it gets SIGCONT. TRANSITION_REACHED=FILE
// appends the name of each place that is come by, one a line.
package crashpoint

import (
	"fmt"
	"os"
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
	want := strings.Split(os.Getenv("TRANSITION_CRASH"), ":")
	if len(want) != 3 || want[0] != name || want[1] != strconv.Itoa(hits) {
		return
	}
	signals := map[string]syscall.Signal{"kill": syscall.SIGKILL, "stop": syscall.SIGSTOP}
	sig, ok := signals[want[2]]
	if !ok {
		panic("TRANSITION_CRASH: there is no action " + want[2])
	}
	if err := syscall.Kill(os.Getpid(), sig); err != nil {
		panic(err)
	}
	if sig == syscall.SIGKILL {
		select {} // it may take a moment, in which nothing else may happen here
	}
}
