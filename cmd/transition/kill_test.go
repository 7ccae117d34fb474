//go:build unix

package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The program is killed again and again, at moments that a seed chooses: after
// some line of its output, by one of its own commands, or by the mail server
// between the end of a message and the answer. Whatever has happened to the
// world outside must then be in the record; nothing may happen twice that the
// plan does not allow to; and in the end, when people have answered, everything
// must be done.
func TestKilledAtAnyMoment(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			newKilled(t, seed).live()
		})
	}
}

// The same for as long as TRANSITION_KILL_FOR says, from TRANSITION_KILL_SEED on,
// with kills at any time as well: a net for places without a crash point.
func TestKilledForAWhile(t *testing.T) {
	text := os.Getenv("TRANSITION_KILL_FOR")
	if text == "" {
		t.Skip("TRANSITION_KILL_FOR is not set")
	}
	t.Parallel()
	long, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	first, err := strconv.ParseUint(cmp.Or(os.Getenv("TRANSITION_KILL_SEED"), "1000"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	kills := 0
	for seed, end := first, time.Now().Add(long); time.Now().Before(end); seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			k := newKilled(t, seed)
			k.wild = true
			k.live()
			kills += k.kills
		})
		if t.Failed() {
			t.Fatalf("again: TRANSITION_KILL_FOR=1s TRANSITION_KILL_SEED=%d go test ./cmd/transition -run '^TestKilledForAWhile$'", seed)
		}
	}
	if kills == 0 {
		t.Error("nobody was killed")
	}
	fmt.Printf("random kills: %d within %v\n", kills, long)
}

// The plan uses every kind of effect that a machine without servers can have.
// Its commands write their key down before anything else; then they kill their
// runner, which is the parent of their keeper, if it is the one that the file
// fuse-TENANT names.
const killedPlan = `
transition "killed" {}
variable "port" { type = number }
inventory "tenants" {
  source = "tenants.csv"
  key    = "id"
}
batch "all" {
  cutover = "2012-03-09 18:00"
  match   = true
}
retry "often" {
  max_attempts     = 20
  initial_interval = "1m"
  max_interval     = "1m"
  jitter           = 0
}
channel "maildir" "box" {
  path = "outbox"
  from = "moves@example.org"
}
channel "smtp" "server" {
  host = "127.0.0.1"
  port = var.port
  tls  = "none"
  from = "moves@example.org"
}
phase "Tell" {
  opens = "T-30d"
  communication "letter" {
    channel = channel.maildir.box
    to      = [tenant.email]
    subject = "You move"
    body    = "Soon."
  }
  communication "mail" {
    channel = channel.smtp.server
    to      = [tenant.email, "copy-${tenant.email}"]
    subject = "You move"
    body    = "Soon."
  }
}
phase "Copy" {
  opens = "T-7d"
  work "sync" {
    exec { command = ["sh", "effect.sh"] }
    delivery = "at_least_once"
    retry    = retry.often
  }
  work "copy" {
    exec { command = ["sh", "effect.sh"] }
  }
}
phase "Lock" {
  opens = "T-1d"
  lock "admin" {
    acquire {
      exec { command = ["sh", "effect.sh"] }
    }
    release {
      exec { command = ["sh", "effect.sh"] }
    }
    release_in = phase.Done
  }
}
phase "Done" {
  opens = "T"
  work "clean" {
    exec { command = ["sh", "effect.sh"] }
  }
}
`

const killedEffect = `echo "$TRANSITION_IDEMPOTENCY_KEY $TRANSITION_ADDRESS" >>journal
runner=$(ps -o ppid= -p $PPID | tr -d ' ')
if [ "$(cat "fuse-$TRANSITION_TENANT" 2>/dev/null)" = "$runner" ]; then kill -9 "$runner"; fi || true
`

const killedTenants = 12

// repeatable is the item of the plan whose effect may happen more than once.
const repeatable = "/Copy/sync"

// killed is a plan whose runner is killed.
type killed struct {
	story
	rand  *rand.Rand
	mails *mailServer
	asked map[string]int // how often a person wanted an item again, by address
	kills int
	wild  bool // kill at any time, too, which no seed repeats
}

