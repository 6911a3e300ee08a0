package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/returns"
)

// twrInputs are those of all kinds of the topic.
type twrInputs struct {
	Kind        string            `json:"kind"`
	FlowTiming  string            `json:"flow_timing"`
	Points      []point           `json:"points"`
	Aggregate   string            `json:"aggregate"`
	BeginValue  float64           `json:"begin_value"`
	Steps       [][2]float64      `json:"steps"`
	EndValue    float64           `json:"end_value"`
	Years       *float64          `json:"years"`
	Returns     []json.RawMessage `json:"returns"`
	TotalReturn float64           `json:"total_return"`
	Days        *float64          `json:"days"`
	YearDays    float64           `json:"year_days"`
	Begin       *day              `json:"begin"`
	End         *day              `json:"end"`
	Values      []flow            `json:"values"`
	Flows       []flow            `json:"flows"`
	Subperiods  [][4]float64      `json:"subperiods"`
}

// point is [date, value at the end of the day, inflow, outflow].
type point struct {
	day            day
	value, in, out float64
}

func (p *point) UnmarshalJSON(raw []byte) error { return row(raw, 2, &p.day, &p.value, &p.in, &p.out) }

// twrTopic: the time-weighted return and what is made of it, by kind.
func twrTopic(v *vector, r *result) error {
	var in twrInputs
	if err := v.read(&in); err != nil {
		return err
	}
	if in.YearDays == 0 {
		in.YearDays = returns.YearDays
	}
	r.remark("note", "notes", "reason", "source_behaviour", "source_value")
	kinds := map[string]func(*twrInputs, *result) error{
		"link": linkKind, "valuation_before_flow": valuationKind, "daily": dailyKind, "subperiods": subperiodKind,
		"annualise": annualiseKind, "slices": sliceKind, "monthly_table": monthKind,
	}
	kind := kinds[in.Kind]
	if kind == nil {
		return fmt.Errorf("there is no kind %q", in.Kind)
	}
	return kind(&in, r)
}

// timing finds the rule for when flows happen.
func timing(name string) (returns.Timing, error) {
	switch name {
	case "", "start_in_end_out":
		return returns.StartInEndOut, nil
	case "end":
		return returns.AtEnd, nil
	case "start", "begin":
		return returns.AtStart, nil
	}
	return 0, fmt.Errorf("there is no flow_timing %q", name)
}

func linkKind(in *twrInputs, r *result) error {
	series, err := seriesOf(in.Returns)
	if err != nil {
		return err
	}
	total := returns.Link(series)
	return r.total(in, total)
}

// seriesOf reads returns of which null ones are missing.
func seriesOf(list []json.RawMessage) ([]float64, error) {
	series := make([]float64, len(list))
	for i, raw := range list {
		series[i] = returns.Missing()
		if string(raw) == "null" {
			continue
		}
		if err := json.Unmarshal(raw, &series[i]); err != nil {
			return nil, fmt.Errorf("return %d: %w", i, err)
		}
	}
	return series, nil
}

// total checks a return and, when the time it took is known, what it makes in a year.
func (r *result) total(in *twrInputs, total returns.Figure) error {
	r.figure("twr", total)
	r.status("status", total)
	if !r.expects("twr_annual") {
		return nil
	}
	years, err := in.years(r)
	if err != nil {
		return err
	}
	r.figure("twr_annual", returns.Annualise(total, years))
	return nil
}

// years is the length of the period: told as such, in days, by its ends, or by its first and last point. What is
// expected may name the year by which the source counts.
func (in *twrInputs) years(r *result) (float64, error) {
	if in.Years != nil {
		return *in.Years, nil
	}
	year := in.YearDays
	if raw := r.expected["year_days"]; raw != nil {
		if err := json.Unmarshal(raw, &year); err != nil {
			return 0, err
		}
		r.remark("year_days")
	}
	days, err := in.days()
	r.number("days", days)
	return days / year, err
}

func (in *twrInputs) days() (float64, error) {
	switch {
	case in.Days != nil:
		return *in.Days, nil
	case in.Begin != nil && in.End != nil:
		return float64(*in.End - *in.Begin), nil
	case len(in.Points) > 0:
		return float64(in.Points[len(in.Points)-1].day - in.Points[0].day), nil
	}
	return 0, errors.New("nothing says how long the period is")
}

func valuationKind(in *twrInputs, r *result) error {
	var at []returns.Valuation
	for _, step := range in.Steps {
		at = append(at, returns.Valuation{Before: step[0], Flow: step[1]})
	}
	chain := returns.ValuedAtFlows(in.BeginValue, at, in.EndValue)
	r.figures("sub_returns", dailyOf(chain))
	return r.total(in, chain.Return)
}

func dailyOf(chain returns.Chain) []returns.Figure {
	var each []returns.Figure
	for _, d := range chain.Days {
		f := returns.Figure{Value: d.Return, Status: d.Status, Reason: d.Reason}
		if d.Reason == returns.NoCapital {
			f = returns.Figure{Status: returns.OK} // published chains show a pause as 0
		}
		each = append(each, f)
	}
	return each
}

