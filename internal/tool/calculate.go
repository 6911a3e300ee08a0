package tool

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/reference"
)

// calculateInput is the input of the tool that reckons.
type calculateInput struct {
	Expression string `json:"expression" jsonschema:"Such as t1.holdings[AAPL].marketValue / t1.summary.totalValue" minLength:"1" maxLength:"1000"`
	Label      string `json:"label,omitempty" jsonschema:"What it comes to, in a few words" maxLength:"120"`
}

// Calculation is what an expression comes to.
type Calculation struct {
	Label      string          `json:"label"`
	Expression string          `json:"expression"`
	Value      decimal.Decimal `json:"value" unit:"@unit"`
	Unit       string          `json:"unit"`  // ratio, %, a currency, or what else the references' units make
	Exact      bool            `json:"exact"` // false where the value had to be cut at thirty places
	Symbol     string          `json:"symbol,omitempty"`
	Period     string          `json:"period,omitempty"`
	References []string        `json:"references"`
}

// Calculate reckons with the figures that were read before. What it refers to has to stand in a result of an earlier turn:
// calls of one turn run side by side.
func Calculate() Tool {
	return New("calculate",
		"Works out an expression exactly over figures of earlier results: + - * / ( ), sum, avg, min, max, abs, round(x, n), "+
			"change(from, to), cagr(from, to, periods), percent(ratio), ratio(percent). Figures are references such as t1.summary.totalValue "+
			"or t1.holdings[AAPL].marketValue. Units must go together. Results of the same turn cannot be referred to.",
		func(_ context.Context, asker Asker, in calculateInput) (Result, error) {
			read := asker.Read
			if read == nil {
				read = &Results{}
			}
			return read.calculate(in)
		})
}

func (r *Results) calculate(in calculateInput) (Result, error) {
	var used []reference.Figure
	var sources []string
	basis := Basis{Expression: in.Expression}
	found, err := calculate.Evaluate(in.Expression, func(ref string) (calculate.Value, error) {
		call, figure, err := r.Find(ref)
		if err != nil {
			return calculate.Value{}, notYet(ref, call, err)
		}
		used = append(used, figure)
		sources = append(sources, call.Result.Source.Name)
		basis.take(call, figure)
		return figure.Value, nil
	})
	if err != nil {
		return Result{}, err
	}
	data := Calculation{
		Label: in.Label, Expression: in.Expression, Value: found.Amount, Unit: string(found.Unit), Exact: found.Exact, References: append([]string{}, found.References...),
		Symbol: common(used, func(f reference.Figure) string { return f.Subject }),
		Period: common(used, func(f reference.Figure) string { return f.Period }),
	}
	if found.Unit == calculate.Ratio {
		data.Unit = "ratio"
	}
	basis.Numbers = append(basis.Numbers, found.Numbers...)
	// The label is the model's own words, with which it could call the value anything.
	source := Source{Name: calculatedFrom(sources), Title: in.Expression, AsOf: found.AsOf}
	return Result{Data: data, Source: source, Basis: &basis}, nil
}

// take adds what a figure rests on.
func (b *Basis) take(call *Call, f reference.Figure) {
	if of := call.Result.Basis; of != nil {
		b.Figures, b.Numbers = append(b.Figures, of.Figures...), append(b.Numbers, of.Numbers...)
		return
	}
	b.Figures = append(b.Figures, f)
}

// handleForm is how handles are spelled, in whatever a reference goes on with.
var handleForm = regexp.MustCompile(`^t[0-9]+($|[.\[])`)

// notYet tells who refers to a result that is not there what to do: most often it is of the same turn.
func notYet(ref string, call *Call, err error) error {
	switch {
	case call != nil:
		return fault.Wrap(fault.NotFound, err, "%s: there is no such figure in that result, or it is not known", bounded(ref))
	case handleForm.MatchString(ref):
		return fault.Wrap(fault.NotFound, err, "%s: no earlier turn has that result; results of the same turn can be reckoned with only from the next turn on, so call calculate again then", bounded(ref))
	}
	return fault.Wrap(fault.Invalid, err, "%s: is neither a function nor a reference; references begin with a result's handle, as t1.summary.totalValue", bounded(ref))
}

func bounded(ref string) string {
	const most = 80
	if len(ref) > most {
		return strings.ToValidUTF8(ref[:most], "") + "…"
	}
	return ref
}

// common is what a text of all figures is, where that is one.
func common(figures []reference.Figure, of func(reference.Figure) string) string {
	if len(figures) == 0 || slices.ContainsFunc(figures, func(f reference.Figure) bool { return of(f) != of(figures[0]) }) {
		return ""
	}
	return of(figures[0])
}

func calculatedFrom(sources []string) string {
	slices.Sort(sources)
	if sources = slices.Compact(sources); len(sources) == 0 {
		return "calculated"
	}
	return "calculated from " + strings.Join(sources, ", ")
}
