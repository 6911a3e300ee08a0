package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/returns"
	"github.com/jaspers-ai/jaspers/internal/risk"
)

type riskInputs struct {
	Metric         string     `json:"metric"`
	Returns        series     `json:"returns"`
	Benchmark      series     `json:"benchmark"`
	RiskFree       series     `json:"risk_free"`
	PeriodsPerYear float64    `json:"periods_per_year"`
	DDof           *int       `json:"ddof"`
	CountMissing   bool       `json:"count_missing"`
	Mar            float64    `json:"mar"`
	Required       float64    `json:"required_return_annual"`
	Cutoff         *float64   `json:"cutoff"`
	Dates          []day      `json:"dates"`
	To             string     `json:"to"`
	Prices         []float64  `json:"prices"`
	Index          []float64  `json:"index"`
	Accumulated    []float64  `json:"accumulated"`
	Top            int        `json:"top"`
	First          flow       `json:"first"`
	Last           flow       `json:"last"`
	Begin          day        `json:"begin"`
	End            day        `json:"end"`
	TotalReturn    float64    `json:"total_return"`
	Days           float64    `json:"days"`
	YearDays       float64    `json:"year_days"`
	Intervals      []interval `json:"intervals"`
	Observations   int        `json:"trading_day_observations"`
	Nonzero        []float64  `json:"nonzero_returns"`
	NonzeroDaily   []flow     `json:"nonzero_daily_returns"`
	FirstHolding   day        `json:"first_holding_day"`
	LastDay        day        `json:"last_day"`
}

// interval is [date, date, return].
type interval risk.Interval

func (i *interval) UnmarshalJSON(raw []byte) error {
	var from, to day
	err := row(raw, 3, &from, &to, &i.Return)
	i.From, i.To = int32(from), int32(to)
	return err
}

// series is a list of returns, null being missing; one return of every period; or a column of a data set.
type series struct {
	given  bool
	values []float64
	every  *float64
	column *column
}

type column struct {
	Dataset string `json:"dataset"`
	Column  string `json:"column"`
	From    string `json:"from"`
	To      string `json:"to"`
}

func (s *series) UnmarshalJSON(raw []byte) error {
	s.given = string(raw) != "null"
	var list []json.RawMessage
	switch {
	case !s.given:
		return nil
	case json.Unmarshal(raw, &list) == nil:
		var err error
		s.values, err = seriesOf(list)
		return err
	case json.Unmarshal(raw, &s.every) == nil:
		return nil
	}
	s.every = nil
	return json.Unmarshal(raw, &s.column)
}

// resolve finds a column's values and dates.
func (s *series) resolve(sets map[string]dataset) ([]day, error) {
	if s.column == nil {
		return nil, nil
	}
	set, ok := sets[s.column.Dataset]
	values, there := set.Columns[s.column.Column]
	if !ok || !there || len(values) != len(set.Dates) {
		return nil, fmt.Errorf("there is no column %q of the data set %q", s.column.Column, s.column.Dataset)
	}
	var days []day
	for i, date := range set.Dates {
		if date < s.column.From || s.column.To != "" && date > s.column.To {
			continue
		}
		var d day
		if err := d.UnmarshalText([]byte(date)); err != nil {
			return nil, err
		}
		value := returns.Missing()
		if values[i] != nil {
			value = *values[i]
		}
		days, s.values = append(days, d), append(s.values, value)
	}
	return days, nil
}

// over are the returns less this series, or less its one return; as they are when there is none.
func (s *series) over(r []float64) []float64 {
	switch {
	case s.every != nil:
		return risk.ExcessOver(r, *s.every)
	case s.given:
		return risk.Excess(r, s.values)
	}
	return r
}

// measured is what a metric is computed from.
type measured struct {
	in              *riskInputs
	c               risk.Convention
	r, b            []float64 // returns and the benchmark's
	excess, bExcess []float64 // both less what is free of risk
	days            []day
}

