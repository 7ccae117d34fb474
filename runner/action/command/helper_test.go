//go:build unix

package command_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"transition/runner/action"
	"transition/runner/action/command"
)

// The test binary is also the command that the tests run.
const helperEnv = "COMMAND_TEST_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperEnv) != "" {
		helper(os.Args[1:])
	}
	goleak.VerifyTestMain(m)
}

// helper does what its first argument says, and ends the process.
func helper(args []string) {
	switch args[0] {
	case "exit": // CODE TEXT
		code, _ := strconv.Atoi(args[1])
		fmt.Print(args[2])
		os.Exit(code)
	case "both":
		fmt.Println("to stdout")
		fmt.Fprintln(os.Stderr, "to stderr")
	case "environ":
		fmt.Print(strings.Join(os.Environ(), "\n"))
	case "argv":
		fmt.Print(hex.EncodeToString([]byte(strings.Join(args[1:], "\n"))))
	case "count":
		fmt.Printf("%d %x", len(args)-1, sha256.Sum256([]byte(args[1])))
	case "dir":
		dir, _ := os.Getwd()
		fmt.Print(dir)
	case "flood":
		for i := range 100_000 {
			fmt.Printf("line %d\n", i)
		}
	case "die": // by a signal
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "hang": // ADDR
		hang(args[1])
	case "deaf": // ADDR
		signal.Ignore(syscall.SIGTERM)
		hang(args[1])
	case "polite": // ADDR: exits with 0 when asked to end
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		go hang(args[1])
		<-asked
		fmt.Print("cleaned up")
	case "family": // ADDR: leaves a child that will not listen, and hangs
		spawn("deaf", args[1])
		hang(args[1])
	case "binary": // MEGABYTES: no line ever ends, and nothing of it is text
		megabytes, _ := strconv.Atoi(args[1])
		junk := bytes.Repeat([]byte("\x1b[31m\xff\x00\x9b"), 1<<20/8)
		for range megabytes {
			_, _ = os.Stdout.Write(junk)
		}
	case "escape": // ADDR: leaves a child in a group of its own, with its output, and hangs
		cmd := exec.Command(os.Args[0], "hang", args[1])
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			os.Exit(97)
		}
		hang(args[1])
	case "leave": // ADDR: leaves a child in the background, with its output
		spawn("hang", args[1])
		fmt.Print("started")
	}
	os.Exit(0)
}

// hang reports to the test and stays until the test hangs up.
func hang(addr string) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		os.Exit(99)
	}
	_, _ = conn.Write([]byte("!"))
	_, _ = conn.Read(make([]byte, 1))
	os.Exit(98)
}

func spawn(args ...string) {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		os.Exit(97)
	}
}

// watch hears from helpers that hang, and of their deaths.
type watch struct {
	t        *testing.T
	listener net.Listener
}

func newWatch(t *testing.T) *watch {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &watch{t, l}
}

func (w *watch) addr() string { return w.listener.Addr().String() }

// alive waits until a helper hangs; its connection lives as long as it does.
func (w *watch) alive() net.Conn {
	conn, err := w.listener.Accept()
	if err != nil {
		w.t.Error(err)
		return nil
	}
	w.t.Cleanup(func() { conn.Close() })
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		w.t.Error(err)
	}
	return conn
}

// dead waits until the helper behind a connection is gone.
func (w *watch) dead(conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := conn.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
		w.t.Errorf("a process is still there: read %d, %v", n, err)
	}
}

func executor() *command.Executor {
	return &command.Executor{Environ: os.Environ(), Now: time.Now}
}

// request runs the helper with these arguments.
func request(t *testing.T, args ...string) action.Request {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return action.Request{
		Tenant:  "contoso",
		Address: "contoso/Finalize/cleanup",
		Phase:   "Finalize",
		Command: &action.Command{
			Argv:         append([]string{self}, args...),
			Env:          map[string]string{helperEnv: "1", "GORACE": "atexit_sleep_ms=0"},
			Dir:          t.TempDir(),
			SuccessCodes: []int{0},
			RetryCodes:   []int{75},
		},
	}
}
