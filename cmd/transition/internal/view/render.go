package view

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"transition/runner"
)

// Messages shows messages as they would be sent: byte for byte into a file or
// pipe, cleaned and with a title each on a terminal.
func Messages(w io.Writer, s Screen, terminal bool, all []runner.Rendered) error {
	b := bufio.NewWriter(w)
	for i, m := range all {
		if !terminal {
			b.Write(m.Data)
			continue
		}
		fmt.Fprintf(b, "%s\n", s.paint(bold, fmt.Sprintf("message %d of %d, to %s", i+1, len(all), clean(m.Recipient))))
		b.WriteString(cleanLines(string(bytes.TrimRight(m.Data, "\r\n"))))
		b.WriteString("\n\n")
	}
	return b.Flush()
}

type messageJSON struct {
	Recipient string `json:"recipient"`
	Data      string `json:"data"`
}

// MessagesJSON writes messages as they would be sent, render.schema.json.
func MessagesJSON(w io.Writer, address string, all []runner.Rendered) error {
	d := newDocument(w)
	d.field("address", address)
	d.array("messages")
	for _, m := range all {
		d.element(messageJSON{m.Recipient, string(m.Data)})
	}
	d.close()
	return d.end()
}
