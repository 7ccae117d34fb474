//go:build unix

package main

import (
	"fmt"
	"strings"
)

// hostilePlan is a plan directory, and the code of what must be said of it; "" if
// it is right, after all.
type hostilePlan struct {
	name, code string
	files      map[string]string
}

// hostilePlans are those that the parsers and functions below the language do not
// bound by themselves.
func hostilePlans() []hostilePlan {
	var list []hostilePlan
	add := func(name, code string, files ...string) {
		p := hostilePlan{name, code, map[string]string{"plan.transition.hcl": "transition \"h\" {}\nphase \"P\" {}\n"}}
		for i := 0; i+1 < len(files); i += 2 {
			p.files[files[i]] = files[i+1]
		}
		list = append(list, p)
	}
	for _, p := range deepPlans() {
		add(p[0], p[1], p[2:]...)
	}
	for _, p := range widePlans() {
		add(p[0], p[1], p[2:]...)
	}
	for _, p := range growingPlans() {
		add(p[0], p[1], "x.transition.hcl", "locals {\n"+p[2]+"\n}\n")
	}
	for _, p := range oddPlans() {
		add(p[0], p[1], p[2:]...)
	}
	return list
}

const fileSize = 1<<20 - 100 // of a file, but for what stands around it

// deepPlans nest.
func deepPlans() [][]string {
	var list [][]string
	for _, s := range []string{
		"(", "[", "{", "!", "-", "a?b:", `"${`, "f(", "[for x in ", "a[0]", "[*]", "<<A\n${", "!(", "{a=", "a&&", "1+", `"%{if a}`,
	} {
		for _, n := range []int{fileSize, 200_000} { // what is too long to be looked at, and what is not
			many := strings.Repeat(s, n/len(s))
			if n < fileSize {
				many = strings.Repeat(s, 15_000)
			}
			list = append(list, []string{fmt.Sprintf("%d times %s", len(many)/len(s), s), "too-", "x.transition.hcl", "locals {\n  a = " + many + "\n}\n"})
		}
	}
	rep := strings.Repeat
	return append(list,
		[]string{"blocks in each other", "too-deep", "x.transition.hcl", rep("a {\n", 10_000)},
		[]string{"JSON lists", "too-large", "x.transition.hcl.json", rep("[", 1_000_000)},
		[]string{"JSON objects", "too-deep", "x.transition.hcl.json", rep(`{"a":`, 20_000)},
		[]string{"JSON templates", "too-deep", "x.transition.hcl.json", `{"locals": {"a": "` + rep("${(", 20_000) + `"}}`},
		[]string{"a message", "too-", "x.transition.hcl", letter, "m.md", "---\nsubject: x\n---\n" + rep("%{if true}", 25_000)},
		[]string{"a template", "invalid-value", "x.transition.hcl", "locals {\n  a = templatefile(\"t\", {})\n}\n", "t", rep("${(", 1_000_000)},
		[]string{"jsondecode", "invalid-value", "x.transition.hcl", "locals {\n  a = jsondecode(file(\"j\"))\n}\n", "j", rep("[", 10_000_000)},
		[]string{"jsondecode of objects", "invalid-value", "x.transition.hcl", "locals {\n  a = jsondecode(file(\"j\"))\n}\n", "j", rep(`{"a":`, 2_000_000)},
		[]string{"jsondecode of a small text", "invalid-value", "x.transition.hcl", "locals {\n  a = jsondecode(file(\"j\"))\n}\n", "j", rep("[", 9_000) + rep("]", 9_000)},
		[]string{"jsondecode of many values", "invalid-value", "x.transition.hcl", "locals {\n  a = jsondecode(file(\"j\"))\n}\n", "j", "[" + rep("1,", 4_900_000) + "1]"},
		[]string{"jsondecode of many names", "invalid-value", "x.transition.hcl", "locals {\n  a = jsondecode(file(\"j\"))\n}\n", "j", names(600_000)},
		[]string{"variable values", "too-", "x.auto.hclvars", "a = " + rep("(", 20_000)},
		[]string{"many variable values", "too-", "x.auto.hclvars", "a = " + rep("(", 1_000_000)},
	)
}

