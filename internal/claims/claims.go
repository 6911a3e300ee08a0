// Package claims tells what the lines of a text say their figures are of: which thing, period and day; and where a figure is of another.
package claims

// Reader reads a text line by line. One goroutine uses it.
type Reader struct {
	names  subjects
	around Surroundings
	last   string // the symbol that was made known last
}

// New begins a text in which things may be called by their names, which are given by symbol.
func New(names map[string][]string) *Reader { return &Reader{names: newSubjects(names)} }

// Know makes the symbol of a thing known. What is not written like one is a class or a sector, and no subject.
func (r *Reader) Know(symbol string) {
	if symbol != r.last {
		r.last = symbol
		r.names.add(symbol)
	}
}

// Around are the lines before the next one, as far as they say what its figures are of.
func (r *Reader) Around() Surroundings { return r.around }

// Return goes back to where those lines were the last.
func (r *Reader) Return(to Surroundings) { r.around = to }

// stretch is a part of a line, in bytes.
type stretch struct{ start, end int }
