package smtp

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"transition/runner/action"
)

// piped makes an executor whose connections are pipes inside a bubble of
// synctest, each played by the next script.
func piped(t *testing.T, opts Options, scripts ...func(*peer)) *Executor {
	opts.Dial = func(context.Context, string, string) (net.Conn, error) {
		client, conn := net.Pipe()
		script := scripts[0]
		scripts = scripts[1:]
		go func() {
			defer func() { _ = conn.Close() }()
			script(newPeer(t, conn))
		}()
		return client, nil
	}
	return executor(t, channel(), opts, "")
}

// Each phase has its own patience.
func TestHangs(t *testing.T) {
	for phase, tc := range map[string]struct {
		patience time.Duration
		want     want
	}{
		"banner": {5 * time.Minute, want{class: action.Retryable, reason: "greeting: the server did not answer in time"}},
		"EHLO":   {5 * time.Minute, want{class: action.Retryable, reason: "EHLO: the server did not"}},
		"MAIL":   {5 * time.Minute, want{class: action.Retryable, reason: "sender: the server did not"}},
		"RCPT":   {5 * time.Minute, want{class: action.Retryable, reason: "recipient: the server did not"}},
		"DATA":   {5 * time.Minute, want{class: action.Retryable, reason: "DATA: the server did not"}},
		"dot":    {10 * time.Minute, want{class: action.Unknown, reason: "unknown: the server did not"}},
	} {
		t.Run(phase, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := piped(t, Options{}, func(p *peer) {
					p.upTo(phase)
					p.line() // until the client gives up
				})
				began := time.Now()
				tc.want.check(t, e.Do(t.Context(), request()))
				if took := time.Since(began); took != tc.patience {
					t.Errorf("it waited for %v, want %v", took, tc.patience)
				}
			})
		})
	}
}

func TestServerStopsReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		e := piped(t, Options{}, func(p *peer) {
			p.upTo("DATA")
			p.say("354 go ahead")
			<-hold
		})
		defer close(hold)
		began := time.Now()
		want{class: action.Retryable, reason: "data: the server did not"}.check(t, e.Do(t.Context(), request()))
		if took := time.Since(began); took != 3*time.Minute {
			t.Errorf("it waited for %v, want 3m", took)
		}
	})
}

func TestConnectingHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := executor(t, channel(), Options{Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}, "")
		began := time.Now()
		want{class: action.Retryable, reason: "connecting: "}.check(t, e.Do(t.Context(), request()))
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("it waited for %v, want 30s", took)
		}
	})
}

func TestPatienceForTheDot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := piped(t, Options{}, func(p *peer) {
			p.upTo("dot")
			<-time.After(9 * time.Minute)
			p.say("250 2.0.0 at last")
			p.farewell()
		})
		want{class: action.Succeeded, status: 250}.check(t, e.Do(t.Context(), request()))
		_ = e.Close()
	})
}

func TestTimeoutOfTheRequest(t *testing.T) {
	for phase, class := range map[string]action.Class{"RCPT": action.Retryable, "dot": action.Unknown} {
		t.Run(phase, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := piped(t, Options{}, func(p *peer) {
					p.upTo(phase)
					p.line()
				})
				r := request()
				r.Timeout = time.Minute
				began := time.Now()
				want{class: class, reason: "stopped: context deadline exceeded"}.check(t, e.Do(t.Context(), r))
				if took := time.Since(began); took != time.Minute {
					t.Errorf("it waited for %v, want 1m", took)
				}
			})
		})
	}
}

func TestUnusedConnectionIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		goodbye := make(chan string, 1)
		e := piped(t, Options{Idle: time.Minute}, func(p *peer) {
			p.upTo("dot")
			p.say("250 ok")
			goodbye <- p.line()
			p.say("221 bye")
		})
		began := time.Now()
		want{class: action.Succeeded, status: 250}.check(t, e.Do(t.Context(), request()))
		if said := <-goodbye; said != "QUIT" || time.Since(began) != time.Minute {
			t.Errorf("after %v the client said %q, want QUIT after a minute", time.Since(began), said)
		}
	})
}

// Closing does not wait for a server that does not say goodbye.
func TestCloseIsQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := piped(t, Options{}, func(p *peer) {
			p.upTo("dot")
			p.say("250 ok")
			p.hear("QUIT")
			p.line() // until the client gives up
		})
		want{class: action.Succeeded, status: 250}.check(t, e.Do(t.Context(), request()))
		began := time.Now()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("closing took %v", took)
		}
	})
}

// An answer that drips counts if it is whole in time.
func TestDrippingAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		pause time.Duration
		want  want
	}{
		"a byte in ten seconds": {10 * time.Second, want{class: action.Succeeded, status: 250}},
		"a byte a minute":       {time.Minute, want{class: action.Retryable, reason: "recipient: the server did not answer in time"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := piped(t, Options{}, func(p *peer) {
					p.upTo("RCPT")
					for _, c := range []byte("250 2.1.5 ok\r\n") {
						<-time.After(tc.pause)
						if _, err := p.conn.Write([]byte{c}); err != nil {
							return
						}
					}
					p.hear("DATA")
					p.say("354 go ahead")
					p.body()
					p.say("250 2.0.0 ok")
					p.farewell()
				})
				tc.want.check(t, e.Do(t.Context(), request()))
				_ = e.Close()
				<-time.After(tc.pause) // the server finds out
			})
		})
	}
}

// A large message on a slow line has as long as it needs, if it moves at all.
func TestSlowButSteady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := piped(t, Options{}, func(p *peer) {
			p.upTo("DATA")
			p.say("354 go ahead")
			for range 8 {
				<-time.After(2 * time.Minute)
				if _, err := p.in.Discard(block); err != nil {
					t.Error(err)
				}
			}
			p.body()
			p.say("250 ok")
			p.farewell()
		})
		r := request()
		r.Mail.Data = []byte(strings.Repeat("x", 9*block))
		want{class: action.Succeeded, status: 250}.check(t, e.Do(t.Context(), r))
		_ = e.Close()
	})
}
