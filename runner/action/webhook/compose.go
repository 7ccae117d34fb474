package webhook

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"transition/runner/action"
)

const (
	keyHeader = "Idempotency-Key"
	userAgent = "transition"
)

// reserved are the headers that frame a message or govern its connection
// (RFC 9110, section 7.6.1): a plan that set them would smuggle requests.
var reserved = []string{
	"Connection", "Content-Length", "Expect", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// compose builds the request, or says in one line why there can be none.
func compose(ctx context.Context, r action.Request) (*http.Request, string) {
	if r.HTTP == nil || r.Command != nil || r.Mail != nil {
		return nil, "the request is not an HTTP request"
	}
	if reason := refuseURL(r.HTTP.URL); reason != "" {
		return nil, reason
	}
	if !isToken(r.HTTP.Method) {
		return nil, fmt.Sprintf("%q is not an HTTP method", r.HTTP.Method)
	}
	req, err := http.NewRequestWithContext(ctx, r.HTTP.Method, r.HTTP.URL, strings.NewReader(r.HTTP.Body))
	if err != nil {
		return nil, err.Error()
	}
	req.Header.Set("User-Agent", userAgent)
	return req, setHeaders(req, r)
}

// refuseURL says why nothing can be sent to a URL. It does not repeat the URL,
// which may hold a secret.
func refuseURL(raw string) string {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "the URL cannot be read: " + urlCause(err)
	case u.Scheme != "http" && u.Scheme != "https":
		return "the URL does not begin with http:// or https://"
	case u.Hostname() == "":
		return "the URL has no host"
	case u.User != nil:
		return "the URL holds a user name or password; send an Authorization header instead"
	default:
		return ""
	}
}

func urlCause(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err.Error()
	}
	return err.Error()
}

// setHeaders takes over the plan's headers, or says which one cannot be sent.
func setHeaders(req *http.Request, r action.Request) string {
	seen := make(map[string]bool)
	for _, name := range slices.Sorted(maps.Keys(r.HTTP.Headers)) {
		value := r.HTTP.Headers[name]
		canonical := http.CanonicalHeaderKey(name)
		switch {
		case !isToken(name):
			return fmt.Sprintf("%q is not the name of a header", name)
		case slices.Contains(reserved, canonical):
			return fmt.Sprintf("the header %s is not the plan's to set", canonical)
		case seen[canonical]:
			return fmt.Sprintf("the header %s is given twice, in different cases", canonical)
		case strings.ContainsFunc(value, forbidden):
			return fmt.Sprintf("the value of the header %s holds a line break or another control character", canonical)
		}
		seen[canonical] = true
		switch canonical {
		case "Host":
			if !isHost(value) {
				return "the value of the header Host is not a host name"
			}
			req.Host = value
		case keyHeader: // declared, and so the server is known to look at it
			req.Header.Set(keyHeader, r.Key)
		default:
			req.Header.Set(canonical, value)
		}
	}
	return ""
}

func forbidden(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }

// isToken reports whether s is a token of RFC 9110, section 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alphanumeric := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !alphanumeric && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

func isHost(s string) bool {
	u, err := url.Parse("http://" + s)
	return err == nil && u.Host == s && u.Hostname() != ""
}

// digest tells two requests apart without keeping their content.
func digest(req *http.Request, body string) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %s\n%s\n", req.Method, req.URL, req.Host)
	_ = req.Header.Write(sum) // a hash never fails; headers are written in order of name
	_, _ = io.WriteString(sum, "\n"+body)
	return hex.EncodeToString(sum.Sum(nil))
}
