package smtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"transition/runner/action"
)

// fault is something that a server does.
type fault struct {
	do     func(*peer)
	before want // in every phase before the dot
	after  want // as the answer to the dot
}

func faults() map[string]fault {
	return map[string]fault{
		"4xx": {
			func(p *peer) { p.say("452 4.2.2 mailbox\x1b[31m full\x00"); p.farewell() },
			want{action.Retryable, 452, "452 4.2.2 mailbox full"},
			want{action.Retryable, 452, "452 4.2.2 mailbox"},
		},
		"5xx in two lines": {
			func(p *peer) { p.say("554-5.7.1 go away", "554 5.7.1 for ever"); p.farewell() },
			want{action.Permanent, 554, "554 5.7.1 go away 5.7.1 for ever"},
			want{action.Permanent, 554, "5.7.1 for ever"},
		},
		"421": {
			func(p *peer) { p.say("421 4.3.2 shutting down") },
			want{action.Retryable, 421, "421 4.3.2 shutting down"},
			want{action.Retryable, 421, "421"},
		},
		"hang up": {
			func(*peer) {},
			want{action.Retryable, 0, "the connection was lost"},
			want{action.Unknown, 0, "unknown: the connection was lost"},
		},
		"reset": {
			func(p *peer) { p.reset() },
			want{action.Retryable, 0, "connect"}, // the first may be seen while connecting
			want{action.Unknown, 0, "unknown: the connection was lost"},
		},
		"half a line": {
			func(p *peer) { _, _ = p.conn.Write([]byte("25")) },
			want{action.Retryable, 0, "the connection was lost"},
			want{action.Unknown, 0, "unknown: the connection was lost"},
		},
		"no SMTP": {
			func(p *peer) { p.say("HTTP/1.1 400 Bad Request") },
			want{action.Retryable, 0, "is not SMTP"},
			want{action.Unknown, 0, "is not SMTP"},
		},
		"two codes": {
			func(p *peer) { p.say("250-yes", "550 no") },
			want{action.Retryable, 0, "two codes"},
			want{action.Unknown, 0, "two codes"},
		},
		"another code": {
			func(p *peer) { p.say("214 help") },
			want{action.Retryable, 214, "214 help"},
			want{action.Unknown, 214, "214 help"},
		},
		"endless line": {
			func(p *peer) { p.say("250 " + strings.Repeat("x", 1<<20)) },
			want{action.Retryable, 0, "without end"},
			want{action.Unknown, 0, "without end"},
		},
		"endless answer": {
			func(p *peer) { p.say(strings.Repeat("250-x\r\n", 10_000)) },
			want{action.Retryable, 0, "more than 128 lines"},
			want{action.Unknown, 0, "more than 128 lines"},
		},
	}
}

// Whatever a server does in whatever phase: before the dot nothing was
// delivered, after it only the answer counts.
func TestFaults(t *testing.T) {
	for name, f := range faults() {
		for _, phase := range phases {
			t.Run(name+" at "+phase, func(t *testing.T) {
				t.Parallel()
				address := server(t, func(p *peer) {
					p.upTo(phase)
					f.do(p)
				})
				got := executor(t, channel(), Options{}, address).Do(t.Context(), request())
				switch w := f.before; {
				case phase == "dot":
					f.after.check(t, got)
				case got.Shut: // it speaks of the channel, for good
					w.class = action.Retryable
					fallthrough
				default:
					w.check(t, got)
				}
				if early := phase == "banner" || phase == "EHLO"; got.Shut != (early && got.Evidence.Status >= 500) {
					t.Errorf("shut is %v", got.Shut)
				}
				if len(got.Reason) > 1024 || strings.ContainsAny(got.Reason+got.Evidence.Reply, "\x00\x1b\r\n") {
					t.Errorf("the reason is not one clean line: %q", got.Reason)
				}
			})
		}
	}
}

func TestGreylistingAsksForPatience(t *testing.T) {
	for code, wait := range map[int]time.Duration{450: 5 * time.Minute, 451: 5 * time.Minute, 452: 0} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			address := server(t, func(p *peer) {
				p.upTo("RCPT")
				p.say(fmt.Sprint(code, " 4.7.1 come back later"))
				p.farewell()
			})
			got := executor(t, channel(), Options{}, address).Do(t.Context(), request())
			want{action.Retryable, code, "recipient: the server answered"}.check(t, got)
			if got.RetryAfter != wait {
				t.Errorf("retry after %v, want %v", got.RetryAfter, wait)
			}
		})
	}
}

// A server that puts off twice gets the same bytes three times, and one message.
func TestGreylistedTwice(t *testing.T) {
	putOff := func(p *peer) {
		p.upTo("RCPT")
		p.say("451 4.7.1 greylisted")
		p.farewell()
	}
	taken := make(chan string, 1)
	address := server(t, putOff, putOff, func(p *peer) {
		p.upTo("DATA")
		p.say("354 go ahead")
		taken <- p.body()
		p.say("250 2.0.0 ok")
		p.farewell()
	})
	for n := 1; n <= 3; n++ {
		e := executor(t, channel(), Options{}, address) // another apply each time
		r := request()
		r.Attempt = n
		w := want{class: action.Retryable, status: 451}
		if n == 3 {
			w = want{class: action.Succeeded, status: 250}
		}
		w.check(t, e.Do(t.Context(), r))
		_ = e.Close()
	}
	if got := <-taken; got != string(stuff([]byte(data))) {
		t.Errorf("it has taken %q", got)
	}
}

