// Package inventory reads the tenants of a plan: the rows of its CSV files and
// its tenant blocks, merged, in the order of their ids.
//
// Files follow RFC 4180, with three things that spreadsheets add: a byte order
// mark, line ends of either kind, and a semicolon or a tab between the cells
// instead of a comma. Text is UTF-8. A file may hold up to 512 MiB.
//
// Everything that is wrong with a file is reported with its line, by [Header]
// for the first row and by [Open] for all others, so that nothing has to be
// undone when a mistake turns up in the last row.
package inventory

import (
	"io/fs"
	"slices"

	"transition/schema"
	"transition/schema/diag"
)

// The columns that, beside the key, mean something to the tool itself.
const (
	zoneColumn   = "time_zone"
	localeColumn = "locale"
)

// Header reads the names of an inventory's columns, in the order of the file,
// and nothing after them. They are distinct and not empty unless the
// diagnostics say otherwise.
func Header(fsys fs.FS, inv *schema.Inventory) ([]string, diag.List) {
	rep := newReport(inv)
	t := openTable(fsys, rep)
	if t == nil {
		return nil, rep.finish(fsys)
	}
	defer t.close()
	if !t.readHeader(rep) {
		return nil, rep.finish(fsys)
	}
	return slices.Clone(t.header), rep.finish(fsys)
}
