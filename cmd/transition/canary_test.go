//go:build unix

package main

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// canaries are the secrets of testdata/canary. They differ as much as they can
// from how any program would write them down.
var canaries = map[string]string{
	"token":    `t0ken/7+Q&"z <9Xy>=`,
	"key":      `k3y-öx'\q/w%41~Zpr`,
	"password": `pa55:w0rd+/ü&;xx`,
	"once":     `0nce-0nly/&"vw'k+`,
	"hidden":   "h1dden-&-c4nary/+x9",
}

// No output of any command, and no file but the message itself, holds a secret in
// any form, wherever the plan uses it and whoever says it back.
func TestNoSecretShowsAnywhere(t *testing.T) {
	c := newBirdcage(t)
	c.tell("2012-02-10T12:00:00Z", "init", "validate", "validate -json", "plan", "plan -json", "plan -markdown", "timeline",
		"doctor", "plan -out=saved", "show saved", "show -json saved", "apply -auto-approve")
	c.tell("2012-03-03T08:00:00Z", "plan -json", "apply -auto-approve", "next", "status -json",
		"render adatum/Announcement/notice", "render -json adatum/Announcement/notice")
	c.tell("2012-03-05T08:00:00Z", "apply -auto-approve -json", "plan", "plan -markdown", "why adatum", "why -json adatum", "approve adatum -reason=yes")
	c.tell("2012-03-10T08:00:00Z", "plan -verbose", "apply -auto-approve",
		"resolve adatum/Move/command -retry -reason=again", "resolve adatum/Move/request -retry -reason="+canaries["password"], "hold adatum -reason="+canaries["hidden"]+" -as="+canaries["once"], "resume adatum -reason="+canaries["key"], "apply -auto-approve", "status", "why adatum", "why -json adatum", "history adatum", "history -json adatum",
		"next -json", "state list", "state show adatum", "state show -json adatum", "state verify", "state backup copy.db")
	c.failing()
	c.files()
	for path, said := range c.heard {
		if !said {
			t.Errorf("nothing has gone by way of %s, so that this test shows nothing of it", path)
		}
	}
}

// birdcage is a plan that sends secrets everywhere, and whom it sends them to.
type birdcage struct {
	story
	runs  int
	heard map[string]bool
}

func newBirdcage(t *testing.T) *birdcage {
	t.Helper()
	c := &birdcage{story: story{T: t, dir: t.TempDir()}, heard: map[string]bool{"command": false, "request": false, "password": false, "message": false, "log": false}}
	if err := os.CopyFS(c.dir, os.DirFS("testdata/canary")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(c.dir, "tell"), 0o700); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.hclvars")
	if err := os.WriteFile(file, []byte("key = "+hclQuoted(canaries["key"])+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.env = []string{
		"TRANSITION_VAR_password=" + canaries["password"], "TRANSITION_VAR_once=" + canaries["once"],
		fmt.Sprint("TRANSITION_VAR_mail=", c.mailServer()), fmt.Sprint("TRANSITION_VAR_web=", c.webServer()),
		"KEYFILE=" + file, "TRANSITION_LOG=trace",
	}
	return c
}

func hclQuoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// webServer refuses every request with all that was in it.
func (c *birdcage) webServer() string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		c.heard["request"] = strings.Contains(r.Header.Get("X-Key"), "k3y")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, "%s %s %s %s", r.URL, r.Header["Authorization"], r.Header["X-Key"], body)
	}))
	c.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		c.Fatal(err)
	}
	return u.Port()
}

// mailServer refuses the password, and repeats it.
func (c *birdcage) mailServer() int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.refuse(conn)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func (c *birdcage) refuse(conn net.Conn) {
	defer conn.Close()
	fmt.Fprint(conn, "220 mx.example\r\n")
	for in := bufio.NewScanner(conn); in.Scan(); {
		switch line := in.Text(); {
		case strings.HasPrefix(line, "EHLO"):
			fmt.Fprint(conn, "250-mx.example\r\n250 AUTH PLAIN\r\n")
		case strings.HasPrefix(line, "AUTH"):
			c.heard["password"] = true
			fmt.Fprintf(conn, "535 5.7.8 no: %s, which is %s\r\n", line, canaries["password"])
		default:
			fmt.Fprintf(conn, "500 no: %s\r\n", line)
		}
	}
}

// tell gives commands at an instant, each with another log.
func (c *birdcage) tell(at string, lines ...string) {
	c.Helper()
	now, err := time.Parse(time.RFC3339, at)
	if err != nil {
		c.Fatal(err)
	}
	c.now = now
	for _, line := range lines {
		c.give(line)
	}
}

