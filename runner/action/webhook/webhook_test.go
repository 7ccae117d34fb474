package webhook_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"transition/runner/action"
	"transition/runner/action/actiontest"
	"transition/runner/action/webhook"
)

func TestConformance(t *testing.T) {
	actiontest.Run(t, actiontest.Subject{
		Executor: webhook.New(),
		Succeeds: func(t *testing.T) action.Request {
			return post(serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "fine") }))
		},
		Fails: func(t *testing.T) action.Request {
			return post(serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w, "a\x1b[31m\nb\xff\x00"+strings.Repeat("c", 100_000))
			}))
		},
		Hangs: func(t *testing.T) (action.Request, <-chan struct{}) {
			began := make(chan struct{})
			w := script(t, func(c net.Conn) {
				close(began)
				untilHungUp(c)
			})
			return post(w.url), began
		},
	})
}

func TestAsking(t *testing.T) {
	r := post(serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Job", "7")
		w.Header().Add("Vary", "a")
		w.Header().Add("Vary", "b")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "{\"state\": \"gone\x1b[31m\"}")
	}))
	r.Asks = true
	got := webhook.New().Do(t.Context(), r).Result
	if got == nil || got.Command || got.Status != 404 || got.Body != `{"state": "gone"}` || !got.NotDone() || got.Done() {
		t.Fatalf("the result is %+v", got)
	}
	if got.Headers["x-job"] != "7" || got.Headers["vary"] != "a, b" {
		t.Errorf("the headers are %q", got.Headers)
	}
}

func TestStatuses(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.URL.Query().Get("status"))
		w.WriteHeader(status)
	})
	custom := func(h *action.HTTP) { h.SuccessStatus, h.RetryStatus = []int{200, 302, 409}, []int{404, 500} }
	tests := map[string]struct {
		status  int
		change  func(*action.HTTP)
		want    action.Class
		atLeast action.Class // with delivery = "at_least_once"
	}{
		"200":                   {200, nil, action.Succeeded, action.Succeeded},
		"201":                   {201, nil, action.Succeeded, action.Succeeded},
		"204":                   {204, nil, action.Succeeded, action.Succeeded},
		"304":                   {304, nil, action.Permanent, action.Permanent},
		"400":                   {400, nil, action.Permanent, action.Permanent},
		"404":                   {404, nil, action.Permanent, action.Permanent},
		"408":                   {408, nil, action.Retryable, action.Retryable},
		"409":                   {409, nil, action.Permanent, action.Permanent},
		"425":                   {425, nil, action.Retryable, action.Retryable},
		"429":                   {429, nil, action.Retryable, action.Retryable},
		"500":                   {500, nil, action.Unknown, action.Retryable},
		"502":                   {502, nil, action.Unknown, action.Retryable},
		"503":                   {503, nil, action.Retryable, action.Retryable},
		"504":                   {504, nil, action.Unknown, action.Retryable},
		"a status nobody knows": {799, nil, action.Unknown, action.Retryable},
		"listed as success":     {409, custom, action.Succeeded, action.Succeeded},
		"redirect as success":   {302, custom, action.Succeeded, action.Succeeded},
		"2xx not listed":        {202, custom, action.Unknown, action.Retryable},
		"listed as retry":       {404, custom, action.Retryable, action.Retryable},
		"5xx listed as retry":   {500, custom, action.Retryable, action.Retryable},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := post(fmt.Sprintf("%s?status=%d", url, test.status))
			if test.change != nil {
				test.change(r.HTTP)
			}
			got := webhook.New().Do(t.Context(), r)
			if got.Class != test.want || got.NotBegun || got.Evidence.Status != test.status {
				t.Errorf("got %+v, want class %d", got, test.want)
			}
			if got.Class != action.Succeeded && !strings.HasPrefix(got.Reason, fmt.Sprintf("HTTP %d", test.status)) {
				t.Errorf("the reason is %q", got.Reason)
			}
			r.AtLeast = true
			if got := webhook.New().Do(t.Context(), r); got.Class != test.atLeast {
				t.Errorf("at least once: got %+v, want class %d", got, test.atLeast)
			}
		})
	}
}

