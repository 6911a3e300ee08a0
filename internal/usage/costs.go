package usage

import (
	"context"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/budget"
	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Costs are what language models took, in US dollars.
type Costs struct {
	Span
	Currency string   `json:"currency" example:"USD"`
	Total    ModelUse `json:"total"`
	Groups   []Cost   `json:"groups" doc:"The newest day first, then by provider and model."`
	Month    Month    `json:"month" doc:"The month it is, whatever days are asked about."`
	Budgets  Budgets  `json:"budgets"`
}

// Cost is what a group of turns took.
type Cost struct {
	Group
	ModelUse
}

// Month is what a month costs, by UTC.
type Month struct {
	Month    string          `json:"month" example:"2026-11"`
	ToDate   decimal.Decimal `json:"toDateUsd"`
	Estimate Estimate        `json:"estimate"`
}

// Estimate is what a month may come to.
type Estimate struct {
	USD    *decimal.Decimal `json:"monthEndUsd" doc:"Null where there is nothing to go by."`
	Method string           `json:"method"`
	Days   int              `json:"days" doc:"How many days the mean is of."`
	Reason *string          `json:"reason" doc:"Why there is none."`
}

// Budgets are what models may take in the month it is.
type Budgets struct {
	Ends         time.Time `json:"ends" doc:"When they begin anew."`
	Person       *Budget   `json:"person" doc:"Null where everybody's is asked for."`
	Installation *Budget   `json:"installation" doc:"Of all together, for admins; null for others."`
}

// Budget is the state of one.
type Budget struct {
	Spent    budget.Amount `json:"spent" doc:"More than it cost where a turn broke off: what that took at most."`
	Reserved budget.Amount `json:"reserved" doc:"By turns that have not come back, at most."`
	Limit    Limit         `json:"limit"`
}

// Limit is what nothing goes beyond.
type Limit struct {
	USD    *decimal.Decimal `json:"usd" doc:"Null for none."`
	Tokens *int64           `json:"tokens" doc:"Null for none."`
}

// Costs adds up by day, provider and model where the query says nothing else. The installation's budget is shown to those
// who may see it. Invalid for days that cannot be asked about.
func (s *Service) Costs(ctx context.Context, q Query, installation bool) (Costs, error) {
	now := s.Now()
	if err := q.complete(now); err != nil {
		return Costs{}, err
	}
	if len(q.By) == 0 {
		q.By = []By{ByDay, ByProvider, ByModel}
	}
	tallies, lost, err := s.read(ctx, filter{userID: q.UserID, first: q.From, last: q.To, kind: turn})
	if err != nil {
		return Costs{}, err
	}
	c := Costs{Span: s.span(q, lost), Currency: "USD", Groups: []Cost{}}
	if total := newModelUse(tallies); total != nil {
		c.Total = *total
	}
	for k, part := range grouped(tallies, q.By) {
		c.Groups = append(c.Groups, Cost{k.group(q.By), *newModelUse(part)})
	}
	slices.SortFunc(c.Groups, func(a, b Cost) int { return a.compare(b.Group) })
	if c.Month, err = s.month(ctx, q.UserID, now); err != nil {
		return Costs{}, err
	}
	c.Budgets, err = s.budgets(ctx, q.UserID, installation)
	return c, err
}

// goBy is of how many days the mean is by which a month is estimated.
const goBy = 28

const method = "what the month cost so far and, for the rest of today and for each day to come, the mean cost of the last 28 whole days (UTC), " +
	"counted from the first of them on which a language model was asked"

func (s *Service) month(ctx context.Context, userID string, now time.Time) (Month, error) {
	today := dayOf(now)
	first := calendar.Day{Year: today.Year, Month: today.Month, Day: 1}
	since := today.AddDays(-goBy)
	if first.Before(since) {
		since = first
	}
	tallies, _, err := s.read(ctx, filter{userID: userID, first: since, last: today, kind: turn})
	if err != nil {
		return Month{}, err
	}
	days := map[calendar.Day]decimal.Decimal{}
	for k, part := range grouped(tallies, []By{ByDay}) {
		day, err := calendar.ParseDay(k.Day)
		if err != nil {
			return Month{}, err
		}
		days[day] = newModelUse(part).USD
	}
	m := Month{Month: today.String()[:len("2006-01")], Estimate: estimate(days, today)}
	for day, usd := range days {
		if !day.Before(first) {
			m.ToDate = m.ToDate.Add(usd)
		}
	}
	return m, nil
}

// estimate is what the month of today may come to, from what days cost on which a model was asked.
func estimate(days map[calendar.Day]decimal.Decimal, today calendar.Day) Estimate {
	e := Estimate{Method: method}
	var sum, before decimal.Decimal // of the days to go by, and of the month's until yesterday
	for day := today.AddDays(-1); !day.Before(today.AddDays(-goBy)); day = day.AddDays(-1) {
		usd, asked := days[day]
		if asked {
			e.Days = int(today.Number() - day.Number())
		}
		sum = sum.Add(usd)
	}
	if e.Days == 0 {
		e.Reason = new("no language model was asked on any of the last 28 whole days")
		return e
	}
	for day := today.AddDays(-1); day.Month == today.Month; day = day.AddDays(-1) {
		before = before.Add(days[day])
	}
	mean := sum.Div(decimal.NewFromInt(int64(e.Days)))
	rest := calendar.Day{Year: today.Year, Month: today.Month + 1, Day: 1}.AddDays(-1).Day - today.Day
	e.USD = new(before.Add(decimal.Max(mean, days[today])).Add(mean.Mul(decimal.NewFromInt(int64(rest)))).Round(estimatePlaces))
	return e
}

// estimatePlaces is to how many places of a dollar an estimate is rounded.
const estimatePlaces = 4

func (s *Service) budgets(ctx context.Context, userID string, installation bool) (Budgets, error) {
	m, err := s.Budget.Spent(ctx, userID)
	b := Budgets{Ends: m.Ends}
	if userID != "" {
		b.Person = newBudget(m.Person)
	}
	if installation {
		b.Installation = newBudget(m.Installation)
	}
	return b, err
}

// newBudget shows a part that limits nothing as no limit.
func newBudget(u budget.Use) *Budget {
	b := &Budget{Spent: u.Spent, Reserved: u.Reserved}
	if !u.Limit.USD.IsZero() {
		b.Limit.USD = &u.Limit.USD
	}
	if u.Limit.Tokens != 0 {
		b.Limit.Tokens = &u.Limit.Tokens
	}
	return b
}