// names are a JSON object of n members.
func names(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ",\"k%d\":1", i)
	}
	return "{" + b.String()[1:] + "}"
}

const letter = `channel "maildir" "o" { path = "o" }
phase "B" {
  opens = "T+1d"
  communication "m" {
    channel = channel.maildir.o
    to      = ["a@example.com"]
    message = "m"
  }
}
`

// widePlans have much of one thing.
func widePlans() [][]string {
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	rep := strings.Repeat
	return [][]string{
		{"a million attributes", "too-large", "x.transition.hcl", "locals {\n" + rep("a=1\n", 1_000_000) + "}\n"},
		{"unknown attributes", "unknown-attribute", "x.transition.hcl", "phase \"Q\" {\n  opens = \"T\"\n" + numbered(35_000, "a%d = 1\n") + "}\n"},
		{"one attribute again and again", "duplicate-attribute", "x.transition.hcl", "locals {\n" + rep("a=1\n", 35_000) + "}\n"},
		{"unknown blocks", "unknown-block", "x.transition.hcl", numbered(35_000, "a%d {}\n")},
		{"unknown attributes of JSON", "unknown-attribute", "x.transition.hcl.json", "{" + numbered(20_000, `"a%d": 1,`) + `"b": 1}`},
		{"mistakes of syntax", "syntax", "x.transition.hcl", rep("a = = 1\n", 25_000)},
		{"locals", "", "x.transition.hcl", "locals {\n" + numbered(35_000, "a%d = 1\n") + "}\n"},
		{"locals that are misspelt", "unknown-reference", "x.transition.hcl", "locals {\n" + numbered(20_000, "a%d = local.b\n") + "}\n"},
		{"phases of one offset", "same-offset", "x.transition.hcl", numbered(10_000, "phase \"Q%d\" { opens = \"T\" }\n")},
		{"phases", "too-large", "x.transition.hcl", numbered(10_000, "phase \"Q%[1]d\" { opens = \"T+%[1]dh\" }\n")},
		{"batches", "", "x.transition.hcl", numbered(18_000, "batch \"b%d\" {}\n")},
		{"variables", "no-value", "x.transition.hcl", numbered(18_000, "variable \"v%d\" {}\n")},
		{"tenants", "", "x.transition.hcl", numbered(18_000, "tenant \"t%d\" {}\n")},
		{"checks", "", "x.transition.hcl", numbered(8_000, "check \"c%d\" {\n condition = true\n error_message = \"x\"\n}\n")},
		{"a long text", "too-large", "x.transition.hcl", "locals {\n  a = \"" + rep("x", 10<<20) + "\"\n}\n"},
		{"a text as long as a file", "", "x.transition.hcl", "locals {\n  a = \"" + rep("x", fileSize) + "\"\n}\n"},
		{"a long name", "", "x.transition.hcl", "phase \"" + rep("x", fileSize) + "\" { opens = \"T\" }\n"},
		{"locals in a circle", "cycle", "x.transition.hcl", "locals {\n  a = local.b\n  b = local.c\n  c = local.a\n}\n"},
		{"many locals in a circle", "cycle", "x.transition.hcl", "locals {\n  v15000 = local.v0\n" + circle(15_000) + "}\n"},
	}
}

func circle(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  v%d = local.v%d\n", i, i+1)
	}
	return b.String()
}

