// Package scaffold writes a plan to start from: small, commented, and valid as
// it is.
package scaffold

import (
	"bytes"
	"embed"
	"fmt"
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
	Key    string // column of the CSV that identifies tenants; empty: the likeliest
}

// File is a file of the plan.
type File struct {
	Path    string // slash-separated, relative to the plan directory
	Content []byte
	Spare   bool // one that is there already will do
}

// Result is a plan, and what it was made to fit.
type Result struct {
	Files   []File
	Key     string // column
	Address string // column; empty: none was found
	Tenants int
}

// data is what the templates see.
type data struct {
	Name    string
	Source  string
	Key     string
	Email   string // expression of an address; empty: the inventory has none
	Title   string // expression of what a tenant is called in a message
	Columns []column
	Cutover string
	Day     string // of the first message
}

// Plan writes the files of a plan. An error says what is wrong with the CSV.
func Plan(o Options) (*Result, error) {
	d := data{
		Name: identifier(o.Name, "my-transition"), Source: o.Source,
		Cutover: day(o.Now, daysAhead) + " 18:00", Day: day(o.Now, daysAhead-daysNotice),
	}
	var files []File
	if o.CSV == nil {
		o.CSV = []byte(madeUp)
	}
	if d.Source == "" {
		d.Source = "tenants.csv"
		files = append(files, File{Path: d.Source, Content: o.CSV})
	}
	t, err := readTable(o.CSV)
	if err != nil {
		return nil, err
	}
	key, err := t.key(o.Key)
	if err != nil {
		return nil, err
	}
	address := t.find(isAddress)
	d.fit(t, key, address)
	files = append(files, File{Path: ".gitignore", Content: []byte(ignored), Spare: true})
	// The plan comes last: what it needs is there once it is.
	for _, name := range []string{"mail/announcement.md", "mail/welcome.md", "plan.transition.hcl"} {
		content, err := d.fill(name)
		if err != nil {
			return nil, err
		}
		files = append(files, File{Path: name, Content: content})
	}
	return &Result{files, key, address, t.rows}, nil
}

const (
	daysAhead  = 45 // until the first cutover
	daysNotice = 29 // before it, on which something is due: the announcement opens at T-30d
)

func day(t time.Time, days int) string { return t.AddDate(0, 0, days).Format("2006-01-02") }

// ignored keeps addresses out of version control.
const ignored = `# The recorded state, real or rehearsed, unless the plan gives it another place.
/.transition/
# Messages, until the plan has a channel that sends them.
/outbox/
`

// fit fills in what the columns of the inventory give.
func (d *data) fit(t *table, key, address string) {
	d.Key, d.Title = key, "tenant.id"
	if address != "" {
		d.Email = attribute(address)
	}
	if name := t.find(isName); name != "" {
		d.Title = attribute(name)
	}
	for _, c := range t.columns {
		if c.Name != key && c.usable() && c.Type() != "string" {
			d.Columns = append(d.Columns, c)
		}
	}
}

// attribute is the expression of a column.
func attribute(name string) string {
	if isIdentifier(name) {
		return "tenant." + name
	}
	return fmt.Sprintf("tenant[%q]", name)
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
