package smtp

import (
	"bufio"
	"context"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transition/runner/action"
	"transition/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is the server's side of one connection, driven line by line.
type peer struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func newPeer(t testing.TB, conn net.Conn) *peer {
	return &peer{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// say writes lines; a client that has hung up does not hear them.
func (p *peer) say(lines ...string) {
	_, _ = p.conn.Write([]byte(strings.Join(lines, "\r\n") + "\r\n"))
}

// line reads one command, "" at the end of the connection.
func (p *peer) line() string {
	l, _ := p.in.ReadString('\n')
	return strings.TrimSuffix(l, "\r\n")
}

// hear reads a command that must begin with verb.
func (p *peer) hear(verb string) string {
	p.t.Helper()
	l := p.line()
	if !strings.HasPrefix(l, verb) {
		p.t.Errorf("the client said %q instead of %s", l, verb)
	}
	return l
}

// body reads data up to the dot, as it is on the wire.
func (p *peer) body() string {
	var b strings.Builder
	for {
		l, err := p.in.ReadString('\n')
		if err != nil || l == ".\r\n" {
			return b.String()
		}
		b.WriteString(l)
	}
}

// reset ends a TCP connection with RST.
func (p *peer) reset() {
	if c, ok := p.conn.(*net.TCPConn); ok {
		_ = c.SetLinger(0)
	}
	_ = p.conn.Close()
}

// phases are the places where a server can fail, in their order.
var phases = []string{"banner", "EHLO", "MAIL", "RCPT", "DATA", "dot"}

// upTo plays a good server until the client waits for the answer to phase.
func (p *peer) upTo(phase string) {
	p.t.Helper()
	for _, now := range phases {
		switch now {
		case "banner":
		case "dot":
			p.body()
		default:
			p.hear(now)
		}
		if now == phase {
			return
		}
		switch now {
		case "banner":
			p.say("220 mx.example ESMTP")
		case "EHLO":
			p.say("250-mx.example", "250-SIZE 35882577", "250 8BITMIME")
		case "DATA":
			p.say("354 go ahead")
		default:
			p.say("250 2.0.0 ok")
		}
	}
}

// accept takes one message, and waits for the client to end the conversation.
func (p *peer) accept() {
	p.t.Helper()
	p.upTo("dot")
	p.say("250 2.0.0 queued as 4711")
	p.farewell()
}

// farewell answers QUIT, if it comes.
func (p *peer) farewell() {
	p.t.Helper()
	if p.line() == "QUIT" {
		p.say("221 bye")
	}
}

// server plays one script for each connection that comes, in turn, and hangs up
// on any further. It returns the address to connect to.
func server(t testing.TB, scripts ...func(*peer)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for _, script := range scripts {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer func() { _ = conn.Close() }()
				script(newPeer(t, conn))
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		running.Wait()
	})
	return l.Addr().String()
}

// channel is a channel without TLS on this machine.
func channel() schema.SMTP { return schema.SMTP{Host: "127.0.0.1", TLS: schema.TLSNone} }

// executor connects to address whatever host and port the channel has.
func executor(t testing.TB, cfg schema.SMTP, opts Options, address string) *Executor {
	t.Helper()
	if opts.Dial == nil {
		opts.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}
	}
	e := New(cfg, opts)
	t.Cleanup(func() { _ = e.Close() })
	return e
}

const data = "Message-ID: <key@contoso.example>\r\nSubject: Your move\r\n\r\nDear Ann,\r\n.\r\n..\r\nbye\r\n"

// request is a request to send data to Ann.
func request() action.Request {
	return action.Request{
		Key: "key", Attempt: 1, Now: time.Unix(1330448400, 0),
		Mail: &action.Mail{From: "move@contoso.example", To: "ann@northwind.example", Data: []byte(data)},
	}
}

// want is what is expected of an outcome; reason is a part of it.
type want struct {
	class  action.Class
	status int
	reason string
}

func (w want) check(t testing.TB, got action.Outcome) {
	t.Helper()
	if got.Class != w.class || got.Evidence.Status != w.status || !strings.Contains(got.Reason, w.reason) {
		t.Errorf("outcome: class %d, status %d, reason %q; want %d, %d, %q",
			got.Class, got.Evidence.Status, got.Reason, w.class, w.status, w.reason)
	}
	if (got.Class == action.Succeeded) != (got.Reason == "") {
		t.Errorf("class %d has the reason %q", got.Class, got.Reason)
	}
	inside := strings.HasPrefix(got.Reason, "data: ") || strings.HasPrefix(got.Reason, "end of data: ")
	if got.NotBegun == (got.Class == action.Succeeded || inside) {
		t.Errorf("class %d (%s) has NotBegun = %v", got.Class, got.Reason, got.NotBegun)
	}
}
