package clock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"transition/runner/clock"
)

var newYear = time.Date(2012, 1, 1, 0, 0, 0, 0, time.UTC)

func TestSystemSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.System()
		before := c.Now()
		if err := c.Sleep(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
		if d := c.Now().Sub(before); d != time.Hour {
			t.Errorf("an hour's sleep took %s", d)
		}
	})
}

func TestSleepEndsWithContext(t *testing.T) {
	clocks := map[string]clock.Clock{
		"system": clock.System(),
		"still":  clock.Still(newYear),
		"fake":   clock.NewFake(newYear),
	}
	for name, c := range clocks {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for _, d := range []time.Duration{0, time.Hour} {
				if err := c.Sleep(ctx, d); !errors.Is(err, context.Canceled) {
					t.Errorf("Sleep(%s) = %v, want context.Canceled", d, err)
				}
			}
		})
	}
}

func TestStillStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Still(newYear.In(time.FixedZone("", 3600)))
		if err := c.Sleep(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
		if now := c.Now(); now != newYear {
			t.Errorf("Now = %s, want %s", now, newYear)
		}
	})
}

func TestFakeWakesSleepersInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := clock.NewFake(newYear)
		woke := false
		go func() {
			if err := f.Sleep(t.Context(), time.Hour); err != nil {
				t.Error(err)
			}
			woke = true
		}()
		synctest.Wait()
		f.Advance(59 * time.Minute)
		synctest.Wait()
		if woke {
			t.Fatal("woke a minute too early")
		}
		f.Set(newYear.Add(time.Hour))
		synctest.Wait()
		if !woke {
			t.Fatal("still asleep when its time has come")
		}
	})
}

func TestFastRunsFaster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		c := clock.Fast(clock.System(), newYear, 3600)
		if now := c.Now(); now != newYear {
			t.Errorf("in the beginning Now = %s", now)
		}
		until := newYear.Add(10 * time.Hour)
		if err := c.Sleep(t.Context(), 10*time.Hour); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("ten hours took %s", took)
		}
		if now := c.Now(); now != until {
			t.Errorf("after ten hours Now = %s, want %s", now, until)
		}
	})
}

func TestFastNeverWakesTooEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := clock.Fast(clock.System(), newYear, 3601.7)
		before := c.Now()
		if err := c.Sleep(t.Context(), time.Hour+time.Nanosecond); err != nil {
			t.Fatal(err)
		}
		if slept := c.Now().Sub(before); slept <= time.Hour {
			t.Errorf("it slept only %s", slept)
		}
	})
}

func TestFastHasAnEnd(t *testing.T) {
	base := clock.NewFake(newYear)
	c := clock.Fast(base, newYear, 1e6)
	base.Advance(100 * 365 * 24 * time.Hour)
	if now := c.Now(); now.Before(newYear) {
		t.Errorf("after a hundred years it shows %s", now)
	}
}
