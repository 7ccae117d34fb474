package retry_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"transition/plans/retry"
	"transition/schema"
)

// failed is when the attempts of these tests end.
func failed() time.Time { return time.Date(2012, time.March, 9, 18, 0, 0, 0, time.UTC) }

func TestNext(t *testing.T) {
	patient := schema.Retry{
		MaxAttempts: 8, InitialInterval: time.Minute, BackoffCoefficient: 2, MaxInterval: time.Hour,
	}
	elapsed := patient
	elapsed.MaxElapsed = 10 * time.Minute
	short := patient
	short.MaxInterval = time.Second
	for _, c := range []struct {
		name       string
		policy     schema.Retry
		attempt    int
		since      time.Duration // from the first attempt to this failure
		retryAfter time.Duration
		want       time.Duration // negative: there is no next attempt
	}{
		{name: "after the first", policy: patient, attempt: 1, want: time.Minute},
		{name: "after the second", policy: patient, attempt: 2, want: 2 * time.Minute},
		{name: "after the sixth", policy: patient, attempt: 6, want: 32 * time.Minute},
		{name: "up to the longest interval", policy: patient, attempt: 7, want: time.Hour},
		{name: "the last one", policy: patient, attempt: 8, want: -1},
		{name: "beyond the last one", policy: patient, attempt: 9, want: -1},
		{name: "an item without retries", policy: schema.Retry{MaxAttempts: 1}, attempt: 1, want: -1},
		{name: "at once", policy: schema.Retry{MaxAttempts: 2}, attempt: 1, want: 0},
		{name: "a longest interval below the first", policy: short, attempt: 3, want: time.Minute},
		{name: "within the time", policy: elapsed, attempt: 2, since: 8 * time.Minute, want: 2 * time.Minute},
		{name: "too long after the first", policy: elapsed, attempt: 2, since: 9 * time.Minute, want: -1},
		{name: "the server asks for more", policy: patient, attempt: 1, retryAfter: 5 * time.Minute, want: 5 * time.Minute},
		{name: "the server asks for less", policy: patient, attempt: 4, retryAfter: 5 * time.Minute, want: 8 * time.Minute},
		{name: "the server asks for a year", policy: patient, attempt: 1, retryAfter: 8760 * time.Hour, want: time.Hour},
		{name: "the server asks for more than there is", policy: elapsed, attempt: 1, retryAfter: time.Hour, want: -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			at, ok := retry.Next(&c.policy, c.attempt, failed().Add(-c.since), failed(), c.retryAfter, "contoso/Lock/tenant_admin")
			if ok != (c.want >= 0) || ok && at.Sub(failed()) != c.want {
				t.Errorf("Next = %v, %t; want %v later", at, ok, c.want)
			}
		})
	}
}

func TestNext_Properties(t *testing.T) {
	t.Run("within the policy, the same every time", rapid.MakeCheck(func(t *rapid.T) {
		r := policy(t)
		attempt := rapid.IntRange(1, 1_000_000).Draw(t, "attempt")
		seed := rapid.String().Draw(t, "seed")
		at, ok := retry.Next(r, attempt, failed(), failed(), 0, seed)
		if again, okAgain := retry.Next(r, attempt, failed(), failed(), 0, seed); !again.Equal(at) || ok != okAgain {
			t.Errorf("first %v, %t, then %v, %t", at, ok, again, okAgain)
		}
		if !ok {
			return
		}
		if attempt >= r.MaxAttempts {
			t.Errorf("attempt %d of %d is followed by another", attempt, r.MaxAttempts)
		}
		wait := at.Sub(failed())
		longest := float64(max(r.InitialInterval, r.MaxInterval)) * (1 + r.Jitter)
		shortest := math.Floor(float64(r.InitialInterval) * (1 - r.Jitter))
		if float64(wait) > longest || float64(wait) < shortest || r.MaxElapsed > 0 && wait > r.MaxElapsed {
			t.Errorf("wait of %v under %+v", wait, r)
		}
	}))
	t.Run("without jitter never shorter than before", rapid.MakeCheck(func(t *rapid.T) {
		r := policy(t)
		r.Jitter, r.MaxElapsed, r.MaxAttempts = 0, 0, math.MaxInt
		attempt := rapid.IntRange(1, 100).Draw(t, "attempt")
		a, _ := retry.Next(r, attempt, failed(), failed(), 0, "")
		b, _ := retry.Next(r, attempt+1, failed(), failed(), 0, "")
		if b.Before(a) {
			t.Errorf("after attempt %d %v, after the next only %v", attempt, a.Sub(failed()), b.Sub(failed()))
		}
	}))
}

func policy(t *rapid.T) *schema.Retry {
	return &schema.Retry{
		MaxAttempts:        rapid.IntRange(1, 2_000_000).Draw(t, "max_attempts"),
		InitialInterval:    time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "initial_interval")),
		BackoffCoefficient: rapid.Float64Range(1, 1000).Draw(t, "backoff_coefficient"),
		MaxInterval:        time.Duration(rapid.Int64Range(0, int64(720*time.Hour)).Draw(t, "max_interval")),
		Jitter:             rapid.Float64Range(0, 1).Draw(t, "jitter"),
		MaxElapsed:         time.Duration(rapid.Int64Range(0, int64(720*time.Hour)).Draw(t, "max_elapsed")),
	}
}

// Ten thousand tenants that fail together do not come back together.
func TestNext_JitterSpreads(t *testing.T) {
	r := &schema.Retry{MaxAttempts: 5, InitialInterval: time.Minute, BackoffCoefficient: 2, MaxInterval: time.Hour, Jitter: 0.2}
	const tenants, buckets = 10_000, 24 // 48 to 72 seconds
	var count [buckets]int
	for i := range tenants {
		at, ok := retry.Next(r, 1, failed(), failed(), 0, fmt.Sprintf("tenant-%05d/Pre-Stage/copy", i))
		if !ok {
			t.Fatal("no second attempt")
		}
		count[int(at.Sub(failed()).Seconds())-48]++
	}
	for i, n := range count {
		if n < tenants/buckets*7/10 || n > tenants/buckets*13/10 {
			t.Errorf("%d of %d come back in second %d", n, tenants, 48+i)
		}
	}
}

func ExampleNext() {
	r := &schema.Retry{
		MaxAttempts: 4, InitialInterval: time.Minute, BackoffCoefficient: 2, MaxInterval: time.Hour, Jitter: 0,
	}
	failed := time.Date(2012, time.March, 9, 18, 0, 0, 0, time.UTC)
	for attempt := 1; ; attempt++ {
		at, ok := retry.Next(r, attempt, failed, failed, 0, "contoso/Pre-Stage/copy_content")
		if !ok {
			fmt.Println("no more after", attempt)
			return
		}
		fmt.Println(at.Sub(failed))
	}
	// Output:
	// 1m0s
	// 2m0s
	// 4m0s
	// no more after 4
}
