package plans

import (
	"transition/schema"
	"transition/schema/diag"
)

// Unready lists what a plan may say and nobody carries out yet. It is refused
// rather than passed over.
func Unready(cfg *schema.Config) diag.List {
	var list diag.List
	add := func(what string, at diag.Range) {
		list.Add(diag.Diagnostic{
			Severity: diag.Error, Code: "not-supported-yet", Summary: "Not supported yet",
			Detail: "This version reads " + what + ", and does not carry it out yet.",
			Hint:   "Leave it out.", Subject: at,
		})
	}
	for _, m := range cfg.Moves {
		if m.From.Kind != schema.RefBatch {
			add("moved for anything but batches", m.Range)
		}
	}
	for _, r := range cfg.Removals {
		add("removed", r.Range)
	}
	return list
}
