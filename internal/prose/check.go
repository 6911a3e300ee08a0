package prose

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/claims"
	"github.com/jaspers-ai/jaspers/internal/figures"
	"github.com/jaspers-ai/jaspers/internal/reference"
)

// endLine checks the line at hand, and goes on behind it.
func (w *Writer) endLine() {
	bytes := w.out[w.line:]
	if len(bytes) == 0 {
		return
	}
	text := strings.TrimRight(string(bytes), "\n")
	var verdicts []figures.Verdict
	if strings.TrimSpace(text) != "" {
		w.learn()
		verdicts = w.checks.Check(w.style.plain(text), w.given()...)
	}
	line := w.claims.Read(text, verdicts)
	w.check(text, line, verdicts)
	w.claims.Pass(line)
	w.runes += utf8.RuneCount(bytes)
	w.line, w.rendered, w.quotes = len(w.out), nil, nil
}

// learn takes in the figures of results that came since the last line.
func (w *Writer) learn() {
	all := w.config.Results.All()
	for ; w.calls < len(all); w.calls++ {
		call := &all[w.calls]
		var known []figures.Known
		for _, f := range call.Figures.All() {
			w.facts = append(w.facts, fact{call, f})
			known = append(known, figures.Known{Name: name(call.Handle, f.Path), Value: f.Amount, Unit: f.Unit, Period: f.Period, AsOf: f.AsOf})
			w.claims.Know(f.Subject)
		}
		w.checks.Know(known)
	}
}

// name is how an expression refers to a figure of a result.
func name(handle, path string) string {
	if strings.HasPrefix(path, "[") {
		return handle + path
	}
	return handle + "." + path
}

// check holds the numbers of a line against what the line says they are of, and tells of each.
func (w *Writer) check(text string, line claims.Line, verdicts []figures.Verdict) {
	var checked []figures.Verdict
	for _, v := range verdicts {
		if v.Kind == figures.Amount {
			checked = append(checked, v)
		}
	}
	w.named = w.named[:0]
	for _, v := range checked {
		w.named = append(w.named, v.Value)
	}
	scopes := w.claims.Scopes(line, checked)
	runes, at := w.runes, 0
	rendered := w.rendered
	for i, v := range checked {
		v.Text = text[v.Start:v.End]
		runes += utf8.RuneCountInString(text[at:v.Start])
		f := Figure{Start: runes, End: runes + utf8.RuneCountInString(v.Text), Text: v.Text, Kind: v.State, Unit: v.Unit}
		runes, at = f.End, v.End
		if len(rendered) > 0 && rendered[0].start == w.line+v.Start {
			w.judgeGiven(&f, rendered[0], scopes[i])
			rendered = rendered[1:]
		} else if !w.judge(&f, v, scopes[i]) {
			continue
		}
		w.tell(f)
	}
}

// tell passes a figure on.
func (w *Writer) tell(f Figure) {
	w.counts.add(f.Kind)
	w.figures = append(w.figures, f)
	w.pieces = append(w.pieces, Piece{Figure: &f})
}

// judgeGiven says what a rendered reference is: borne out, unless the text around it says another thing of it.
func (w *Writer) judgeGiven(f *Figure, g given, s claims.Scope) {
	f.Kind, f.Unit = figures.Unverified, g.value.Unit
	if f.Reason = g.reason; g.missing {
		return
	}
	f.Value, f.AsOf, f.Expression = &g.value.Amount, timeOrNil(g.value.AsOf), g.expression
	w.citeAll(f, g.facts)
	if f.Reason == "" {
		f.Reason = s.Dressed(g.value.Unit)
	}
	if f.Reason == "" {
		b := basisOf(g.facts, g.expression, g.numbers)
		if f.Kind = figures.Derived; b.expression == "" {
			f.Kind = figures.Verified
		}
		f.Reason = cmp.Or(s.Disagrees(w.claims, b.read, g.value, b.expression), w.madeUp(b))
	}
	if f.Reason != "" {
		f.Kind = figures.Unverified
	}
}

