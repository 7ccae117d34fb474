//go:build unix

package main

import (
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"testing"

	gosmtp "github.com/emersion/go-smtp"
)

// door is a listener on loopback that knows who is inside.
type door struct {
	net.Listener

	mu     sync.Mutex
	moved  *sync.Cond      // somebody came or went
	seen   map[string]bool // by address of the visitor
	inside int
}

func newDoor(t *testing.T) *door {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &door{Listener: l, seen: make(map[string]bool)}
	d.moved = sync.NewCond(&d.mu)
	return d
}

func (d *door) port() int { return d.Addr().(*net.TCPAddr).Port }

// Accept lets a visitor in.
func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inside++
	d.seen[conn.RemoteAddr().String()] = true
	d.moved.Broadcast()
	return &visitor{Conn: conn, door: d}, nil
}

// visitor is a connection that says when it is closed.
type visitor struct {
	net.Conn
	door *door
	once sync.Once
}

func (v *visitor) Close() error {
	v.once.Do(func() {
		v.door.mu.Lock()
		defer v.door.mu.Unlock()
		v.door.inside--
		v.door.moved.Broadcast()
	})
	return v.Conn.Close()
}

// mailServer takes every message, and may do something else than say so.
type mailServer struct {
	door *door
	port int

	mu    sync.Mutex
	got   [][]byte
	left  int // messages until instead is called
	other func()
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	l := newDoor(t)
	m := &mailServer{door: l, port: l.port()}
	srv := gosmtp.NewServer(m)
	srv.Domain = "mx.example"
	srv.ErrorLog = log.New(io.Discard, "", 0) // that clients vanish is the point
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
		<-served // its error says that it was closed
	})
	return m
}

// instead calls f at the n-th message from now, before it is answered.
func (m *mailServer) instead(n int, f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left, m.other = n, f
}

func (m *mailServer) all() [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.got)
}

func (m *mailServer) take(data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = append(m.got, data)
	m.left--
	if m.left == 0 && m.other != nil {
		m.other()
	}
}

func (m *mailServer) NewSession(*gosmtp.Conn) (gosmtp.Session, error) { return mailVisit{m}, nil }

// mailVisit is one connection.
type mailVisit struct{ server *mailServer }

func (mailVisit) Mail(string, *gosmtp.MailOptions) error { return nil }
func (mailVisit) Rcpt(string, *gosmtp.RcptOptions) error { return nil }
func (mailVisit) Reset()                                 {}
func (mailVisit) Logout() error                          { return nil }

func (v mailVisit) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err == nil {
		v.server.take(data)
	}
	return err
}
