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
	if cfg.Consent != nil {
		add("consent", cfg.Consent.Range)
	}
	for _, b := range cfg.Batches {
		if b.Breaker != nil {
			add("breaker", b.Breaker.Range)
		}
	}
	return list
}
