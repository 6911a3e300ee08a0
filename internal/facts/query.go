package facts

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// PeriodRule says what can be asked for as a period.
const PeriodRule = "must be annual, quarterly, latest, ttm, a fiscal period such as FY2024, Q3 FY2024, H1 FY2024 or 9M FY2024, or the day a period ends such as 2024-09-28"

// Values are those of a figure, the latest first. Asked is one of Names or a tag, with or without its taxonomy; period is
// as PeriodRule has it, or empty for all; unit is as filed, or empty for the one used last. A figure that the company never
// tagged is a NotFound, a period that cannot be one an Invalid of query.period; one that the company has not reported gives
// no values.
func (c *Company) Values(asked, period, unit string) ([]Value, error) {
	matches, err := c.matcher(period)
	if err != nil {
		return nil, err
	}
	all := c.all(asked, unit)
	if len(all) == 0 {
		return nil, fault.New(fault.NotFound, "the company reports no such figure; without concept, all that it reports are listed")
	}
	switch strings.ToLower(period) {
	case "latest":
		return all[:1], nil
	case "ttm":
		v, ok := c.lastYear(all)
		if !ok {
			return []Value{}, nil
		}
		return []Value{v}, nil
	}
	return slices.DeleteFunc(all, func(v Value) bool { return !matches(v) }), nil
}

func (c *Company) matcher(period string) (func(Value) bool, error) {
	switch strings.ToLower(period) {
	case "", "latest", "ttm":
		return func(Value) bool { return true }, nil
	case "annual":
		return func(v Value) bool { return v.Span == Annual || v.Span == Moment && c.endsYear(v.End) }, nil
	case "quarterly":
		return func(v Value) bool { return v.Span == Quarterly || v.Span == Moment }, nil
	}
	if day, err := calendar.ParseDay(period); err == nil {
		return func(v Value) bool { return v.End == day }, nil
	}
	if canonical(period) == "" {
		return nil, fault.InvalidField("query.period", PeriodRule)
	}
	return func(v Value) bool { return sameLabel(period, v.Period) || c.fourth(period, v) }, nil
}

// fourth tells whether a moment that ends the year was asked for as its fourth quarter's.
func (c *Company) fourth(period string, v Value) bool {
	year, isFourth := strings.CutSuffix(canonical(period), " Q4")
	return isFourth && v.Span == Moment && year == canonical(v.Period)
}

func (c *Company) endsYear(day calendar.Day) bool {
	_, end, ok := c.year.of(day)
	return ok && max(end.Number()-day.Number(), day.Number()-end.Number()) <= nearDays
}

// lastYear is the sum of the last four quarters, or the last year where that is as late: of what adds up over time alone,
// and of one tag, since two may mean a total and a part of it.
func (c *Company) lastYear(all []Value) (Value, bool) {
	i := slices.IndexFunc(all, func(v Value) bool { return v.Span == Annual || v.Span == Quarterly })
	if i < 0 {
		return Value{}, false
	}
	if all[i].Span == Annual {
		return all[i], true
	}
	if !additive(all[i].Unit) {
		return Value{}, false
	}
	quarters := []Value{all[i]}
	for _, v := range all[i+1:] {
		first := quarters[len(quarters)-1].Start.AddDays(-1)
		gap := first.Number() - v.End.Number()
		if v.Span == Quarterly && v.Concept == all[i].Concept && max(gap, -gap) <= nearDays && len(quarters) < 4 {
			quarters = append(quarters, v)
		}
	}
	if len(quarters) < 4 {
		return Value{}, false
	}
	return sum(quarters), true
}

// sum adds quarters up, the latest first.
func sum(quarters []Value) Value {
	v := quarters[0]
	v.Start, v.Span, v.Period, v.History, v.Value = quarters[len(quarters)-1].Start, Annual, "TTM", nil, decimal.Zero
	parts := make([]string, len(quarters))
	for i, q := range quarters {
		v.Value = v.Value.Add(q.Value)
		parts[len(parts)-1-i] = named(q)
	}
	v.Derived = strings.Join(parts, " + ")
	return v
}

// Latest is the figure of the last twelve months, or the last year's where it does not add up over time, or, of a balance
// sheet, the last one. It is false for a figure that the company does not report.
func (c *Company) Latest(name string) (Value, bool) {
	all := c.all(name, "")
	if len(all) == 0 {
		return Value{}, false
	}
	if all[0].Span == Moment {
		return all[0], true
	}
	if v, ok := c.lastYear(all); ok {
		return v, true
	}
	i := slices.IndexFunc(all, func(v Value) bool { return v.Span == Annual })
	if i < 0 {
		return Value{}, false
	}
	return all[i], true
}
