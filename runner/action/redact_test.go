package action_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"transition/plans/ledger"
	"transition/runner/action"
	"transition/schema/secret"
)

// says is an executor that always answers the same.
type says action.Outcome

func (s says) Do(context.Context, action.Request) action.Outcome { return action.Outcome(s) }

func reason(t interface{ Context() context.Context }, text string, secrets ...string) string {
	return action.Redact(says{Reason: text}, secret.New(secrets)).Do(t.Context(), action.Request{}).Reason
}

func TestRedactReachesEveryText(t *testing.T) {
	code := 3
	told := says{
		Class: action.Permanent, Reason: "hunter2 refused", RetryAfter: 5,
		Evidence: ledger.Evidence{ExitCode: &code, Status: 400, Reply: "no hunter2", Output: "hunter2\nhunter2\n", Message: "<hunter2@x>", Digest: "hunter2"},
	}
	want := action.Outcome{
		Class: action.Permanent, Reason: "(sensitive) refused", RetryAfter: 5,
		Evidence: ledger.Evidence{ExitCode: &code, Status: 400, Reply: "no (sensitive)", Output: "(sensitive)\n(sensitive)\n", Message: "<(sensitive)@x>", Digest: "(sensitive)"},
	}
	got := action.Redact(told, secret.New([]string{"hunter2"})).Do(t.Context(), action.Request{})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcome (-want +got):\n%s", diff)
	}
}

func TestRedact(t *testing.T) {
	const secret = "p&ss \"w/rd+ü"
	quoted, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	key := "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----\n"
	tests := map[string]struct {
		text    string
		secrets []string
		want    string
	}{
		"as it is":                  {"with " + secret + "!", []string{secret}, "with (sensitive)!"},
		"in a query":                {"?token=" + url.QueryEscape(secret) + "&x", []string{secret}, "?token=(sensitive)&x"},
		"in a path":                 {"/t/" + url.PathEscape(secret) + "/x", []string{secret}, "/t/(sensitive)/x"},
		"in JSON":                   {`{"p":` + string(quoted) + `}`, []string{secret}, `{"p":"(sensitive)"}`},
		"in JSON without HTML":      {`{"p":"p&ss \"w/rd+ü"}`, []string{secret}, `{"p":"(sensitive)"}`},
		"in base64":                 {base64.StdEncoding.EncodeToString([]byte(secret)), []string{secret}, "(sensitive)"},
		"one secret within another": {"hunter22 hunter2", []string{"hunter2", "hunter22"}, "(sensitive) (sensitive)"},
		"too short to be replaced":  {"abc abcd", []string{"abc", ""}, "abc abcd"},
		"no secrets":                {"abcd", nil, "abcd"},
		"a line of a key":           {"bad key: MIIEvQIBADANBg", []string{key}, "bad key: (sensitive)"},
		"cut at the start":          {"…nter2 is wrong", []string{"hunter2"}, "…(sensitive) is wrong"},
		"cut at the end":            {"wrong: hunt…", []string{"hunter2"}, "wrong: (sensitive)…"},
		"cut in the middle":         {"exit code 1: …nter2 hunt… hunt", []string{"hunter2"}, "exit code 1: …(sensitive) (sensitive)… hunt"},
		"made one line":             {"bad a b c", []string{"a  b\tc\n"}, "bad (sensitive)"},
		"not cut":                   {"nter2 and hunt", []string{"hunter2"}, "nter2 and hunt"},
		"cut, and too little left":  {"…er2 hun…", []string{"hunter2"}, "…er2 hun…"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := reason(t, test.text, test.secrets...); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestRedactFindsSecretsInsideOfBase64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[a-zA-Z0-9+/?&]{6,20}`).Draw(t, "secret")
		before := rapid.StringMatching(`[a-z:]{0,5}`).Draw(t, "before")
		after := rapid.StringMatching(`[a-z:]{0,5}`).Draw(t, "after")
		enc := rapid.SampledFrom([]*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding}).Draw(t, "encoding")
		text := enc.EncodeToString([]byte(before + secret + after))
		if got := reason(t, "Basic "+text, secret); !strings.Contains(got, "(sensitive)") {
			t.Fatalf("%q still shows in %q", secret, got)
		}
	})
}
