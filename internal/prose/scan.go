package prose

import (
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The bounds of what is held back until it is decided what it is, in bytes. What is longer is text.
const (
	maxReference = 1100 // between {{ and }}
	maxMarker    = 300  // between [[ and ]]
	maxLabel     = 300  // the text of a link
	maxTarget    = 1000 // where a link goes, a tag
	maxEntity    = 34
)

// token is what stands at the beginning of a text: how much of it was read, or that more is needed to tell.
type token struct {
	length int
	open   bool
	again  string // what is read in its place
	write  func() // what it becomes; nothing where it is nil
}

var undecided = token{open: true}

// text is a token that stays as it is.
func (w *Writer) text(text string) token {
	return token{length: len(text), write: func() { w.write(text) }}
}

// scan works through what is held back, as far as it is decided; all of it at the end.
func (w *Writer) scan(final bool) {
	for w.held != "" {
		n := strings.IndexAny(w.held, special)
		if n < 0 {
			n = len(w.held)
		}
		if n = whole(w.held[:n], final && n == len(w.held)); n > 0 {
			w.write(w.held[:n])
			w.held = w.held[n:]
			continue
		}
		t := w.next(w.held, final)
		if t.open {
			return
		}
		w.held = t.again + w.held[t.length:]
		if t.write != nil {
			t.write()
		}
	}
}

// special are the bytes that may begin something.
const special = "{[<&! \n$€£¥hHwWfF"

// whole is how much of a text has no character cut off at its end.
func whole(text string, final bool) int {
	if final {
		return len(text)
	}
	for i := max(0, len(text)-utf8.UTFMax); i < len(text); i++ {
		if utf8.RuneStart(text[i]) && !utf8.FullRuneInString(text[i:]) {
			return i
		}
	}
	return len(text)
}

// lineBreak ends a line; between two turns there are breaks already.
func (w *Writer) lineBreak() {
	if !w.cuts {
		w.write("\n")
		w.endLine()
	}
}

// next reads what stands at the beginning of a text.
func (w *Writer) next(text string, final bool) token {
	switch text[0] {
	case '{':
		return w.reference(text, "", final)
	case '[':
		return w.bracket(text, final)
	case '!':
		return w.image(text, final)
	case '<':
		return w.tag(text, final)
	case '&':
		return w.entity(text, final)
	case ' ':
		return w.space(text, final)
	case '\n':
		return token{length: 1, write: w.lineBreak}
	case 'h', 'H', 'w', 'W', 'f', 'F':
		return w.address(text, final)
	}
	return w.character(text, final)
}

// character is one character, or the sign of a currency in front of a reference.
func (w *Writer) character(text string, final bool) token {
	if !utf8.FullRuneInString(text) && !final {
		return undecided
	}
	r, size := utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && size == 1 {
		return token{length: 1, write: func() { w.write("\uFFFD") }}
	}
	if _, ok := signCodes[text[:size]]; !ok {
		return w.text(text[:size])
	}
	rest := text[size:]
	if strings.HasPrefix(rest, "{{") {
		t := w.reference(rest, text[:size], final)
		t.length += size
		return t
	}
	if !final && (rest == "" || rest == "{") {
		return undecided
	}
	return w.text(text[:size])
}

// reference reads a reference in braces, with the sign of a currency before it.
func (w *Writer) reference(text, sign string, final bool) token {
	if !strings.HasPrefix(text, "{{") {
		if text == "{" && !final {
			return undecided
		}
		return w.text(text[:1])
	}
	inside := text[2:min(len(text), maxReference)]
	end := strings.Index(inside, "}}")
	if bad := strings.IndexAny(inside, "\n{"); bad >= 0 && (end < 0 || bad < end) || end < 0 && len(text) >= maxReference {
		return token{length: 2, write: func() { w.write(sign + "{{") }}
	}
	if end < 0 {
		if !final {
			return undecided
		}
		return token{length: len(text), write: func() { w.gap(sign, "the reference is cut off") }}
	}
	length := end + 4
	percent := strings.HasPrefix(text[length:], "%")
	if !percent && len(text) == length && !final {
		return undecided
	}
	if percent {
		length++
	}
	return token{length: length, write: func() { w.render(inside[:end], sign, percent) }}
}

var (
	simpleMarker  = regexp.MustCompile(`^\[\[ ?t\d{1,4} ?\]\]`)
	markerPattern = regexp.MustCompile(`^\[\[\s*(t\d{1,4}(?:[.\[][\w.\-^=:/& \[\]]*?)?(?:\s*[,;]\s*t\d{1,4}(?:[.\[][\w.\-^=:/& \[\]]*?)?)*)\s*\]\](?:[^\]]|$)`)
	markerStart   = regexp.MustCompile(`^\[(?:\[(?:\s*(?:t\d{0,4}(?:[.\[\d][\w.\-^=:/& \[\],;]*)?)?\]?\]?\]?)?)?$`)
	numbered      = regexp.MustCompile(`^\[{1,2}\^?\d{1,3}\]{1,2}$`)
	numbers       = regexp.MustCompile(`^\[[\d ,;–-]+\]$`)
)

// bracket reads what begins with a bracket: a marker, a link, a number that would look like a citation.
func (w *Writer) bracket(text string, final bool) token {
	head := text[:min(len(text), maxMarker)]
	if m := simpleMarker.FindString(head); m != "" {
		return token{length: len(m), write: func() { w.cite(strings.Trim(m, "[] ")) }}
	}
	if !final && len(text) < maxMarker && markerStart.MatchString(text) {
		return undecided // a bracket more may belong to it
	}
	if m := markerPattern.FindStringSubmatchIndex(head); m != nil {
		length := m[3] + strings.Index(head[m[3]:], "]]") + 2
		return token{length: length, write: func() { w.cite(head[m[2]:m[3]]) }}
	}
	return w.link(text, final)
}

// link reads a bracket with its partner, and where it is a link leaves its text.
func (w *Writer) link(text string, final bool) token {
	end, open := closes(text, '[', ']', maxLabel)
	switch {
	case open && !final:
		return undecided
	case end == 0:
		return w.text("[")
	}
	label := text[:end]
	switch {
	case numbered.MatchString(label):
		return token{length: end, write: func() { w.counts.Invented++ }}
	case numbers.MatchString(label):
		return token{length: end, again: "(" + label[1:end-1] + ")"}
	case len(text) == end:
		if !final {
			return undecided
		}
	case text[end] == '(':
		target, open := closes(text[end:], '(', ')', maxTarget)
		if open && !final {
			return undecided
		}
		if target > 0 {
			return token{length: end + target, again: label[1 : end-1]}
		}
	}
	return w.text("[")
}

// closes is where the bracket at the beginning of a text closes: behind its partner, 0 where it has none, open where
// the text ends too early to tell.
func closes(text string, opening, closing byte, most int) (end int, open bool) {
	depth := 0
	for i := range len(text) {
		switch c := text[i]; {
		case i == most || c == '\n' && strings.HasPrefix(text[i+1:], "\n"):
			return 0, false
		case c == opening:
			depth++
		case c == closing:
			if depth--; depth == 0 {
				return i + 1, false
			}
		}
	}
	return 0, true
}

// image reads what may be an image, and leaves the words in its place.
func (w *Writer) image(text string, final bool) token {
	switch {
	case len(text) == 1 && !final:
		return undecided
	case len(text) == 1 || text[1] != '[' || strings.HasPrefix(text[1:], "[["):
		return w.text("!")
	}
	t := w.link(text[1:], final)
	switch {
	case t.open:
		return t
	case t.again != "":
		t.length++
		return t
	}
	return w.text("!")
}

// tagPattern is a tag or a comment of HTML, as CommonMark has them, or an address in angle brackets.
var tagPattern = regexp.MustCompile("^<(?:/[A-Za-z][A-Za-z0-9-]*\\s*|[A-Za-z][A-Za-z0-9-]*(?:\\s+[A-Za-z_:][\\w.:-]*(?:\\s*=\\s*(?:[^\\s\"'=<>`]+|'[^'<>]*'|\"[^\"<>]*\"))?)*\\s*/?|!--[^<>]*--|[A-Za-z][A-Za-z0-9+.-]+:[^\\s<>]*)>$")

// tag reads what begins with an angle bracket. A tag goes, and of an address its host stays.
func (w *Writer) tag(text string, final bool) token {
	if len(text) == 1 {
		if !final {
			return undecided
		}
		return w.text("<")
	}
	if r := rune(text[1]); !asciiLetter(r) && r != '/' && r != '!' {
		return w.text("<")
	}
	end := strings.IndexAny(text[1:min(len(text), maxTarget)], "<>\n")
	switch {
	case end < 0 && len(text) < maxTarget && !final:
		return undecided
	case end < 0 || text[1+end] != '>' || !tagPattern.MatchString(text[:end+2]):
		return w.text("<")
	}
	inside := text[1 : end+1]
	switch {
	case strings.Contains(inside, "://") && !strings.ContainsAny(inside, " \""):
		return token{length: end + 2, write: func() { w.write(hostOf(inside)) }}
	case strings.EqualFold(strings.Trim(inside, " /"), "br"):
		return token{length: end + 2, again: " "}
	}
	return token{length: end + 2}
}

// entity reads a character that is written by its name or number.
func (w *Writer) entity(text string, final bool) token {
	for i := 1; i < min(len(text), maxEntity); i++ {
		c := text[i]
		if c == ';' {
			if decoded := html.UnescapeString(text[:i+1]); decoded != text[:i+1] && !strings.HasSuffix(decoded, ";") {
				return token{length: i + 1, again: decoded}
			}
			break
		}
		if !asciiLetter(rune(c)) && (c < '0' || c > '9') && (c != '#' || i != 1) {
			break
		}
		if i == len(text)-1 && !final && len(text) < maxEntity {
			return undecided
		}
	}
	if len(text) == 1 && !final {
		return undecided
	}
	return w.text("&")
}

// space reads a space, which goes with a number in brackets that stands for nothing.
func (w *Writer) space(text string, final bool) token {
	switch {
	case len(text) == 1:
		if !final {
			return undecided
		}
	case text[1] == '[':
		t := w.bracket(text[1:], final)
		if t.open {
			return undecided
		}
		if label := text[1 : 1+t.length]; numbered.MatchString(label) || w.citesNothing(label) {
			t.length++
			return t
		}
	}
	return w.text(" ")
}

var schemes = []string{"http://", "https://", "ftp://", "www."}

// address reads a bare address, of which its host stays, without what makes a link of it.
func (w *Writer) address(text string, final bool) token {
	last, _ := utf8.DecodeLastRune(w.out)
	inWord := len(w.out) > 0 && (unicode.IsLetter(last) || unicode.IsDigit(last))
	for _, scheme := range schemes {
		if len(text) < len(scheme) && strings.EqualFold(text, scheme[:len(text)]) && !final {
			return undecided
		}
		if len(text) < len(scheme) || !strings.EqualFold(text[:len(scheme)], scheme) || inWord && scheme == "www." {
			continue
		}
		end := strings.IndexAny(text[:min(len(text), maxTarget)], " \t\n<>\"`|)]}*")
		if end < 0 && len(text) < maxTarget && !final {
			return undecided
		}
		if end < 0 {
			end = whole(text[:min(len(text), maxTarget)], final && len(text) < maxTarget)
		}
		for end > len(scheme) && strings.IndexByte(".,;:!?'_~", text[end-1]) >= 0 {
			end--
		}
		return token{length: end, write: func() { w.write(hostOf(text[:end])) }}
	}
	return w.text(text[:1])
}

// hostOf is the host in an address, so that a reader can see what was meant.
func hostOf(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	host := address[:len(address)-len(strings.TrimLeft(address, "/\\"))]
	host = address[len(host):]
	if end := strings.IndexAny(host, `/\?#`); end >= 0 {
		host = host[:end]
	}
	host = host[strings.LastIndexByte(host, '@')+1:]
	host, _, _ = strings.Cut(host, ":")
	if len(host) > 4 && strings.EqualFold(host[:4], "www.") {
		host = host[4:]
	}
	return host
}
