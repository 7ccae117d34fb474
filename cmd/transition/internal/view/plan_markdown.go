package view

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"transition/plans"
	"transition/schema/diag"
)

// MarkdownLimit is the size in bytes that a plan in Markdown never exceeds.
// GitHub refuses comments above 65,536 characters.
const MarkdownLimit = 60_000

// markdownReserve is kept free for closing what is open and for the pointer.
const markdownReserve = 400

// comment is Markdown with a budget: a part that does not fit any more is left
// out whole and counted.
type comment struct {
	wall
	b       strings.Builder
	left    int // parts that were left out
	tooLong bool
}

// add writes a part if it fits, and reports whether it did.
func (c *comment) add(part string) bool {
	if c.tooLong || c.b.Len()+len(part) > MarkdownLimit-markdownReserve {
		c.tooLong = true
		c.left++
		return false
	}
	c.b.WriteString(part)
	return true
}

// PlanMarkdown writes a plan as a comment for a pull request: a hidden marker by
// which a later run finds the comment again, a summary, and the changes folded
// by batch and kind. It fits within MarkdownLimit whatever the plan holds.
func PlanMarkdown(w io.Writer, p *plans.Plan, o PlanOptions) error {
	c := &comment{wall: newWall(p.Now, p.Zone)}
	c.head(p, o)
	c.summary(p)
	c.diagnostics(p.Diagnostics)
	c.people("Needs a person", p.Waiting, plans.WaitKind.Alarming)
	c.people("Waits for approval", p.Waiting, asksPerson)
	c.changes(p)
	c.outlook(p)
	if c.left > 0 {
		fmt.Fprintf(&c.b, "\n_There is more than fits here: %s left out. `transition plan -verbose` shows everything._\n",
			count(c.left, "row was", "rows were"))
	}
	_, err := io.WriteString(w, c.b.String())
	return err
}

func (c *comment) head(p *plans.Plan, o PlanOptions) {
	c.add(fmt.Sprintf("<!-- transition:plan:%s -->\n### Transition plan %s\n\n", cut(marker(p.Name), 200), foreign(cut(p.Name, 200))))
	c.add("**" + planFooter(p, passingWords(p, o.NoReturn)) + "**\n\n")
	line := "As of " + c.dated(p.Now)
	if p.Lineage != "" {
		line += fmt.Sprintf(" · serial %d", p.Serial)
	}
	if o.Note != "" {
		line += " · " + prose(cut(o.Note, 200))
	}
	c.add(line + "\n")
	if words := partWords(p); words != "" {
		c.add("\n**" + prose(cut(words, 1000)) + "**\n")
	}
}

// cut bounds a text from outside.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "..."
}

// cell is a text from outside in a table.
func cell(s string) string { return foreign(cut(s, 300)) }

// unclear stands among the kinds for what is not done, since it may have happened.
const unclear plans.Kind = 0

func columnOf(c *plans.Change) plans.Kind {
	if c.Detail.Doubted {
		return unclear
	}
	return c.Kind
}

func columns() []plans.Kind { return append(plans.Kinds(), unclear) }

func columnWord(k plans.Kind) string {
	if k == unclear {
		return "take for unknown"
	}
	return k.String()
}

// summary has a row for each batch and a column for each kind that occurs.
func (c *comment) summary(p *plans.Plan) {
	if len(p.Changes) == 0 {
		return
	}
	counts, total := make(map[string]map[plans.Kind]int), make(map[plans.Kind]int)
	for i := range p.Changes {
		ch := &p.Changes[i]
		if counts[ch.Batch] == nil {
			counts[ch.Batch] = make(map[plans.Kind]int)
		}
		counts[ch.Batch][columnOf(ch)]++
		total[columnOf(ch)]++
	}
	head, rule := "\n| batch |", "\n|---|"
	var shown []plans.Kind
	for _, k := range columns() {
		if total[k] > 0 {
			shown = append(shown, k)
			head, rule = head+" "+columnWord(k)+" |", rule+"--:|"
		}
	}
	c.add(head + rule + "\n")
	for _, batch := range batchesOf(p) {
		c.add(summaryRow(batch, shown, counts[batch]))
	}
}

func summaryRow(batch string, kinds []plans.Kind, counts map[plans.Kind]int) string {
	row := "| " + batchCell(batch) + " |"
	for _, k := range kinds {
		row += " " + dash(counts[k]) + " |"
	}
	return row + "\n"
}

func batchCell(batch string) string {
	if batch == "" {
		return "no batch"
	}
	return cell(batch)
}

func (c *comment) diagnostics(l diag.List) {
	for i := range l {
		d := &l[i]
		place := ""
		if d.Subject.File != "" {
			place = fmt.Sprintf(" on %s line %d", cell(d.Subject.File), d.Subject.Start.Line)
		}
		c.add(fmt.Sprintf("\n> **%s%s:** %s. %s\n", capital(d.Severity.String()), place, prose(cut(d.Summary, 300)), prose(cut(d.Detail, 1000))))
	}
}

