package hclconfig

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/spec"
	"transition/schema/toffset"
)

// itemDefaults is what items have that do not say otherwise.
type itemDefaults struct {
	channel  string // KIND.NAME, or ""
	retry    string
	timeout  time.Duration // 0: by kind of effect
	delivery string
	breaker  *schema.Breaker // nil: none
}

func (l *loader) readTransition() {
	l.cfg.State = schema.State{Kind: "sqlite", Path: spec.StatePath}
	n := l.root.block("transition")
	if n == nil {
		return
	}
	l.evaluate(n)
	l.checkTitle(n)
	l.cfg.Name = n.name()
	l.cfg.Description = value[string](n, "description")
	if zone := value[*time.Location](n, "time_zone"); zone != nil {
		l.cfg.Zone = zone
	}
	l.cfg.MaxDueBurst = value[int](n, "max_due_burst")
	l.checkVersion(n)
	l.readNotice(n.block("notice"))
	l.readState(n.block("state"))
	l.readDefaults(n.block("defaults"))
}

// checkTitle looks at the name of the transition. Nothing refers to it, so it may
// be any text that people can tell from another: the recorded state is known by
// it, and everything that is shown begins with it.
func (l *loader) checkTitle(n *node) {
	name := n.name()
	hidden := func(r rune) bool { return !unicode.IsPrint(r) }
	if strings.TrimSpace(name) != "" && strings.TrimSpace(name) == name && !strings.ContainsFunc(name, hidden) {
		return
	}
	l.report(n, n.nameAt(), diag.Diagnostic{
		Code: "bad-name", Summary: "Not a name",
		Detail: fmt.Sprintf("%q cannot be the name of a transition: nothing of it would be seen, or not all of it.", name),
		Hint:   `Write a name such as "bpos-s-to-office-365", without line breaks and without space around it.`,
	})
}

func (l *loader) readNotice(n *node) {
	if n == nil {
		return
	}
	l.cfg.Notice = schema.Notice{
		First: value[toffset.Duration](n, "first"),
		Final: value[toffset.Duration](n, "final"),
		Range: rangeOf(n.def),
	}
}

func (l *loader) readState(n *node) {
	if n == nil {
		return
	}
	l.cfg.State.Range = rangeOf(n.def)
	if path := value[string](n, "path"); path != "" {
		l.cfg.State.Path = path
	} else if n.written("path") {
		l.emptyText(n, "path")
	}
}

func (l *loader) readDefaults(n *node) {
	if n == nil {
		return
	}
	l.defaults = itemDefaults{
		channel:  value[ref](n, "channel").name,
		retry:    value[ref](n, "retry").name,
		timeout:  value[time.Duration](n, "timeout"),
		delivery: value[string](n, "delivery"),
	}
	if breaker := n.block("breaker"); breaker != nil {
		l.defaults.breaker = l.breaker(breaker)
	}
	l.cfg.Locale = value[string](n, "locale")
	if l.cfg.Locale != "" {
		l.checkLocale(n, "locale", l.cfg.Locale)
	}
}

// identifier checks the name of a block that references and addresses use.
func (l *loader) identifier(n *node) bool {
	if hclsyntax.ValidIdentifier(n.name()) {
		return true
	}
	l.report(n, n.nameAt(), diag.Diagnostic{
		Code: "bad-name", Summary: "Not a name",
		Detail: fmt.Sprintf("%q cannot be the name of a %s: a name begins with a letter and has letters, digits, dashes and underscores.", n.name(), n.spec.Name),
		Hint:   `Write a name such as "wave-1".`,
	})
	return false
}

func (l *loader) emptyText(n *node, name string) {
	l.report(n, n.at(name), diag.Diagnostic{
		Code: "empty-value", Summary: "An empty text",
		Detail: fmt.Sprintf("The attribute %q is empty.", name),
		Hint:   "Write a value, or remove the attribute.",
	})
}

// requireText reports an attribute that is written and empty.
func (l *loader) requireText(n *node, name string) string {
	text, ok := n.values[name].(string)
	if ok && text == "" {
		l.emptyText(n, name)
	}
	return text
}

func (l *loader) readChecks() {
	for _, n := range l.root.each("check") {
		holds, message := l.condition(n)
		cond := schema.Expr[bool]{Value: holds, Range: rangeOf(n.at("condition"))}
		text := schema.Expr[string]{Value: message, Range: rangeOf(n.at("error_message"))}
		l.cfg.Checks = append(l.cfg.Checks, &schema.Check{Name: n.name(), Condition: cond, Message: text, Range: rangeOf(n.def)})
		if !holds {
			l.report(n, n.at("condition"), diag.Diagnostic{
				Severity: diag.Warning, Code: "check-failed", Summary: "A check does not hold",
				Detail: message, Hint: "Change the plan, or the check if it asks for too much.",
			})
		}
	}
}

// rangeAt is the range for parts of the configuration: of an attribute that is
// written, else of nothing.
func (n *node) rangeAt(name string) diag.Range {
	if !n.written(name) {
		return diag.Range{}
	}
	return rangeOf(n.at(name))
}