func newKilled(t *testing.T, seed uint64) *killed {
	k := &killed{
		story: story{T: t, dir: t.TempDir(), now: time.Date(2012, 2, 10, 12, 0, 0, 0, time.UTC)},
		rand:  rand.New(rand.NewPCG(seed, 0)), mails: newMailServer(t), asked: make(map[string]int),
	}
	k.env = []string{fmt.Sprint("TRANSITION_VAR_port=", k.mails.port)}
	rows := "id,email\n"
	for i := range killedTenants {
		rows += fmt.Sprintf("%s,admin%d@example.org\n", tenantName(i), i)
	}
	k.write("plan.transition.hcl", killedPlan)
	k.write("effect.sh", killedEffect)
	k.write("tenants.csv", rows)
	k.run(0, "init")
	return k
}

func tenantName(i int) string { return fmt.Sprintf("tenant%02d", i) }

// live takes the tenants through all phases, with accidents in each.
func (k *killed) live() {
	for _, days := range []int{0, 22, 27, 29} {
		k.now = time.Date(2012, 2, 10, 19, 0, 0, 0, time.UTC).AddDate(0, 0, days)
		for range 2 {
			k.accident()
			k.check()
		}
		k.finish()
	}
	if k.kills == 0 && !k.wild { // at any time may be between two runs
		k.Error("nobody was killed")
	}
	if out := k.run(0, "plan"); !strings.Contains(out, "No changes.") || strings.Contains(out, "need") {
		k.Errorf("in the end plan says\n%s", out)
	}
	for _, s := range k.status().Tenants {
		if s.Phase != "Done" || s.Status != "Complete" {
			k.Errorf("%s ends in %s %s", s.ID, s.Phase, s.Status)
		}
	}
	for i := range killedTenants {
		k.checkHistory(tenantName(i))
	}
}

// accident begins an apply and kills it.
func (k *killed) accident() {
	k.Helper()
	k.now = k.now.Add(2 * time.Minute)
	cmd := k.command("apply", "-json", "-auto-approve", fmt.Sprint("-parallelism=", 1+k.rand.IntN(8)))
	out, err := cmd.StdoutPipe()
	if err != nil {
		k.Fatal(err)
	}
	kill := func() { _ = cmd.Process.Kill() } // it may have ended by itself
	if err := cmd.Start(); err != nil {
		k.Fatal(err)
	}
	after := -1
	ways := 3
	if k.wild {
		ways = 6
	}
	switch n := k.rand.IntN(killedTenants); k.rand.IntN(ways) {
	case 3, 4, 5:
		timer := time.AfterFunc(time.Duration(k.rand.IntN(500))*time.Millisecond, kill)
		defer timer.Stop()
	case 0:
		after = 5 * n
	case 1:
		fuse := "fuse-" + tenantName(n)
		k.write(fuse, fmt.Sprint(cmd.Process.Pid))
		defer k.remove(fuse)
	default:
		k.mails.instead(n+1, kill)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		if n == after {
			kill()
		}
	}
	_ = cmd.Wait() // that it was killed is no news
	if !cmd.ProcessState.Exited() {
		k.kills++
	}
	k.mails.instead(0, nil)
	k.quiet()
}

// finish answers what needs a person until there is nothing more to do now.
func (k *killed) finish() {
	k.Helper()
	for range 20 {
		k.now = k.now.Add(2 * time.Minute)
		_, code := k.try("apply", "-auto-approve")
		k.check()
		switch code {
		case 0:
			return
		case 3:
			k.answer()
		default:
			k.Fatalf("apply after an accident: exit code %d", code)
		}
	}
	k.Fatal("it comes to no end")
}

// answer says of each unknown effect that it has happened, or wants it again.
func (k *killed) answer() {
	k.Helper()
	for _, address := range k.unknown() {
		if k.rand.IntN(2) == 0 {
			k.run(0, "resolve", address, "-done", "-reason=seen")
			continue
		}
		k.run(0, "resolve", address, "-retry", "-reason=not seen")
		k.asked[address]++
	}
}

