package webhook_test

import (
	"bufio"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"transition/runner/action"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server that behaves, and gives its URL.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// wire is a server that answers each request with raw bytes, or worse.
type wire struct {
	url         string
	connections atomic.Int32
}

// script starts a wire. Each connection is handed to play once the head of the
// request has been read, and closed after it.
func script(t *testing.T, play func(net.Conn)) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{url: "http://" + l.Addr().String() + "/hook"}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			w.connections.Add(1)
			all.Go(func() {
				defer conn.Close()
				if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
					play(conn)
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return w
}

// answer plays fixed bytes.
func answer(raw string) func(net.Conn) {
	return func(c net.Conn) { _, _ = c.Write([]byte(raw)) }
}

// untilHungUp waits until the client is gone.
func untilHungUp(c net.Conn) { _, _ = c.Read(make([]byte, 1)) }

// refused is the URL of a port at which nobody listens.
func refused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

func post(url string) action.Request {
	return action.Request{
		Tenant: "contoso",
		Key:    "key-1",
		HTTP:   &action.HTTP{Method: http.MethodPost, URL: url, Body: `{"id":"contoso"}`},
	}
}
