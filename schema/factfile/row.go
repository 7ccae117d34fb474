package factfile

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"transition/schema"
	"transition/schema/diag"
	"transition/schema/mailbox"
	"transition/schema/toffset"
)

// row reads the row at hand.
func (r *reader) row() Row {
	line, _ := r.csv.FieldPos(0)
	row := Row{Line: line}
	if len(r.cells) > len(r.columns) {
		r.mistake(len(r.columns), "too-many-cells", "A row has too many cells", "The row has more cells than there are columns.", "Put quotation marks around texts that hold the separator.")
		return row
	}
	row.Tenant, _ = r.cell("tenant")
	if row.Tenant == "" {
		r.mistake(-1, "empty-key", "A fact about nobody", "The row names no tenant.", "Write the tenant's id into the column tenant.")
	}
	row.Note, _ = r.cell("note")
	row.At = r.instant("at")
	if row.At.After(r.now) {
		r.wrong("at", "A fact that lies ahead", "It is "+toffset.Show(r.now, r.cfg.Zone)+" now, and only what has happened can be recorded.", "Correct the instant, or remove the row.")
	}
	if key, at := r.cell("item"); key != "" {
		r.item(&row, key, at)
	} else {
		r.whole(&row)
	}
	return row
}

// wrong notes what is wrong with a cell by the name of its column.
func (r *reader) wrong(column, summary, detail, hint string) {
	_, at := r.cell(column)
	r.mistake(at, "bad-fact", summary, detail, hint)
}

// only refuses cells that mean nothing in the row at hand.
func (r *reader) only(what string, not ...string) {
	for _, name := range not {
		if text, at := r.cell(name); text != "" {
			r.mistake(at, "bad-fact", "A cell that means nothing here", "The row is about "+what+", of which "+name+" says nothing.", "Leave the cell empty.")
		}
	}
}

// whole reads what a row says of the tenant itself.
func (r *reader) whole(row *Row) {
	r.only("a tenant as a whole", "state", "recipient", "announced")
	row.Cutover = r.instant("cutover")
	name, at := r.cell("batch")
	if name == "" {
		r.wrong("tenant", "A row that says nothing", "The row names neither an item nor a batch.", "Write PHASE/ITEM into the column item, or the tenant's batch into the column batch.")
		return
	}
	i := slices.IndexFunc(r.cfg.Batches, func(b *schema.Batch) bool { return b.Name == name })
	if i < 0 {
		var names []string
		for _, b := range r.cfg.Batches {
			names = append(names, b.Name)
		}
		r.mistake(at, "unknown-reference", "Unknown batch", "The plan has no batch "+strconv.Quote(name)+".", meant(name, names, "Write the name of a batch of the plan."))
		return
	}
	row.Batch = r.cfg.Batches[i]
}

// item reads what a row says of an item.
func (r *reader) item(row *Row, key string, at int) {
	r.only("an item", "batch", "cutover")
	row.Item = r.items[key]
	if row.Item == nil || builtin(row.Item) {
		row.Item = nil
		r.mistake(at, "unknown-reference", "Unknown item", "The plan has no item "+strconv.Quote(key)+".", r.similar(key))
		return
	}
	if row.At.IsZero() {
		if text, _ := r.cell("at"); text == "" {
			r.mistake(-1, "bad-fact", "A fact without an instant", "The row does not say when it happened.", "Write the instant into the column at.")
		}
	}
	r.state(row)
	if _, message := row.Item.Does.(*schema.Communication); message {
		r.message(row)
	} else {
		r.only("something that is no message", "recipient", "announced")
	}
}

// builtin reports whether the plan itself has no such message.
func builtin(it *schema.Item) bool {
	c, ok := it.Does.(*schema.Communication)
	return ok && c.Builtin
}

func (r *reader) similar(key string) string {
	var keys []string
	for k, it := range r.items {
		if !builtin(it) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return meant(key, keys, "Write PHASE/ITEM, as why shows it.")
}

func (r *reader) state(row *Row) {
	word, at := r.cell("state")
	_, lock := row.Item.Does.(*schema.Lock)
	row.State = State(word)
	switch row.State {
	case "":
		row.State = Done
		if lock {
			r.mistake(-1, "bad-fact", "A lock that may be held or not", "The row does not say whether the lock is still held.", "Write locked, or done if it was given back, into the column state.")
		}
	case Done, Skipped, Waived:
	case Locked:
		if !lock {
			r.mistake(at, "bad-fact", "A state that the item cannot have", row.Item.Key()+" is no lock.", "Write done, skipped or waived.")
		}
	default:
		known := []string{string(Done), string(Locked), string(Skipped), string(Waived)}
		r.mistake(at, "bad-fact", "Unknown state", strconv.Quote(word)+" is no state that can be recorded.", meant(word, known, "Write one of "+strings.Join(known, ", ")+"."))
	}
}

// message reads who had a message, and what it told.
func (r *reader) message(row *Row) {
	row.Announced = r.instant("announced")
	to, at := r.cell("recipient")
	row.Recipient = to
	switch {
	case row.State != Done && to != "":
		r.mistake(at, "bad-fact", "A recipient of what was not sent", "The message was "+string(row.State)+", so that nobody had it.", "Leave the cell empty, or write done into the column state.")
	case row.State != Done:
	case to == "":
		r.mistake(-1, "bad-fact", "A message without a recipient", "The row does not say who had the message, so that nobody could be told if its date moves.", "Write the address into the column recipient, one row for each.")
	default:
		if _, err := mailbox.Check(to); err != nil {
			r.mistake(at, "bad-fact", "No address", strconv.Quote(to)+" is no address that a message can go to.", "Write it as in ann@contoso.example.")
		}
	}
}

// instant reads a cell that holds an instant; zero: it is empty, or was reported.
func (r *reader) instant(column string) time.Time {
	text, at := r.cell(column)
	if text == "" {
		return time.Time{}
	}
	t, _, err := toffset.ParseInstant(text, r.cfg.Zone)
	if err == nil {
		return t
	}
	d := diag.Diagnostic{Detail: err.Error()}
	if syntax, ok := err.(*toffset.SyntaxError); ok {
		d.Detail, d.Hint = syntax.Problem, syntax.Fix
	}
	r.mistake(at, "bad-instant", "No instant", d.Detail, d.Hint)
	return time.Time{}
}
