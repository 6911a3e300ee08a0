// Package reference finds the figures in the results that an answer is written from, each by its path, with its unit and what it is of.
package reference

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Figure is one figure of a result.
type Figure struct {
	// Path is where it stands in the printed result, as summary.totalValue or holdings[0].marketValue.
	Path string
	// Field is the last name of the path.
	Field string
	calculate.Value
	// Subject is the symbol of what it is a figure of; empty where that is not one thing.
	Subject string
	// Period is what it covers, as "FY2025" or "2025-09-27"; empty where the result does not say.
	Period string
	// Labels are what the places of lists in which it stands are called by: a concept, a sector, a kind.
	Labels []string
}

// Figures are those of one result. They do not change once read, so that many may ask at a time.
type Figures struct {
	list   []Figure
	places map[string]int    // by path
	keys   map[string]string // places of a list by what stands in them: holdings[AAPL] is holdings[0]
}

// ErrUnknown is why nothing is found at a path.
var ErrUnknown = errors.New("no such figure")

// All lists the figures in the order in which the result prints them. Nobody changes the list.
func (f *Figures) All() []Figure { return f.list }

// Find is the figure at a path, in which the place of a list may be given by a symbol, a name or a date that stands
// there: holdings[AAPL].marketValue. It is NotFound, and wraps ErrUnknown, where there is none or it is null.
func (f *Figures) Find(path string) (Figure, error) {
	if i, ok := f.places[f.byNumber(path)]; ok {
		return f.list[i], nil
	}
	return Figure{}, fault.Wrap(fault.NotFound, ErrUnknown, "there is no figure at %q in this result, or it is not known", shorten(path))
}

// byNumber turns keys in brackets into the numbers of their places.
func (f *Figures) byNumber(path string) string {
	var out strings.Builder
	for path != "" {
		start := strings.IndexByte(path, '[')
		if start < 0 {
			break
		}
		length := strings.IndexByte(path[start:], ']')
		if length < 0 {
			break
		}
		out.WriteString(path[:start])
		key := path[start+1 : start+length]
		place, ok := f.keys[keyOf(out.String(), key)]
		if !ok {
			place = "[" + key + "]"
		}
		out.WriteString(place)
		path = path[start+length+1:]
	}
	return out.String() + path
}

// keyOf is under what a place of a list is kept. People and models write symbols in either case and classes with a point
// or a dash.
func keyOf(list, key string) string {
	return list + "[" + oneSpelling.Replace(strings.ToUpper(key)) + "]"
}

var oneSpelling = strings.NewReplacer("-", ".", "/", ".", " ", "")

// Place is the path with every key as a number, so that two ways to write one place are the same.
func (f *Figures) Place(path string) string { return f.byNumber(path) }

func shorten(path string) string {
	const most = 80
	if len(path) > most {
		return strings.ToValidUTF8(path[:most], "") + "…"
	}
	return path
}

// Read finds the figures of a result: every number of a struct that prints as JSON. Its unit stands in the field's tag:
//
//	unit:"%"         percent
//	unit:"ratio"     a plain ratio
//	unit:"shares"    or any other name of what is counted
//	unit:"@currency" the text of the field printed as currency, beside it or further out
//	unit:"@currency/shares"  with what it is divided by, as prices are, so that a price times a quantity is money
//	unit:"-"         a number that says nothing of the world, such as an offset
//
// What is printed as symbol, period and asOf, or the tag figure:"subject", "period" or "asOf" marks, says of what the
// figures beside and below it are. A number without a unit is an error, so that none can be shown without.
func Read(data any, asOf time.Time) (*Figures, error) {
	r := reader{figures: &Figures{places: map[string]int{}, keys: map[string]string{}}}
	r.read(valueOf(data), "", scope{asOf: asOf})
	if len(r.missing) > 0 {
		return nil, fmt.Errorf("figures without a unit: %s", strings.Join(r.missing, ", "))
	}
	return r.figures, nil
}
