package flat

import (
	"html"
	"strings"
	"unicode/utf8"
)

// gap is what stands between two words: the widest that was met since the last.
type gap int

const (
	none gap = iota
	space
	block
	cell
	row
)

// writer gathers the text, with one gap between two words and none at the ends.
type writer struct {
	text    strings.Builder
	plain   bool // spaces and newlines are kept as they are
	gap     gap
	spaces  int // of plain text, since the last word
	lines   int
	bold    int
	strong  []Span
	anchors map[string]int
	links   []Link
	link    *Link
	words   strings.Builder // of the link
	anchor  []string        // those that wait for the next word
	page    bool            // a page begins at the next word
	pages   []int
	err     error
}

func (w *writer) document() Document {
	w.endLink()
	w.settle()
	return Document{Text: w.text.String(), HTML: !w.plain, Anchors: w.anchors, Links: w.links, Strong: w.strong, Pages: w.pages}
}

// pause widens the gap before the next word.
func (w *writer) pause(g gap) {
	if w.plain && g > space {
		w.lines = max(w.lines, 1)
		w.spaces = 0
	}
	w.gap = max(w.gap, g)
}

// write takes text as it stands in the document, entities and all.
func (w *writer) write(raw []byte, keep bool) {
	keep = keep || w.plain
	for len(raw) > 0 && w.err == nil {
		n := 0
		for n < len(raw) && raw[n] > ' ' && raw[n] < 0x7f && raw[n] != '&' {
			n++
		}
		if n > 0 {
			w.word(raw[:n])
			raw = raw[n:]
			continue
		}
		switch c := raw[0]; {
		case c <= ' ' || c == 0x7f:
			w.blank(c, keep)
			raw = raw[1:]
		case c == '&':
			raw = raw[w.entity(raw, keep):]
		default:
			raw = raw[w.rune(raw, keep):]
		}
	}
}

// blank is white space of the document.
func (w *writer) blank(c byte, keep bool) {
	switch {
	case !keep:
		w.gap = max(w.gap, space)
	case c == '\n':
		w.lines++
		w.spaces = 0
		w.gap = max(w.gap, block)
	case c == '\t':
		w.spaces += 4
	case c == ' ':
		w.spaces++
	}
	if w.link != nil {
		_ = w.words.WriteByte(' ')
	}
}

// entity writes what begins with an ampersand. It tells how long that is.
func (w *writer) entity(raw []byte, keep bool) int {
	end := 1
	for end < len(raw) && end < 40 && (isAlphanumeric(raw[end]) || raw[end] == '#') {
		end++
	}
	if end < len(raw) && raw[end] == ';' {
		end++
	}
	name := string(raw[:end])
	decoded := html.UnescapeString(name)
	if decoded == name {
		w.word(raw[:1])
		return 1
	}
	for _, r := range decoded {
		w.character(r, keep)
	}
	return end
}

// rune writes one character beyond ASCII: UTF-8 or, where it is none, windows-1252. It tells how long that is.
func (w *writer) rune(raw []byte, keep bool) int {
	r, size := utf8.DecodeRune(raw)
	if r == utf8.RuneError && size == 1 {
		r = windows1252(raw[0])
	}
	w.character(r, keep)
	return size
}

// character writes one that may be a space of the typesetters or nothing to see.
func (w *writer) character(r rune, keep bool) {
	switch {
	case r == 0xad, r >= 0x200b && r <= 0x200d, r == 0xfeff, r == 0x2060:
	case r <= ' ', r == 0xa0, r >= 0x2000 && r <= 0x200a, r == 0x202f, r == 0x3000, r == 0x2028, r == 0x2029:
		w.blank(' ', keep)
	default:
		var b [utf8.UTFMax]byte
		w.word(b[:utf8.EncodeRune(b[:], r)])
	}
}

// word writes visible characters, after the gap that waits.
func (w *writer) word(b []byte) {
	if w.text.Len()+len(b)+maxIndent > maxText {
		w.fail(tooLarge("more words"))
		return
	}
	if w.text.Cap()-w.text.Len() < len(b)+maxIndent {
		w.text.Grow(windowSize + len(b)) // doubles, where append would copy the text five times
	}
	if w.text.Len() > 0 {
		w.writeGap()
	}
	w.gap, w.spaces, w.lines = none, 0, 0
	at := w.text.Len()
	w.settle()
	if w.link != nil {
		if w.link.At < 0 {
			w.link.At = at
		}
		if w.words.Len() < maxLinkWords {
			w.words.Write(b)
		}
	}
	_, _ = w.text.Write(b)
	if w.bold > 0 {
		w.mark(at)
	}
}

// settle gives what waited for the next word its place.
func (w *writer) settle() {
	at := w.text.Len()
	for _, name := range w.anchor {
		if _, known := w.anchors[name]; !known && len(w.anchors) < maxMarks {
			w.anchors[name] = at
		}
	}
	w.anchor = w.anchor[:0]
	if w.page && at > 0 && len(w.pages) < maxMarks {
		w.pages = append(w.pages, at)
	}
	w.page = false
}

// maxIndent is how many spaces of plain text are kept in a row.
const maxIndent = 200

func (w *writer) writeGap() {
	switch {
	case w.lines > 0 || w.gap == block && w.spaces > 0:
		_, _ = w.text.WriteString("\n\n"[:min(max(w.lines, 1), 2)])
		w.indent()
	case w.spaces > 0:
		w.indent()
	case w.gap == row || w.gap == block:
		_ = w.text.WriteByte('\n')
	case w.gap == cell:
		_ = w.text.WriteByte('\t')
	case w.gap == space:
		_ = w.text.WriteByte(' ')
	}
}

func (w *writer) indent() {
	for range min(w.spaces, maxIndent) {
		_ = w.text.WriteByte(' ')
	}
}

// mark makes strong what was written since at.
func (w *writer) mark(at int) {
	end := w.text.Len()
	if last := len(w.strong) - 1; last >= 0 && strings.Trim(w.text.String()[w.strong[last].End:at], " ") == "" {
		w.strong[last].End = end
		return
	}
	if len(w.strong) < maxMarks {
		w.strong = append(w.strong, Span{at, end})
	}
}

// maxLinkWords is how much is kept of what a link says.
const maxLinkWords = 100

func (w *writer) startLink(target string) {
	w.endLink()
	w.link = &Link{At: -1, Target: target}
}

func (w *writer) endLink() {
	if w.link == nil {
		return
	}
	w.link.Words = strings.Join(strings.Fields(w.words.String()), " ")
	if w.link.Words != "" && len(w.links) < maxMarks {
		w.links = append(w.links, *w.link)
	}
	w.link = nil
	w.words.Reset()
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// beyondASCII are the characters that windows-1252 has from 0x80 on; the rest is Latin-1.
var beyondASCII = [32]rune{
	0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
}

func windows1252(b byte) rune {
	if b >= 0x80 && b < 0xa0 {
		return beyondASCII[b-0x80]
	}
	return rune(b)
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
