// Package webhook has the effects that are HTTP requests.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"transition/plans/ledger"
	"transition/runner/action"
	"transition/runner/action/tail"
	"transition/runner/crashpoint"
	"transition/schema"
)

const (
	defaultTimeout = time.Minute
	maxRetryAfter  = 24 * time.Hour

	maxHeader = 64 << 10 // of an answer
	maxBody   = 64 << 10 // bytes of an answer that are read
	maxOutput = 8 << 10  // bytes of it that are kept
	maxReason = 300
)

// Executor sends HTTP requests. It may be used by several goroutines at once.
//
// Each request has a connection of its own: on one that was used before,
// net/http would send a request a second time by itself. For the same reason it
// speaks only HTTP/1.1. Redirects are not followed, and no proxy is asked, since
// neither stands in the plan. Addresses that no plan can mean are not dialled.
type Executor struct {
	transport *http.Transport
}

// New makes an executor.
func New() *Executor {
	var only1 http.Protocols
	only1.SetHTTP1(true)
	return &Executor{transport: &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 30 * time.Second, Control: refuseAddress}).DialContext,
		TLSHandshakeTimeout:    30 * time.Second,
		Protocols:              &only1,
		DisableKeepAlives:      true,
		DisableCompression:     true, // what is read is what was sent, and no larger
		MaxResponseHeaderBytes: maxHeader,
	}}
}

// Do implements [action.Executor]. Once a connection stands, the request may
// have been written; whatever then prevents an answer is unknown, or retryable
// if the plan allows the request to arrive twice.
func (e *Executor) Do(ctx context.Context, r action.Request) action.Outcome {
	if ctx.Err() != nil {
		return notBegun(action.Retryable, "stopped before the request was sent")
	}
	timeout := r.Timeout
	if timeout <= 0 {
		timeout = defaultTimeout
	}
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var connected atomic.Bool
	trace := &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) {
			connected.Store(true)
			crashpoint.Hit("http.before_write")
		},
		WroteRequest: func(httptrace.WroteRequestInfo) { crashpoint.Hit("http.after_write") },
	}
	req, reason := compose(httptrace.WithClientTrace(limited, trace), r)
	if reason != "" {
		return notBegun(action.Permanent, reason)
	}
	res, err := e.transport.RoundTrip(req)
	crashpoint.Hit("http.after_answer")
	var out action.Outcome
	switch {
	case err == nil:
		out = answered(r, res)
	case errors.Is(err, errAddress):
		out = notBegun(action.Permanent, errAddress.Error())
	case connected.Load():
		out = unanswered(r, explain(ctx, err, timeout))
	default:
		out = notBegun(action.Retryable, "no connection to "+req.URL.Host+": "+explain(ctx, err, timeout))
	}
	out.Evidence.Digest = digest(req, r.HTTP.Body)
	return out
}

func notBegun(class action.Class, reason string) action.Outcome {
	return action.Outcome{Class: class, NotBegun: true, Reason: tail.Line(reason, maxReason)}
}

// unanswered is a request that may have arrived.
func unanswered(r action.Request, reason string) action.Outcome {
	return action.Outcome{Class: action.Unknown, Reason: tail.Line("sent, and no answer: "+reason, maxReason)}
}

// lost is the class of a request that the server may have acted on, and says that
// it has failed.
func lost(r action.Request) action.Class {
	if r.AtLeast {
		return action.Retryable
	}
	return action.Unknown
}

// explain says why there is no answer.
func explain(ctx context.Context, err error, timeout time.Duration) string {
	switch {
	case ctx.Err() != nil:
		return "stopped"
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("nothing within %v, its timeout", timeout)
	case errors.Is(err, io.EOF):
		return "the server closed the connection"
	default:
		return err.Error()
	}
}

// answered tells what became of a request from its answer. The status decides,
// even if the rest of the answer does not arrive.
func answered(r action.Request, res *http.Response) action.Outcome {
	body := read(res)
	status := strings.TrimSpace(strconv.Itoa(res.StatusCode) + " " + http.StatusText(res.StatusCode))
	out := action.Outcome{
		Class:    classify(r, res.StatusCode),
		Evidence: ledger.Evidence{Status: res.StatusCode, Reply: status, Output: tail.Head(body, maxOutput)},
	}
	if r.Asks {
		out.Result = result(res, body)
	}
	if out.Class == action.Succeeded {
		return out
	}
	if out.Class == action.Retryable {
		out.RetryAfter = retryAfter(res.Header)
	}
	out.Reason = "HTTP " + status
	if to := res.Header.Get("Location"); to != "" && isRedirect(res.StatusCode) {
		out.Reason += ": redirects are not followed; it points to " + to
	} else if said := tail.Line(body, maxReason); said != "" {
		out.Reason += ": " + said
	}
	out.Reason = tail.Line(out.Reason, maxReason)
	return out
}

// result is what a request was told that asked. Headers that are there several
// times are joined, as they may be (RFC 9110, section 5.3).
func result(res *http.Response, body string) *schema.Result {
	r := &schema.Result{Status: res.StatusCode, Headers: make(map[string]string, len(res.Header)), Body: tail.Clean(body)}
	for name, values := range res.Header {
		r.Headers[strings.ToLower(name)] = tail.Clean(strings.Join(values, ", "))
	}
	return r
}

// read reads an answer's body as far as it is wanted. An error is no matter:
// what has arrived is kept.
func read(res *http.Response) string {
	defer res.Body.Close()
	var b strings.Builder
	_, _ = io.Copy(&b, io.LimitReader(res.Body, maxBody))
	return b.String()
}

func isRedirect(status int) bool { return status >= 300 && status < 400 }

// classify sorts a status. What the plan lists comes first.
func classify(r action.Request, status int) action.Class {
	success := slices.Contains(r.HTTP.SuccessStatus, status)
	if len(r.HTTP.SuccessStatus) == 0 {
		success = status >= 200 && status < 300
	}
	switch {
	case success:
		return action.Succeeded
	case slices.Contains(r.HTTP.RetryStatus, status):
		return action.Retryable
	}
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return action.Retryable
	}
	if status >= 300 && status < 500 {
		return action.Permanent
	}
	return lost(r) // 5xx, and a 2xx that the plan does not count as success
}

// retryAfter is what a server asks for (RFC 9110, section 10.2.3), at most a
// day. A date is compared with the server's own clock.
func retryAfter(h http.Header) time.Duration {
	asked := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(asked); err == nil {
		return within(time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second)
	}
	until, err := http.ParseTime(asked)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return within(until.Sub(now))
}

func within(d time.Duration) time.Duration { return min(max(d, 0), maxRetryAfter) }