func (c *birdcage) give(line string) {
	c.Helper()
	c.runs++
	cmd := c.command(append(strings.Fields(line), "-var=token="+canaries["token"], "-var-file="+strings.TrimPrefix(c.env[4], "KEYFILE="))...)
	if c.runs%2 == 0 {
		cmd.Env = append(cmd.Env, "TRANSITION_LOG_FORMAT=json")
	}
	if c.now.Day() == 10 { // else on stderr
		cmd.Env = append(cmd.Env, "TRANSITION_LOG_FILE=log")
	}
	out, err := cmd.CombinedOutput() // the exit code is a matter of other tests
	if err != nil && len(out) == 0 {
		c.Errorf("%s: %v, and it says nothing", line, err)
	}
	if strings.Contains(string(out), "Usage:") || strings.Contains(string(out), "unknown flag") {
		c.Errorf("%s: %s", line, out)
	}
	c.clean("transition "+line, out)
	c.shows("transition "+line, string(out), "hidden", canaries["hidden"])
}

// failing looks at what is said of plans that fail on account of a secret.
func (c *birdcage) failing() {
	good, err := os.ReadFile(filepath.Join(c.dir, "plan.transition.hcl"))
	if err != nil {
		c.Fatal(err)
	}
	for _, local := range []string{
		`tonumber(var.token)`, `file(var.key)`, `file(local.login)`, `regex(var.token, "x")`, `jsondecode(var.key)`, `{}[var.token]`,
		`upper(var.once) + 1`, `element([], var.token)`, `templatefile("notice.md", { x = var.key })`,
	} {
		c.write("plan.transition.hcl", string(good)+"\nlocals {\n  wrong = "+local+"\n}\n")
		c.give("validate")
		c.give("plan -json")
	}
	for _, block := range []string{
		"variable \"v\" {\n  default = 1\n  validation {\n    condition = length(var.token) < 3\n    error_message = \"It is ${upper(var.token)}, ${var.key}\"\n  }\n}",
		"batch \"b\" {\n  cutover = upper(var.token)\n}",
		"phase \"x\" {\n  opens = var.once\n}",
		"retry \"x\" {\n  max_attempts = var.key\n}",
		"phase \"x\" {\n  work \"x\" {\n    exec {\n      command = [\"true\", format(\"%d\", \"${var.token}${tenant.digits}\"), local.hidden]\n    }\n  }\n}",
	} {
		c.write("plan.transition.hcl", string(good)+"\n"+block+"\n")
		c.give("validate")
		c.give("status")
	}
	c.write("plan.transition.hcl", string(good))
}

// files looks at every file that was written, but the messages: those hold what
// their author put into them.
func (c *birdcage) files() {
	err := filepath.WalkDir(c.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(c.dir, name)
		switch {
		case rel == "told":
			c.heard["command"] = strings.Contains(string(content), canaries["once"])
		case rel == "hidden.txt":
		case strings.HasPrefix(rel, "outbox"):
			c.heard["message"] = c.heard["message"] || strings.Contains(string(content), "Your move")
		default:
			if rel == "log" {
				c.heard["log"] = strings.Contains(string(content), "(sensitive)")
			}
			c.clean(rel, content)
			if !strings.HasPrefix(rel, ".transition") && rel != "copy.db" { // the state keeps the plan's own files
				c.shows(rel, string(content), "hidden", canaries["hidden"])
			}
		}
		return nil
	})
	if err != nil {
		c.Fatal(err)
	}
}

// clean looks for every secret that is none of the plan's own files, in every
// form, as others write them than the program itself.
func (c *birdcage) clean(where string, content []byte) {
	c.Helper()
	for name, secret := range canaries {
		if name == "hidden" {
			continue
		}
		c.shows(where, string(content), name, secret)
		c.shows(where, string(content), name+" in capitals", strings.ToUpper(secret))
		c.shows(where, string(content), "part of "+name, secret[2:14])
	}
}

func (c *birdcage) shows(where, text, name, secret string) {
	c.Helper()
	for form, shown := range disguises(secret) {
		if at := strings.Index(text, shown); at >= 0 {
			c.Errorf("%s shows the %s, %s: …%q", where, name, form, text[max(0, at-80):min(len(text), at+len(shown)+40)])
		}
	}
}

func disguises(secret string) map[string]string {
	compact, err := json.Marshal(secret)
	if err != nil {
		panic(err)
	}
	forms := map[string]string{
		"as it is": secret, "in JSON": strings.Trim(string(compact), `"`), "in quotes": strings.Trim(fmt.Sprintf("%q", secret), `"`),
		"in a query": url.QueryEscape(secret), "in a path": url.PathEscape(secret),
		"in HTML": html.EscapeString(secret), "in hexadecimal": hex.EncodeToString([]byte(secret)),
		"in JSON in JSON": strings.Trim(fmt.Sprintf("%q", strings.Trim(string(compact), `"`)), `"`),
		"in HTML in JSON": strings.ReplaceAll(html.EscapeString(secret), "&", `\u0026`),
	}
	for before := range 3 {
		// What is sure to show of it, whatever stands before and behind it.
		text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + secret))
		sure := text[4 : (before+len(secret))*4/3]
		forms[fmt.Sprint("in base64, after ", before)] = sure
		forms[fmt.Sprint("in the base64 of URLs, after ", before)] = strings.NewReplacer("+", "-", "/", "_").Replace(sure)
	}
	return forms
}