// growingPlans are the locals of plans whose values grow.
func growingPlans() [][]string {
	rep := strings.Repeat
	double := "a0 = \"xxxxxxxxxx\"\n"
	lists := "a0 = [1, 1]\n"
	objects := "a0 = 1\n"
	for i := range 30 {
		double += fmt.Sprintf("a%d = \"${local.a%d}${local.a%d}\"\n", i+1, i, i)
		lists += fmt.Sprintf("a%d = [local.a%d, local.a%d]\n", i+1, i, i)
		objects += fmt.Sprintf("a%d = { a = local.a%d, b = local.a%d }\n", i+1, i, i)
	}
	list := [][]string{
		{"texts that double", "too-large", double},
		{"lists that double", "too-large", lists},
		{"objects that double", "too-large", objects},
		{"loops in loops", "too-large", "a = [for a in range(1000) : [for b in range(1000) : [for c in range(1000) : [for d in range(1000) : d]]]]"},
		{"loops that yield nothing", "", "a = [for a in range(1000) : 1 if length([for b in range(1000) : 1 if length([for c in range(1000) : c if false]) > 0]) > 0]"},
		{"setproduct", "invalid-value", "a = setproduct(" + rep("[1, 2], ", 63) + "[1, 2])"},
		{"a huge number", "too-", "a = 1e999999999"},
		{"huge numbers from texts", "", "a = tonumber(\"1e999999999\")\nb = local.a * local.a\nc = ceil(local.a)\nd = floor(local.a)\n"},
		{"a huge number as a text", "too-large", "a = tostring(tonumber(\"1e99999999\"))"},
		{"a huge number in JSON", "too-large", "a = jsondecode(\"1e99999999\")\nb = jsonencode(local.a)\nc = \"${local.a}\"\nd = format(\"%d\", local.a)"},
		{"pow", "", "a = pow(10, 99999999)\nb = pow(pow(9, 9), pow(9, 99))"},
		{"a range of huge numbers", "too-large", "a = range(tonumber(\"1e99999999\"), tonumber(\"2e99999999\"))"},
		{"parseint", "invalid-value", "a = parseint(\"" + rep("z", 900_000) + "\", 62)"},
		{"format", "invalid-value", `a = format("%999999999d", 1)`},
		{"format of a star", "invalid-value", `a = format("%*d", 999999999, 1)`},
		{"replace", "invalid-value", "a = \"" + rep("x", 500_000) + "\"\nb = replace(local.a, \"x\", local.a)"},
		{"replace of nothing", "invalid-value", "a = \"" + rep("x", 500_000) + "\"\nb = replace(local.a, \"\", local.a)"},
		{"join", "invalid-value", "a = \"" + rep("x", 500_000) + "\"\nb = join(local.a, range(1000))"},
		{"regex", "", "a = \"" + rep("a", 200_000) + "\"\nb = regexall(\"(a|aa)+$\", local.a)"},
		{"regex that repeats", "invalid-value", `a = regex("((((a{100}){100}){100}){100})", "a")`},
		{"regexall of nothing", "invalid-value", "a = \"" + rep("a", 500_000) + "\"\nb = regexall(\"\", local.a)"},
		{"split", "invalid-value", "a = \"" + rep("a,", 50_000) + "\"\nb = split(\",\", local.a)"},
		{"csvdecode", "invalid-value", "a = \"a\\n" + rep("1\\n", 20_000) + "\"\nb = csvdecode(local.a)"},
		{"flatten", "", "a = flatten([" + rep("[", 90) + "1" + rep("]", 90) + "])"},
		{"contains", "too-large", "a = [for x in range(1000) : range(1000)]\nb = [for x in range(1000) : contains(local.a, x)]"},
		{"sets of lists", "invalid-value", "a = toset([for x in range(1000) : [for y in range(100) : x]])"},
		{"dates", "invalid-value", "a = formatdate(\"" + rep("EEEE", 100_000) + "\", \"2020-01-01T00:00:00Z\")\nb = timeadd(\"2020-01-01T00:00:00Z\", \"99999999999999h\")"},
		{"a splat of a splat", "too-large", "a = [for x in range(1000) : range(1000)]\nb = local.a[*][*][*]"},
		{"a search in a loop", "too-large", "a = [for x in range(1000) : tostring(x)]\nb = [for x in range(1000) : length(distinct(concat(local.a, [tostring(x)])))]"},
		{"a pattern in a loop", "too-large", "a = \"" + rep("a", 2_000) + "\"\nb = [for x in range(1000) : can(regexall(\"(a?){300}b\", \"${local.a}${x}\"))]"},
		{"a pattern that differs", "too-large", "a = \"" + rep("a", 2_000) + "\"\nb = [for x in range(1000) : can(regexall(\"(a?){300}${x}\", local.a))]"},
		{"splitting in vain", "too-large", "a = \"" + rep("a,", 50_000) + "\"\nb = [for x in range(1000) : length(split(\",\", local.a))]"},
		{"conditions between lists", "too-large", "a = [for x in range(1000) : [for y in range(9) : x]]\nb = flatten(local.a)\nc = [for x in range(1000) : length(x > 3 ? concat(local.a, local.b) : local.b)]"},
		{"sorting in a loop", "too-large", "a = [for x in range(1000) : tostring(x)]\nb = [for x in range(1000) : sort(concat(local.a, local.a, [tostring(x)]))]"},
		{"JSON in a loop", "too-large", "a = jsonencode([for x in range(1000) : { a = x }])\nb = [for x in range(10000) : 1 if x < 0]\nc = [for x in range(1000) : length(jsondecode(\"${local.a}${x < 0 ? 1 : \" \"}\"))]"},
		{"a merge of many", "too-large", "a = { for x in range(1000) : x => x }\nb = [for x in range(1000) : merge(local.a, local.a)]"},
	}
	return append(list, slowPlans()...)
}

