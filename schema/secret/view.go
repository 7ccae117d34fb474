package secret

import "sort"

// mostLayers is how many codings around each other are undone.
const mostLayers = 4

// view is a text as it reads when codings are undone, and what stands in the
// source for each of its bytes.
type view struct {
	text  string
	spans []span // nil: the text is the source
}

// source is where a part of a view stands in the source.
func (v view) source(start, end int) span {
	if v.spans == nil {
		return span{int32(start), int32(end)}
	}
	return span{v.spans[start].start, v.spans[end-1].end}
}

// whole widens a part of the source, so that it begins and ends with no half of an
// escape: what is left of JSON is JSON.
func (v view) whole(s span) span {
	if v.spans == nil {
		return s
	}
	return span{v.around(s.start).start, v.around(s.end - 1).end}
}

// around is what stands in the source for the byte that a place there belongs to.
func (v view) around(at int32) span {
	i := sort.Search(len(v.spans), func(i int) bool { return v.spans[i].end > at })
	if i < len(v.spans) && v.spans[i].start <= at {
		return v.spans[i]
	}
	return span{at, at + 1}
}

// explore visits a view, and those that undo one more of its codings.
func explore(v view, layers int, visit func(view)) {
	visit(v)
	decode(v, base64Digits, 6, visit)
	decode(v, hexDigits, 4, visit)
	if layers == 0 {
		return
	}
	if next, ok := unescape(v, leads); ok {
		explore(next, layers-1, visit)
	}
	if next, ok := unfold(v); ok {
		explore(next, layers-1, visit)
	}
}

// maker makes a view of another one.
type maker struct {
	of    view
	text  []byte
	spans []span
}

func newMaker(of view, size int) *maker {
	return &maker{of: of, text: make([]byte, 0, size), spans: make([]span, 0, size)}
}

// put writes what a part of the other view stands for.
func (m *maker) put(s string, start, end int) {
	if s == "" {
		return
	}
	at := m.of.source(start, end)
	m.text = append(m.text, s...)
	for range len(s) {
		m.spans = append(m.spans, at)
	}
}

// keep writes a part of the other view as it is.
func (m *maker) keep(start, end int) {
	m.text = append(m.text, m.of.text[start:end]...)
	if m.of.spans != nil {
		m.spans = append(m.spans, m.of.spans[start:end]...)
		return
	}
	for i := start; i < end; i++ {
		m.spans = append(m.spans, span{int32(i), int32(i + 1)})
	}
}

func (m *maker) view() view { return view{string(m.text), m.spans} }
