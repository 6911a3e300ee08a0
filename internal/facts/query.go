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
		return func(v Value) bool { return v.End == day || slices.Contains(v.otherEnds, day) }, nil
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
	return ok && near(end, day)
}

// lastYear is the last year where that is as late as the last quarter. Else it is the sum of the last four quarters or,
// where they are not counted alike, the last year with what this one has so far and without what that one had by then: of
// what adds up over time alone, and of one tag, since two may mean a total and a part of it.
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
	same := slices.DeleteFunc(slices.Clone(all), func(v Value) bool { return v.Concept != all[i].Concept || v.Unit != all[i].Unit })
	quarters := []Value{all[i]}
	for _, v := range same {
		if v.Span == Quarterly && follows(quarters[len(quarters)-1], v) && len(quarters) < 4 {
			quarters = append(quarters, v)
		}
	}
	if len(quarters) == 4 && oneBasis(quarters...) {
		return sum(quarters), true
	}
	return rolled(same, all[i])
}

// follows tells whether a period begins where another ends.
func follows(v, before Value) bool { return v.Start != nil && near(v.Start.AddDays(-1), before.End) }

func near(a, b calendar.Day) bool {
	return max(a.Number()-b.Number(), b.Number()-a.Number()) <= nearDays
}

// sum adds quarters up, the latest first.
func sum(quarters []Value) Value {
	parts := make([]string, len(quarters))
	total := decimal.Zero
	for i, q := range quarters {
		total = total.Add(q.Value)
		parts[len(parts)-1-i] = named(q)
	}
	v := twelveMonths(quarters[0], quarters[len(quarters)-1].Start, total)
	v.Derived = strings.Join(parts, " + ")
	return v
}

// rolled takes the last year on to the end of the last quarter: the year, and the year so far less the same months of the
// year before, all three counted alike.
func rolled(all []Value, quarter Value) (Value, bool) {
	for _, year := range all {
		for _, now := range all {
			if year.Span != Annual || now.End != quarter.End || now.Span == Annual || !follows(now, year) {
				continue
			}
			i := slices.IndexFunc(all, func(v Value) bool {
				return v.Start != nil && v.Span == now.Span && v.Span != OtherSpan && near(*v.Start, *year.Start) && oneBasis(year, now, v)
			})
			if i >= 0 {
				next := all[i].End.AddDays(1)
				v := twelveMonths(now, &next, year.Value.Add(now.Value).Sub(all[i].Value))
				v.Derived = named(year) + " + " + named(now) + " less " + named(all[i])
				return v, true
			}
		}
	}
	return Value{}, false
}

// twelveMonths is a value of the last twelve months, which says of its filing what the latest part of it does.
func twelveMonths(latest Value, start *calendar.Day, value decimal.Decimal) Value {
	latest.Start, latest.Span, latest.Period, latest.History, latest.Value = start, Annual, "TTM", []Filed{}, value
	return latest
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