func TestNoAnswerIsUnknown(t *testing.T) {
	tests := map[string]struct {
		play   func(net.Conn)
		reason string
	}{
		"dropped":           {func(net.Conn) {}, "the server closed the connection"},
		"reset":             {func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }, "connection"},
		"hangs":             {untilHungUp, "nothing within 300ms"},
		"garbage":           {answer("SSH-2.0-OpenSSH_9.9\r\n"), "malformed HTTP"},
		"half a head":       {answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"), "unexpected EOF"},
		"an endless head":   {answer("HTTP/1.1 200 OK\r\n" + strings.Repeat("X-Pad: "+strings.Repeat("x", 1000)+"\r\n", 1000)), "headers exceeded"},
		"a head that drips": {func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 ")); untilHungUp(c) }, "nothing within 300ms"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := script(t, test.play)
			r := post(w.url)
			r.Timeout = 300 * time.Millisecond
			got := webhook.New().Do(t.Context(), r)
			if got.Class != action.Unknown || got.NotBegun || !strings.Contains(got.Reason, test.reason) {
				t.Errorf("got %+v, want unknown: %s", got, test.reason)
			}
			r.AtLeast = true // whoever applies may repeat it, and nobody knows all the same
			if got := webhook.New().Do(t.Context(), r); got.Class != action.Unknown || got.NotBegun {
				t.Errorf("at least once: got %+v, want unknown", got)
			}
			if n := w.connections.Load(); n != 2 {
				t.Errorf("%d connections for two attempts", n)
			}
		})
	}
}

// A server that hangs up in the middle of a request may have acted on a part of it.
func TestHalfARequestIsUnknown(t *testing.T) {
	for name, play := range map[string]func(net.Conn){
		"dropped": func(net.Conn) {},
		"reset":   func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) },
	} {
		t.Run(name, func(t *testing.T) {
			r := post(script(t, play).url)
			r.HTTP.Body = strings.Repeat("x", 64<<20)
			if got := webhook.New().Do(t.Context(), r); got.Class != action.Unknown || got.NotBegun {
				t.Errorf("got %+v, want unknown", got)
			}
		})
	}
}

func TestNothingWrittenIsRetryable(t *testing.T) {
	private := httptest.NewUnstartedServer(http.NotFoundHandler())
	private.Config.ErrorLog = log.New(io.Discard, "", 0)
	private.StartTLS()
	defer private.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and shakes no hands
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	tests := map[string]struct {
		url, reason string
		timeout     time.Duration
	}{
		"no such host":             {"http://nobody..example", "no such host", time.Minute},
		"connection refused":       {refused(t), "connection refused", time.Minute},
		"a certificate of nobody":  {private.URL, "certificate", time.Minute},
		"no answer to a handshake": {"https://" + silent.Addr().String(), "nothing within 300ms", 300 * time.Millisecond},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := post(test.url)
			r.Timeout = test.timeout
			got := webhook.New().Do(t.Context(), r)
			if got.Class != action.Retryable || !got.NotBegun || !strings.Contains(got.Reason, test.reason) {
				t.Errorf("got %+v, want a retry of something that never began: %s", got, test.reason)
			}
		})
	}
}

