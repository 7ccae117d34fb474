package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"transition/schema/diag"
)

// onNetwork in the environment, as true, lets a state lie where it should not.
const onNetwork = "TRANSITION_STATE_ON_NETWORK"

// userspace is the file system that may be anything.
const userspace = "FUSE"

// place refuses to write to a state on a file system of the network: the locks
// there bind only some machines, or nobody, and two appliers would send everything
// twice. Of one in user space nobody knows, so that it is only warned of.
func (p *Project) place(path string) diag.List {
	look := p.o.FileSystem
	if look == nil {
		look = fileSystem
	}
	name, err := look(existing(filepath.Dir(path)))
	if err != nil || name == "" || slices.Contains(p.o.Environ, onNetwork+"=true") {
		return nil // opening the state tells what is wrong with its place
	}
	d := diag.Diagnostic{
		Severity: diag.Error, Code: "state-on-network", Summary: "The recorded state is on a network file system",
		Detail: fmt.Sprintf("%s lies on %s, where locks do not keep two appliers apart, and a written file may not be on any disk.", path, name),
		Hint:   fmt.Sprintf("Keep the state on a local disk, and back it up from there. To do it all the same: %s=true", onNetwork),
	}
	if name == userspace {
		d.Severity, d.Code, d.Summary = diag.Warning, "state-on-fuse", "The recorded state is on a file system in user space"
		d.Detail = fmt.Sprintf("%s lies on %s. If that is one of the network, locks may not keep two appliers apart.", path, name)
		d.Hint = fmt.Sprintf("Keep the state on a local disk. To leave this warning out: %s=true", onNetwork)
	}
	return diag.List{d}
}

// existing is the nearest directory that is there.
func existing(dir string) string {
	for {
		if _, err := filepath.EvalSymlinks(dir); !errors.Is(err, fs.ErrNotExist) || strings.TrimRight(dir, `/\`) == "" || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}