func dailyKind(in *twrInputs, r *result) error {
	at, err := timing(in.FlowTiming)
	if err != nil {
		return err
	}
	var points []returns.Point
	for _, p := range in.Points {
		points = append(points, returns.Point{Day: int32(p.day), Value: p.value, In: p.in, Out: p.out})
	}
	chain := returns.ChainOf(points, at)
	daily := dailyOf(chain)
	r.figures("daily", daily)
	r.figures("sub_returns", daily)
	r.number("warnings", float64(chain.Appeared))
	if err := r.aggregated(in.Aggregate, chain); err != nil {
		return err
	}
	return r.total(in, chain.Return)
}

// aggregated checks what a chain makes in longer periods, if they are asked for, and since its start after each.
func (r *result) aggregated(by string, chain returns.Chain) error {
	var days []int32
	var series []float64
	for _, d := range chain.Days {
		days, series = append(days, d.Day), append(series, d.Return)
	}
	if by != "" {
		grain, fact, err := grainOf(by)
		if err != nil {
			return err
		}
		var each []returns.Figure
		joined := grain.By(days, series)
		series = nil
		for _, part := range joined {
			each, series = append(each, part.Return), append(series, part.Return.Value)
		}
		r.figures(fact, each)
	}
	var accumulated []returns.Figure
	for i := range series {
		accumulated = append(accumulated, returns.Link(series[:i+1]))
	}
	r.figures("accumulated", accumulated)
	return nil
}

// grainOf finds a length of periods in a description, and the fact that holds their returns.
func grainOf(by string) (returns.Grain, string, error) {
	for _, known := range []struct {
		word, fact string
		grain      returns.Grain
	}{
		{"week", "weekly", returns.Week}, {"month", "monthly", returns.Month},
		{"quarter", "quarterly", returns.Quarter}, {"year", "yearly", returns.Year}, {"annual", "yearly", returns.Year},
	} {
		if strings.Contains(strings.ToLower(by), known.word) {
			return known.grain, known.fact, nil
		}
	}
	return 0, "", fmt.Errorf("there is no period %q", by)
}

func subperiodKind(in *twrInputs, r *result) error {
	var list []returns.Subperiod
	for _, s := range in.Subperiods {
		list = append(list, returns.Subperiod{Opening: s[0], Closing: s[1], Flow: s[2], Weight: s[3]})
	}
	each, total := returns.Linked(list)
	r.figures("sub_returns", each)
	return r.total(in, total)
}

func annualiseKind(in *twrInputs, r *result) error {
	years, err := in.years(r)
	if err != nil {
		return err
	}
	annual := returns.Annualise(returns.Figure{Value: in.TotalReturn, Status: returns.OK}, years)
	r.figure("twr_annual", annual)
	r.status("status", annual)
	return nil
}

// sliceKind: returns by date to those of the ranges that end with the last.
func sliceKind(in *twrInputs, r *result) error {
	var days []int32
	var series []float64
	for _, raw := range in.Returns {
		var on day
		var value float64
		if err := row(raw, 2, &on, &value); err != nil {
			return err
		}
		days, series = append(days, int32(on)), append(series, value)
	}
	if len(days) == 0 {
		return errors.New("there are no returns")
	}
	last := days[len(days)-1]
	for fact := range r.expected {
		name := returns.Range(strings.ToUpper(strings.TrimSuffix(strings.TrimPrefix(fact, "twr_"), "_twr")))
		switch name {
		case "TWR", "ITD", "ALL", "MAX", "TOTAL", "INCEPTION":
			r.figure(fact, returns.Link(series))
			continue
		}
		if base, ok := name.Base(last); ok {
			r.figure(fact, returns.Since(base, last, days, series))
		}
	}
	return nil
}

// trailing finds how many years, or months, a fact of a table of months looks back over.
var trailing = regexp.MustCompile(`^trail[a-z]*_(?:twr_)?(\d+)_?([ym])$`)

func monthKind(in *twrInputs, r *result) error {
	at, err := timing(in.FlowTiming)
	if err != nil {
		return err
	}
	var values []returns.Point
	for _, value := range in.Values {
		values = append(values, returns.Point{Day: int32(value.day), Value: value.amount})
	}
	rows := returns.Months(values, flowsOf(in.Flows), at)
	columns := map[string][]returns.Figure{}
	var names []string
	for _, row := range rows {
		names = append(names, day(row.Start).String()[:len("2006-01")])
		columns["twr"] = append(columns["twr"], row.Return)
		columns["cum_twr"] = append(columns["cum_twr"], row.Cumulative)
		columns["ann_twr"] = append(columns["ann_twr"], row.Annual)
		columns["profit"] = append(columns["profit"], returns.Figure{Value: row.Profit, Status: returns.OK})
	}
	r.words("period", names)
	for fact, column := range columns {
		r.figures(fact, column)
	}
	for fact := range r.expected {
		if found := trailing.FindStringSubmatch(fact); found != nil {
			r.trailing(fact, rows, found[1], found[2])
		}
	}
	return nil
}

func (r *result) trailing(fact string, rows []returns.MonthRow, count, unit string) {
	months, _ := strconv.Atoi(count) // digits, by the expression that found them
	if unit == "y" {
		months *= 12
	}
	var column []returns.Figure
	for i := range rows {
		column = append(column, returns.Trailing(rows, i, months))
	}
	r.figures(fact, column)
}
