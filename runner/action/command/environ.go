package command

import (
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"transition/runner/action"
)

// inherited lists what commands see of this process's environment: what programs
// need in order to start and to find their files. Anything else, such as the
// password of a mail server, reaches a command only if the plan passes it on.
var inherited = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR",
	// Windows
	"SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP",
	"USERPROFILE", "USERNAME", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES",
}

// Marks are entries of the environment of a command that tell it from all others,
// but for what it starts itself.
func Marks(r action.Request) []string {
	return []string{"TRANSITION_IDEMPOTENCY_KEY=" + r.Key, "TRANSITION_ATTEMPT=" + strconv.Itoa(r.Attempt)}
}

// environment is what the command sees: what it inherits, then what the plan
// gives it, then what the tool tells it, which the plan cannot override.
func environment(parent []string, r action.Request, deadline time.Time) []string {
	env := Inherited(parent)
	for _, name := range slices.Sorted(maps.Keys(r.Command.Env)) {
		env = append(env, name+"="+r.Command.Env[name])
	}
	env = append(env,
		"TRANSITION_TENANT="+r.Tenant,
		"TRANSITION_ADDRESS="+r.Address,
		"TRANSITION_PHASE="+r.Phase,
		"TRANSITION_BATCH="+r.Batch,
		"TRANSITION_T="+instant(r.T),
		"TRANSITION_NOW="+instant(r.Now),
		"TRANSITION_EPOCH="+strconv.Itoa(r.Epoch),
		"TRANSITION_DEADLINE="+instant(deadline),
	)
	env = append(env, Marks(r)...)
	if r.Rehearsal {
		env = append(env, "TRANSITION_REHEARSAL=1")
	}
	return env
}

// Inherited is what commands see of the environment of a process.
func Inherited(parent []string) []string {
	var env []string
	for _, entry := range parent {
		if name, _, ok := strings.Cut(entry, "="); ok && inherits(name) {
			env = append(env, entry)
		}
	}
	return env
}

func inherits(name string) bool {
	if runtime.GOOS == "windows" {
		name = strings.ToUpper(name) // names have no case there
	}
	return slices.Contains(inherited, name) || strings.HasPrefix(name, "LC_")
}

// instant is a time as RFC 3339; empty when there is none.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
