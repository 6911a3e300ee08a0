// Package flat turns a filing's document, HTML or the plain text of the 1990s, into flat text whose places do not move.
package flat

import (
	"bytes"
	"io"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Document is a filed document as text. Offsets are bytes into Text, which is UTF-8, has a newline where a block or a
// row of a table ends and, of HTML, a tab between the cells of a row.
type Document struct {
	Text string
	// HTML tells whether it was HTML rather than plain text.
	HTML bool
	// Anchors are the places that links can point at, by name.
	Anchors map[string]int
	// Links are the document's links into itself, in its order.
	Links []Link
	// Strong are the spans set bold, underlined or as a heading, in order and apart.
	Strong []Span
	// Pages are the places where a new page begins, in order.
	Pages []int
}

// Link is one that points at an anchor of its own document.
type Link struct {
	At     int    // where its words begin
	Words  string // what is linked
	Target string // the anchor's name
}

// Span is a part of the text.
type Span struct{ Start, End int }

// What is read of one document: several times the largest that filers send, and little enough for any machine.
const (
	maxRaw        = 64 << 20
	maxText       = 12 << 20
	maxDepth      = 20_000
	maxAttributes = 10_000
	maxMarks      = 50_000 // anchors, links, strong spans and pages, each; more are not kept
)

// Flatten is Read of bytes.
func Flatten(raw []byte) (Document, error) { return Read(bytes.NewReader(raw)) }

// Read flattens a document as filed, or the first document of a full submission, in a single pass and in little memory
// whatever it is fed. Of a document beyond the limits comes the part that was read, together with a FilingTooLarge; of
// one that r fails to give, what r gave and its error.
func Read(r io.Reader) (Document, error) {
	in := newSource(r)
	f := flattener{in: in, out: writer{anchors: map[string]int{}}}
	f.submission = in.skipToFirstDocument()
	f.out.plain = !looksLikeHTML(in.window())
	f.run()
	return f.out.document(), f.trouble()
}

// trouble is why less than the whole was read, if so.
func (f *flattener) trouble() error {
	for _, why := range []error{f.err, f.in.err} {
		if why != nil {
			return why
		}
	}
	return f.out.err
}

func tooLarge(what string) error {
	return fault.New(fault.FilingTooLarge, "the filing has %s than are read; its first part is there", what)
}
