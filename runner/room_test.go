package runner_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"transition/plans"
	"transition/plans/ledger"
	"transition/runner"
	"transition/runner/action"
)

// crowdPlan bounds how much is copied at once.
var crowdPlan = strings.Replace(strings.Replace(longPlan,
	"    retry = retry.patient\n", "    retry = retry.patient\n    limit = limit.copies\n", 1),
	"phase \"Copy\"", "limit \"copies\" { max_in_flight = 2 }\n\nphase \"Copy\"", 1)

func rowsOf(n int) []string {
	var rows []string
	for i := range n {
		rows = append(rows, fmt.Sprintf("t%d,a@a.example", i))
	}
	return rows
}

func TestLongWorkTakesItsShareOfTheLimitUntilItHasEnded(t *testing.T) {
	b := newBench(t, crowdPlan, rowsOf(4)...)
	w := world{"copied": told(0, `{"state": "moving", "percent": 1}`)}
	b.fake.do = w.do
	res := b.must("2027-03-13 18:00")
	b.want("run t0/Copy/copy #1", "run t1/Copy/copy #1")
	if res.Polling != 2 || len(res.After.Changes) > 0 {
		t.Errorf("polling %d, changes %v", res.Polling, res.After.Changes)
	}
	b.must("2027-03-13 18:00")
	b.want()
	b.fake.do = func(r action.Request) action.Outcome {
		if r.Asks && r.Tenant == "t1" {
			return told(0, `{"state": "done", "percent": 1}`)
		}
		return w.do(r)
	}
	b.must("2027-03-13 18:30")
	b.want("ask about run t0/Copy/copy #1", "ask about run t1/Copy/copy #1", "run t2/Copy/copy #1")
	b.wantState("t3/Copy/copy", ledger.None)
	b.sound()
}

func TestWaitComesToThoseWhoFoundNoRoom(t *testing.T) {
	b := newBench(t, crowdPlan, rowsOf(7)...)
	var mu sync.Mutex
	going, most := 0, 0
	b.fake.do = func(r action.Request) action.Outcome {
		mu.Lock()
		defer mu.Unlock()
		if r.Asks {
			going--
			return told(0, `{"state": "done", "percent": 1}`)
		}
		going++
		most = max(most, going)
		return succeeded
	}
	c := b.real("2027-03-13 18:00")
	done := make(chan runner.ApplyResult)
	go func() { done <- b.now(func(o *runner.ApplyOptions) { o.Wait = true }) }()
	for {
		select {
		case res := <-done:
			if res.Done[plans.Run] != 7 || most > 2 {
				t.Errorf("done %v, %d at once", res.Done, most)
			}
			b.sound()
			return
		case <-time.After(time.Millisecond):
			c.Advance(time.Minute)
		}
	}
}
