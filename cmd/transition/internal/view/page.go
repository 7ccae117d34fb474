package view

import (
	"bufio"
	"fmt"
	"io"
	"time"
)

// page is text being written for one reader. Errors of the writer stick and
// come back from Flush.
type page struct {
	*bufio.Writer
	Screen
	wall
	begun bool // something was printed: sections are set apart by an empty line
}

func newPage(w io.Writer, s Screen, now time.Time, zone *time.Location) *page {
	return &page{Writer: bufio.NewWriter(w), Screen: s, wall: newWall(now, zone)}
}

func (p *page) linef(format string, args ...any) {
	fmt.Fprintf(p.Writer, format, args...)
	p.WriteByte('\n')
}

// section begins a new part with its title; an empty title only sets it apart.
func (p *page) section(title string) {
	if p.begun {
		p.WriteByte('\n')
	}
	p.begun = true
	if title != "" {
		p.linef("%s", p.paint(bold, title))
	}
}

// rows prints aligned rows, a chunk at a time, each behind the indent.
func (p *page) rows(indent string, rows [][]string, right ...int) {
	for len(rows) > 0 {
		n := min(len(rows), chunk)
		for _, l := range align(rows[:n], right...) {
			p.linef("%s%s", indent, l)
		}
		rows = rows[n:]
	}
}
