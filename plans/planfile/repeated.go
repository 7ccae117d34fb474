package planfile

import (
	"bytes"
	"encoding/json"
	"strings"
)

// repeated is the first name that stands twice in an object of a valid JSON text;
// "": there is none. Which of the two counts, readers do not agree on. Names that
// differ in case only are the same to package json.
func repeated(text []byte) string {
	type object struct {
		names map[string]bool
		value bool // what comes next is a value
	}
	var open []*object // nil for a list
	dec := json.NewDecoder(bytes.NewReader(text))
	for {
		token, err := dec.Token()
		if err != nil {
			return ""
		}
		if d, ok := token.(json.Delim); ok && (d == '}' || d == ']') {
			open = open[:len(open)-1]
			continue
		}
		if len(open) > 0 {
			if o := open[len(open)-1]; o != nil && !o.value {
				name := strings.ToLower(token.(string))
				if o.names[name] {
					return name
				}
				o.names[name], o.value = true, true
				continue
			} else if o != nil {
				o.value = false
			}
		}
		switch token {
		case json.Delim('{'):
			open = append(open, &object{names: make(map[string]bool)})
		case json.Delim('['):
			open = append(open, nil)
		}
	}
}
