package flat

import (
	"html"
	"strings"
)

// flattener reads tags and text, and writes the text.
type flattener struct {
	in         *source
	out        writer
	submission bool   // ends where the first document's text does
	hidden     string // the element that hides what is in it, and how many of its name are open in there
	hiddenIn   int
	open       []element
	pre        int
	err        error
	name       [32]byte
	value      [maxValue]byte
}

// element is one that is open.
type element struct {
	name string
	bold bool
}

func (f *flattener) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

func (f *flattener) run() {
	for f.err == nil && f.out.err == nil && f.in.more() {
		if f.in.window()[0] != '<' {
			text := f.in.text()
			if f.hidden == "" {
				f.out.write(text, f.pre > 0)
			}
			continue
		}
		if f.markup() {
			return
		}
	}
}

// markup reads what begins with '<'. It tells whether the document ends there.
func (f *flattener) markup() (ended bool) {
	s := f.in
	c := s.peek(1)
	switch {
	case c == '!' || c == '?':
		f.skipDeclaration()
	case (isLetter(c) || c == '/' && isLetter(s.peek(2))) && (!f.out.plain || f.isSGML()):
		return f.tag(f.readTag())
	default:
		if f.hidden == "" {
			f.out.write(s.take(1), f.pre > 0)
		} else {
			s.pos++
		}
	}
	return false
}