// unknown lists the items whose outcome nobody knows.
func (k *killed) unknown() []string {
	k.Helper()
	var list []string
	for _, t := range k.status().Tenants {
		for _, it := range t.Items {
			switch {
			case it.State == "unknown":
				list = append(list, it.Address)
			case it.State == "running", it.State == "failed", it.State == "missed":
				k.Errorf("%s is %s, while nobody applies and nothing fails", it.Address, it.State)
			}
		}
	}
	return list
}

// check compares what everybody is told with what has happened.
func (k *killed) check() {
	k.Helper()
	k.run(0, "state", "verify")
	plan := k.run(0, "plan")
	code := 0
	if list := k.unknown(); len(list) > 0 {
		code = 3
		tenant, _, _ := strings.Cut(list[0], "/")
		if why := k.run(3, "why", tenant); !strings.Contains(why, "unknown") {
			k.Errorf("why %s does not say that %s is unknown:\n%s", tenant, list[0], why)
		}
		if !strings.Contains(plan, "? unknown") {
			k.Errorf("plan does not say that %v are unknown:\n%s", list, plan)
		}
	}
	k.run(code, "status")
	k.checkHistory(tenantName(k.rand.IntN(killedTenants)))
}

// checkHistory holds the effects that a tenant has seen against its history.
func (k *killed) checkHistory(tenant string) {
	k.Helper()
	effects := k.effects()
	out, code := k.try("history", "-json", tenant)
	if code != 0 && len(effects[tenant]) == 0 {
		return // not even enrolled
	}
	var history struct {
		Facts []struct{ Kind, Address, Key string }
	}
	if err := json.Unmarshal([]byte(out), &history); err != nil {
		k.Fatalf("history -json %s: exit code %d, %v", tenant, code, err)
	}
	began, succeeded, address := map[string]int{}, map[string]bool{}, map[string]string{}
	for _, f := range history.Facts {
		address[f.Key] = f.Address
		switch f.Kind {
		case "began":
			began[f.Key]++
		case "succeeded":
			succeeded[f.Key] = true
		}
	}
	for key, n := range effects[tenant] {
		if n > began[key] {
			k.Errorf("%s: %d effects with key %s (%s), and %d attempts", tenant, n, key, address[key], began[key])
		}
		if a := address[key]; !strings.HasSuffix(a, repeatable) && n > 1+k.asked[a] {
			k.Errorf("%s happened %d times; a person wanted it again %d times", a, n, k.asked[a])
		}
	}
	for key := range succeeded {
		if effects[tenant][key] == 0 {
			k.Errorf("%s has succeeded, and nothing has happened", address[key])
		}
	}
}

// effects counts what has happened outside, by tenant and key.
func (k *killed) effects() map[string]map[string]int {
	k.Helper()
	seen := make(map[string]map[string]int)
	note := func(tenant, key string) {
		if seen[tenant] == nil {
			seen[tenant] = make(map[string]int)
		}
		seen[tenant][key]++
	}
	journal, err := os.ReadFile(filepath.Join(k.dir, "journal"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		k.Fatal(err)
	}
	for line := range strings.Lines(string(journal)) {
		key, address, _ := strings.Cut(strings.TrimSpace(line), " ")
		tenant, _, _ := strings.Cut(address, "/")
		note(tenant, key)
	}
	letters, err := filepath.Glob(filepath.Join(k.dir, "outbox", "new", "*.eml"))
	if err != nil {
		k.Fatal(err)
	}
	for _, name := range letters {
		data, err := os.ReadFile(name)
		if err != nil {
			k.Fatal(err)
		}
		note(k.letter(data))
	}
	for _, data := range k.mails.all() {
		note(k.letter(data))
	}
	return seen
}

// letter tells whose a message is, and its key.
func (k *killed) letter(data []byte) (tenant, key string) {
	k.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		k.Fatal(err)
	}
	key, _, _ = strings.Cut(strings.TrimPrefix(m.Header.Get("Message-ID"), "<"), "@")
	var n int
	if _, err := fmt.Sscanf(strings.TrimPrefix(m.Header.Get("To"), "<"), "admin%d@", &n); err != nil {
		k.Fatalf("%v in %q", err, m.Header.Get("To"))
	}
	return tenantName(n), key
}
