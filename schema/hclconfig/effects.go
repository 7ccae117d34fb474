package hclconfig

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/spec"
	"transition/schema/toffset"
)

// effect reads the exec or http block in n. A timeout of 0 and an empty delivery
// mean: as the plan's defaults say.
func (l *loader) effect(n *node, timeout time.Duration, delivery string) schema.Effect {
	if timeout == 0 {
		timeout = l.defaults.timeout
	}
	if delivery == "" {
		delivery = l.defaults.delivery
	}
	if c := n.block("exec"); c != nil {
		return l.exec(c, orStandard(timeout, spec.ExecTimeout), deliveryOf(delivery, false))
	}
	if c := n.block("http"); c != nil {
		return l.http(c, orStandard(timeout, spec.HTTPTimeout), delivery)
	}
	return nil
}

// ownEffect reads the effect of a block that has a timeout and a delivery.
func (l *loader) ownEffect(n *node) schema.Effect {
	return l.effect(n, value[time.Duration](n, "timeout"), value[string](n, "delivery"))
}

func orStandard(timeout time.Duration, standard string) time.Duration {
	if timeout > 0 {
		return timeout
	}
	d, err := toffset.ParseDuration(standard)
	if err != nil {
		return time.Hour
	}
	return d.Nominal()
}

func deliveryOf(word string, repeatable bool) schema.Delivery {
	switch {
	case word == "at_least_once", word == "" && repeatable:
		return schema.AtLeastOnce
	default:
		return schema.AtMostOnce
	}
}

func (l *loader) exec(n *node, timeout time.Duration, delivery schema.Delivery) *schema.Exec {
	e := &schema.Exec{
		Command:      value[schema.Expr[[]string]](n, "command"),
		Env:          value[schema.Expr[map[string]string]](n, "env"),
		Dir:          value[schema.Expr[string]](n, "dir"),
		SuccessCodes: value[[]int](n, "success_codes"),
		RetryCodes:   value[[]int](n, "retry_codes"),
		UnknownCodes: value[[]int](n, "unknown_codes"),
		Timeout:      timeout,
		Delivery:     delivery,
		Range:        rangeOf(n.def),
	}
	if n.values["command"] != nil && e.Command.IsConst() && (len(e.Command.Value) == 0 || e.Command.Value[0] == "") {
		l.report(n, n.at("command"), diag.Diagnostic{
			Code: "empty-command", Summary: "A command without a program",
			Detail: "The first element of a command is the program, and there is none.",
			Hint:   `Write for example command = ["./bin/copy", tenant.id].`,
		})
	}
	if w := n.attrs["command"]; w != nil {
		e.Bare = bareArguments(w.Expr)
	}
	l.checkEnv(n, e.Env)
	l.checkCodes(n)
	return e
}

// checkEnv looks at variables that are the same for every tenant: no program
// could be started with the others.
func (l *loader) checkEnv(n *node, env schema.Expr[map[string]string]) {
	if !env.IsConst() {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(env.Value)) {
		if name != "" && !strings.ContainsAny(name, "=\x00") && !strings.Contains(env.Value[name], "\x00") {
			continue
		}
		l.report(n, n.at("env"), diag.Diagnostic{
			Code: "bad-env", Summary: "Not an environment variable",
			Detail: fmt.Sprintf("No command can be given the variable %q: its name is empty or holds an equals sign, or it holds a NUL character.", name),
			Hint:   `Write for example env = { TARGET = "new" }.`,
		})
	}
}

// checkCodes reports a code that would mean two things at once.
func (l *loader) checkCodes(n *node) {
	meaning := make(map[int]string)
	for _, name := range []string{"success_codes", "retry_codes", "unknown_codes"} {
		for _, code := range value[[]int](n, name) {
			other := meaning[code]
			if meaning[code] = name; other == "" || other == name {
				continue
			}
			at := name
			if !n.written(at) {
				at = other
			}
			l.report(n, n.at(at), diag.Diagnostic{
				Code: "contradiction", Summary: "A code with two meanings",
				Detail: fmt.Sprintf("The exit code %d stands in both %s and %s.", code, other, name),
				Hint:   fmt.Sprintf("Write it into one of the two; %s is [75] unless you write otherwise.", "retry_codes"),
			})
		}
	}
}

func (l *loader) http(n *node, timeout time.Duration, delivery string) *schema.HTTP {
	h := &schema.HTTP{
		Method:        value[string](n, "method"),
		URL:           value[schema.Expr[string]](n, "url"),
		Headers:       value[schema.Expr[map[string]string]](n, "headers"),
		Body:          value[schema.Expr[string]](n, "body"),
		SuccessStatus: value[[]int](n, "success_status"),
		RetryStatus:   value[[]int](n, "retry_status"),
		Timeout:       timeout,
		Range:         rangeOf(n.def),
	}
	if h.Method == "" {
		h.Method = "GET"
		if n.written("body") {
			h.Method = "POST"
		}
	}
	h.Delivery = deliveryOf(delivery, spec.Repeatable(h.Method))
	l.checkHeaders(n, h.Headers)
	if n.values["url"] != nil && h.URL.IsConst() && !isURL(h.URL.Value) {
		l.report(n, n.at("url"), diag.Diagnostic{
			Code: "bad-url", Summary: "Not a web address",
			Detail: fmt.Sprintf("%q is no http or https address.", h.URL.Value),
			Hint:   `Write for example "https://host.example/path".`,
		})
	}
	return h
}

// checkHeaders looks at headers that are the same for every tenant. A line break
// in one would begin another.
func (l *loader) checkHeaders(n *node, headers schema.Expr[map[string]string]) {
	if !headers.IsConst() {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(headers.Value)) {
		if isToken(name) && !strings.ContainsAny(headers.Value[name], "\r\n\x00") {
			continue
		}
		l.report(n, n.at("headers"), diag.Diagnostic{
			Code: "bad-header", Summary: "Not a header",
			Detail: fmt.Sprintf("No request can have the header %q: its name holds more than letters, digits and dashes, or its value holds a line break.", name),
			Hint:   `Write for example headers = { Accept = "application/json" }.`,
		})
	}
}

// isToken knows what may be the name of a header: RFC 9110, section 5.6.2.
func isToken(s string) bool {
	other := func(r rune) bool {
		return r > unicode.MaxASCII || notAlphanumeric(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	}
	return s != "" && !strings.ContainsFunc(s, other)
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
