package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/returns"
)

// result collects what a vector's topic found. Each fact that is expected must be checked, or left out for a reason.
type result struct {
	vector   *vector
	expected map[string]json.RawMessage
	checked  map[string]bool
	failures []string
	notes    []string

	facts, factsNotApplicable int
	notApplicable             bool
}

func newResult(v *vector) *result {
	return &result{vector: v, expected: v.Expected.named, checked: map[string]bool{}}
}

// run lets the topic work, and makes of whatever goes wrong a failure of this vector alone.
func (r *result) run(work topic) {
	defer func() {
		if cause := recover(); cause != nil {
			r.failf("panic: %v", cause)
		}
	}()
	if err := work(r.vector, r); err != nil {
		r.failf("%v", err)
		return
	}
	if r.notApplicable {
		return
	}
	r.complete()
	if r.facts == 0 && r.factsNotApplicable == 0 {
		r.failf("nothing is expected that could be checked")
	}
}

// complete fails facts that nothing has checked.
func (r *result) complete() {
	for _, fact := range slices.Sorted(maps.Keys(r.expected)) {
		if !r.checked[fact] {
			r.failf("%s: nothing here says what it should be", fact)
		}
	}
}

// part is a result of its own for one of a list of expectations; add joins it when its facts are checked.
func (r *result) part(expected json.RawMessage) (*result, error) {
	p := &result{vector: r.vector, checked: map[string]bool{}}
	return p, json.Unmarshal(expected, &p.expected)
}

// add joins a part under a label that tells its facts from those of other parts.
func (r *result) add(label string, p *result) {
	p.complete()
	for _, failure := range p.failures {
		r.failf("%s: %s", label, failure)
	}
	for _, note := range p.notes {
		r.notes = append(r.notes, label+": "+note)
	}
	r.facts += p.facts
	r.factsNotApplicable += p.factsNotApplicable
}

func (r *result) failf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// leaveOut says that the whole vector does not apply, and why.
func (r *result) leaveOut(reason string) {
	r.notApplicable = true
	r.factsNotApplicable += len(r.vector.Expected.named) + len(r.vector.Expected.list)
	r.notes = append(r.notes, reason)
}

// leaveOutFact says that one fact does not apply, and why.
func (r *result) leaveOutFact(fact, reason string) {
	r.checked[fact] = true
	r.factsNotApplicable++
	r.notes = append(r.notes, fact+": "+reason)
}

// remark passes over keys that assert nothing, such as a source's comments.
func (r *result) remark(keys ...string) {
	for _, key := range keys {
		r.checked[key] = true
	}
}

// expects tells whether a fact is asserted.
func (r *result) expects(fact string) bool { return r.expected[fact] != nil }

// want reads a fact, and counts it as checked.
func (r *result) want(fact string, into any) bool {
	raw, ok := r.expected[fact]
	if !ok || r.checked[fact] {
		return false
	}
	r.checked[fact] = true
	r.facts++
	if err := json.Unmarshal(raw, into); err != nil {
		r.failf("%s: cannot read what is expected: %v", fact, err)
		return false
	}
	return true
}

// near tells whether a number is the expected one, within the wider of the vector's tolerances.
func (v *vector) near(got, want float64) bool {
	return math.Abs(got-want) <= v.tolerance(want)+4e-16*math.Abs(want)
}

func (v *vector) tolerance(want any) float64 {
	number, _ := want.(float64)
	return max(v.Tolerance.Abs, v.Tolerance.Rel*math.Abs(number))
}

// contradicts tells whether the vector was recomputed from its inputs, by others, to what we got instead of what it
// expects: then what was published is too coarse for the tolerance that goes with it.
func (v *vector) contradicts(fact string, got returns.Figure) bool {
	var recomputed map[string]any
	if json.Unmarshal(v.Recomputed, &recomputed) != nil {
		return false
	}
	value, ok := recomputed[fact].(float64)
	return ok && got.Known() && math.Abs(got.Value-value) <= 1e-9*max(1, math.Abs(value))
}

// number checks a fact that is a number.
func (r *result) number(fact string, got float64) {
	r.figure(fact, returns.Figure{Value: got, Status: returns.OK})
}

// figure checks a fact that may be a number, or "undefined", "inf" or null.
func (r *result) figure(fact string, got returns.Figure) {
	var want any
	if !r.want(fact, &want) || r.vector.same(got, want) {
		return
	}
	if r.vector.contradicts(fact, got) {
		r.facts--
		r.leaveOutFact(fact, fmt.Sprintf("%v as published is not within the tolerance of what the source's own numbers give, %s, as we have it", want, describe(got)))
		return
	}
	r.failf("%s: got %s, want %v ± %g", fact, describe(got), want, r.vector.tolerance(want))
}

// figures checks a fact that is a list of such.
func (r *result) figures(fact string, got []returns.Figure) {
	var want []any
	if !r.want(fact, &want) {
		return
	}
	if len(got) != len(want) {
		r.failf("%s: got %d, want %d", fact, len(got), len(want))
		return
	}
	for i := range want {
		if !r.vector.same(got[i], want[i]) {
			r.failf("%s[%d]: got %s, want %v ± %g", fact, i, describe(got[i]), want[i], r.vector.tolerance(want[i]))
		}
	}
}

// text checks a fact that is a word.
func (r *result) text(fact, got string) {
	var want string
	if r.want(fact, &want) && got != want {
		r.failf("%s: got %s, want %s", fact, got, want)
	}
}

// same compares a figure with a number or with the word for there being none. An infinite quotient of the source is our
// undefined one whose reason says that it has no bound.
func (v *vector) same(got returns.Figure, want any) bool {
	switch want := want.(type) {
	case float64:
		return got.Known() && v.near(got.Value, want)
	case nil:
		return !got.Known()
	case string:
		switch strings.ToLower(want) {
		case "undefined", "nan", "invalid", "no_root":
			return !got.Known()
		case "inf", "+inf", "infinity":
			return got.Reason == returns.Unbounded
		case "-inf", "-infinity":
			return got.Reason == returns.UnboundedBelow
		case string(returns.OK):
			return got.Status == returns.OK
		}
		number, err := strconv.ParseFloat(want, 64) // money is written as text
		return err == nil && got.Known() && v.near(got.Value, number)
	}
	return false
}

// known makes figures of numbers.
func known(values []float64) []returns.Figure {
	figures := make([]returns.Figure, len(values))
	for i, value := range values {
		figures[i] = returns.Figure{Value: value, Status: returns.OK}
	}
	return figures
}

func describe(f returns.Figure) string {
	if !f.Known() {
		return fmt.Sprintf("%s (%s)", f.Status, f.Reason)
	}
	return fmt.Sprintf("%.12g", f.Value)
}

// words checks a fact that is a list of words.
func (r *result) words(fact string, got []string) {
	var want []string
	if r.want(fact, &want) && !slices.Equal(got, want) {
		r.failf("%s: got %v, want %v", fact, got, want)
	}
}
