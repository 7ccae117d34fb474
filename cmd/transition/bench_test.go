package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// ladder is a plan of 8 phases and 16 items.
const ladder = `
transition "bench" {
  time_zone = "Europe/Vienna"

  notice {
    first = "30d"
    final = "7d"
  }
}

inventory "tenants" {
  source = "tenants.csv"
  key    = "id"

  column "seats" { type = number }
}

channel "maildir" "post" { path = "outbox" }

batch "one" {
  cutover  = "2027-06-19 18:00"
  match    = tenant.region == "north"
  priority = tenant.seats
}

batch "two" {
  cutover = "2027-06-26 18:00"
  match   = true
}

phase "Wait" {}

phase "Tell" {
  opens = "T-60d"
%[1]s}

phase "Remind" {
  opens = "T-30d"
%[1]s}

phase "Confirm" {
  opens = "T-14d"
%[1]s}

phase "Copy" {
  opens = "T-7d"
%[2]s}

phase "Lock" {
  opens = "T-1d"

  lock "admin" {
    acquire {
      exec { command = ["true"] }
    }
    release {
      exec { command = ["true"] }
    }
    release_in = phase.Finish
  }

  work "check" {
    exec { command = ["true"] }
  }
}

phase "Move" {
  opens              = "T"
  latest_start       = "T+4h"
  point_of_no_return = true
%[2]s}

phase "Finish" {
  opens = "T+48h"
%[2]s%[1]s}
`

const messages = `
  communication "customer" {
    channel = channel.maildir.post
    to      = [tenant.email]
    subject = "Your move on ${formatdate("D MMMM YYYY", T)}"
    body    = "Dear ${tenant.name}, we move you on ${formatdate("D MMMM YYYY", T)}."
    notice  = true
  }

  communication "partner" {
    channel = channel.maildir.post
    to      = ["desk@partner.example"]
    subject = "${tenant.name} moves"
    body    = "${tenant.name} moves."
    when    = tenant.tier != "none"
  }
`

const works = `
  work "first" {
    exec { command = ["true", tenant.id] }
  }

  work "second" {
    exec { command = ["true", tenant.id] }
    after = [work.first]
  }
`

// BenchmarkProcess measures whole processes: the binary, built as it is
// released, on plan directories of many tenants. 1,000,000 tenants take minutes
// to set up and are left out by -short.
func BenchmarkProcess(b *testing.B) {
	bin := compiled(b)
	b.Run("version", func(b *testing.B) { measure(b, bin, "version") })
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		if n > 100_000 && testing.Short() {
			continue
		}
		dir := manyTenants(b, n)
		command(b, bin, "apply", "-rehearse=2027-01-01", "-auto-approve", dir)
		b.Run(fmt.Sprintf("plan-nothing-due/%d", n), func(b *testing.B) { measure(b, bin, "plan", dir) })
		b.Run(fmt.Sprintf("plan-all-due/%d", n), func(b *testing.B) {
			measure(b, bin, "plan", "-now=2027-04-30", dir)
		})
	}
}

func compiled(b *testing.B) string {
	b.Helper()
	bin := filepath.Join(b.TempDir(), "transition")
	out, err := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, ".").CombinedOutput()
	if err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return bin
}

func manyTenants(b *testing.B, n int) string {
	b.Helper()
	dir := b.TempDir()
	plan := fmt.Sprintf(ladder, messages, works)
	if err := os.WriteFile(filepath.Join(dir, "bench.transition.hcl"), []byte(plan), 0o644); err != nil {
		b.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "tenants.csv"))
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "id,name,region,tier,email,seats,quota,note")
	for i := range n {
		region := [...]string{"north", "south"}[i%2]
		fmt.Fprintf(w, "tenant-%07d,Tenant %d,%s,gold,owner-%d@tenant.example,%d,%d,moves to the new platform\n", i, i, region, i, i%500, i%100)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

// measure runs the command again and again, and reports the largest peak of its
// memory.
func measure(b *testing.B, bin string, args ...string) {
	var peak int64
	for b.Loop() {
		peak = max(peak, command(b, bin, args...))
	}
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
}

func command(b *testing.B, bin string, args ...string) int64 {
	b.Helper()
	cmd := exec.Command(bin, args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %v\n%s", args, err, out)
	}
	return peakMemory(cmd.ProcessState)
}
