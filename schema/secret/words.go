package secret

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// words are the texts that are looked for, by the four bytes with which they
// begin and end.
type words struct {
	all          map[string]bool
	heads, tails map[uint32]*group
	likely       [1 << 10]uint64 // a bit for each head, so that most places need no look into the map
	longest      int
}

// group are words that begin, or end, alike.
type group struct {
	words   []string
	lengths []int // the longest first, each once
}

// newWords lists a secret, its lines, such as those of a private key, all of it as
// one line, and each of these with its own escapes undone, as a text is that holds
// it.
func newWords(secrets []string) *words {
	w := &words{all: make(map[string]bool), heads: make(map[uint32]*group), tails: make(map[uint32]*group)}
	for _, s := range secrets {
		if len(s) < MinLength {
			continue
		}
		for _, line := range append(lines(s), s) {
			for _, v := range []string{line, strings.Map(flat, line), strings.ReplaceAll(line, " ", "+")} { // in URLs
				for ok := true; ok; {
					w.add(v)
					var next view
					next, ok = unescape(view{text: v}, leads)
					v = next.text
				}
			}
		}
	}
	if len(w.all) == 0 {
		return nil
	}
	return w
}

func (w *words) add(word string) {
	if len(word) < MinLength || w.all[word] {
		return
	}
	w.all[word] = true
	head := key(word)
	join(w.heads, head, word)
	join(w.tails, key(word[len(word)-MinLength:]), word)
	bit := mix(head)
	w.likely[bit/64] |= 1 << (bit % 64)
	w.longest = max(w.longest, len(word))
}

func join(groups map[uint32]*group, key uint32, word string) {
	g := groups[key]
	if g == nil {
		g = new(group)
		groups[key] = g
	}
	g.words = append(g.words, word)
	at, known := slices.BinarySearchFunc(g.lengths, len(word), func(a, b int) int { return cmp.Compare(b, a) })
	if !known {
		g.lengths = slices.Insert(g.lengths, at, len(word))
	}
}

func lines(s string) []string {
	all := []string{strings.Join(strings.Fields(s), " ")}
	if strings.Contains(s, "\n") {
		for line := range strings.Lines(s) {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

// flat makes a blank of any white space.
func flat(r rune) rune {
	if r == '\n' || r == '\t' || unicode.Is(unicode.Z, r) {
		return ' '
	}
	return r
}

// key is the first four bytes of a text.
func key(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// mix spreads keys over 16 bits.
func mix(key uint32) uint32 { return key * 0x9E3779B1 >> 16 }

// in adds where a view holds words, or what is left of one where the text was
// shortened, as parts of the source.
func (w *words) in(v view, found []span) []span {
	for start, last := 0, false; !last; {
		end := len(v.text)
		n := strings.Index(v.text[start:], cut)
		if last = n < 0; !last {
			end = start + n
		}
		if start > 0 {
			found = w.ends(v, start, end, found)
		}
		found = w.begins(v, start, end, last, found)
		start = end + len(cut)
	}
	return found
}

// begins looks for words that begin in a piece of a view. They may end behind it:
// a secret may hold a "…" of its own.
func (w *words) begins(v view, start, end int, last bool, found []span) []span {
	for i := start; i < end && i+MinLength <= len(v.text); i++ {
		k := key(v.text[i:])
		bit := mix(k)
		if w.likely[bit/64]&(1<<(bit%64)) == 0 || w.heads[k] == nil {
			continue
		}
		if n := w.longestAt(v.text[i:], w.heads[k]); n > 0 {
			found = append(found, v.source(i, i+n))
		}
		if !last && end-i >= MinLength && end-i < w.longest && w.heads[k].begins(v.text[i:end]) {
			found = append(found, span{v.source(i, i+1).start, v.source(end, end+1).start})
		}
	}
	return found
}

// longestAt is the length of the longest word of a group with which a text begins.
func (w *words) longestAt(text string, g *group) int {
	for _, n := range g.lengths {
		if n <= len(text) && w.all[text[:n]] {
			return n
		}
	}
	return 0
}

// begins reports whether a word of the group begins so.
func (g *group) begins(part string) bool {
	return slices.ContainsFunc(g.words, func(word string) bool { return strings.HasPrefix(word, part) })
}

func (g *group) ends(part string) bool {
	return slices.ContainsFunc(g.words, func(word string) bool { return strings.HasSuffix(word, part) })
}

// ends looks for the ends of words whose beginnings were cut off before a piece.
// Of an escape that was cut in two, a few bytes may stand before.
func (w *words) ends(v view, start, end int, found []span) []span {
	const stump = 6
	for j := start + MinLength; j <= min(end, start+w.longest+stump); j++ {
		g := w.tails[key(v.text[j-MinLength:])]
		if g == nil {
			continue
		}
		for from := start; from <= min(start+stump, j-MinLength); from++ {
			if g.ends(v.text[from:j]) {
				found = append(found, v.source(start, j))
				break
			}
		}
	}
	return found
}
