// Package scaffold writes a plan to start from: small, commented, and valid as
// it is.
package scaffold

import (
	"bytes"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/template"
	"time"
)

//go:embed templates
var templates embed.FS

// Options say what the plan is for.
type Options struct {
	Name string    // of the transition; any text
	Now  time.Time // the first cutover lies some weeks later
	CSV  []byte    // the tenants; nil: three made-up ones
	// Source is the inventory's path relative to the plan; empty: the tenants
	// are written beside the plan.
	Source string
}

// File is a file of the plan.
type File struct {
	Path    string // slash-separated, relative to the plan directory
	Content []byte
}

// data is what the templates see.
type data struct {
	Name    string
	Source  string
	Key     string
	Email   string // column with an address; empty: none was found
	Columns []column
	Cutover string
}

type column struct{ Name, Type string }

// Plan writes the files of a plan. An error says what is wrong with the CSV.
func Plan(o Options) ([]File, error) {
	d := data{
		Name: identifier(o.Name, "my-transition"), Source: o.Source,
		Cutover: o.Now.AddDate(0, 0, 45).Format("2006-01-02") + " 18:00",
	}
	var files []File
	if o.CSV == nil {
		o.CSV = []byte(madeUp)
	}
	if d.Source == "" {
		d.Source = "tenants.csv"
		files = append(files, File{d.Source, o.CSV})
	}
	if err := d.read(o.CSV); err != nil {
		return nil, err
	}
	for _, name := range []string{"plan.transition.hcl", "mail/announcement.md", "mail/welcome.md"} {
		content, err := d.fill(name)
		if err != nil {
			return nil, err
		}
		files = append(files, File{name, content})
	}
	return files, nil
}

// madeUp is an inventory to try out.
const madeUp = `id,name,admin_email,seats
adatum,Adatum Corporation,it@adatum.example,120
contoso,Contoso Ltd.,admin@contoso.example,900
northwind,"Northwind Traders, Inc.",ops@northwind.example,45
`

// fill executes a template. Its delimiters leave the language's own ${} alone.
func (d *data) fill(name string) ([]byte, error) {
	text, err := templates.ReadFile("templates/" + name)
	if err != nil {
		return nil, err
	}
	t, err := template.New(name).Delims("<<", ">>").Parse(string(text))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, d); err != nil {
		return nil, fmt.Errorf("fill %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// sampled is how many rows are looked at to guess types.
const sampled = 1000

// read finds out what the columns of an inventory are.
func (d *data) read(content []byte) error {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(content, []byte("\ufeff"))))
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("it is empty; its first row must name the columns")
	}
	if err != nil {
		return err
	}
	numbers, bools, seen := flags(len(head)), flags(len(head)), make([]bool, len(head))
	for range sampled {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		for i := range min(len(row), len(head)) {
			if row[i] == "" {
				continue
			}
			seen[i] = true
			numbers[i] = numbers[i] && isNumber(row[i])
			bools[i] = bools[i] && (row[i] == "true" || row[i] == "false")
		}
	}
	d.choose(head, func(i int) string {
		switch {
		case seen[i] && bools[i]:
			return "bool"
		case seen[i] && numbers[i]:
			return "number"
		default:
			return "string"
		}
	})
	if d.Key == "" {
		return errors.New("no column can be the key; name one \"id\"")
	}
	return nil
}

func flags(n int) []bool {
	all := make([]bool, n)
	for i := range all {
		all[i] = true
	}
	return all
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789.-", r) }) < 0
}

// choose picks the key, the address, and the columns whose type must be told.
func (d *data) choose(head []string, typeOf func(int) string) {
	rank := len(keyNames) + 1
	for i, name := range head {
		if !isIdentifier(name) {
			continue
		}
		if r := keyRank(name); r < rank {
			d.Key, rank = name, r
		}
		if d.Email == "" && strings.Contains(strings.ToLower(name), "mail") {
			d.Email = name
		}
		if t := typeOf(i); t != "string" {
			d.Columns = append(d.Columns, column{name, t})
		}
	}
	for i, c := range d.Columns {
		if c.Name == d.Key {
			d.Columns = append(d.Columns[:i], d.Columns[i+1:]...)
			break
		}
	}
}

var keyNames = [...]string{"id", "tenant_id", "tenant", "key", "customer_id", "customer", "name"}

// keyRank says how much a column's name looks like that of a key; less is more.
func keyRank(name string) int {
	for i, k := range keyNames {
		if strings.EqualFold(name, k) {
			return i
		}
	}
	return len(keyNames)
}

// isIdentifier reports whether a name can stand behind "tenant." in the plan.
func isIdentifier(name string) bool {
	for i, r := range name {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
		if !letter && (i == 0 || (r < '0' || r > '9') && r != '-') {
			return false
		}
	}
	return name != ""
}

// identifier makes a text a plain name.
func identifier(text, otherwise string) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '-'
	}, text)
	if plain = strings.Trim(plain, "-"); plain == "" || !isIdentifier(plain) {
		return otherwise
	}
	return plain
}
