package scaffold

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"transition/schema/diag"
	"transition/schema/inventory"
)

// table is what the rows of an inventory tell of its columns.
type table struct {
	columns []column
	rows    int
}

// column is what its cells allow it to be.
type column struct {
	Name string

	filled                int // cells that are not empty
	notNumber, notBoolean bool
	values                map[string]struct{} // nil once two cells are the same
}

// comparedRows is how many cells of a column are compared with one another.
const comparedRows = 100_000

// usable reports whether a plan can name the column.
func (c *column) usable() bool {
	plain := func(r rune) bool { return unicode.IsPrint(r) && !strings.ContainsRune(`"\$%`, r) }
	return c.Name != "" && strings.IndexFunc(c.Name, func(r rune) bool { return !plain(r) }) < 0
}

// readTable reads an inventory: CSV with commas, semicolons or tabs.
func readTable(content []byte) (*table, error) {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(content))
	r.Comma = inventory.Separator(content)
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty; its first row must name the columns")
	}
	if err != nil {
		return nil, err
	}
	t := &table{}
	for _, name := range head {
		t.columns = append(t.columns, column{Name: strings.TrimSpace(name), values: make(map[string]struct{})})
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, err
		}
		t.rows++
		for i := range min(len(row), len(head)) {
			t.columns[i].add(row[i])
		}
	}
}

func (c *column) add(cell string) {
	if cell == "" {
		return
	}
	c.filled++
	c.notNumber = c.notNumber || !isNumber(cell)
	c.notBoolean = c.notBoolean || cell != "true" && cell != "false"
	if c.values == nil || c.filled > comparedRows {
		return
	}
	if _, twice := c.values[cell]; twice {
		c.values = nil
		return
	}
	c.values[cell] = struct{}{}
}

// Type is the narrowest type that holds every cell.
func (c column) Type() string {
	switch {
	case c.filled == 0:
		return "string"
	case !c.notBoolean:
		return "bool"
	case !c.notNumber:
		return "number"
	default:
		return "string"
	}
}

// isNumber reports whether a text is a decimal number, and no postal code or
// telephone number, whose zeros in front count.
func isNumber(s string) bool {
	if strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789.-", r) }) >= 0 {
		return false
	}
	digits := strings.TrimPrefix(s, "-")
	if len(digits) > 15 || len(digits) > 1 && digits[0] == '0' && digits[1] != '.' {
		return false
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

// keyNames are what columns that identify a tenant are called, the best first.
func keyNames() []string {
	return []string{
		"id", "tenantid", "tenant", "customerid", "clientid", "accountid", "customer", "client", "account",
		"customernumber", "accountnumber", "key", "name",
	}
}

// key is the column that identifies tenants: the given one, else the one with
// the best name, else the first that is different in every row.
func (t *table) key(given string) (string, error) {
	var names []string
	best, rank := "", len(keyNames())+2
	for i := range t.columns {
		c := &t.columns[i]
		if !c.usable() {
			continue
		}
		names = append(names, c.Name)
		if r := t.keyRank(c); r < rank {
			best, rank = c.Name, r
		}
	}
	switch {
	case given == "" && best == "":
		return "", errors.New("no column is different in every row; name the one that identifies tenants with -key=COLUMN")
	case given == "":
		return best, nil
	case slices.Contains(names, given):
		return given, nil
	}
	if meant := diag.Suggest(given, names); meant != "" {
		return "", fmt.Errorf("it has no column %q; did you mean %q", given, meant)
	}
	return "", fmt.Errorf("it has no column %q; it has %s", given, strings.Join(names, ", "))
}

// keyRank says how much a column looks like one that identifies tenants; less is
// more, and the largest rank is that of a column that cannot.
func (t *table) keyRank(c *column) int {
	if c.values == nil || c.filled < t.rows {
		return len(keyNames()) + 2
	}
	plain := plainName(c.Name)
	if i := slices.Index(keyNames(), plain); i >= 0 {
		return i
	}
	if strings.HasSuffix(plain, "id") {
		return len(keyNames())
	}
	return len(keyNames()) + 1
}

// plainName is a column's name without what people write differently.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
}

// find is the first column that a test accepts and that has any value, or "".
func (t *table) find(accepts func(plain string) bool) string {
	for i := range t.columns {
		if c := &t.columns[i]; c.filled > 0 && c.usable() && accepts(plainName(c.Name)) {
			return c.Name
		}
	}
	return ""
}

func isAddress(plain string) bool { return strings.Contains(plain, "mail") }

func isName(plain string) bool {
	switch plain {
	case "name", "company", "companyname", "customername", "tenantname", "organisation", "organization":
		return true
	default:
		return false
	}
}
