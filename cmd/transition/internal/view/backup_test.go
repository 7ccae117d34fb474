package view_test

import (
	"bytes"
	"testing"
	"time"

	"transition/cmd/transition/internal/view"
	"transition/runner"
	"transition/runner/store"
)

func TestBackupDocuments(t *testing.T) {
	var b bytes.Buffer
	if err := view.BackedUpJSON(&b, runner.BackedUp{File: "x.db", Meta: store.Meta{Lineage: "l", Serial: 5}}); err != nil {
		t.Fatal(err)
	}
	conforms(t, "backup", b.Bytes())
	for _, r := range []runner.Restored{
		{File: "x.db"},
		{File: "x.db", Lost: &store.Lost{Serial: 7}, Until: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC), Missing: []string{"a/P/i"}, Aside: "y"},
	} {
		b.Reset()
		if err := view.RestoredJSON(&b, r); err != nil {
			t.Fatal(err)
		}
		conforms(t, "restore", b.Bytes())
	}
}