// judge says what a number is that the model wrote itself; false where it is the person's own.
func (w *Writer) judge(f *Figure, v figures.Verdict, s claims.Scope) bool {
	f.Value = &v.Value
	for _, q := range w.quotes {
		if w.line+v.Start >= q.start && w.line+v.End <= q.end {
			f.Kind, f.Citation, f.AsOf = figures.Verified, q.index, timeOrNil(w.asOf(q.citing))
			f.Expression = name(q.call.Handle, q.path())
			return true
		}
	}
	var facts []fact
	for _, i := range v.Supports {
		facts = append(facts, w.facts[i])
	}
	if v.Miscounted != "" {
		f.Kind, f.Reason = figures.Unverified, "the calculation before it comes to something else"
		return true
	}
	switch plainly := calculatesNothing(v.Expression); {
	case v.State == figures.Unverified:
		f.Reason = "nothing that was read bears it out"
	case v.State == figures.Verified || plainly && len(facts) > 0:
		facts, f.Reason = w.agreeing(v, facts, s)
		if f.Reason == "" {
			known := facts[0]
			f.Value, f.Unit, f.AsOf, f.Expression = &known.Amount, known.Unit, timeOrNil(known.AsOf), name(known.call.Handle, known.Path)
			if known.call.Result.Basis != nil {
				f.Kind = figures.Derived
			}
			w.citeAll(f, facts[:1])
		}
	default:
		b := basisOf(facts, v.Expression, nil)
		f.Reason = s.Disagrees(w.claims, b.read, calculate.Value{Amount: v.Value.Abs()}, v.Expression)
		if f.Reason == "" && len(facts) > 0 {
			f.Reason = w.madeUp(b)
		}
		if f.Reason == "" {
			switch {
			case !s.Calls(v.Expression):
				f.Reason = "nothing that was read bears it out, and the text does not say how it follows from that"
			case w.isTurned(v, s):
				f.Reason = "what was read has the other sign"
			default:
				w.restOn(f, facts, v.Expression)
			}
		}
	}
	if f.Reason != "" {
		f.Kind = figures.Unverified
	}
	return f.Kind != figures.Unverified || !w.wasSaid(v.Figure)
}

// exactDigits are so many that another figure has them by accident hardly ever.
const exactDigits = 4

// isTurned tells of a difference that it is what was read of the same with the other sign.
func (w *Writer) isTurned(v figures.Verdict, s claims.Scope) bool {
	if v.Unsigned || v.About || v.Digits < exactDigits || !strings.Contains(v.Expression, " - ") && !strings.HasPrefix(v.Expression, "change(") {
		return false
	}
	return slices.ContainsFunc(w.checks.Turned(v.Figure), func(i int) bool {
		known := w.facts[i].Figure
		return s.Disagrees(w.claims, []reference.Figure{known}, known.Value, "") == ""
	})
}

// agreeing are those of the known figures that a number is, which the text says it is; else why there are none.
func (w *Writer) agreeing(v figures.Verdict, facts []fact, s claims.Scope) (agreed []fact, reason string) {
	crowded := w.checks.Crowded(v.Figure)
	for _, known := range facts {
		b := basisOf([]fact{known}, "", nil)
		why := cmp.Or(s.Disagrees(w.claims, b.read, known.Value, b.expression), w.madeUp(b))
		if why == "" && v.Unit == calculate.Ratio {
			why = s.Dressed(known.Unit)
		}
		if why == "" && !s.Proves(v.Figure, known.Figure, crowded) {
			why = "there are figures like it, and the text does not say which it is"
		}
		switch {
		case why == "" && w.isCited(known):
			agreed = append([]fact{known}, agreed...)
		case why == "":
			agreed = append(agreed, known)
		case reason == "":
			reason = why
		}
	}
	if len(agreed) > 0 {
		reason = ""
	}
	return agreed, reason
}

func (w *Writer) isCited(f fact) bool {
	for _, c := range w.citations {
		if c.Handle == f.call.Handle {
			return true
		}
	}
	return false
}

// restOn gives a figure what it rests on, and its exact value.
func (w *Writer) restOn(f *Figure, facts []fact, expression string) {
	f.Expression = expression
	result, err := calculate.Evaluate(expression, func(ref string) (calculate.Value, error) {
		_, found, err := w.config.Results.Find(ref)
		return found.Value, err
	})
	if err == nil {
		f.Value, f.Unit, f.AsOf = &result.Amount, result.Unit, timeOrNil(result.AsOf)
	}
	w.citeAll(f, facts)
}

// citeAll makes sure that everything a figure rests on is cited, and points it to the first.
func (w *Writer) citeAll(f *Figure, facts []fact) {
	for _, known := range facts {
		index := w.citedFor(known)
		if f.Citation == 0 {
			f.Citation = index
		}
	}
}

// citedFor is the citation of a figure's result, or of the part of it in which it stands.
func (w *Writer) citedFor(f fact) int {
	call, place := w.config.Results.Place(name(f.call.Handle, f.Path))
	c := citing{call, place}
	for _, there := range w.citations {
		if there.Handle == f.call.Handle && (there.Path == "" || there.Path == c.path()) {
			return there.Index
		}
	}
	return w.citation(c, nil)
}

func (w *Writer) asOf(c citing) time.Time {
	if c.place != nil {
		return c.place.Source.AsOf
	}
	return c.call.Result.Source.AsOf
}

// wasSaid tells whether a number is one of the person's question.
func (w *Writer) wasSaid(f figures.Figure) bool {
	for _, s := range w.said {
		if s.Value.Equal(f.Value) && s.Unit == f.Unit {
			return true
		}
	}
	return false
}
