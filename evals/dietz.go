package main

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/returns"
)

// dietzInputs: the period is told in one of four ways, the flows accordingly.
type dietzInputs struct {
	FirstDay   *day              `json:"first_day"`
	LastDay    *day              `json:"last_day"`
	Begin      *day              `json:"begin"`
	End        *day              `json:"end"`
	BeginTS    *instant          `json:"begin_ts"`
	EndTS      *instant          `json:"end_ts"`
	Days       *float64          `json:"days"`
	BeginValue float64           `json:"begin_value"`
	EndValue   float64           `json:"end_value"`
	Flows      []json.RawMessage `json:"flows"`
	FlowTiming string            `json:"flow_timing"`
}

// dietzTopic: values at both ends of a period and flows in it to the Dietz return.
func dietzTopic(v *vector, r *result) error {
	var in dietzInputs
	if err := v.read(&in); err != nil {
		return err
	}
	got, err := in.result(v.Conventions["out_of_period_flow"] != nil)
	if err != nil {
		return err
	}
	r.remark("note", "notes", "reason", "source_value", "source_behaviour")
	var acceptable []float64
	if r.want("acceptable", &acceptable) { // the raw formula below -100 % is as good as what a source made of it
		r.remark("return")
		if !got.Known() || !slices.ContainsFunc(acceptable, func(value float64) bool { return v.near(got.Value, value) }) {
			r.failf("return: got %s, want one of %v", describe(got), acceptable)
		}
		return nil
	}
	r.status("status", got)
	if got.Reason == returns.NegativeCapital && isNumber(v.Expected.named["return"]) {
		r.leaveOutFact("return", "the average capital is negative: the quotient would have the wrong sign, so there is no return (rule 13)")
		return nil
	}
	r.figure("return", got)
	return nil
}

func isNumber(raw json.RawMessage) bool {
	var number *float64
	return json.Unmarshal(raw, &number) == nil && number != nil
}

// result calls the formula in the form of the inputs; clamped lets flows outside the period count at its ends.
func (in *dietzInputs) result(clamped bool) (returns.Figure, error) {
	if in.FlowTiming == "half" || in.FlowTiming == "weight" {
		return in.weighted()
	}
	at := returns.AtEnd
	if in.FlowTiming != "" {
		var err error
		if at, err = timing(in.FlowTiming); err != nil {
			return returns.Figure{}, err
		}
	}
	period, when, err := in.period()
	if err != nil {
		return returns.Figure{}, err
	}
	if in.FirstDay == nil { // between two instants a flow counts from its own: there is no day it could be at the start of
		at = returns.AtEnd
	}
	var flows []returns.Flow
	for _, raw := range in.Flows {
		amount := 0.0
		day, err := when(raw, &amount)
		if err != nil {
			return returns.Figure{}, err
		}
		flows = append(flows, returns.Flow{Day: day, Amount: amount})
	}
	if clamped {
		return returns.Dietz(in.BeginValue, in.EndValue, period.Weights(flows)), nil
	}
	return returns.ModifiedDietzAt(at, in.BeginValue, in.EndValue, flows, period), nil
}

// period is the time in days, or in seconds between instants, and how the flows' times are read.
func (in *dietzInputs) period() (returns.Period, func(raw []byte, amount *float64) (int32, error), error) {
	dated := func(raw []byte, amount *float64) (int32, error) {
		var f flow
		err := json.Unmarshal(raw, &f)
		*amount = f.amount
		return int32(f.day), err
	}
	switch {
	case in.FirstDay != nil && in.LastDay != nil:
		return returns.Days(int32(*in.FirstDay), int32(*in.LastDay)), dated, nil
	case in.Begin != nil && in.End != nil:
		return returns.Period{Start: int32(*in.Begin), End: int32(*in.End)}, dated, nil
	case in.BeginTS != nil && in.EndTS != nil:
		return returns.Period{End: in.EndTS.since(*in.BeginTS)}, func(raw []byte, amount *float64) (int32, error) {
			var at instant
			err := row(raw, 2, &at, amount)
			return at.since(*in.BeginTS), err
		}, nil
	case in.Days != nil:
		return returns.Period{End: seconds(*in.Days)}, func(raw []byte, amount *float64) (int32, error) {
			var offset float64
			err := row(raw, 2, &offset, amount)
			return seconds(offset), err
		}, nil
	}
	return returns.Period{}, nil, errors.New("nothing says when the period begins and ends")
}

// weighted is the result of flows that come with their weights, or count half.
func (in *dietzInputs) weighted() (returns.Figure, error) {
	var flows []returns.Weighted
	for _, raw := range in.Flows {
		var when json.RawMessage
		var f returns.Weighted
		if err := row(raw, 2, &when, &f.Amount); err != nil {
			return returns.Figure{}, err
		}
		f.Weight = 0.5
		if in.FlowTiming == "weight" {
			if err := json.Unmarshal(when, &f.Weight); err != nil {
				return returns.Figure{}, err
			}
		}
		flows = append(flows, f)
	}
	return returns.Dietz(in.BeginValue, in.EndValue, flows), nil
}
