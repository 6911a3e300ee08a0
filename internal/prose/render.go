package prose

import (
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/figures"
	"github.com/jaspers-ai/jaspers/internal/reference"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// fact is a figure of a result.
type fact struct {
	call *tool.Call
	reference.Figure
}

// given is a figure of the line at hand that a reference gave.
type given struct {
	start, end int // in out
	value      calculate.Value
	facts      []fact
	expression string
	numbers    []decimal.Decimal // that stand in it
	cites      []citing
	reason     string // why there is no figure, or not the one that the text says
	missing    bool
}

// unknown stands where a reference gives nothing.
const unknown = "(not known)"

// render writes the figure that a reference gives. A sign of its currency before it, or a percent sign behind it, that
// the model wrote, is not written twice.
func (w *Writer) render(inside, sign string, percent bool) {
	expression, form, _ := strings.Cut(inside, "|")
	expression = strings.TrimSpace(expression)
	g := given{expression: expression}
	result, err := calculate.Evaluate(expression, func(ref string) (calculate.Value, error) {
		call, f, err := w.config.Results.Find(ref)
		if err == nil {
			g.facts = append(g.facts, fact{call, f})
			g.cites = append(g.cites, citing{call: call})
		}
		return f.Value, err
	})
	asked := formatOf(form)
	switch {
	case err != nil:
		w.gap(sign, fault.From(err).Message)
		return
	case len(g.facts) == 0:
		w.gap(sign, "the expression refers to no figure")
		return
	case asked.date:
		w.date(result.AsOf)
		return
	}
	g.value, g.numbers = result.Value, result.Numbers
	shown := g.value
	if asked.percent && shown.Unit == calculate.Ratio {
		shown.Amount, shown.Unit = shown.Amount.Shift(2), calculate.Percent
	}
	if asked.percent && shown.Unit != calculate.Percent {
		w.gap(sign, fmt.Sprintf("%s is no percentage", shown.Unit.Name()))
		return
	}
	text := w.style.show(shown, asked)
	if sign != "" && signCodes[sign] != shown.Unit.Currency() {
		g.reason = "the text gives it another unit"
	}
	if percent && shown.Unit != calculate.Percent {
		g.reason = "the text gives it another unit"
	}
	w.put(g, text)
}

// put writes the text of a given figure and keeps its place.
func (w *Writer) put(g given, text string) {
	w.write(text)
	g.start, g.end = len(w.out)-len(text), len(w.out)
	w.rendered = append(w.rendered, g)
}

// gap says that something is not known.
func (w *Writer) gap(_, reason string) {
	w.put(given{missing: true, reason: reason}, unknown)
}

// date writes of when figures are.
func (w *Writer) date(asOf time.Time) {
	if asOf.IsZero() {
		w.gap("", "the source does not say of when it is")
		return
	}
	w.write(asOf.UTC().Format(time.DateOnly))
}

// given are the rendered figures of the line as the check takes them, places in the line.
func (w *Writer) given() []figures.Verdict {
	var verdicts []figures.Verdict
	for _, g := range w.rendered {
		v := figures.Verdict{State: figures.Unverified, Expression: "(" + g.expression + ")"}
		v.Start, v.End, v.Text, v.Kind = g.start-w.line, g.end-w.line, string(w.out[g.start:g.end]), figures.Amount
		v.Value, v.Unit = g.value.Amount, g.value.Unit
		if !g.missing {
			v.State = figures.Derived
			if basisOf(g.facts, g.expression, nil).expression == "" {
				v.State, v.Expression = figures.Verified, g.expression
			}
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// calculatesNothing tells a reference by itself from an expression.
func calculatesNothing(expression string) bool {
	depth := 0
	for _, r := range expression {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case depth == 0 && strings.ContainsRune("+-−–*×·/÷(), %", r):
			return false
		}
	}
	return true
}
