package smtp

import (
	"strings"
	"testing"

	"transition/runner/action"
	"transition/runner/action/actiontest"
)

// serve takes messages until the client goes; dot answers the end of each.
func (p *peer) serve(dot func(recipient string)) {
	to := ""
	p.say("220 mx.example ESMTP")
	for l := p.line(); l != ""; l = p.line() {
		verb, _, _ := strings.Cut(l, " ")
		switch verb {
		case "RCPT":
			to = l
			p.say("250 ok")
		case "DATA":
			p.say("354 go ahead")
			p.body()
			dot(to)
		case "QUIT":
			p.say("221 bye")
			return
		default:
			p.say("250 ok")
		}
	}
}

func TestContract(t *testing.T) {
	began := make(chan struct{})
	script := func(p *peer) {
		p.serve(func(recipient string) {
			switch {
			case strings.Contains(recipient, "fails@"):
				p.say("554 5.6.0 not like this")
			case strings.Contains(recipient, "hangs@"):
				close(began)
			default:
				p.say("250 2.0.0 ok")
			}
		})
	}
	scripts := make([]func(*peer), 50)
	for i := range scripts {
		scripts[i] = script
	}
	to := func(address string) action.Request {
		r := request()
		r.Mail.To = address
		return r
	}
	actiontest.Run(t, actiontest.Subject{
		Executor: executor(t, channel(), Options{}, server(t, scripts...)),
		Succeeds: func(*testing.T) action.Request { return request() },
		Fails:    func(*testing.T) action.Request { return to("fails@northwind.example") },
		Hangs:    func(*testing.T) (action.Request, <-chan struct{}) { return to("hangs@northwind.example"), began },
	})
}
