// Package plan decides what has to be read for a question before it is answered.
package plan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/intent"
)

// Call is one use of a tool.
type Call struct {
	Tool  string
	Input json.RawMessage
}

// Same tells whether two calls ask for the same.
func (c Call) Same(other Call) bool { return c.Tool == other.Tool && bytes.Equal(c.Input, other.Input) }

const (
	most        = 6 // calls for one question
	mostSymbols = 3 // that are asked about one by one
)

// For lists what a question needs, the most important first, and nothing else: none for what nothing here can answer.
func For(about intent.Brief, question string, today calendar.Day) []Call {
	question = cmp.Or(about.Question, question)
	a := asking{Brief: about, text: TextOf(question), question: question, today: today}
	for _, n := range slices.Concat(own(), companies()) {
		if n.when(&a) {
			n.read(&a)
		}
	}
	return a.calls[:min(len(a.calls), most)]
}

// need is something that questions ask for, and what has to be read for it.
type need struct {
	when func(*asking) bool
	read func(*asking)
}

// asking is a question with what was decided to be read for it so far.
type asking struct {
	intent.Brief
	text     Text
	question string
	today    calendar.Day
	calls    []Call
}

// input is what any of the tools may be given; what is empty is left out.
type input struct {
	Symbol    string        `json:"symbol,omitempty"`
	Symbols   []string      `json:"symbols,omitempty"`
	Query     string        `json:"query,omitempty"`
	By        string        `json:"by,omitempty"`
	Range     string        `json:"range,omitempty"`
	Benchmark string        `json:"benchmark,omitempty"`
	Kinds     []string      `json:"kinds,omitempty"`
	GroupBy   string        `json:"groupBy,omitempty"`
	Year      int           `json:"year,omitempty"`
	Metrics   []string      `json:"metrics,omitempty"`
	Concepts  []string      `json:"concepts,omitempty"`
	Periods   []string      `json:"periods,omitempty"`
	Years     int           `json:"years,omitempty"`
	Forms     []string      `json:"forms,omitempty"`
	Form      string        `json:"form,omitempty"`
	Item      string        `json:"item,omitempty"`
	First     *calendar.Day `json:"first,omitempty"`
	Last      *calendar.Day `json:"last,omitempty"`
	Limit     int           `json:"limit,omitempty"`
}

// add adds a call, once.
func (a *asking) add(tool string, in input) {
	text, err := json.Marshal(in)
	if err != nil { // texts, numbers and days always print
		return
	}
	c := Call{tool, text}
	if !slices.ContainsFunc(a.calls, c.Same) {
		a.calls = append(a.calls, c)
	}
}

// each adds a call for each of the first symbols.
func (a *asking) each(tool string, in input) {
	for _, symbol := range a.Symbols[:min(len(a.Symbols), mostSymbols)] {
		in.Symbol = symbol
		a.add(tool, in)
	}
}

func (a *asking) own() bool { return a.Holdings || a.Type == intent.Portfolio }

func (a *asking) has(phrases ...string) bool { return a.text.Has(phrases...) }

func (a *asking) topic(topics ...intent.Topic) bool {
	return slices.ContainsFunc(topics, func(t intent.Topic) bool { return slices.Contains(a.Topics, t) })
}

// ranged tells whether the question looks back over more than today.
func (a *asking) ranged() bool { return a.From != nil && a.To != nil && a.From.Before(a.today) }

// past is the range as inputs have it: what lies ahead ends today.
func (a *asking) past() (first, last *calendar.Day) {
	if a.From == nil || a.today.Before(*a.From) {
		return nil, nil
	}
	first = a.From
	if a.To != nil && a.To.Before(a.today) {
		last = a.To
	}
	return first, last
}

// year is the calendar year that the range is, or is so far; 0 where it is none.
func (a *asking) year() int {
	if a.From == nil || a.To == nil || a.From.Year != a.To.Year || a.From.Month != 1 || a.From.Day != 1 {
		return 0
	}
	if whole := a.To.Month == 12 && a.To.Day == 31; whole || !a.To.Before(a.today) {
		return a.From.Year
	}
	return 0
}

// indices are the names of what whole markets are measured by.
var indices = []struct{ name, symbol string }{
	{"s p 500", "^GSPC"}, {"s p", "^GSPC"}, {"sp500", "^GSPC"}, {"spx", "^GSPC"}, {"nasdaq", "^IXIC"}, {"dow", "^DJI"}, {"russell", "^RUT"},
}

// markets are the indices that the question names.
func (a *asking) markets() []string {
	var all []string
	for _, i := range indices {
		if a.has(i.name) && !slices.Contains(all, i.symbol) {
			all = append(all, i.symbol)
		}
	}
	return all
}
