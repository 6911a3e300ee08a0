package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/returns"
)

// dayCounts are the rules for counting days, by each spelling of their names without its punctuation.
var dayCounts = []struct {
	names []string
	years returns.DayCount
}{
	{[]string{"", "ACT365", "ACT365F", "ACT365FIXED", "ACTUAL365", "ACTUAL365FIXED", "A365", "ACT365ISDA", "ACT365ICMA"}, returns.Actual365},
	{[]string{"ACT360", "ACTUAL360", "ACT360ICMA"}, returns.Actual360},
	{[]string{"ACT364", "ACTUAL364"}, returns.Actual364},
	{[]string{"ACT36525", "ACTUAL36525"}, returns.Actual36525},
	{[]string{"ACTACT", "ACTACTISDA", "ACTUALACTUAL", "ACTUALACTUALISDA"}, returns.ActualActual},
	{[]string{"NL365", "NOLEAP365", "365NL", "ACT365NL", "ACT365JAPANESE"}, returns.NoLeap365},
	{[]string{"30360", "30360ISDA", "30360BONDBASIS", "30A360"}, returns.Bond30360},
	{[]string{"30360SIA", "30360US", "30U360", "30360NASD", "30360PSA"}, returns.US30360},
	{[]string{"30E360", "30360E", "30360EUROPEAN", "30360ICMA", "30360EICMA", "30360EUROBOND"}, returns.European30360},
	{[]string{"30E360ISDA", "30360GERMAN"}, returns.European30360ISDA},
}

// dayCount finds a rule by any spelling of its name.
func dayCount(name string) (returns.DayCount, error) {
	plain := strings.NewReplacer(" ", "", "/", "", "-", "", "_", "", "(", "", ")", "", ".", "").Replace(strings.ToUpper(name))
	for _, rule := range dayCounts {
		if slices.Contains(rule.names, plain) {
			return rule.years, nil
		}
	}
	return nil, fmt.Errorf("there is no day count %q", name)
}

// xirrTopic: dated flows to the internal rate of return, all of its roots, or why there is none.
func xirrTopic(v *vector, r *result) error {
	var in struct {
		Flows    json.RawMessage   `json:"flows"`
		Dates    []json.RawMessage `json:"dates"`
		Amounts  []json.RawMessage `json:"amounts"`
		DayCount string            `json:"day_count"`
	}
	if err := v.read(&in); err != nil {
		return err
	}
	count, err := dayCount(in.DayCount)
	if err != nil {
		return err
	}
	flows, err := datedFlows(in.Flows, in.Dates, in.Amounts)
	if errors.Is(err, errRow) { // flows of which a date or an amount is missing never get as far as a calculation
		r.text("status", string(returns.Invalid))
		r.remark("reason", "source_behaviour")
		return nil
	}
	if err != nil {
		return err
	}
	checkRate(v, r, returns.XIRRBy(flows, count))
	return nil
}

// datedFlows reads flows given as pairs, or as a list of dates beside one of amounts.
func datedFlows(pairs json.RawMessage, dates, amounts []json.RawMessage) ([]returns.Flow, error) {
	if dates != nil || amounts != nil {
		if len(dates) != len(amounts) {
			return nil, errRow
		}
		joined := []json.RawMessage{}
		for i := range dates {
			joined = append(joined, fmt.Appendf(nil, "[%s,%s]", dates[i], amounts[i]))
		}
		var err error
		if pairs, err = json.Marshal(joined); err != nil {
			return nil, err
		}
	}
	if pairs == nil {
		return nil, nil
	}
	var list []flow
	err := json.Unmarshal(pairs, &list)
	return flowsOf(list), err
}

// checkRate compares with the acceptance rules of the topic: of several roots any is right, when the rate says that
// there are several; all roots are found, and no others.
func checkRate(v *vector, r *result, got returns.Rate) {
	r.remark("reason", "source_behaviour", "rate_origin", "ln_1_plus_r", "also_accept_rate_within_1e-12_of", "tangent", "note", "notes")
	var status returns.Status
	if r.want("status", &status) && status != got.Annual.Status && (status != returns.Undefined || got.Annual.Known()) {
		r.failf("status: got %s, want %s", got.Annual.Status, status)
	}
	var unique bool
	if r.want("unique", &unique) && got.Annual.Known() && got.Unique != unique {
		r.failf("unique: got %v, want %v", got.Unique, unique)
	}
	var roots []float64
	if r.want("all_roots", &roots) {
		r.roots(got.Roots, roots)
	}
	var rate *float64
	if !r.want("rate", &rate) || rate == nil {
		return
	}
	accepted := []float64{*rate}
	if len(roots) > 1 { // each of them is a solution; the rate is merely the source's pick
		accepted = append(accepted, roots...)
	}
	if !got.Annual.Known() || !slices.ContainsFunc(accepted, func(root float64) bool { return v.near(got.Annual.Value, root) }) {
		r.failf("rate: got %s, want one of %v", describe(got.Annual), accepted)
	}
}