func TestRefusedRequests(t *testing.T) {
	var hits atomic.Int32
	url := serve(t, func(http.ResponseWriter, *http.Request) { hits.Add(1) })
	header := func(name, value string) func(*action.HTTP) {
		return func(h *action.HTTP) { h.Headers = map[string]string{name: value} }
	}
	tests := map[string]struct {
		change func(*action.HTTP)
		reason string
	}{
		"another scheme":    {func(h *action.HTTP) { h.URL = "file:///etc/passwd" }, "http:// or https://"},
		"gopher":            {func(h *action.HTTP) { h.URL = "gopher://127.0.0.1/" }, "http:// or https://"},
		"no scheme":         {func(h *action.HTTP) { h.URL = "127.0.0.1/x" }, "http:// or https://"},
		"no host":           {func(h *action.HTTP) { h.URL = "http:///x" }, "no host"},
		"a password":        {func(h *action.HTTP) { h.URL = "http://u:hunter2@127.0.0.1/" }, "Authorization"},
		"a line break":      {func(h *action.HTTP) { h.URL += "/x\r\nHost: y" }, "cannot be read"},
		"a broken escape":   {func(h *action.HTTP) { h.URL += "/%zz" }, "cannot be read"},
		"no method":         {func(h *action.HTTP) { h.Method = "" }, "not an HTTP method"},
		"two methods":       {func(h *action.HTTP) { h.Method = "GET POST" }, "not an HTTP method"},
		"header injection":  {header("X-Tenant", "contoso\r\nX-Admin: 1"), "X-Tenant holds a line break"},
		"header name":       {header("X-Tenant: y", "contoso"), "not the name of a header"},
		"smuggled length":   {header("content-length", "0"), "Content-Length"},
		"smuggled encoding": {header("Transfer-Encoding", "chunked"), "Transfer-Encoding"},
		"bad host":          {header("Host", "a b"), "Host"},
		"one header twice":  {func(h *action.HTTP) { h.Headers = map[string]string{"X-A": "1", "x-a": "2"} }, "twice"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := post(url)
			test.change(r.HTTP)
			got := webhook.New().Do(t.Context(), r)
			if got.Class != action.Permanent || !got.NotBegun || !strings.Contains(got.Reason, test.reason) {
				t.Errorf("got %+v, want a permanent failure that never began: %s", got, test.reason)
			}
			if strings.Contains(got.Reason, "hunter2") {
				t.Errorf("the reason repeats the password: %s", got.Reason)
			}
		})
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestWhatIsSent(t *testing.T) {
	type message struct {
		Line, Host, Body string
		Header           http.Header
	}
	arrived := make(chan message, 1)
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- message{r.Method + " " + r.URL.String(), r.Host, string(body), r.Header}
	})
	send := func(headers map[string]string) message {
		r := post(url + "/hook?a=b")
		r.HTTP.Method, r.HTTP.Headers = http.MethodPut, headers
		if out := webhook.New().Do(t.Context(), r); out.Class != action.Succeeded {
			t.Fatalf("got %+v", out)
		}
		return <-arrived
	}
	want := message{
		Line: "PUT /hook?a=b", Host: strings.TrimPrefix(url, "http://"), Body: `{"id":"contoso"}`,
		Header: http.Header{"User-Agent": {"transition"}, "Content-Length": {"16"}, "Connection": {"close"}},
	}
	if diff := cmp.Diff(want, send(nil)); diff != "" {
		t.Errorf("without headers in the plan (-want +got):\n%s", diff)
	}
	want.Host = "hooks.example"
	want.Header.Set("Idempotency-Key", "key-1")
	want.Header.Set("User-Agent", "mover/1")
	if diff := cmp.Diff(want, send(map[string]string{"idempotency-KEY": "", "user-agent": "mover/1", "host": "hooks.example"})); diff != "" {
		t.Errorf("with headers (-want +got):\n%s", diff)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	var hits atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		hits.Add(1)
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	})
	got := webhook.New().Do(t.Context(), post(url))
	if got.Class != action.Permanent || got.Reason != "HTTP 307 Temporary Redirect: redirects are not followed; it points to /elsewhere" {
		t.Errorf("got %+v", got)
	}
	if n := hits.Load(); n != 1 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Run("huge", func(t *testing.T) {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(bytes.Repeat([]byte("x"), 64<<10)); err != nil {
					return
				}
			}
		})
		got := webhook.New().Do(t.Context(), post(url))
		if got.Class != action.Succeeded || got.Evidence.Output != strings.Repeat("x", 8<<10)+"…" {
			t.Errorf("class %d, %d bytes kept", got.Class, len(got.Evidence.Output))
		}
	})
	t.Run("slow", func(t *testing.T) {
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the client is gone
			fmt.Fprint(w, "begun")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
		r := post(url)
		r.Timeout = 300 * time.Millisecond
		got := webhook.New().Do(t.Context(), r)
		if got.Class != action.Succeeded || got.Evidence.Output != "begun" {
			t.Errorf("got %+v, want the success that the status tells", got)
		}
	})
	t.Run("compressed", func(t *testing.T) {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, "\x1f\x8bbomb")
		})
		if got := webhook.New().Do(t.Context(), post(url)); got.Class != action.Succeeded || !strings.Contains(got.Evidence.Output, "bomb") {
			t.Errorf("got %+v, want the body as it was sent", got)
		}
	})
}

func TestReasonSaysWhatTheServerSaid(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "{\"error\":\r\n \"no such tenant\"}", http.StatusNotFound)
	})
	got := webhook.New().Do(t.Context(), post(url))
	if got.Reason != `HTTP 404 Not Found: {"error": "no such tenant"}` || got.Evidence.Reply != "404 Not Found" {
		t.Errorf("got %+v", got)
	}
}

func TestRetryAfter(t *testing.T) {
	date := time.Date(2012, 3, 9, 18, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		header string
		want   time.Duration
	}{
		"absent":      {"", 0},
		"seconds":     {"120", 2 * time.Minute},
		"a date":      {date.Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second},
		"in the past": {date.Add(-time.Hour).Format(http.TimeFormat), 0},
		"negative":    {"-5", 0},
		"nonsense":    {"soon", 0},
		"a year":      {"31536000", 24 * time.Hour},
		"in 2099":     {"Fri, 01 Jan 2099 00:00:00 GMT", 24 * time.Hour},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", date.Format(http.TimeFormat))
				w.Header().Set("Retry-After", test.header)
				w.WriteHeader(http.StatusTooManyRequests)
			})
			got := webhook.New().Do(t.Context(), post(url))
			if got.Class != action.Retryable || got.RetryAfter != test.want {
				t.Errorf("got %+v, want %v", got, test.want)
			}
		})
	}
}

func TestStopWhileConnecting(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan action.Outcome, 1)
	go func() { done <- webhook.New().Do(ctx, post("https://"+silent.Addr().String())) }()
	conn, err := silent.Accept() // the handshake has begun
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	stop()
	if got := <-done; got.Class != action.Retryable || !got.NotBegun || !strings.HasSuffix(got.Reason, "stopped") {
		t.Errorf("got %+v, want a retry of something that never began", got)
	}
}