func TestSuccessIsTheAnswerToTheDot(t *testing.T) {
	for name, after := range map[string]func(*peer){
		"and goodbye": (*peer).farewell,
		"and reset":   (*peer).reset,
		"and hang up": func(*peer) {},
		"and nonsense": func(p *peer) {
			p.say("554 no, wait")
			p.line()
		},
	} {
		t.Run(name, func(t *testing.T) {
			address := server(t, func(p *peer) {
				p.upTo("dot")
				p.say("250-2.0.0 taken", "250 2.0.0 queued as 4711")
				after(p)
			})
			got := executor(t, channel(), Options{}, address).Do(t.Context(), request())
			want{class: action.Succeeded, status: 250}.check(t, got)
			if got.Evidence.Reply != "2.0.0 taken 2.0.0 queued as 4711" || got.Evidence.Message != "<key@contoso.example>" ||
				len(got.Evidence.Digest) != 64 {
				t.Errorf("evidence: %+v", got.Evidence)
			}
		})
	}
}

func TestResetInsideTheData(t *testing.T) {
	address := server(t, func(p *peer) {
		p.upTo("DATA")
		p.say("354 go ahead")
		p.line()
		p.reset()
	})
	got := executor(t, channel(), Options{}, address).Do(t.Context(), large())
	want{class: action.Retryable, reason: "data: the connection was lost"}.check(t, got)
}

// Whoever is interrupted inside the data must not end it with a dot, nor with a
// word that a server would take for a part of it.
func TestInterruptedDataHasNoDot(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	seen := make(chan string, 1)
	address := server(t, func(p *peer) {
		p.upTo("DATA")
		p.say("354 go ahead")
		p.line()
		cancel()
		all, _ := io.ReadAll(p.in)
		seen <- string(all)
	})
	got := executor(t, channel(), Options{}, address).Do(ctx, large())
	want{class: action.Retryable, reason: "data: stopped"}.check(t, got)
	if s := <-seen; strings.Trim(s, "line\r\n") != "" {
		t.Errorf("the data ends with %q", s[max(0, len(s)-40):])
	}
}

// large is more than the system takes from a writer in advance.
func large() action.Request {
	r := request()
	r.Mail.Data = []byte(strings.Repeat("line\r\n", 32<<20/6))
	return r
}

func TestServerThatTalksAhead(t *testing.T) {
	for name, script := range map[string]func(*peer){
		"after the greeting": func(p *peer) {
			p.say("220 mx.example", "250 mx.example", "250 ok", "250 ok", "354 go", "250 queued")
		},
		"before the dot": func(p *peer) {
			p.upTo("DATA")
			p.say("354 go ahead", "250 queued already")
		},
	} {
		t.Run(name, func(t *testing.T) {
			address := server(t, func(p *peer) {
				script(p)
				p.body()
			})
			got := executor(t, channel(), Options{}, address).Do(t.Context(), request())
			want{class: action.Retryable, reason: "before it was asked"}.check(t, got)
		})
	}
}

func TestNobodyListens(t *testing.T) {
	e := executor(t, channel(), Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("connection refused")
	}}, "")
	want{class: action.Retryable, reason: "connecting: connection refused"}.check(t, e.Do(t.Context(), request()))
}

func TestContextEnds(t *testing.T) {
	for phase, w := range map[string]want{
		"EHLO": {class: action.Retryable, reason: "stopped: interrupted"},
		"RCPT": {class: action.Retryable, reason: "stopped: interrupted"},
		"DATA": {class: action.Retryable, reason: "DATA: stopped: interrupted"},
		"dot":  {class: action.Unknown, reason: "unknown: stopped: interrupted"},
	} {
		t.Run(phase, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			address := server(t, func(p *peer) {
				p.upTo(phase)
				cancel(errors.New("interrupted"))
				p.line() // until the client hangs up
			})
			w.check(t, executor(t, channel(), Options{}, address).Do(ctx, request()))
		})
	}
	t.Run("before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		got := executor(t, channel(), Options{}, server(t)).Do(ctx, request())
		want{class: action.Retryable, reason: "stopped: context canceled"}.check(t, got)
	})
}

func TestRefusedBeforeConnecting(t *testing.T) {
	rehearsal := request()
	rehearsal.Rehearsal = true
	empty := request()
	empty.Mail.Data = nil
	two := request()
	two.Command = &action.Command{}
	remote := channel()
	remote.Host = "mx.example"
	for name, tc := range map[string]struct {
		e      *Executor
		r      action.Request
		reason string
	}{
		"rehearsal":        {New(channel(), Options{}), rehearsal, "redirect_all_to"},
		"empty":            {New(channel(), Options{}), empty, "empty"},
		"no mail":          {New(channel(), Options{}), action.Request{}, "not for a message"},
		"two effects":      {New(channel(), Options{}), two, "not for one alone"},
		"plain to another": {New(remote, Options{}), request(), "loopback only"},
	} {
		t.Run(name, func(t *testing.T) {
			want{class: action.Permanent, reason: tc.reason}.check(t, tc.e.Do(t.Context(), tc.r))
		})
	}
	for _, address := range []string{`"a> ORCPT=x"@h`, "a@b\r\nRCPT TO:<c@d>", "a b@c", "<>", "", "a@b> SIZE=1"} {
		to, from := request(), request()
		to.Mail.To, from.Mail.From = address, address
		t.Run("address "+address, func(t *testing.T) {
			e := New(channel(), Options{})
			want{class: action.Permanent, reason: "recipient: "}.check(t, e.Do(t.Context(), to))
			want{class: action.Permanent, reason: "sender: "}.check(t, e.Do(t.Context(), from))
		})
	}
}
