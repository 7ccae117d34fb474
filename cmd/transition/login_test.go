//go:build unix

package main

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// doorkeeper is a mail server that takes one login, and counts those that it
// refuses and the messages that it takes.
type doorkeeper struct {
	token         string
	refused, sent chan struct{}
}

func (d *doorkeeper) serve(conn net.Conn) {
	defer conn.Close()
	say := func(line string) { fmt.Fprint(conn, line, "\r\n") }
	in := bufio.NewScanner(conn)
	say("220 mx.example ESMTP")
	for data := false; in.Scan(); {
		switch verb, _, _ := strings.Cut(in.Text(), " "); {
		case data && verb == ".":
			data = false
			d.sent <- struct{}{}
			say("250 2.0.0 queued")
		case data:
		case verb == "EHLO":
			say("250-mx.example\r\n250 AUTH PLAIN")
		case verb == "AUTH" && !strings.HasSuffix(in.Text(), " "+d.token):
			d.refused <- struct{}{}
			say("535 5.7.8 bad credentials")
		case verb == "AUTH":
			say("235 2.7.0 come in")
		case verb == "DATA":
			data = true
			say("354 go ahead")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// A wrong password is told once, fails nobody's message, and the right one sends
// them all.
func TestWrongPasswordIsOneMistake(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &doorkeeper{"AGFubgByaWdodA==", make(chan struct{}, 1000), make(chan struct{}, 1000)} // ann, right
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go d.serve(conn)
		}
	}()
	s := &story{T: t, dir: t.TempDir(), now: time.Date(2012, 3, 5, 12, 0, 0, 0, time.UTC)}
	s.write("plan.transition.hcl", strings.ReplaceAll(`
transition "mails" {}
variable "password" { sensitive = true }
inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
}
batch "all" {
  cutover = "2012-03-09 18:00"
  match   = true
}
channel "smtp" "post" {
  host     = "127.0.0.1"
  port     = PORT
  tls      = "none"
  from     = "moves@example.org"
  username = "ann"
  password = var.password
}
phase "Tell" {
  opens = "T-7d"
  communication "notice" {
    channel = channel.smtp.post
    to      = ["${tenant.id}@example.com"]
    subject = "You move"
    body    = "Soon."
  }
}
`, "PORT", fmt.Sprint(l.Addr().(*net.TCPAddr).Port)))
	tenants := "id\n"
	for i := range 40 {
		tenants += fmt.Sprintf("t%02d\n", i)
	}
	s.write("tenants.csv", tenants)
	s.env = []string{"TRANSITION_VAR_password=wrong-one"}
	s.run(0, "init")
	s.env = []string{"TRANSITION_VAR_password=wrong-one"}
	s.secret = "wrong-one"
	said := s.both(1, "apply", "-auto-approve", "-parallelism=4")
	if strings.Count(said, "takes nothing from this channel") != 1 || !strings.Contains(said, "535 5.7.8 bad credentials") {
		t.Errorf("it says\n%s", said)
	}
	if n := len(d.refused); n == 0 || n > 4 {
		t.Errorf("%d logins were tried", n)
	}
	s.run(0, "status") // nobody is needed
	s.env, s.secret = []string{"TRANSITION_VAR_password=right"}, ""
	s.now = s.now.Add(20 * time.Minute)
	s.run(0, "apply", "-auto-approve")
	if n := len(d.sent); n != 40 {
		t.Errorf("%d messages have arrived", n)
	}
	if out := s.run(0, "plan"); !strings.Contains(out, "No changes.") {
		t.Errorf("then plan says\n%s", out)
	}
}

// both is run with stderr behind stdout.
func (s *story) both(want int, args ...string) string {
	s.Helper()
	cmd := s.command(args...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != want {
		s.Fatalf("transition %v: %v\n%s", args, err, out)
	}
	if s.secret != "" && strings.Contains(string(out), s.secret) {
		s.Errorf("transition %v tells a secret", args)
	}
	return string(out)
}
