package compile_test

import (
	"strings"
	"testing"

	"transition/schema"
	"transition/schema/hclconfig/compile"
)

func TestResult(t *testing.T) {
	command := &schema.Result{Command: true, ExitCode: 3, Stdout: `{"state": "moving", "percent": 62.5, "parts": [1, 2]}`, Stderr: "slow\n"}
	server := &schema.Result{Status: 200, Headers: map[string]string{"x-job": "7"}, Body: "not JSON"}
	tests := []struct {
		name   string
		result *schema.Result
		src    string
		want   string // a text, or the beginning of an error
	}{
		{"exit code", command, `result.exit_code == 3`, "true"},
		{"output", command, `result.stderr`, "slow\n"},
		{"JSON of a command", command, `"${result.json.percent} % of ${length(result.json.parts)}"`, "62.5 % of 2"},
		{"a server has no exit code", server, `result.exit_code == null`, "true"},
		{"a command has no status", command, `result.status == null && result.body == null && result.headers == null`, "true"},
		{"header", server, `result.headers["x-job"]`, "7"},
		{"no such header", server, `lookup(result.headers, "x-other", "none")`, "none"},
		{"no JSON", server, `result.json == null`, "true"},
		{"more than one JSON value", &schema.Result{Body: "{} {}"}, `result.json == null`, "true"},
		{"nothing was told", nil, `result.exit_code == null && result.json == null`, "true"},
		{"beside the tenant", command, `"${tenant.id} ${phase.name} ${result.json.state}"`, "contoso Lock moving"},
		{"as a whole", server, `jsonencode(keys(result))`, `["body","exit_code","headers","json","status","stderr","stdout"]`},
		{"into what is null", server, `result.json.state`, "error: This value is null, so it does not have any attributes. Null here: result.json."},
		{"no such attribute", command, `result.json.stat`, "error: This object does not have an attribute named \"stat\"."},
		{"nested beyond measure", &schema.Result{Body: strings.Repeat("[", 5000) + strings.Repeat("]", 5000)}, `jsonencode(result.json)`, "error: result.json: the JSON is nested more than"},
		{"a number beyond measure", &schema.Result{Body: "1e999999999"}, `jsonencode(result.json)`, "error: result.json: the number is too large"},
		{"a list beyond measure", &schema.Result{Body: "[" + strings.Repeat("0,", 20_000) + "0]"}, `jsonencode(result.json)`, "error: result.json: a list in the JSON has more than"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := scope()
			s.Allow = compile.ResultNames()
			x, diags := compile.Text(parse(t, tt.src), s)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			e := env()
			e.Result = tt.result
			got, err := x.For(e)
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != tt.want && (err == nil || !strings.HasPrefix(got, tt.want)) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
