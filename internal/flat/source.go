package flat

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// windowSize is how much of a document is in memory at a time. A filing's SGML header ends well within it.
const windowSize = 128 << 10

// source is a window that moves over a document.
type source struct {
	r        io.Reader
	buf      []byte
	pos, end int
	read     int
	done     bool
	err      error
}

func newSource(r io.Reader) *source {
	s := &source{r: r, buf: make([]byte, windowSize)}
	s.fill()
	return s
}

// window is what has been read ahead.
func (s *source) window() []byte { return s.buf[s.pos:s.end] }

// fill reads on until the window is full. It tells whether there is more than there was.
func (s *source) fill() bool {
	if s.done || s.pos == 0 && s.end == len(s.buf) {
		return false
	}
	s.end = copy(s.buf, s.window())
	s.pos = 0
	before := s.end
	for s.end < len(s.buf) && !s.done {
		n, err := s.r.Read(s.buf[s.end:min(len(s.buf), s.end+maxRaw-s.read)])
		s.end += n
		s.read += n
		switch {
		case errors.Is(err, io.EOF):
			s.done = true
		case err != nil:
			s.done, s.err = true, err
		case s.read >= maxRaw:
			s.done, s.err = true, tooLarge("more bytes")
		}
	}
	return s.end > before
}

// peek is the byte that is n ahead, 0 at the end.
func (s *source) peek(n int) byte {
	if s.pos+n >= s.end && (!s.fill() || s.pos+n >= s.end) {
		return 0
	}
	return s.buf[s.pos+n]
}

// more tells whether anything is left.
func (s *source) more() bool { return s.pos < s.end || s.fill() }

// ahead tells whether the next bytes are these, in lower case.
func (s *source) ahead(lower string) bool {
	if s.end-s.pos < len(lower) {
		s.fill()
	}
	if s.end-s.pos < len(lower) {
		return false
	}
	for i := range len(lower) {
		c := s.buf[s.pos+i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// skipPast moves behind the next occurrence of the bytes, in lower case, or to the end.
func (s *source) skipPast(lower string) {
	for s.more() {
		i := bytes.IndexByte(s.window(), lower[0])
		if i < 0 {
			s.pos = s.end
			continue
		}
		s.pos += i
		if s.ahead(lower) {
			s.pos += len(lower)
			return
		}
		s.pos++
	}
}

// text takes the bytes up to the next '<', or as many as are in the window without cutting a character or an entity.
func (s *source) text() []byte {
	if i := bytes.IndexByte(s.window(), '<'); i >= 0 {
		return s.take(i)
	}
	if s.fill() {
		if i := bytes.IndexByte(s.window(), '<'); i >= 0 {
			return s.take(i)
		}
	}
	whole := s.end - s.pos
	if s.done {
		return s.take(whole)
	}
	tail := max(0, whole-40)
	if i := bytes.LastIndexAny(s.window()[tail:], "& \n"); i > 0 {
		return s.take(tail + i)
	}
	for back := 1; back < utf8.UTFMax && back < whole; back++ {
		if b := s.window()[whole-back:]; utf8.RuneStart(b[0]) {
			if !utf8.FullRune(b) {
				return s.take(whole - back)
			}
			break
		}
	}
	return s.take(whole)
}

func (s *source) take(n int) []byte {
	s.pos += n
	return s.buf[s.pos-n : s.pos]
}

// skipToFirstDocument moves into the <TEXT> of a full submission's first document. It tells whether it is a submission.
func (s *source) skipToFirstDocument() bool {
	lower := lowerASCII(string(s.window())) // bytes.ToLower would move what is no UTF-8
	at := strings.Index(lower, "<document>")
	if at < 0 {
		return false
	}
	text := strings.Index(lower[at:], "<text>")
	if text < 0 {
		return false
	}
	s.pos += at + text + len("<text>")
	s.fill()
	return true
}

// htmlTags are those of HTML that a filing of plain text has few of.
var htmlTags = [][]byte{[]byte("<div"), []byte("<p>"), []byte("<p "), []byte("<td"), []byte("<font"), []byte("<span"), []byte("<br")}

// linesPerTag are more than HTML has; plain text that was wrapped in a few tags has many more.
const linesPerTag = 40

// looksLikeHTML tells HTML from plain text by the beginning.
func looksLikeHTML(beginning []byte) bool {
	lower, n := bytes.ToLower(beginning), 0
	if bytes.Contains(lower, []byte("xmlns")) {
		return true
	}
	for _, tag := range htmlTags {
		n += bytes.Count(lower, tag)
	}
	if lines := bytes.Count(lower, []byte("\n")); lines > linesPerTag && lines > n*linesPerTag {
		return false
	}
	return n > 3 || bytes.Contains(lower, []byte("<html"))
}
