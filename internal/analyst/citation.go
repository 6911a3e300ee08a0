package analyst

import (
	"strings"
	"time"
)

// Citation is where figures of an answer come from: "[index]" in the text points here.
type Citation struct {
	Index      int        `json:"index"` // from 1, by first appearance in the text
	Handle     string     `json:"handle"`
	ToolCallID string     `json:"toolCallId"`
	Tool       string     `json:"tool"`
	Source     string     `json:"source"`
	Title      string     `json:"title"`
	AsOf       *time.Time `json:"asOf"` // null when the source does not say
}

// The model cites with "[[t1]]": two brackets around the handle of a tool result.
const (
	markerOpen      = "[["
	markerClose     = "]]"
	maxHandleDigits = 4
)

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// markers replaces the markers in a text that arrives in pieces. However the text is cut, the joined output is the same.
type markers struct {
	resolve func(handle string) string // what stands in a marker's place
	held    string                     // the end of the text so far, while it may still grow into a marker
}

// add takes the next piece and returns what is certain by now. It holds back no more than a marker's length.
func (m *markers) add(piece string) string {
	text := m.held + piece
	m.held = ""
	var out strings.Builder
	for text != "" {
		start := strings.IndexByte(text, markerOpen[0])
		if start < 0 {
			out.WriteString(text)
			break
		}
		out.WriteString(text[:start])
		text = text[start:]
		handle, length, open := readMarker(text)
		switch {
		case open:
			m.held = text
			return out.String()
		case length > 0:
			out.WriteString(m.resolve(handle))
			text = text[length:]
		default:
			out.WriteByte(text[0])
			text = text[1:]
		}
	}
	return out.String()
}

// flush returns what was held back: the text is over, so it is no marker.
func (m *markers) flush() string {
	text := m.held
	m.held = ""
	return text
}

// readMarker reads a marker at the start of text: its handle and length, or open when the text ends too early to tell.
// Length is 0 when there is none.
func readMarker(text string) (handle string, length int, open bool) {
	rest, ok, open := cutToken(text, markerOpen+"t")
	if !ok {
		return "", 0, open
	}
	digits := 0
	for digits < len(rest) && digits < maxHandleDigits && '0' <= rest[digits] && rest[digits] <= '9' {
		digits++
	}
	if digits == len(rest) {
		return "", 0, true
	}
	if digits == 0 {
		return "", 0, false
	}
	tail, ok, open := cutToken(rest[digits:], markerClose)
	if !ok {
		return "", 0, open
	}
	return "t" + rest[:digits], len(text) - len(tail), false
}

// cutToken takes token off the front of text; open when text is only the beginning of token.
func cutToken(text, token string) (rest string, ok, open bool) {
	if rest, ok = strings.CutPrefix(text, token); ok {
		return rest, true, false
	}
	return text, false, strings.HasPrefix(token, text)
}
