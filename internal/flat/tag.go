package flat

import "bytes"

// tag is what is kept of one: its name and the few attributes that matter, all in lower case save id and href.
type tag struct {
	name        string
	closes      bool
	selfClosing bool
	id, href    string
	style       string
}

// maxValue is how much is kept of an attribute.
const maxValue = 1 << 10

// readTag reads a tag whose '<' is next and is followed by a letter or a slash and a letter. Whatever is wrong with it,
// it ends at the next '>' outside quotes, or before the next '<'.
func (f *flattener) readTag() tag {
	s := f.in
	s.pos++
	t := tag{}
	if s.peek(0) == '/' {
		t.closes = true
		s.pos++
	}
	t.name = f.readName()
	for n := 0; ; n++ {
		if n > maxAttributes {
			f.fail(tooLarge("more attributes in a tag"))
			return t
		}
		name, ended := f.readAttributeName(&t)
		if ended {
			return t
		}
		value := f.readValue()
		t.keep(name, value)
	}
}

// keep keeps an attribute that matters.
func (t *tag) keep(name string, value []byte) {
	switch name {
	case "id", "name":
		if t.id == "" {
			t.id = string(value)
		}
	case "href":
		t.href = string(value)
	case "style":
		t.style = string(bytes.ToLower(value))
	}
}

// names are those that are met all the time, so that they are not made anew each time.
var names = func() map[string]string {
	m := map[string]string{}
	for _, n := range []string{"span", "div", "td", "tr", "p", "font", "b", "a", "br", "table", "style", "class", "id", "name", "href", "colspan", "rowspan", "valign",
		"align", "width", "ix:nonfraction", "ix:nonnumeric", "contextref", "unitref", "decimals", "scale", "format", "size", "face", "color", "bgcolor", "height", "nowrap"} {
		m[n] = n
	}
	return m
}()

// readName reads a name of a tag or an attribute in lower case, and cuts a long one.
func (f *flattener) readName() string {
	s, b := f.in, f.name[:0]
	for {
		c := s.peek(0)
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case isAlphanumeric(c), c == ':', c == '-', c == '_', c == '.':
		default:
			if known, ok := names[string(b)]; ok {
				return known
			}
			return string(b)
		}
		if len(b) < cap(b) {
			b = append(b, c)
		}
		s.pos++
	}
}

// readAttributeName skips to the next attribute, or tells that the tag has ended.
func (f *flattener) readAttributeName(t *tag) (name string, ended bool) {
	s := f.in
	for {
		switch c := s.peek(0); {
		case c == '>':
			s.pos++
			return "", true
		case c == '<', c == 0 && !s.more():
			return "", true
		case c == '/':
			t.selfClosing = s.peek(1) == '>'
			s.pos++
		case isAlphanumeric(c), c == '_', c == ':':
			return f.readName(), false
		default:
			s.pos++
		}
	}
}

// readValue reads what follows an attribute's name: "=" and a value, or nothing.
func (f *flattener) readValue() []byte {
	s := f.in
	f.skipSpaces()
	if s.peek(0) != '=' {
		return nil
	}
	s.pos++
	f.skipSpaces()
	quote := s.peek(0)
	if quote != '"' && quote != '\'' {
		return f.readUntil(func(c byte) bool { return c <= ' ' || c == '>' || c == '<' })
	}
	s.pos++
	value := f.readUntil(func(c byte) bool { return c == quote || c == '<' })
	if s.peek(0) == quote {
		s.pos++
	}
	return value
}

func (f *flattener) skipSpaces() {
	for c := f.in.peek(0); c == ' ' || c == '\n' || c == '\r' || c == '\t'; c = f.in.peek(0) {
		f.in.pos++
	}
}

// readUntil reads up to a byte that ends it, and keeps the first kilobyte.
func (f *flattener) readUntil(ends func(byte) bool) []byte {
	b, s := f.value[:0], f.in
	for s.more() {
		window := s.window()
		n := 0
		for n < len(window) && !ends(window[n]) {
			n++
		}
		b = append(b, window[:min(n, cap(b)-len(b))]...)
		s.pos += n
		if n < len(window) {
			break
		}
	}
	return b
}
