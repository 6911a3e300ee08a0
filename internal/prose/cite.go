package prose

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/reference"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// citing is what a citation cites: a part of a result, or all of it where place is nil.
type citing struct {
	call  *tool.Call
	place *tool.Place
}

// quoted is a stretch of the line at hand between quotation marks that stands word for word where it is cited from.
type quoted struct {
	start, end int // in out
	citing
	index int
}

var markerParts = regexp.MustCompile(`\s*[,;]\s*`)

// cite writes the numbers of what a marker names. What there is not vanishes.
func (w *Writer) cite(marker string) {
	for _, ref := range markerParts.Split(marker, -1) {
		call, place := w.config.Results.Place(ref)
		if call == nil || place == nil && w.leadsNowhere(ref) {
			w.counts.Invented++
			continue
		}
		w.number(w.citation(citing{call, place}, w.quotesBefore()))
	}
}

// citesNothing tells whether a marker names only what there is not.
func (w *Writer) citesNothing(marker string) bool {
	if !strings.HasPrefix(marker, "[[") {
		return false
	}
	for _, ref := range markerParts.Split(strings.TrimSuffix(strings.TrimSpace(marker[2:]), "]]"), -1) {
		if _, _, ok := w.config.Results.Split(strings.TrimSpace(ref)); ok && !w.leadsNowhere(strings.TrimSpace(ref)) {
			return false
		}
	}
	return true
}

// leadsNowhere tells of a place in a list that has others, and not that one.
func (w *Writer) leadsNowhere(ref string) bool {
	call, path, ok := w.config.Results.Split(ref)
	if !ok {
		return true
	}
	path = call.Figures.Place(path)
	end := strings.IndexByte(path, ']')
	if end < 0 {
		return false
	}
	entry, list := path[:end+1], path[:strings.IndexByte(path, '[')+1]
	listed := false
	look := func(there string) bool {
		listed = listed || strings.HasPrefix(there, list)
		return strings.HasPrefix(there, entry)
	}
	if slices.ContainsFunc(call.Result.Places, func(p tool.Place) bool { return look(p.Path) }) ||
		slices.ContainsFunc(call.Figures.All(), func(f reference.Figure) bool { return look(f.Path) }) {
		return false
	}
	return listed
}

// number writes a citation's number as nothing else can write one.
func (w *Writer) number(index int) {
	w.write("[" + strconv.Itoa(index))
	before := len(w.out)
	w.out = append(w.out, ']')
	w.say(string(w.out[before:]))
}

// citation is the index of a citation of that place with those quotes, which is made where there is none.
func (w *Writer) citation(c citing, quotes []stretch) int {
	quote := quotedWords(quotes, w.out)
	for _, there := range w.citations {
		if there.Handle == c.call.Handle && there.Path == c.path() && (quote == "" || there.Quote == quote) {
			return there.Index
		}
	}
	source := c.call.Result.Source
	made := Citation{Index: len(w.citations) + 1, Handle: c.call.Handle, ToolCallID: c.call.ID, Tool: c.call.Name, Path: c.path(), Quote: quote}
	if c.place != nil {
		source, made.Passage = c.place.Source, c.place.Passage
	}
	made.Source, made.Title, made.URL, made.AsOf = source.Name, source.Title, source.URL, timeOrNil(source.AsOf)
	if quote != "" {
		found := w.holdsAll(c, quotes, made.Index)
		made.QuoteFound = &found
	}
	w.citations = append(w.citations, made)
	w.pieces = append(w.pieces, Piece{Citation: &made})
	return made.Index
}

func (c citing) path() string {
	if c.place == nil {
		return ""
	}
	return c.place.Path
}

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// stretch is a part of out.
type stretch struct{ start, end int }

// quotePattern is what stands in quotation marks of any style. Single straight ones are apostrophes too, so that they
// need a space outside.
var quotePattern = regexp.MustCompile(`“([^“”\n]+)[”“]|„([^“”„\n]+)[“”]|"([^"\n]+)"|«([^«»\n]+)»|»([^«»\n]+)«|‹([^‹›\n]+)›|「([^「」\n]+)」|‘([^‘\n]+)’(?:[\s.,;:)]|$)|(?:^|[\s(])'([^'\n]+(?:'\w[^'\n]*)*)'(?:[\s.,;:)]|$)`)

var (
	ownNumber   = regexp.MustCompile(`\[\d+\]`)
	sentenceEnd = regexp.MustCompile(`[.!?;]\s`)
)