// people lists what only a person can move, of the kinds that belong to the
// title. It is not folded.
func (c *comment) people(title string, waits []plans.Wait, belongs func(plans.WaitKind) bool) {
	var need []plans.Wait
	for i := range waits {
		if belongs(waits[i].Kind) {
			need = append(need, waits[i])
		}
	}
	if len(need) == 0 {
		return
	}
	c.add(fmt.Sprintf("\n#### %s (%d)\n\n| what | where | why |\n|---|---|---|\n", title, addressesOf(need, belongs)))
	for _, g := range groupWaits(need) {
		where := cell(g.first.Address)
		if g.count > 1 {
			where = tenants(g.count) + " " + cell(g.item)
		}
		c.add(fmt.Sprintf("| %s | %s | %s |\n", g.kind, where, cell(g.why.words(g.waits))))
	}
}

// changes folds the changes by batch and kind, in the order of the summary.
func (c *comment) changes(p *plans.Plan) {
	index := make(map[string]map[plans.Kind][]int) // by batch
	for i := range p.Changes {
		ch := &p.Changes[i]
		if index[ch.Batch] == nil {
			index[ch.Batch] = make(map[plans.Kind][]int)
		}
		index[ch.Batch][columnOf(ch)] = append(index[ch.Batch][columnOf(ch)], i)
	}
	for _, batch := range batchesOf(p) {
		for _, k := range columns() {
			rows := index[batch][k]
			title := fmt.Sprintf("%s: %s %d", batchCell(batch), columnWord(k), len(rows))
			switch {
			case len(rows) == 0:
			case k == plans.Adopt:
				groups := edits(p, rows)
				c.fold(title, len(groups), func(i int) string { return c.editRow(groups[i]) })
			default:
				c.fold(title, len(rows), func(i int) string { return c.changeRow(&p.Changes[rows[i]]) })
			}
		}
	}
}

// batchesOf lists the batches that changes are in: those that are filled by
// their dates, then by name.
func batchesOf(p *plans.Plan) []string {
	dates := make(map[string]time.Time)
	for i := range p.Changes {
		c := &p.Changes[i]
		if dates[c.Batch].IsZero() {
			dates[c.Batch] = c.Detail.T
		}
	}
	return slices.SortedFunc(maps.Keys(dates), func(a, b string) int {
		return cmp.Or(dates[a].Compare(dates[b]), cmp.Compare(a, b))
	})
}

const foldEnd = "\n</details>\n"

// fold writes n rows behind a title.
func (c *comment) fold(title string, n int, row func(int) string) {
	head := "\n<details><summary>" + title + "</summary>\n\n| tenant | item | due | reason |\n|---|---|---|---|\n"
	if !c.add(head) {
		c.left += n - 1
		return
	}
	for i := range n {
		if !c.add(row(i)) {
			c.left += n - i - 1
			break
		}
	}
	c.b.WriteString(foldEnd)
}

// edits puts together the tenants for whom the same has changed.
func edits(p *plans.Plan, rows []int) []*changeGroup {
	changes := make([]plans.Change, len(rows))
	for i, row := range rows {
		changes[i] = p.Changes[row]
	}
	return groupChanges(changes)
}

func (c *comment) editRow(g *changeGroup) string {
	who := cell(sample(g.tenants, g.count))
	if g.count > 1 {
		who = tenants(g.count) + ": " + who
	}
	return fmt.Sprintf("| %s |  | %s | %s |\n", who, c.minute(g.due), cell(g.reason))
}

func (c *comment) changeRow(ch *plans.Change) string {
	item := ""
	if ch.Item != "" {
		item = cell(ch.Phase + "/" + ch.Item)
	}
	var notes []string
	if !ch.Detail.T.IsZero() && ch.Detail.OldT.IsZero() {
		notes = append(notes, "T "+c.minute(ch.Detail.T))
	}
	if n := len(ch.Detail.Recipients); n > 0 {
		notes = append(notes, "to "+count(n, "address", "addresses"))
	}
	if ch.Detail.PassesPONR {
		notes = append(notes, "**passes the point of no return**")
	}
	if ch.Reason != "" {
		notes = append(notes, cell(ch.Reason))
	}
	return fmt.Sprintf("| %s | %s | %s | %s |\n", cell(ch.Tenant), item, c.minute(ch.At), strings.Join(notes, ", "))
}

func (c *comment) outlook(p *plans.Plan) {
	if p.Next.IsZero() {
		return
	}
	c.add(fmt.Sprintf("\nNext: %s.\n", c.ahead(p.Next)))
}
