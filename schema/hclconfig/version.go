package hclconfig

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"transition/schema/diag"
)

// version is a release: three numbers. What follows a dash or plus, as in
// 1.2.0-dev, is not looked at: a build before a release counts as that release.
type version [3]int

func parseVersion(s string) (v version, parts int, ok bool) {
	s = strings.TrimPrefix(s, "v")
	if at := strings.IndexAny(s, "-+"); at >= 0 {
		s = s[:at]
	}
	fields := strings.Split(s, ".")
	if len(fields) > len(v) {
		return v, 0, false
	}
	for i, f := range fields {
		n, err := strconv.ParseUint(f, 10, 31)
		if err != nil {
			return v, 0, false
		}
		v[i] = int(n)
	}
	return v, len(fields), true
}

func (v version) compare(w version) int {
	return cmp.Or(cmp.Compare(v[0], w[0]), cmp.Compare(v[1], w[1]), cmp.Compare(v[2], w[2]))
}

// versionRule is one condition such as ">= 0.1".
type versionRule struct {
	op    string
	v     version
	parts int // how many numbers were written
}

func parseVersionRule(s string) (versionRule, bool) {
	s = strings.TrimSpace(s)
	rule := versionRule{op: "="}
	for _, op := range []string{">=", "<=", "!=", "~>", ">", "<", "="} {
		if rest, ok := strings.CutPrefix(s, op); ok {
			rule.op, s = op, strings.TrimSpace(rest)
			break
		}
	}
	var ok bool
	rule.v, rule.parts, ok = parseVersion(s)
	return rule, ok
}

// allows reports whether a version fulfils the condition. "~> 1.2" allows 1.2 and
// all later 1.x, "~> 1.2.3" allows 1.2.3 and all later 1.2.x.
func (r versionRule) allows(v version) bool {
	c := v.compare(r.v)
	switch r.op {
	case ">=":
		return c >= 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	case "<":
		return c < 0
	case "!=":
		return c != 0
	case "~>":
		return c >= 0 && v.compare(r.ceiling()) < 0
	default:
		return c == 0
	}
}

// ceiling is the first version that "~>" does not allow any more.
func (r versionRule) ceiling() version {
	last := max(0, r.parts-2)
	var v version
	copy(v[:], r.v[:last+1])
	v[last]++
	return v
}

// checkVersion compares required_version with the version of this program.
func (l *loader) checkVersion(n *node) {
	text, ok := n.values["required_version"].(string)
	if !ok {
		return
	}
	own, _, known := parseVersion(l.opts.Version)
	for part := range strings.SplitSeq(text, ",") {
		rule, ok := parseVersionRule(part)
		switch {
		case !ok:
			l.report(n, n.at("required_version"), diag.Diagnostic{
				Code: "bad-version", Summary: "Not a version",
				Detail: fmt.Sprintf("%q is not a condition on a version.", strings.TrimSpace(part)),
				Hint:   `Write for example ">= 0.1", "~> 1.2" or ">= 1.2, < 2".`,
			})
		case known && !rule.allows(own):
			l.report(n, n.at("required_version"), diag.Diagnostic{
				Code: "wrong-version", Summary: "Another version is required",
				Detail: fmt.Sprintf("The plan requires version %s of this program, and this is %s.", strings.TrimSpace(part), l.opts.Version),
				Hint:   "Use a version that fits, or change required_version.",
			})
		}
	}
}
