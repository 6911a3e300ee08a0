package ranking

import (
	"strings"
	"unicode"
)

// piece is a unit that was read.
type piece struct {
	words  map[string]float64
	length int
	// rows, headings and prose are the unit's lines by kind, as words between blanks, each line between newlines.
	rows, headings, prose string
	statements            statements
	// figures is the share of lines that are rows of a table.
	figures float64
	// contents tells that it lists what stands elsewhere: a table of contents, an index of exhibits.
	contents bool
}

// Kind is what a line of a filing is.
type Kind int

// The kinds of lines.
const (
	Prose Kind = iota
	Row        // of a table
	Heading
)

// KindOf tells a row of a table, which ends in figures, from a heading, which is short and ends in no full stop. A blank
// line is Prose.
func KindOf(line string) Kind { return kindOf(line, len(Words(line))) }

// longestHeading is how many words a heading may have.
const longestHeading = 14

// read reads a unit; known are the words of others read before.
func read(u Unit, known stems) *piece {
	p := &piece{words: map[string]float64{}}
	var text [3]strings.Builder
	var lines, rows, references int
	for line := range strings.Lines(u.Text) {
		words := known.words(line)
		if len(words) == 0 {
			continue
		}
		kind := kindOf(line, len(words))
		lines++
		switch {
		case refers(line, words):
			references++
		case kind == Row:
			rows++
		}
		p.add(&text[kind], words, kind)
	}
	if words := known.words(u.Title); len(words) > 0 {
		for _, w := range words {
			p.words[w] += titleFold
		}
		p.line(&text[Heading], words)
	}
	p.rows, p.headings, p.prose = text[Row].String(), text[Heading].String(), text[Prose].String()
	p.figures = float64(rows) / float64(max(1, lines))
	p.contents = references >= 6 && references*4 >= lines
	p.statements = statementsOf(p)
	return p
}

func (p *piece) add(text *strings.Builder, words []string, kind Kind) {
	fold := 1.0
	if kind == Heading {
		fold = headingFold
	}
	for _, w := range words {
		p.words[w] += fold
	}
	p.length += len(words)
	p.line(text, words)
}

func (p *piece) line(text *strings.Builder, words []string) {
	text.WriteString("\n ")
	for _, w := range words {
		text.WriteString(w)
		text.WriteByte(' ')
	}
}

func (p *piece) count(word string) float64 { return p.words[word] }

// holds is the most that a phrase counts for in the piece.
func (p *piece) holds(phrase string, at places) float64 {
	var most float64
	if strings.Contains(p.rows, phrase) {
		most = at.row
	}
	if at.heading > most && strings.Contains(p.headings, phrase) {
		most = at.heading
	}
	if at.prose > most && strings.Contains(p.prose, phrase) {
		most = at.prose
	}
	return most
}

func kindOf(line string, words int) Kind {
	if line = strings.TrimSpace(line); line == "" {
		return Prose
	}
	figures, letters := 0, 0
	for field := range strings.FieldsSeq(line) {
		switch {
		case isFigure(field):
			figures++
		case strings.ContainsFunc(field, unicode.IsLetter):
			letters++
		}
	}
	switch end := line[len(line)-1]; {
	case figures > 0 && endsInFigure(line) && figures*8 >= letters:
		return Row
	case words <= longestHeading && end != '.' && end != ',' && end != ';' && figures <= 2 && startsHigh(line):
		return Heading
	}
	return Prose
}

// isFigure tells whether a field is a number, whatever stands around it: $1,250 or (3.5)% or a dash for none.
func isFigure(field string) bool {
	if field == "—" || field == "-" || field == "–" {
		return true
	}
	digits := 0
	for _, r := range field {
		switch {
		case unicode.IsDigit(r):
			digits++
		case !strings.ContainsRune("$€£¥%().,-–—+|x", r):
			return false
		}
	}
	return digits > 0
}

func endsInFigure(line string) bool {
	var last string
	for field := range strings.FieldsSeq(line) {
		if strings.Trim(field, "|%)$") != "" {
			last = field
		}
	}
	return isFigure(last) && !strings.HasSuffix(line, ".")
}

// startsHigh tells whether a line begins as headings do: with a capital letter, or as a remark below one: (in millions).
func startsHigh(line string) bool {
	if line[0] == '(' && line[len(line)-1] == ')' {
		return true
	}
	for _, r := range line {
		if unicode.IsLetter(r) {
			return unicode.IsUpper(r)
		}
	}
	return false
}

// refers tells a line that names another place: an item or exhibit with its page, or words, dots and a page.
func refers(line string, words []string) bool {
	if strings.Contains(line, "....") || strings.Contains(line, ". . .") {
		return true
	}
	return len(words) >= 2 && len(words) <= 24 && (words[0] == "item" || words[0] == "exhibit" || words[0] == "not") && startsLikeNumber(words[1])
}

func startsLikeNumber(word string) bool { return isASCIIDigit(rune(word[0])) }
