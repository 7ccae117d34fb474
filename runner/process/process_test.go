//go:build linux || darwin

package process_test

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"transition/runner/process"
)

// sleeper is a process, the head of a group, that waits for its stdin to end.
func sleeper(t *testing.T, env ...string) (cmd *exec.Cmd, end func()) {
	cmd = exec.Command("cat")
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	end = func() { _ = in.Close(); _ = cmd.Wait() } // it may have ended
	t.Cleanup(end)
	return cmd, end
}

func look(t *testing.T, id process.Identity, wantPID int, want process.Life) {
	t.Helper()
	if pid, life := (process.System{}).Look(id); life != want || pid != wantPID {
		t.Errorf("%+v: process %d, life %d; want %d, %d", id, pid, life, wantPID, want)
	}
}

func TestLook(t *testing.T) {
	cmd, end := sleeper(t)
	id, ok := process.System{}.Identify(cmd.Process.Pid, nil)
	if !ok {
		t.Fatal("not identified")
	}
	look(t, id, id.PID, process.Runs)
	reused, rebooted, moved := id, id, id
	reused.Start += "0"
	look(t, reused, 0, process.Gone)
	rebooted.Boot = "another"
	look(t, rebooted, 0, process.Gone)
	moved.Host = "another"
	look(t, moved, 0, process.Unseen)
	end()
	look(t, id, 0, process.Gone)
}

// Nobody asks how it has ended, so that the system keeps its number.
func TestZombieIsGone(t *testing.T) {
	cmd := exec.Command("true")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	id, ok := process.System{}.Identify(cmd.Process.Pid, nil)
	if !ok {
		t.Fatal("not identified")
	}
	if _, err := out.Read(make([]byte, 1)); err == nil {
		t.Fatal("it says something")
	}
	for l := process.Runs; l != process.Gone; { // its output is closed just before
		_, l = process.System{}.Look(id)
	}
}

// The runner was killed before it could write the number down.
func TestMarksTellWhatWasAboutToStart(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("environments of others are not looked at")
	}
	marks := []string{"PROCESS_TEST=" + t.TempDir(), "PROCESS_TEST_NO=1"}
	id, _ := process.System{}.Identify(0, marks)
	_, _ = sleeper(t, marks[0])
	look(t, id, 0, process.Gone)
	cmd, _ := sleeper(t, marks...)
	look(t, id, cmd.Process.Pid, process.Runs)
}