// slowPlans make little, but look at much, or at what takes long to look at.
func slowPlans() [][]string {
	rep := strings.Repeat
	loop := func(e string) string { return "\nb = [for x in range(1000) : " + e + "]\n" }
	texts := "a = [for x in range(1000) : tostring(x)]"
	marks := "s = \"" + rep("e"+rep("\u0316\u0301", 10), 2_000) + "\""
	emoji := "s = \"" + rep("\U0001F468\u200d\U0001F469\u200d\U0001F467", 3_000) + "\""
	long := "s = \"" + rep("a ", 30_000) + "\""
	objects := "a = { for x in range(1000) : \"k${x}\" => x }\nc = { for x in range(1000) : \"l${x}\" => \"x\" }"
	records := "a = [for x in range(1000) : { a = x, b = \"x\" }]"
	again := ""
	for i := range 40 {
		again += fmt.Sprintf("a%d = [for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c]]]\n", i)
	}
	return [][]string{
		{"texts to normalize", "too-large", marks + loop(`"${local.s}${x}" == ""`)},
		{"names to normalize", "too-large", marks + loop(`length({ (local.s) = x })`)},
		{"characters to count", "too-large", emoji + loop(`length(local.s) + x`) + "c = [for x in range(1000) : length(\"${local.s}${x}\")]"},
		{"characters to turn around", "too-large", emoji + loop(`strrev("${local.s}${x}") == ""`)},
		{"words", "too-large", long + loop(`title("${local.s}${x}") == ""`)},
		{"formats", "too-large", long + loop(`format("%s%s", local.s, x) == ""`)},
		{"unions", "too-large", texts + loop(`length(setunion(local.a, [tostring(x)]))`)},
		{"a set that is written out", "too-large", texts + "\nc = toset(local.a)" + loop(`formatlist("%s%s", local.c, x)`)},
		{"sets of objects", "too-large", records + "\nc = toset(local.a)" + loop(`x < 0 ? local.c : toset([])`)},
		{"sets that are compared", "too-large", records + "\nc = toset(local.a)\nd = toset(concat(local.a, [{ a = 1, b = \"y\" }]))\ne = [for x in range(1000) : [for y in [local.c] : y == local.d]]"},
		{"objects that differ", "too-large", "a = [for x in range(1000) : { for y in range(14) : \"k${x}${y}\" => y }]\nb = tolist(concat([null], local.a))"},
		{"tuples that differ", "too-large", "a = [for x in range(1000) : x < 500 ? range(20) : range(21)]\nb = tolist([for x in range(1000) : [for y in range(20 + x % 2) : y]])"},
		{"conditions between objects", "too-large", objects + loop(`length(x > 1 ? local.a : local.c)`)},
		{"lists of objects that differ", "too-large", "a = [for x in range(1000) : { for y in range(14) : \"k${y}\" => y }]\nc = [for x in range(999) : { for y in range(14) : \"l${y}\" => y }]\nb = length(var.x ? local.a : local.c)\n}\nvariable \"x\" {\n  default = true"},
		{"a choice among many", "too-large", texts + loop(`coalesce([for y in local.a : "${y}${x}"]...)`)},
		{"lookups", "too-large", objects + loop(`lookup(local.a, "k${x}", 1)`)},
		{"objects each with each", "too-large", records + "\nb = distinct(local.a)"},
		{"numbers to write out", "too-large", loop(`length([for y in range(1000) : 1 if tostring(1 / (x + y + 3.1)) == ""])`)},
		{"what is much, but not too much", "", "a = split(\",\", \"" + rep("abcdefgh,", 5_000) + "\")\n" + `
b = concat(local.a, ["x"])
c = toset([for i, x in local.a : "${x}${i}" if i < 2000])
d = setunion(local.c, [for i, x in local.a : "${x}${i}" if i < 2000])
e = length(local.d) > 1 ? local.a : []
f = jsonencode([for x in local.a : { name = upper(x), known = contains(["a", "b"], x) }])
g = { for i, x in local.a : "${x}${i}" => x }
h = lookup(local.g, "abcdefgh7", "")
i = tolist([for i, x in local.a : { name = x, at = i } if i < 1000])
j = upper("` + rep("\u00e4\u4e2d ", 16_000) + "\")"},
		{"what takes too much again and again", "too-", again},
	}
}