func (r *result) roots(got, want []float64) {
	if len(got) != len(want) {
		r.failf("all_roots: got %v, want %v", got, want)
		return
	}
	want = slices.Sorted(slices.Values(want))
	for i := range want {
		// Roots are recomputed to the last bit; the tolerance of the source is that of its rate.
		if math.Abs(got[i]-want[i]) > max(1e-9, r.vector.Tolerance.Abs, 1e-9*math.Abs(want[i])) {
			r.failf("all_roots: got %v, want %v", got, want)
			return
		}
	}
}

// portfolioInputs tell times as dates, or as whole periods when Periodic.
type portfolioInputs struct {
	Begin      json.RawMessage `json:"begin"`
	BeginValue float64         `json:"begin_value"`
	Flows      json.RawMessage `json:"flows"`
	End        json.RawMessage `json:"end"`
	EndValue   float64         `json:"end_value"`
	DayCount   string          `json:"day_count"`
	Periodic   bool            `json:"periodic"`
	Period     string          `json:"period"`
}

// moneyWeightedTopic: opening value, flows and closing value to the money-weighted return.
func moneyWeightedTopic(v *vector, r *result) error {
	var in portfolioInputs
	if err := v.read(&in); err != nil {
		return err
	}
	solve := in.dated
	if in.Periodic {
		solve = in.periodic
	}
	got, err := solve()
	if err != nil {
		return err
	}
	checkMoneyWeighted(r, got)
	return nil
}

// times reads the beginning, which need not be there, the end and the flows.
func (in *portfolioInputs) times(begin, end, flows any) error {
	for _, field := range []struct {
		name string
		raw  json.RawMessage
		into any
	}{{"begin", in.Begin, begin}, {"end", in.End, end}, {"flows", in.Flows, flows}} {
		if field.raw == nil && field.name != "end" {
			continue
		}
		if err := json.Unmarshal(field.raw, field.into); err != nil {
			return fmt.Errorf("inputs: %s: %w", field.name, err)
		}
	}
	return nil
}

func (in *portfolioInputs) periodic() (returns.Rate, error) {
	var flows [][2]float64
	var begin, end float64
	err := in.times(&begin, &end, &flows)
	timed := []returns.Timed{{Years: begin, Amount: in.BeginValue}}
	for _, f := range flows {
		timed = append(timed, returns.Timed{Years: f[0], Amount: f[1]})
	}
	return returns.IRR(append(timed, returns.Timed{Years: end, Amount: -in.EndValue})), err
}

func (in *portfolioInputs) dated() (returns.Rate, error) {
	var flows []flow
	var begin *day
	var end day
	count, err := dayCount(in.DayCount)
	if err := errors.Join(err, in.times(&begin, &end, &flows)); err != nil {
		return returns.Rate{}, err
	}
	if begin == nil && in.BeginValue != 0 {
		return returns.Rate{}, errors.New("an opening value without its date")
	}
	opening := returns.Flow{Day: int32(end), Amount: in.BeginValue}
	if begin != nil {
		opening.Day = int32(*begin)
	}
	return returns.MoneyWeightedBy(opening, flowsOf(flows), returns.Flow{Day: int32(end), Amount: in.EndValue}, count), nil
}

func checkMoneyWeighted(r *result, got returns.Rate) {
	r.remark("note", "notes", "reason", "source_behaviour", "rate_origin")
	r.remark("twr_annual_same_example") // the TWR of the example has a vector of its own: it needs values before flows
	for fact, figure := range map[string]returns.Figure{
		"mwr_annual": got.Annual, "mwr_per_period": got.Annual, "mwr_period": got.Period,
	} {
		r.anyRoot(fact, figure, got)
		r.status(fact+"_status", figure)
	}
	r.status("mwr_status", got.Annual)
	r.status("status", got.Annual)
}

// anyRoot checks a rate; where several solve the equation and the rate says so, any of them is right.
func (r *result) anyRoot(fact string, figure returns.Figure, rate returns.Rate) {
	var want *float64
	raw := r.expected[fact]
	if !rate.Unique && fact != "mwr_period" && json.Unmarshal(raw, &want) == nil && want != nil {
		for _, root := range rate.Roots {
			if r.vector.near(root, *want) {
				figure.Value = root
			}
		}
	}
	r.figure(fact, figure)
}

// status checks the word for a figure: sources do not tell apart why there is none.
func (r *result) status(fact string, got returns.Figure) {
	var want string
	if r.want(fact, &want) && (want == "ok") != got.Known() {
		r.failf("%s: got %s, want %s", fact, describe(got), want)
	}
}