// mostQuoted is how far before a marker quoted words may begin, in bytes.
const mostQuoted = 4000

// quotesBefore are the quotes in the sentence before a marker that is about to be written, behind the last marker.
func (w *Writer) quotesBefore() []stretch {
	from := max(w.line, len(w.out)-mostQuoted)
	text := string(w.out[from:])
	if numbers := ownNumber.FindAllStringIndex(strings.TrimRight(text, " "), -1); len(numbers) > 0 {
		last := numbers[len(numbers)-1]
		if rest := strings.TrimSpace(text[last[1]:]); rest != "" {
			from, text = from+last[1], text[last[1]:]
		}
	}
	var quotes []stretch
	for _, m := range quotePattern.FindAllStringSubmatchIndex(text, -1) {
		for i := 2; i < len(m); i += 2 {
			if m[i] >= 0 {
				quotes = append(quotes, stretch{from + m[i], from + m[i+1]})
			}
		}
	}
	for len(quotes) > 0 && sentenceEnd.MatchString(between(w.out, quotes, len(w.out))) {
		quotes = quotes[1:]
	}
	return quotes
}

// between is what stands outside of quotes, from the first of them to the end.
func between(out []byte, quotes []stretch, end int) string {
	var text strings.Builder
	for i, q := range quotes {
		next := end
		if i+1 < len(quotes) {
			next = quotes[i+1].start
		}
		text.Write(out[q.end:next])
	}
	return text.String()
}

func quotedWords(quotes []stretch, text []byte) string {
	var words []string
	for _, q := range quotes {
		words = append(words, string(text[q.start:q.end]))
	}
	return strings.Join(words, " … ")
}

// holdsAll tells whether all quotes stand where they are said to be from, and keeps those that do.
func (w *Writer) holdsAll(c citing, quotes []stretch, index int) bool {
	all := true
	for _, q := range quotes {
		if !w.holds(c, string(w.out[q.start:q.end])) {
			all = false
			continue
		}
		w.quotes = append(w.quotes, quoted{start: q.start, end: q.end, citing: c, index: index})
	}
	return all
}

// holds tells whether words stand in a place, or anywhere in a result.
func (w *Writer) holds(c citing, words string) bool {
	if c.place != nil {
		return stands(w.plainText(c.place), words)
	}
	places := c.call.Result.Places
	return slices.ContainsFunc(places, func(p tool.Place) bool { return stands(plain(p.Text), words) })
}

// plainText is a place's text as plain makes it, made once.
func (w *Writer) plainText(p *tool.Place) string {
	text, ok := w.places[p]
	if !ok {
		text = plain(p.Text)
		w.places[p] = text
	}
	return text
}

var (
	sameSigns = strings.NewReplacer("’", "'", "‘", "'", "‚", "'", "“", "'", "”", "'", "„", "'", "«", "'", "»", "'", `"`, "'", "–", "-", "—", "-", "−", "-", "‑", "-",
		"\u00ad", "", "\u200b", "", "**", "", "ﬁ", "fi", "ﬂ", "fl")
	ellipsis = regexp.MustCompile(`\s*(?:\[\s*)?(?:…|\.\.\.|\. \. \.)(?:\s*\])?\s*`)
)

// plain is a text with one way to write what can be written in several: spaces, quotation marks, dashes, case.
func plain(text string) string {
	return strings.ToLower(strings.Join(strings.Fields(sameSigns.Replace(text)), " "))
}

// stands tells whether words stand in a text that plain made: word for word, what an ellipsis leaves out aside.
func stands(text, words string) bool {
	at, any := 0, false
	for _, part := range ellipsis.Split(words, -1) {
		part = strings.Trim(plain(part), " .,;:!?'")
		if part == "" {
			continue
		}
		i := wordsAt(text[at:], part)
		if i < 0 {
			return false
		}
		at, any = at+i+len(part), true
	}
	return any
}

// wordsAt is where whole words begin in a text; -1 where they do not stand in it.
func wordsAt(text, words string) int {
	for from := 0; ; {
		i := strings.Index(text[from:], words)
		if i < 0 {
			return -1
		}
		i += from
		if !inWord(text, i) && !inWord(text, i+len(words)) {
			return i
		}
		from = i + 1
	}
}

// inWord tells whether a word, or a number, goes on across a place.
func inWord(text string, at int) bool {
	if at == 0 || at >= len(text) {
		return false
	}
	wordly := func(c byte) bool { return c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' }
	return wordly(text[at-1]) && wordly(text[at])
}