// oddPlans hold bytes that nobody writes by hand.
func oddPlans() [][]string {
	text := func(s string) string { return "locals {\n  a = \"" + s + "\"\n}\n" }
	return [][]string{
		{"a byte order mark", "", "x.transition.hcl", "\xef\xbb\xbf" + text("x")},
		{"a byte order mark within", "syntax", "x.transition.hcl", "locals {\n  \xef\xbb\xbfa = 1\n}\n"},
		{"CRLF", "", "x.transition.hcl", strings.ReplaceAll(text("x"), "\n", "\r\n")},
		{"CR alone", "syntax", "x.transition.hcl", strings.ReplaceAll(text("x"), "\n", "\r")},
		{"NUL", "syntax", "x.transition.hcl", "locals {\n  a\x00b = 1\n}\n"},
		{"NUL in a text", "hidden-character", "x.transition.hcl", text("\x00")},
		{"invalid UTF-8", "bad-encoding", "x.transition.hcl", text("\xff")},
		{"much invalid UTF-8", "bad-encoding", "x.transition.hcl", strings.Repeat("\xff", 100_000)},
		{"UTF-16", "bad-encoding", "x.transition.hcl", "\xff\xfel\x00o\x00"},
		{"a name that is written backwards", "syntax", "x.transition.hcl", "locals {\n  a\u202eb = 1\n}\n"},
		{"a text that is written backwards", "", "x.transition.hcl", text("\u202e")},
		{"a comment that is written backwards", "", "x.transition.hcl", "# \u202e } \u2066\n"},
		{"nothing", "", "x.transition.hcl", ""},
		{"nothing in JSON", "syntax", "x.transition.hcl.json", ""},
		{"a comment that does not end", "too-deep", "x.transition.hcl", "/*" + strings.Repeat("*", 100_000)},
		{"a text that does not end", "too-large", "x.transition.hcl", "a = <<A\n" + strings.Repeat("x\n", 50_000)},
		{"a short text that does not end", "syntax", "x.transition.hcl", "a = <<A\n" + strings.Repeat("x\n", 12_000)},
	}
}
