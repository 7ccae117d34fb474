package timeline

import (
	"fmt"
	"slices"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/toffset"
)

// checkSilence warns when silence cannot have become a yes by the time that the
// phase opens which tenants have to agree to: all who say nothing would be held.
func checkSilence(cfg *schema.Config) diag.List {
	c := cfg.Consent
	if c == nil || c.Mode == schema.OptIn || slices.ContainsFunc(cfg.Events, tellsWhenPlaced) {
		return nil // a tenant is told as soon as it has a date
	}
	d := diag.Diagnostic{Severity: diag.Warning, Subject: c.Range, Where: "consent"}
	given := notices(cfg)
	if len(given) == 0 {
		d.Code, d.Summary = "silence-without-notice", "No communication from which silence counts"
		d.Detail = fmt.Sprintf("Silence counts from the first notice, and none is ever given, so every tenant that says nothing would be held before phase %q.", c.Phase.Name)
		d.Hint = "Write notice = true in the communications that tell the date, and that silence counts."
		return diag.List{d}
	}
	if given[0].at == nil {
		return nil // it goes out as soon as there is a date
	}
	detail, late := silenceLate(cfg, c, given)
	if !late {
		return nil
	}
	d.Code, d.Summary, d.Detail = "silence-too-late", "Silence counts too late", detail
	d.Hint = "Let the first notice be due earlier, or write a shorter opt_out_after."
	return diag.List{d}
}

func tellsWhenPlaced(event *schema.Item) bool {
	c, ok := event.Does.(*schema.Communication)
	return ok && c.Notice && c.On == schema.OnPlaced
}

// silenceLate says on which dates the silence after the earliest notice ends
// after its phase opens.
func silenceLate(cfg *schema.Config, c *schema.Consent, given []giving) (string, bool) {
	detail := fmt.Sprintf("The earliest notice, %s, and silence counts %s after it, but phase %q opens at %s.",
		given[0], c.OptOutAfter, c.Phase.Name, c.Phase.Opens)
	const held = " Every tenant that says nothing would be held."
	ends := *given[0].at
	ends.Days, ends.Elapsed = ends.Days+c.OptOutAfter.Days, ends.Elapsed+c.OptOutAfter.Elapsed
	if cmp, certain := toffset.Order(ends, *c.Phase.Opens); certain && cmp > 0 {
		return detail + held, true
	}
	var hits []*schema.Batch
	for _, b := range cfg.Batches {
		if b.T.IsZero() {
			continue
		}
		if opens, _ := c.Phase.Opens.From(b.T, b.Zone); c.OptOutAfter.Since(earliest(b, given), b.Zone).After(opens) {
			hits = append(hits, b)
		}
	}
	if len(hits) == 0 {
		return "", false
	}
	b := hits[0]
	opens, _ := c.Phase.Opens.From(b.T, b.Zone)
	end, open := dates(b.Zone, c.OptOutAfter.Since(earliest(b, given), b.Zone), opens)
	return fmt.Sprintf("%s In %s it counts from %s, and the phase opens on %s.%s%s", detail, whereBatch(b), end, open, others(hits), held), true
}