// riskTopic: series of returns to the figure that the metric names.
func riskTopic(v *vector, r *result) error {
	in := riskInputs{PeriodsPerYear: 1, YearDays: returns.YearDays}
	if err := v.read(&in); err != nil {
		return err
	}
	r.remark("note", "notes", "reason", "source_behaviour", "source_value", "columns")
	m := measured{in: &in, c: risk.Convention{PeriodsPerYear: in.PeriodsPerYear, DDof: 1, CountMissing: in.CountMissing}, days: in.Dates}
	if in.DDof != nil {
		m.c.DDof = *in.DDof
	}
	days, err := in.Returns.resolve(v.datasets)
	_, errB := in.Benchmark.resolve(v.datasets)
	_, errF := in.RiskFree.resolve(v.datasets)
	if err := errors.Join(err, errB, errF); err != nil {
		return err
	}
	if m.days == nil {
		m.days = days
	}
	m.r, m.b = in.levels(), in.Benchmark.values
	m.excess, m.bExcess = in.RiskFree.over(m.r), in.RiskFree.over(m.b)
	if figure := oneNumber[in.Metric]; figure != nil {
		r.figure("value", figure(&m))
		return nil
	}
	if table := tables[in.Metric]; table != nil {
		return table(&m, r)
	}
	return fmt.Errorf("there is no metric %q", in.Metric)
}

// levels are the returns given, or those between the prices or the levels of the index.
func (in *riskInputs) levels() []float64 {
	switch {
	case in.Returns.given:
		return in.Returns.values
	case in.Prices != nil:
		return returns.PriceReturns(in.Prices)
	}
	return returns.PriceReturns(in.Index)
}

// overMar are the returns in excess of the least acceptable, which is the risk-free one unless another is given.
func (m *measured) overMar() []float64 {
	if m.in.Mar != 0 || !m.in.RiskFree.given {
		return risk.ExcessOver(m.r, m.in.Mar)
	}
	return m.excess
}

// cutoff is the share of the tail that is looked at.
func (m *measured) cutoff() float64 {
	if m.in.Cutoff != nil {
		return *m.in.Cutoff
	}
	return risk.TailShare
}

// free is the risk-free return of each period, when it is one.
func (m *measured) free() float64 {
	if m.in.RiskFree.every != nil {
		return *m.in.RiskFree.every
	}
	return 0
}

// omega is of returns over the risk-free one and the least acceptable of a year.
func (m *measured) omega() returns.Figure {
	least := m.c.PerPeriod(m.in.Required)
	if !least.Known() {
		return least
	}
	return risk.Omega(risk.ExcessOver(m.excess, least.Value+m.in.Mar))
}

// tables are the metrics that are more than one number.
var tables = map[string]func(*measured, *result) error{
	"aggregate":       aggregateMetric,
	"drawdown_series": func(m *measured, r *result) error { r.figures("value", known(m.drawdowns().Series[1:])); return nil },
	"drawdown_table":  drawdownTable,
	"drawdown_from_index": func(m *measured, r *result) error {
		index := m.in.Index
		if m.in.Accumulated != nil {
			index = returns.Accumulated(m.in.Accumulated)
		}
		if len(index) != len(m.in.Dates) {
			return errors.New("there are not as many dates as levels")
		}
		checkDrawdown(r, numbers(m.in.Dates), index)
		return nil
	},
	"drawdown_from_returns_calendar_days": calendarDrawdown,
	"log_volatility_period":               logVolatility,
	"log_semideviation_period":            logVolatility,
}

func (m *measured) drawdowns() risk.Drawdowns {
	return risk.DrawdownsOf(nil, returns.Index(m.r))
}

func numbers(days []day) []int32 {
	list := make([]int32, len(days))
	for i, d := range days {
		list[i] = int32(d)
	}
	return list
}

func aggregateMetric(m *measured, r *result) error {
	grain, _, err := grainOf(m.in.To)
	if err != nil {
		return err
	}
	if len(m.days) != len(m.r) {
		return errors.New("there are not as many dates as returns")
	}
	var each []returns.Figure
	for _, part := range grain.By(numbers(m.days), m.r) {
		each = append(each, part.Return)
	}
	r.figures("value", each)
	return nil
}

