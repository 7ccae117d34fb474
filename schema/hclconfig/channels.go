package hclconfig

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/mailbox"
	"transition/schema/spec"
)

func (l *loader) readChannels() {
	for _, n := range l.root.each("channel") {
		l.identifier(n)
		l.evaluate(n)
		c := &schema.Channel{Kind: n.spec.Kind, Name: n.name(), From: value[schema.Expr[string]](n, "from"), Range: rangeOf(n.def)}
		l.checkAddress(n, "from", c.From)
		switch n.spec.Kind {
		case "smtp":
			c.SMTP = l.smtp(n)
		case "maildir":
			c.Maildir = &schema.Maildir{Path: l.requireText(n, "path")}
		}
		l.channels[refName(n)] = c
		l.cfg.Channels = append(l.cfg.Channels, c)
	}
}

func (l *loader) smtp(n *node) *schema.SMTP {
	s := &schema.SMTP{
		Host:          l.requireText(n, "host"),
		Port:          value[int](n, "port"),
		Username:      value[string](n, "username"),
		Password:      value[string](n, "password"),
		RedirectAllTo: value[string](n, "redirect_all_to"),
	}
	usual := spec.SubmissionPort
	switch value[string](n, "tls") {
	case "opportunistic":
		s.TLS = schema.TLSOpportunistic
	case "none":
		s.TLS, usual = schema.TLSNone, spec.PlainPort
		l.checkLoopback(n, s.Host)
	default:
		s.TLS = schema.TLSRequired
	}
	if s.Port == 0 {
		s.Port = usual
	}
	if s.RedirectAllTo != "" {
		l.checkAddress(n, "redirect_all_to", schema.Const(s.RedirectAllTo))
	}
	if (s.Username == "") != (s.Password == "") && (n.written("username") != n.written("password")) {
		l.report(n, n.def, diag.Diagnostic{
			Code: "missing-attribute", Summary: "An attribute is missing",
			Detail: "Of username and password there is only one, and a login needs both.",
			Hint:   "Write both, or none.",
		})
	}
	return s
}

// checkLoopback lets mail and passwords cross no network in the clear.
func (l *loader) checkLoopback(n *node, host string) {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	if host == "" || strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback() {
		return
	}
	l.report(n, n.at("tls"), diag.Diagnostic{
		Code: "insecure-channel", Summary: "Mail over a network without encryption",
		Detail: fmt.Sprintf("tls = \"none\" is for servers on this machine only, and %q is another one.", host),
		Hint:   `Write tls = "required", or host = "127.0.0.1".`,
	})
}

// checkAddress looks at an address that is the same for every tenant.
func (l *loader) checkAddress(n *node, name string, e schema.Expr[string]) {
	if !n.written(name) || n.values[name] == nil || !e.IsConst() || isAddress(e.Value) {
		return
	}
	l.badAddress(n, n.at(name), e.Value)
}

func (l *loader) badAddress(n *node, rng hcl.Range, address string) {
	hint := `Write an address such as "ann@example.com", or "Ann <ann@example.com>".`
	if guess := strings.ReplaceAll(address, " ", ""); guess != address && isAddress(guess) {
		hint = fmt.Sprintf("Did you mean %q?", guess)
	}
	l.report(n, rng, diag.Diagnostic{
		Code: "bad-address", Summary: "Not an e-mail address",
		Detail: fmt.Sprintf("%q is no e-mail address.", address), Hint: hint,
	})
}

func isAddress(s string) bool {
	_, err := mailbox.Check(s)
	return err == nil
}

// addresses makes an expression for recipients answer only with addresses. An
// empty list is a mistake where there must be somebody.
func addresses(e schema.Expr[[]string], required bool) schema.Expr[[]string] {
	if e.IsConst() {
		return e // checked already
	}
	eval := e.Eval
	e.Eval = func(env *schema.Env) ([]string, error) {
		list, err := eval(env)
		if err != nil {
			return nil, err
		}
		if required && len(list) == 0 {
			return nil, errNobody
		}
		for _, s := range list {
			if _, err := mailbox.Check(s); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
	return e
}

var errNobody = errors.New("the list of recipients is empty")

// checkRecipients looks at recipients that are the same for every tenant.
func (l *loader) checkRecipients(n *node, name string) {
	e, ok := n.values[name].(schema.Expr[[]string])
	if !ok || !n.written(name) || !e.IsConst() {
		return
	}
	if name == "to" && len(e.Value) == 0 {
		l.report(n, n.at(name), diag.Diagnostic{
			Code: "empty-recipients", Summary: "A message to nobody",
			Detail: "The list of recipients is empty, for every tenant.",
			Hint:   "Write to = [tenant.admin_email], with a column of your inventory.",
		})
	}
	for _, address := range e.Value {
		if !isAddress(address) {
			l.badAddress(n, n.at(name), address)
		}
	}
}

// readPolicies reads what items refer to: retry policies and limits.
func (l *loader) readPolicies() {
	for _, n := range l.root.each("retry") {
		l.identifier(n)
		l.evaluate(n)
		l.retries[n.name()] = l.retry(n)
	}
	for _, n := range l.root.each("limit") {
		l.identifier(n)
		l.evaluate(n)
		limit := &schema.Limit{Name: n.name(), MaxInFlight: value[int](n, "max_in_flight"), Range: rangeOf(n.def)}
		l.limits[n.name()] = limit
		l.cfg.Limits = append(l.cfg.Limits, limit)
	}
}

func (l *loader) retry(n *node) *schema.Retry {
	r := &schema.Retry{
		Name:               n.name(),
		MaxAttempts:        value[int](n, "max_attempts"),
		InitialInterval:    value[time.Duration](n, "initial_interval"),
		BackoffCoefficient: value[float64](n, "backoff_coefficient"),
		MaxInterval:        value[time.Duration](n, "max_interval"),
		Jitter:             value[float64](n, "jitter"),
		MaxElapsed:         value[time.Duration](n, "max_elapsed"),
	}
	if r.InitialInterval > r.MaxInterval && n.written("max_interval") && r.MaxInterval > 0 {
		l.report(n, n.at("max_interval"), diag.Diagnostic{
			Code: "contradiction", Summary: "An interval that is longer than the longest",
			Detail: fmt.Sprintf("initial_interval is %s, and max_interval is only %s.", r.InitialInterval, r.MaxInterval),
			Hint:   "Write a max_interval of at least the initial_interval.",
		})
	}
	r.MaxInterval = max(r.MaxInterval, r.InitialInterval)
	return r
}
