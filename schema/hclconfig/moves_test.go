package hclconfig_test

import (
	"testing"
	"testing/fstest"

	"transition/schema"
)

// An item may be renamed first, and its phase in a later version of the plan.
func TestMoves_OfAnItemAndThenOfItsPhase(t *testing.T) {
	cfg := load(t, fstest.MapFS{"x.transition.hcl": {Data: []byte(`
transition "t" {}
phase "Prep" {
  opens = "T"
  work "copy" {
    exec { command = ["true"] }
  }
}
moved {
  from = phase.Pre-Stage.copy_content
  to   = phase.Pre-Stage.copy
}
moved {
  from = phase.Pre-Stage
  to   = phase.Prep
}
moved {
  from = phase.Prep.scan
  to   = phase.Prep.survey
}
removed {
  from = phase.Prep.survey
}
`)}})
	was := schema.Ref{Kind: schema.RefItem, Name: "Pre-Stage/copy_content"}
	if now := cfg.Now(was); now.Name != "Prep/copy" {
		t.Errorf("%s is called %s now", was.Name, now.Name)
	}
}
