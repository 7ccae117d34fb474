package view

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Build tells which binary this is.
type Build struct {
	Version  string // of the module, as in v0.1.0
	Revision string // of the source; may be empty
	Go       string // version of Go
	Platform string // as in linux/amd64
	// Made is the instant of the source's revision; zero: not known.
	Made time.Time
}

// Release is the version without its "v" when this is a released one, else "":
// what was built from a working copy is of no version that a plan could ask for.
func (b Build) Release() string {
	if !strings.HasPrefix(b.Version, "v") || strings.HasPrefix(b.Version, "v0.0.0-") {
		return ""
	}
	return b.Version[1:]
}

// Version shows which binary this is.
func Version(w io.Writer, b Build) error {
	_, err := fmt.Fprintf(w, "transition %s, %s on %s\n", b.Version, b.Go, b.Platform)
	return err
}

// VersionJSON writes which binary this is, version.schema.json.
func VersionJSON(w io.Writer, b Build) error {
	return whole(w, field{"version", b.Version}, field{"revision", optional(b.Revision)}, field{"go", b.Go}, field{"platform", b.Platform})
}
