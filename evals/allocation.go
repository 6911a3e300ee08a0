package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/allocation"
)

type allocationInputs struct {
	Method     string            `json:"method"`
	Weights    []decimal.Decimal `json:"weights"`
	TotalUnits decimal.Decimal   `json:"total_units"`
	TieBreak   string            `json:"tie_break"`
	Decimals   *int32            `json:"decimals"`
	Keys       []string          `json:"keys"`
}

// allocationTopic: weights to parts that add up.
func allocationTopic(v *vector, r *result) error {
	var in allocationInputs
	if err := v.read(&in); err != nil {
		return err
	}
	r.remark("other_method_would_give", "note", "notes", "source_behaviour")
	if len(in.Keys) > 0 && len(in.Keys) != len(in.Weights) {
		return errors.New("there are not as many keys as weights")
	}
	if !in.TotalUnits.IsInteger() {
		return errors.New("total_units is no whole number")
	}
	got, err := in.parts()
	switch {
	case r.expects("error"):
		r.refusal(got, err)
	case errors.Is(err, allocation.ErrNoTotal) && onlyZeros(v.Expected.named["shares"]):
		r.leaveOut("all weights are zero: parts of nothing would not add up to the total, so there are none (rule 22)")
	case errors.Is(err, allocation.ErrNoTotal), errors.Is(err, allocation.ErrNegative):
		r.failf("shares: got %v", err)
	case err != nil:
		return err
	default:
		r.shares(got)
	}
	return nil
}

// refusal checks that what the source refuses is refused.
func (r *result) refusal(got []decimal.Decimal, err error) {
	var want any
	if r.want("error", &want) && err == nil {
		r.failf("error: got %v, want %v", got, want)
	}
}

// shares checks the parts; a vector may accept others, too.
func (r *result) shares(got []decimal.Decimal) {
	var want []decimal.Decimal
	var alternatives [][]decimal.Decimal
	r.want("alternatives", &alternatives)
	if !r.want("shares", &want) {
		return
	}
	for _, accepted := range append(alternatives, want) {
		if slices.EqualFunc(got, accepted, decimal.Decimal.Equal) {
			return
		}
	}
	r.failf("shares: got %v, want %v", got, want)
}

func onlyZeros(raw json.RawMessage) bool {
	var shares []decimal.Decimal
	return json.Unmarshal(raw, &shares) == nil && !slices.ContainsFunc(shares, func(d decimal.Decimal) bool { return !d.IsZero() })
}

// parts calls the method that is asked for.
func (in *allocationInputs) parts() ([]decimal.Decimal, error) {
	ties := allocation.First
	switch in.TieBreak {
	case "", "first":
	case "larger_weight":
		ties = allocation.LargerWeight
	case "key":
		return in.byKey()
	default:
		return nil, fmt.Errorf("there is no tie_break %q", in.TieBreak)
	}
	return in.divide(ties, in.Weights)
}

func (in *allocationInputs) divide(ties allocation.Ties, weights []decimal.Decimal) ([]decimal.Decimal, error) {
	switch {
	case in.Method == "leftover_to_first":
		return allocation.SplitInTurn(in.TotalUnits.IntPart(), weights)
	case in.Method != "largest_remainder":
		return nil, fmt.Errorf("there is no method %q", in.Method)
	case in.Decimals != nil:
		return allocation.PercentBy(ties, weights, *in.Decimals)
	}
	return allocation.SplitBy(ties, in.TotalUnits.IntPart(), weights)
}

// byKey divides in the order of the keys, where who comes first has the smallest, and puts the parts back in theirs.
func (in *allocationInputs) byKey() ([]decimal.Decimal, error) {
	if len(in.Keys) == 0 {
		return in.divide(allocation.First, in.Weights)
	}
	order := make([]int, len(in.Keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(in.Keys[a], in.Keys[b]) })
	weights := make([]decimal.Decimal, len(order))
	for i, at := range order {
		weights[i] = in.Weights[at]
	}
	parts, err := in.divide(allocation.First, weights)
	if err != nil {
		return nil, err
	}
	back := make([]decimal.Decimal, len(order))
	for i, at := range order {
		back[at] = parts[i]
	}
	return back, nil
}
