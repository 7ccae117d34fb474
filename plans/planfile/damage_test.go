package planfile_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transition/plans/planfile"
)

func written(t *testing.T, f *planfile.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := planfile.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What is left of a file that was cut is never taken for a plan.
func TestCutAnywhere(t *testing.T) {
	whole := written(t, sample())
	for n := range len(whole) - 1 { // behind the last brace there is only a newline
		if _, err := planfile.Read(bytes.NewReader(whole[:n])); !errors.Is(err, planfile.ErrFormat) {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// A file with another byte is refused, or is another plan of the same form, which
// the apply then decides anew: it never ends the program, and nothing of it is
// lost on the way.
func TestFlippedAnywhere(t *testing.T) {
	whole := written(t, sample())
	for at := range whole {
		for _, flip := range []byte{1, 2, 4, 8, 16, 32, 64, 128, 255} {
			bad := bytes.Clone(whole)
			bad[at] ^= flip
			f, err := planfile.Read(bytes.NewReader(bad))
			if err != nil {
				if !errors.Is(err, planfile.ErrFormat) {
					t.Fatalf("byte %d flipped by %#x: %v", at, flip, err)
				}
				continue
			}
			again, err := planfile.Read(bytes.NewReader(written(t, f)))
			if err != nil {
				t.Fatalf("byte %d flipped by %#x is read, and not read again: %v", at, flip, err)
			}
			if diff := cmp.Diff(f, again, compare); diff != "" {
				t.Fatalf("byte %d flipped by %#x:\n%s", at, flip, diff)
			}
		}
	}
}
