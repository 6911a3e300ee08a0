// Package prose makes what a language model writes into an answer's text while it arrives: references become figures, markers citations, and nothing in it opens a door.
package prose

import (
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/claims"
	"github.com/jaspers-ai/jaspers/internal/figures"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// Config is what an answer is written from.
type Config struct {
	Results  *tool.Results       // what may be referred to; it may grow between deltas
	Locale   string              // how figures are written, as BCP 47; en-US where it is empty or unknown
	Now      time.Time           // for dates that leave out the year
	Subjects map[string][]string // the names of things by their symbols: AAPL is Apple Inc.
	Said     string              // the person's question, whose numbers an answer may repeat
}

// Figure is a number of the text with what bears it out.
type Figure struct {
	Start      int              `json:"start"` // its place in the text, in characters
	End        int              `json:"end"`
	Text       string           `json:"text"`
	Kind       figures.State    `json:"kind"`
	Value      *decimal.Decimal `json:"value"` // exact where it is borne out, else as it is written; null where nothing is known
	Unit       calculate.Unit   `json:"unit"`
	AsOf       *time.Time       `json:"asOf"`       // of the oldest figure that it rests on; null where that is not known
	Expression string           `json:"expression"` // of references; empty where nothing bears it out
	Citation   int              `json:"citation"`   // the index of a citation; 0 where there is none
	Reason     string           `json:"reason"`     // why it is unverified, for people; empty otherwise
}

// Citation is where something in the text comes from: "[index]" there points here.
type Citation struct {
	Index      int           `json:"index"` // from 1, by first appearance
	Handle     string        `json:"handle"`
	ToolCallID string        `json:"toolCallId"`
	Tool       string        `json:"tool"`
	Source     string        `json:"source"`
	Title      string        `json:"title"`
	AsOf       *time.Time    `json:"asOf"` // null when the source does not say
	URL        string        `json:"url"`
	Path       string        `json:"path"` // of the part of the result; empty for all of it
	Passage    *tool.Passage `json:"passage"`
	Quote      string        `json:"quote"`      // the words that the text quotes from there; empty where it quotes none
	QuoteFound *bool         `json:"quoteFound"` // whether they stand there word for word; null where there are none
}

// Piece is what a delta brought, one of the three.
type Piece struct {
	Text     string
	Figure   *Figure
	Citation *Citation
}

// Counts are how many figures of each kind a text has, and how many citations of nothing it had.
type Counts struct {
	Verified   int `json:"verified"`
	Derived    int `json:"derived"`
	Unverified int `json:"unverified"`
	Invented   int `json:"invented"`
}

func (c *Counts) add(kind figures.State) {
	switch kind {
	case figures.Verified:
		c.Verified++
	case figures.Derived:
		c.Derived++
	case figures.Unverified:
		c.Unverified++
	}
}

// Count counts figures by their kind.
func Count(all []Figure) Counts {
	var c Counts
	for _, f := range all {
		c.add(f.Kind)
	}
	return c
}

// Writer writes one answer. Its text, figures and citations depend on what the deltas say together, never on where they
// are cut. One goroutine uses it.
type Writer struct {
	config Config
	style  style
	checks *figures.Text
	claims *claims.Reader
	said   []figures.Figure
	named  []decimal.Decimal // the numbers of the line at hand
	facts  []fact            // in the order in which checks knows them
	calls  int               // how many results are read into facts
	places map[*tool.Place]string

	state
	pieces []Piece
}

// state is what a discarded turn takes back.
type state struct {
	held      string // what was not yet decided upon
	out       []byte
	runes     int // in out before the line at hand
	line      int // where that begins, in bytes
	cuts      bool
	rendered  []given
	citations []Citation
	figures   []Figure
	counts    Counts
	quotes    []quoted
}

// New begins an answer.
func New(config Config) *Writer {
	if config.Results == nil {
		config.Results = &tool.Results{}
	}
	w := &Writer{
		config: config, style: styleOf(config.Locale), claims: claims.New(config.Subjects), places: map[*tool.Place]string{},
		checks: figures.Checker{Joined: mostJoined}.Begin(),
	}
	for _, f := range figures.Find(config.Said) {
		if f.Kind == figures.Amount {
			w.said = append(w.said, f)
		}
	}
	return w
}

// mostJoined keeps sums and differences of figures that the text does not name to results of few.
const mostJoined = 48

// Add takes the next delta and returns what is certain by now: text and citations at once, figures with the end of their
// line.
func (w *Writer) Add(delta string) []Piece {
	w.held += delta
	w.scan(false)
	return w.take()
}

// Flush ends the text.
func (w *Writer) Flush() []Piece {
	w.scan(true)
	w.endLine()
	return w.take()
}

// Cut ends a turn of the model: what comes next is another paragraph.
func (w *Writer) Cut() []Piece {
	pieces := w.Flush()
	w.cuts = len(w.out) > 0
	return pieces
}

// Mark is a place in an answer to which it can be taken back, between turns.
type Mark struct {
	state  state
	checks figures.Mark
	around claims.Surroundings
}

// Mark marks how far the answer is written. What is held back must be flushed or cut before.
func (w *Writer) Mark() Mark {
	return Mark{w.state, w.checks.Mark(), w.claims.Around()}
}

// Discard takes back all that was written since the mark, citations and figures too.
func (w *Writer) Discard(to Mark) {
	w.state = to.state
	w.checks.Return(to.checks)
	w.claims.Return(to.around)
	w.out, w.citations, w.figures = slices.Clone(w.out), slices.Clone(w.citations), slices.Clone(w.figures)
	w.rendered, w.quotes = slices.Clone(w.rendered), slices.Clone(w.quotes)
	w.pieces = nil
}

// Text is all that was written.
func (w *Writer) Text() string { return string(w.out) }

// Figures are the numbers of the text, in its order, as far as its lines are finished.
func (w *Writer) Figures() []Figure { return w.figures }

// Citations are those of the text, by their index.
func (w *Writer) Citations() []Citation { return w.citations }

// Counts counts the figures of the text by their kind.
func (w *Writer) Counts() Counts { return w.counts }

func (w *Writer) take() []Piece {
	pieces := w.pieces
	w.pieces = nil
	return pieces
}

// write adds to the text what the guard lets through.
func (w *Writer) write(text string) {
	if text == "" {
		return
	}
	from := len(w.out)
	if w.cuts {
		w.cuts = false
		w.out = append(w.out, strings.Repeat("\n", 2-trailingBreaks(w.out))...)
		w.endLine()
	}
	for _, r := range text {
		w.out = guard(w.out, r)
	}
	w.say(string(w.out[from:]))
}

// say passes text on, joined to what is passed on already.
func (w *Writer) say(text string) {
	if n := len(w.pieces); n > 0 && w.pieces[n-1].Text != "" {
		w.pieces[n-1].Text += text
		return
	}
	if text != "" {
		w.pieces = append(w.pieces, Piece{Text: text})
	}
}

func trailingBreaks(text []byte) int {
	n := 0
	for n < 2 && n < len(text) && text[len(text)-1-n] == '\n' {
		n++
	}
	return n
}