// skipDeclaration skips a comment, or anything else that is no element; entities that are declared there are never used.
func (f *flattener) skipDeclaration() {
	s := f.in
	switch {
	case s.ahead("<!--"):
		s.pos += len("<!--")
		if s.ahead(">") {
			s.pos++
		} else {
			s.skipPast("-->")
		}
	case s.ahead("<![cdata["):
		s.skipPast("]]>")
	case s.ahead("<!doctype"):
		for c := s.peek(0); c != '>' && s.more(); c = s.peek(0) {
			s.pos++
			if c == '[' {
				s.skipPast("]")
			}
		}
		s.skipPast(">")
	default:
		s.skipPast(">")
	}
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// sgml are the tags of plain text; anything else in brackets is text there.
var sgml = map[string]bool{"page": true, "table": true, "s": true, "c": true, "caption": true, "fn": true, "pre": true, "html": true, "body": true, "head": true,
	"title": true, "div": true, "p": true, "br": true, "hr": true, "b": true, "i": true, "u": true, "center": true, "font": true, "tt": true, "text": true,
	"document": true, "type": true, "sequence": true, "filename": true, "description": true, "f1": true, "f2": true, "f3": true, "r": true, "a": true}

// isSGML tells whether a tag of plain text is next.
func (f *flattener) isSGML() bool {
	n := 1
	if f.in.peek(1) == '/' {
		n = 2
	}
	b := f.name[:0]
	c := f.in.peek(n)
	for ; isAlphanumeric(c) && len(b) < 16; c = f.in.peek(n) {
		b = append(b, c|0x20) // lower case; digits have that bit
		n++
	}
	return (c <= ' ' || c == '>' || c == '/') && sgml[string(b)]
}

// tag acts on a tag. It tells whether the document ends there.
func (f *flattener) tag(t tag) (ended bool) {
	if f.submission && t.closes && (t.name == "text" || t.name == "document") {
		return true
	}
	if f.out.plain {
		f.plainTag(t)
		return false
	}
	if f.hidden != "" && f.stillHidden(t) {
		return false
	}
	if t.closes {
		f.close(t)
		return false
	}
	f.openTag(t)
	return false
}

func (f *flattener) plainTag(t tag) {
	if t.name == "page" && !t.closes {
		f.out.page = true
		f.out.pause(block)
	}
}

// stillHidden follows the element that hides, and tells whether the tag is within.
func (f *flattener) stillHidden(t tag) bool {
	if f.hidden == "p" && isBlock(t.name) && (t.name != "p" || !t.closes) {
		f.hidden = "" // a hidden paragraph without an end ends with the next block
		return false
	}
	if f.hidden == "head" && t.name == "body" {
		f.hidden = ""
		return false
	}
	switch {
	case t.name != f.hidden:
	case t.closes:
		f.hiddenIn--
	case !t.selfClosing:
		f.hiddenIn++
	}
	if f.hiddenIn == 0 {
		f.hidden = ""
	}
	return true
}

// openTag acts on a tag that opens an element.
func (f *flattener) openTag(t tag) {
	f.gapAt(t.name)
	if t.id != "" {
		f.anchor(t)
	}
	if strings.Contains(t.style, "page-break-") || strings.Contains(t.style, "break-") {
		f.pageBreak(t.style)
	}
	void := t.selfClosing || isVoid(t.name)
	switch {
	case t.name == "page":
		f.out.page = true
	case void:
		return
	case t.name == "script" || t.name == "style":
		f.in.skipPast("</" + t.name)
		f.in.skipPast(">")
		return
	case t.name == "head" || t.name == "title" || t.name == "ix:header" || hides(t.style):
		f.hidden, f.hiddenIn = t.name, 1
		return
	case t.name == "a":
		f.startLink(t.href)
	case t.name == "pre":
		f.pre++
	}
	if !void {
		f.push(t)
	}
}

// hides tells whether a style hides.
func hides(style string) bool {
	_, display, found := strings.Cut(style, "display")
	return found && strings.HasPrefix(strings.TrimLeft(display, " \t\n:"), "none")
}

// pageBreak marks a page when a style breaks before or after.
func (f *flattener) pageBreak(style string) {
	for _, way := range []string{"break-before", "break-after"} {
		_, rest, found := strings.Cut(style, way)
		rest = strings.TrimLeft(rest, " :")
		if found && (strings.HasPrefix(rest, "always") || strings.HasPrefix(rest, "page")) {
			f.out.page = true
		}
	}
}

// maxName is how long an anchor's name may be, maxWaiting how many there may be in one place.
const maxName, maxWaiting = 120, 1000

func (f *flattener) anchor(t tag) {
	if strings.HasPrefix(t.name, "ix:") || len(t.id) > maxName || t.name == "meta" || t.name == "input" {
		return
	}
	if len(f.out.anchor) < maxWaiting {
		f.out.anchor = append(f.out.anchor, html.UnescapeString(t.id))
	}
}

// startLink begins a link when it points into the document.
func (f *flattener) startLink(href string) {
	page, target, found := strings.Cut(html.UnescapeString(href), "#")
	page = strings.ToLower(page)
	if found && target != "" && (page == "" || strings.HasSuffix(page, ".htm") || strings.HasSuffix(page, ".html")) {
		f.out.startLink(target)
	}
}

// close acts on a tag that closes an element.
func (f *flattener) close(t tag) {
	f.gapAt(t.name)
	switch t.name {
	case "a":
		f.out.endLink()
	case "pre":
		f.pre = max(0, f.pre-1)
	}
	f.pop(t.name, false)
}

// gapAt parts what stands before and after a tag.
func (f *flattener) gapAt(name string) {
	switch {
	case name == "td" || name == "th":
		f.out.pause(cell)
	case name == "tr" || name == "table":
		f.out.pause(row)
	case isBlock(name):
		f.out.pause(block)
	}
}

func isBlock(name string) bool {
	switch name {
	case "p", "div", "br", "li", "ul", "ol", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "table", "center", "pre", "blockquote", "title", "body", "dl",
		"dt", "dd", "section", "page", "tbody", "thead", "tfoot", "caption", "text", "type", "sequence", "filename", "description", "document", "header", "footer":
		return true
	}
	return false
}

func isVoid(name string) bool {
	switch name {
	case "br", "hr", "img", "meta", "link", "input", "col", "page", "c", "s", "fn", "type", "sequence", "filename", "description", "area", "base", "wbr":
		return true
	}
	return false
}

// push notes an element as open. What HTML lets go unclosed is closed by the next of its kind.
func (f *flattener) push(t tag) {
	switch t.name {
	case "p", "li", "tr", "td", "th", "dt", "dd", "option":
		f.pop(t.name, true)
	}
	e := element{name: t.name, bold: isStrong(t)}
	if e.bold {
		f.out.bold++
	}
	if f.open = append(f.open, e); len(f.open) > maxDepth {
		f.fail(tooLarge("more elements within each other"))
	}
}

// pop closes the innermost element of the name and all within. One that is implied stays within its table.
func (f *flattener) pop(name string, implied bool) {
	lowest := max(0, len(f.open)-64)
	for i := len(f.open) - 1; i >= lowest; i-- {
		if f.open[i].name == name {
			for _, e := range f.open[i:] {
				if e.bold {
					f.out.bold--
				}
			}
			f.open = f.open[:i]
			return
		}
		if implied && (f.open[i].name == "table" || f.open[i].name == "div") {
			return
		}
	}
}

// isStrong tells whether an element sets its words off as headings do.
func isStrong(t tag) bool {
	switch t.name {
	case "b", "strong", "u", "h1", "h2", "h3", "h4", "h5", "h6":
		return true
	}
	if t.style == "" {
		return false
	}
	_, weight, found := strings.Cut(t.style, "font-weight")
	weight = strings.TrimLeft(weight, " :")
	return found && (strings.HasPrefix(weight, "bold") || strings.HasPrefix(weight, "6") || strings.HasPrefix(weight, "7") || strings.HasPrefix(weight, "8")) ||
		strings.Contains(t.style, "underline")
}
