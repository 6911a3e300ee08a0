package flat

import (
	"strings"
	"unicode/utf8"
)

// Characters is how many characters, as Unicode counts them, stand before an offset.
func (d Document) Characters(offset int) int { return utf8.RuneCountInString(d.Text[:offset]) }

// How a part of the text is pointed at: by a few words of its beginning, looked for in its first lines, and of its end.
const (
	fragmentWords = 8
	fragmentLines = 12
	shortFragment = 120 // bytes of a part that is quoted wholly
)

// Fragment is what is added to the document's address so that a browser scrolls to a part of the text and marks it, as in
// "#:~:text=Item%202%2E%20Properties,a%20lease%20until%202031%2E". Browsers take the first place with the words, so the
// beginning is the first line of the part whose words stand nowhere before; without one there is no fragment.
func (d Document) Fragment(start, end int) string {
	lower := lowerASCII(d.Text)
	for line := range lines(d.Text, start, min(end, len(d.Text))) {
		if line.n == fragmentLines {
			return ""
		}
		first := d.firstWords(line.Start, line.End)
		if strings.Index(lower, lower[first.Start:first.End]) != first.Start {
			continue
		}
		return "#:~:text=" + escape(d.Text[first.Start:first.End]) + d.fragmentEnd(lower, first, end)
	}
	return ""
}

// fragmentEnd is the second half of a fragment: the part's last words, if the first place with them is its end.
func (d Document) fragmentEnd(lower string, first Span, end int) string {
	from := strings.LastIndexAny(d.Text[first.End:end], "\n\t") + 1 + first.End
	for words := fragmentWords; words <= 4*fragmentWords; words *= 2 {
		last := lastWords(d.Text, from, end, words)
		if last.Start >= last.End {
			break
		}
		if at := strings.Index(lower[first.End:], lower[last.Start:last.End]); at == last.Start-first.End {
			return "," + escape(d.Text[last.Start:last.End])
		}
	}
	return ""
}

// firstWords is a short line or cell wholly, of a longer one the beginning.
func (d Document) firstWords(start, end int) Span {
	if tab := strings.IndexByte(d.Text[start:end], '\t'); tab > 0 {
		end = start + tab
	}
	if end-start <= shortFragment {
		return Span{start, end}
	}
	at := start
	for range fragmentWords {
		next := strings.IndexByte(d.Text[at:end], ' ')
		if next < 0 {
			return Span{start, end}
		}
		at += next + 1
	}
	return Span{start, at - 1}
}

// lastWords are some words before an end.
func lastWords(text string, from, end, words int) Span {
	end = from + len(strings.TrimRight(text[from:end], " "))
	at := end
	for range words {
		space := strings.LastIndexByte(text[from:max(from, at-1)], ' ')
		if space < 0 {
			return Span{from, end}
		}
		at = from + space + 1
	}
	return Span{at, end}
}

// numbered is a line and which it is.
type numbered struct {
	Span
	n int
}

// lines are the lines of a part of the text, without blanks around them; empty ones are left out.
func lines(text string, start, end int) func(yield func(numbered) bool) {
	return func(yield func(numbered) bool) {
		for n := 0; start < end; n++ {
			stop := end
			if i := strings.IndexByte(text[start:end], '\n'); i >= 0 {
				stop = start + i
			}
			body := strings.TrimRight(text[start:stop], " \t")
			indent := len(body) - len(strings.TrimLeft(body, " \t"))
			if indent < len(body) && !yield(numbered{Span{start + indent, start + len(body)}, n}) {
				return
			}
			start = stop + 1
		}
	}
}

// escape percent-encodes all but letters and digits: the dash, the comma and the ampersand have a meaning in fragments.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if isAlphanumeric(s[i]) {
			_ = b.WriteByte(s[i])
			continue
		}
		_, _ = b.Write([]byte{'%', hex[s[i]>>4], hex[s[i]&15]})
	}
	return b.String()
}

// lowerASCII makes capitals small without moving anything.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
