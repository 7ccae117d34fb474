package smtp

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"

	gosmtp "github.com/emersion/go-smtp"
	"pgregory.net/rapid"

	"transition/runner/action"
)

// inbox is the store of a well-behaved server.
type inbox struct {
	mu       sync.Mutex
	sessions int
	got      map[string][]string // messages by recipient
}

func (m *inbox) NewSession(*gosmtp.Conn) (gosmtp.Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sessions++
	return &visit{box: m}, nil
}

// visit is one connection.
type visit struct {
	box *inbox
	to  string
}

func (v *visit) Mail(string, *gosmtp.MailOptions) error { return nil }
func (v *visit) Reset()                                 { v.to = "" }
func (v *visit) Logout() error                          { return nil }

func (v *visit) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	v.to += to
	return nil
}

func (v *visit) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	v.box.mu.Lock()
	defer v.box.mu.Unlock()
	v.box.got[v.to] = append(v.box.got[v.to], string(b))
	return nil
}

// Against another implementation: many messages at once over few connections,
// each delivered once, to one recipient, byte for byte.
func TestWellBehavedServer(t *testing.T) {
	box := &inbox{got: map[string][]string{}}
	srv := gosmtp.NewServer(box)
	srv.Domain = "mx.example"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()

	const senders, each = 4, 25
	e := executor(t, channel(), Options{}, l.Addr().String())
	var sending sync.WaitGroup
	for i := range senders {
		sending.Go(func() {
			for j := range each {
				r := request()
				r.Mail.To = fmt.Sprintf("ann%d.%d@northwind.example", i, j)
				want{class: action.Succeeded, status: 250}.check(t, e.Do(t.Context(), r))
			}
		})
	}
	sending.Wait()
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	<-served

	box.mu.Lock()
	defer box.mu.Unlock()
	if box.sessions > senders {
		t.Errorf("%d connections for %d senders", box.sessions, senders)
	}
	for to, messages := range box.got {
		if len(messages) != 1 || messages[0] != data {
			t.Errorf("%s got %q", to, messages)
		}
	}
	if len(box.got) != senders*each {
		t.Errorf("%d recipients, want %d", len(box.got), senders*each)
	}
}

// messages draws data that is rich in what SMTP finds special.
func messages(t *rapid.T) []byte {
	piece := rapid.SampledFrom([]string{".", "..", "\r", "\n", "\r\n", "\r\n.\r\n", "\n.\n", "\r.\r", "a", "ü", "\x00", "QUIT"})
	return []byte(strings.Join(rapid.SliceOfN(piece, 1, 30).Draw(t, "pieces"), ""))
}

// endings makes LF of every line end, and ends the last line.
func endings(b []byte) string {
	s := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(b))
	if !strings.HasSuffix(s, "\n") {
		s += "\n"
	}
	return s
}

func TestStuffingIsUndoneByAReader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := messages(t)
		wire := append(stuff(in), ".\r\n"...)
		if bare := bytes.ReplaceAll(wire, []byte("\r\n"), nil); bytes.ContainsAny(bare, "\r\n") {
			t.Fatalf("%q has a bare CR or LF", wire)
		}
		r := textproto.NewReader(bufio.NewReader(bytes.NewReader(wire)))
		got, err := r.ReadDotBytes()
		if err != nil || string(got) != endings(in) || r.R.Buffered() > 0 {
			t.Fatalf("%q came out as %q, %v, with %d bytes left", in, got, err, r.R.Buffered())
		}
	})
}

// Whatever is in a message, the server sees one message and no command in it.
func TestTranscript(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := request()
		r.Mail.Data = messages(rt)
		heard := make(chan []string, 1)
		e := New(channel(), Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			client, conn := net.Pipe()
			go func() {
				defer func() { _ = conn.Close() }()
				heard <- transcript(newPeer(t, conn))
			}()
			return client, nil
		}})
		out := e.Do(t.Context(), r)
		if err := e.Close(); err != nil || out.Class != action.Succeeded && out.Class != action.Permanent {
			rt.Fatalf("outcome %+v, %v", out, err)
		}
		if out.Class == action.Permanent { // a header that is not ASCII, and no SMTPUTF8
			<-heard
			return
		}
		got := strings.Join(<-heard, "|")
		want := "EHLO localhost|MAIL FROM:<move@contoso.example>|RCPT TO:<ann@northwind.example>|DATA|" + endings(r.Mail.Data) + "|QUIT"
		if got != want {
			rt.Fatalf("heard %q, want %q", got, want)
		}
	})
}

// transcript says yes to everything and notes what it hears.
func transcript(p *peer) []string {
	var heard []string
	p.say("220 hi")
	for {
		l := p.line()
		if l == "" {
			return heard
		}
		heard = append(heard, l)
		switch l {
		case "DATA":
			p.say("354 go ahead")
			b, err := textproto.NewReader(p.in).ReadDotBytes()
			if err != nil {
				return append(heard, err.Error())
			}
			heard = append(heard, string(b))
			p.say("250 ok")
		case "QUIT":
			p.say("221 bye")
		default:
			p.say("250 ok")
		}
	}
}