// drawdownTable checks rows of [from, trough, to, depth, length, to_trough, recovery], where from is the first period
// below the peak and lengths count periods, the first and last with them.
func drawdownTable(m *measured, r *result) error {
	var want [][]any
	if !r.want("rows", &want) {
		return nil
	}
	if len(m.days) != len(m.r) {
		return errors.New("there are not as many dates as returns")
	}
	d := m.drawdowns()
	worst := d.Worst(m.in.Top)
	if len(worst) != len(want) {
		r.failf("rows: got %d, want %d", len(worst), len(want))
		return nil
	}
	for i, episode := range worst {
		got := tableRow(episode, m.days)
		if len(want[i]) != len(got) {
			return errRow
		}
		for j := range got {
			number, isNumber := want[i][j].(float64)
			value, alike := got[j].(float64)
			if same := got[j] == want[i][j] || isNumber && alike && r.vector.near(value, number); !same {
				r.failf("rows[%d][%d]: got %v, want %v", i, j, got[j], want[i][j])
			}
		}
	}
	return nil
}

// tableRow is an episode as such a row; positions in the index are one beyond those of the returns.
func tableRow(e risk.Episode, days []day) []any {
	period := e.Periods(len(days))
	cells := []any{days[e.Peak].String(), days[e.Trough-1].String(), nil, e.Depth, float64(period.Length), float64(period.ToTrough), nil}
	if e.Recovery >= 0 {
		cells[2], cells[6] = days[e.Recovery-1].String(), float64(period.Recovery)
	}
	return cells
}

// calendarDrawdown: of all days from the first holding day on, those that are listed have a return.
func calendarDrawdown(m *measured, r *result) error {
	var days []int32
	var daily []float64
	for d := m.in.FirstHolding; d <= m.in.LastDay; d++ {
		days, daily = append(days, int32(d)), append(daily, 0)
		if i := slices.IndexFunc(m.in.NonzeroDaily, func(f flow) bool { return f.day == d }); i >= 0 {
			daily[len(daily)-1] = m.in.NonzeroDaily[i].amount
		}
	}
	if len(days) == 0 {
		return errors.New("there are no days")
	}
	checkDrawdown(r, days, returns.Index(daily)[1:]) // the series starts with the first holding day's level
	return nil
}

// checkDrawdown checks depths as positive fractions and durations in days, as Portfolio Performance publishes them: a
// duration is from one high to the next higher one.
func checkDrawdown(r *result, days []int32, index []float64) {
	d := risk.DrawdownsOf(days, index)
	depth := d.Max
	depth.Value = -depth.Value
	r.figure("max_drawdown", depth)
	r.number("longest_duration_days", float64(d.LongestBetweenHighs(index).Days()))
	r.span("longest_recovery", d.LongestRecovery())
	r.span("longest_duration", d.LongestBetweenHighs(index))
	if e := d.Deepest; e != nil {
		r.text("peak", day(days[e.Peak]).String())
		r.text("trough", day(days[e.Trough]).String())
		if e.Recovery >= 0 {
			r.text("recovery", day(days[e.Recovery]).String())
		}
	}
}

// span checks a fact that is two days.
func (r *result) span(fact string, got risk.Span) {
	r.words(fact, []string{day(got.From).String(), day(got.To).String()})
}

// logVolatility: of logarithmic returns, over their whole time. Where only returns that are not zero are listed, the
// other observations are zero.
func logVolatility(m *measured, r *result) error {
	values := m.r
	if m.in.Nonzero != nil {
		if m.in.Observations < len(m.in.Nonzero) {
			return errors.New("there are more returns than observations")
		}
		values = make([]float64, m.in.Observations)
		copy(values, m.in.Nonzero)
	}
	logs := risk.Logarithmic(values)
	whole := m.c.Whole(logs)
	semi := whole.Semideviation(logs)
	value := whole.Volatility(logs)
	if m.in.Metric == "log_semideviation_period" {
		value = semi
	}
	if value.Reason == returns.TooFewValues && isNumber(r.expected["value"]) {
		r.leaveOutFact("value", "one return does not vary: a deviation takes two of them (rules 18 to 20)")
	}
	r.figure("value", value)
	r.figure("semi_deviation", semi)
	return nil
}
