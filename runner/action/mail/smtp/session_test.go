package smtp

import (
	"fmt"
	"strings"
	"testing"

	"transition/runner/action"
)

// next takes one more message on a connection in use.
func (p *peer) next(answer string) {
	p.t.Helper()
	p.hear("RSET")
	p.say("250 ok")
	p.hear("MAIL")
	p.say("250 ok")
	p.hear("RCPT")
	p.say("250 ok")
	p.hear("DATA")
	p.say("354 go ahead")
	p.body()
	p.say(answer)
}

func TestConnectionIsUsedAgain(t *testing.T) {
	address := server(t, func(p *peer) {
		p.upTo("dot")
		p.say("250 one")
		p.next("452 two")
		p.next("250 three")
		p.hear("QUIT")
		p.say("221 bye")
	})
	e := executor(t, channel(), Options{}, address)
	want{class: action.Succeeded, status: 250}.check(t, e.Do(t.Context(), request()))
	want{class: action.Retryable, status: 452}.check(t, e.Do(t.Context(), request()))
	want{class: action.Succeeded, status: 250}.check(t, e.Do(t.Context(), request()))
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

func TestConnectionIsNotUsedAgain(t *testing.T) {
	for name, first := range map[string]struct {
		script func(*peer)
		want   want
	}{
		"hung up meanwhile": {
			func(p *peer) { p.upTo("dot"); p.say("250 ok") },
			want{class: action.Succeeded, status: 250},
		},
		"goodbye meanwhile": {
			func(p *peer) { p.upTo("dot"); p.say("250 ok"); p.say("421 too long idle") },
			want{class: action.Succeeded, status: 250},
		},
		"RSET refused": {
			func(p *peer) { p.upTo("dot"); p.say("250 ok"); p.hear("RSET"); p.say("502 what?"); p.line() },
			want{class: action.Succeeded, status: 250},
		},
		"421 for the recipient": {
			func(p *peer) { p.upTo("RCPT"); p.say("421 enough"); p.line() },
			want{action.Retryable, 421, "recipient"},
		},
		"unknown outcome": {
			func(p *peer) { p.upTo("dot"); p.say("251 hm"); p.line() },
			want{action.Unknown, 251, "unknown"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			address := server(t, first.script, (*peer).accept)
			e := executor(t, channel(), Options{}, address)
			first.want.check(t, e.Do(t.Context(), request()))
			want{class: action.Succeeded, status: 250}.check(t, e.Do(t.Context(), request()))
		})
	}
}

func TestConnectionCarriesSoManyMessages(t *testing.T) {
	two := func(p *peer) {
		p.upTo("dot")
		p.say("250 ok")
		p.next("250 ok")
		p.hear("QUIT")
		p.say("221 bye")
	}
	e := executor(t, channel(), Options{PerConnection: 2}, server(t, two, two))
	for range 4 {
		want{class: action.Succeeded, status: 250}.check(t, e.Do(t.Context(), request()))
	}
}

func TestClosedExecutorKeepsNothing(t *testing.T) {
	quit := make(chan string, 1)
	e := executor(t, channel(), Options{}, server(t, func(p *peer) {
		p.upTo("dot")
		p.say("250 ok")
		quit <- p.hear("QUIT")
		p.say("221 bye")
	}))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	want{class: action.Succeeded, status: 250}.check(t, e.Do(t.Context(), request()))
	<-quit
}

// mailCommand answers as a server that offers ext, and gives the MAIL and RCPT
// lines that it heard.
func mailCommand(t *testing.T, configure func(*Executor), r action.Request, ext ...string) (string, string, action.Outcome) {
	t.Helper()
	heard := make(chan [2]string, 1)
	address := server(t, func(p *peer) {
		p.say("220 hi")
		p.hear("EHLO [127.0.0.1]")
		p.say("250-mx.example")
		for _, e := range ext {
			p.say("250-" + e)
		}
		p.say("250 HELP")
		from := p.line()
		p.say("250 ok")
		to := p.line()
		heard <- [2]string{from, to}
		p.say("250 ok")
		p.hear("DATA")
		p.say("354 go ahead")
		p.body()
		p.say("250 ok")
		p.farewell()
	})
	e := executor(t, channel(), Options{}, address)
	configure(e)
	got := e.Do(t.Context(), r)
	if got.Class != action.Succeeded {
		return "", "", got
	}
	lines := <-heard
	return lines[0], lines[1], got
}

func asIs(*Executor) {}

func TestEnvelope(t *testing.T) {
	size := len(data) + 2 // two dots were doubled
	utf8To, utf8Body := request(), request()
	utf8To.Mail.To = "jürgen@müller.example"
	utf8Body.Mail.Data = []byte("Subject: x\r\n\r\nGrüße\r\n")
	quoted := request()
	quoted.Mail.To = `Ann <"john..doe"@NORTHWIND.example>`
	redirect := func(e *Executor) { e.cfg.RedirectAllTo = "staging@contoso.example" }
	rehearsal := request()
	rehearsal.Rehearsal = true

	for name, tc := range map[string]struct {
		configure func(*Executor)
		r         action.Request
		ext       []string
		from, to  string
	}{
		"bare server": {asIs, request(), nil, "MAIL FROM:<move@contoso.example>", "RCPT TO:<ann@northwind.example>"},
		"all on offer, little needed": {
			asIs, request(), []string{"size 1000000", "8BITMIME", "SMTPUTF8"},
			fmt.Sprintf("MAIL FROM:<move@contoso.example> SIZE=%d", size), "RCPT TO:<ann@northwind.example>",
		},
		"eight bits": {
			asIs, utf8Body, []string{"8BITMIME", "SMTPUTF8"},
			"MAIL FROM:<move@contoso.example> BODY=8BITMIME", "RCPT TO:<ann@northwind.example>",
		},
		"not ASCII": {
			asIs, utf8To, []string{"SMTPUTF8"},
			"MAIL FROM:<move@contoso.example> SMTPUTF8", "RCPT TO:<jürgen@müller.example>",
		},
		"in quotes, with a name": {
			asIs, quoted, nil, "MAIL FROM:<move@contoso.example>", `RCPT TO:<"john..doe"@northwind.example>`,
		},
		"redirected": {
			redirect, request(), nil, "MAIL FROM:<move@contoso.example>", "RCPT TO:<staging@contoso.example>",
		},
		"rehearsed": {
			redirect, rehearsal, nil, "MAIL FROM:<move@contoso.example>", "RCPT TO:<staging@contoso.example>",
		},
	} {
		t.Run(name, func(t *testing.T) {
			from, to, got := mailCommand(t, tc.configure, tc.r, tc.ext...)
			want{class: action.Succeeded, status: 250}.check(t, got)
			if from != tc.from || to != tc.to {
				t.Errorf("heard %q, %q; want %q, %q", from, to, tc.from, tc.to)
			}
		})
	}
}

func TestServerWithoutSMTPUTF8(t *testing.T) {
	header := request()
	header.Mail.Data = []byte("To: jürgen@müller.example\r\n\r\nhello\r\n")
	sender := request()
	sender.Mail.From = "jürgen@contoso.example"
	for name, r := range map[string]action.Request{"header": header, "sender": sender} {
		t.Run(name, func(t *testing.T) {
			address := server(t, func(p *peer) {
				p.upTo("EHLO")
				p.say("250-mx.example", "250 8BITMIME")
				if l := p.line(); strings.HasPrefix(l, "MAIL") {
					t.Errorf("the client said %q", l)
				}
			})
			got := executor(t, channel(), Options{}, address).Do(t.Context(), r)
			want{class: action.Permanent, reason: "does not offer SMTPUTF8"}.check(t, got)
		})
	}
}

func TestRecipientElsewhere(t *testing.T) {
	for _, answer := range []string{"251 will forward", "252 cannot verify"} {
		address := server(t, func(p *peer) {
			p.upTo("RCPT")
			p.say(answer)
			p.hear("DATA")
			p.say("354 go ahead")
			p.body()
			p.say("250")
			p.farewell()
		})
		got := executor(t, channel(), Options{}, address).Do(t.Context(), request())
		want{class: action.Succeeded, status: 250}.check(t, got)
	}
}

// TestGreet: a server is greeted up to where a message could begin, and none does.
func TestGreet(t *testing.T) {
	at := server(t, func(p *peer) {
		p.say("220 mx.example ESMTP")
		p.hear("EHLO")
		p.say("250 mx.example")
		p.hear("QUIT")
		p.say("221 bye")
	}, func(p *peer) {
		p.say("554 5.3.2 not in service")
	})
	e := executor(t, channel(), Options{}, at)
	if err := e.Greet(t.Context()); err != nil {
		t.Error(err)
	}
	if err := e.Greet(t.Context()); err == nil || !strings.Contains(err.Error(), "not in service") {
		t.Errorf("a server that refuses everybody: %v", err)
	}
}
