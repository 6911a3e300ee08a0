// Package flat turns a filing's document, HTML or the plain text of the 1990s, into flat text whose places do not move.
package flat

// Document is a filed document as text. Offsets are bytes into Text, which is UTF-8 and has a newline where a block ends.
type Document struct {
	Text string
	// HTML tells whether it was HTML rather than plain text.
	HTML bool
	// Anchors are the places that links can point at, by name.
	Anchors map[string]int
	// Links are the document's links into itself, in its order.
	Links []Link
}

// Link is one that points at an anchor of its own document.
type Link struct {
	At     int    // where its words begin
	Words  string // what is linked
	Target string // the anchor's name
}
