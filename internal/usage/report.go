package usage

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
)

// Query asks for days. Zero days are today and thirty days of which it is the last.
type Query struct {
	UserID   string // whose; empty for everybody's and nobody's
	From, To calendar.Day
	By       []By // empty for what the answer says
}

// By is what groups agree in.
type By string

// What groups can agree in: a provider's endpoint, a model, a day.
const (
	ByProvider By = "provider"
	ByEndpoint By = "endpoint"
	ByModel    By = "model"
	ByDay      By = "day"
)

const (
	defaultDays = 30
	maxDays     = 366
)

// complete fills in the days that were not said. Invalid where there are too many, or none.
func (q *Query) complete(now time.Time) error {
	if q.To == (calendar.Day{}) {
		q.To = dayOf(now)
	}
	if q.From == (calendar.Day{}) {
		q.From = q.To.AddDays(1 - defaultDays)
	}
	if q.To.Before(q.From) {
		return fault.InvalidField("query.to", "must not be before from")
	}
	if q.To.Number()-q.From.Number() >= maxDays {
		return fault.InvalidField("query.from", "must be within a year of to")
	}
	return nil
}

// Span is what an answer is about.
type Span struct {
	UserID *string      `json:"userId" format:"uuid" doc:"Whose; null for everybody's, with what was done for nobody in particular."`
	From   calendar.Day `json:"from"`
	To     calendar.Day `json:"to"`
	// TimeZone is of the days.
	TimeZone string `json:"timeZone" example:"UTC" doc:"By which days begin: that of vendors' bills and of the budgets' months."`
	// Delay and Lost tell what cannot be in the answer.
	Delay float64 `json:"delaySeconds" doc:"How long it takes at most until what was done is in here: a second until it is stored, and where a replica of the database is asked, how old that may be. Of what was done before a server was killed a second is missing, and the tokens of answers that were being written."`
	Lost  int64   `json:"lostRecords" doc:"How many calls of these days, of everybody, could not be recorded, as far as a server lived to tell. What was not stored yet when one was killed, about a second of it, is not counted."`
}

func (s *Service) span(q Query, lost int64) Span {
	delay := Delay
	if _, there := s.DB.Replica(); there {
		delay += db.MaxAge
	}
	return Span{UserID: optional(q.UserID), From: q.From, To: q.To, TimeZone: "UTC", Delay: delay.Seconds(), Lost: lost}
}

// Group is what rows have in common; null is what they are not grouped by.
type Group struct {
	Provider *string `json:"provider" example:"yahoo"`
	Endpoint *string `json:"endpoint,omitempty" example:"GET /v8/finance/chart"`
	Model    *string `json:"model,omitempty" example:"claude-sonnet-5-5"`
	Day      *string `json:"day" format:"date"`
}

func (k key) group(by []By) Group {
	pick := func(one By, value string) *string {
		if !slices.Contains(by, one) {
			return nil
		}
		return &value
	}
	return Group{pick(ByProvider, k.Provider), pick(ByEndpoint, k.Endpoint), pick(ByModel, k.Model), pick(ByDay, k.Day)}
}

// compare puts the newest day first, then goes by names.
func (g Group) compare(h Group) int {
	text := func(s *string) string {
		if s == nil {
			return ""
		}
		return *s
	}
	return cmp.Or(cmp.Compare(text(h.Day), text(g.Day)), cmp.Compare(text(g.Provider), text(h.Provider)),
		cmp.Compare(text(g.Endpoint), text(h.Endpoint)), cmp.Compare(text(g.Model), text(h.Model)))
}

// Usage is what was asked of other companies.
type Usage struct {
	Span
	Total  Traffic     `json:"total"`
	Groups []CallGroup `json:"groups" doc:"The newest day first, then by provider and endpoint."`
}

// CallGroup are calls that have something in common.
type CallGroup struct {
	Group
	Traffic
}

// Traffic are attempts to ask other companies: one that is tried again counts again.
type Traffic struct {
	Calls    int64     `json:"calls"`
	Errors   int64     `json:"errors" doc:"Of these, without an answer or with a status of 400 or more."`
	Statuses []Status  `json:"statuses" doc:"The calls by how they went."`
	Latency  *Latency  `json:"latencyMs" doc:"Milliseconds until an answer began or failed, each within 1 % of a call's; null without calls."`
	Taken    *ModelUse `json:"languageModel" doc:"What a language model took in these calls; null where none was asked."`
}

// Status is how calls went.
type Status struct {
	Status  *int        `json:"status" doc:"Of HTTP; null without an answer."`
	Failure *fault.Kind `json:"failure" doc:"Why there was none, as in error.code."`
	Calls   int64       `json:"calls"`
}

// ModelUse is what a language model was asked and took; each turn may have taken several calls.
type ModelUse struct {
	Turns     int64           `json:"turns"`
	BrokenOff int64           `json:"brokenOff" doc:"Of these, without an end. They count as far as the vendor told what they took."`
	Tokens    llm.Usage       `json:"tokens"`
	USD       decimal.Decimal `json:"costUsd" doc:"By the prices that were set at the time, exact."`
	Latency   *Latency        `json:"latencyMs,omitempty" doc:"Milliseconds until the last word."`
}

// Usage adds up by provider and endpoint where the query says nothing else. Invalid for days that cannot be asked about.
func (s *Service) Usage(ctx context.Context, q Query) (Usage, error) {
	if err := q.complete(s.Now()); err != nil {
		return Usage{}, err
	}
	if len(q.By) == 0 {
		q.By = []By{ByProvider, ByEndpoint}
	}
	tallies, lost, err := s.read(ctx, filter{userID: q.UserID, first: q.From, last: q.To})
	if err != nil {
		return Usage{}, err
	}
	u := Usage{Span: s.span(q, lost), Total: newTraffic(tallies), Groups: []CallGroup{}}
	for k, part := range grouped(tallies, q.By) {
		u.Groups = append(u.Groups, CallGroup{k.group(q.By), newTraffic(part)})
	}
	slices.SortFunc(u.Groups, func(a, b CallGroup) int { return a.compare(b.Group) })
	return u, nil
}

// read is on one picture of the database, since rows move from one table to the other. It may be some seconds old.
func (s *Service) read(ctx context.Context, f filter) (tallies []tally, lost int64, err error) {
	err = s.DB.Aged(ctx, func(ctx context.Context, q db.Querier) (err error) {
		if tallies, err = read(ctx, q, f); err != nil {
			return err
		}
		lost, err = lostBetween(ctx, q, f.first, f.last)
		return err
	})
	return tallies, lost, err
}

// grouped divides tallies by what they are to agree in.
func grouped(tallies []tally, by []By) map[key][]tally {
	groups := map[key][]tally{}
	for _, t := range tallies {
		k := key{}
		for _, one := range by {
			switch one {
			case ByProvider:
				k.Provider = t.Provider
			case ByEndpoint:
				k.Endpoint = t.Endpoint
			case ByModel:
				k.Model = t.Model
			case ByDay:
				k.Day = t.Day
			}
		}
		groups[k] = append(groups[k], t)
	}
	return groups
}

func newTraffic(tallies []tally) Traffic {
	c := Traffic{Statuses: []Status{}, Taken: newModelUse(tallies)}
	type outcome struct {
		status  int
		failure fault.Kind
	}
	outcomes, latency := map[outcome]int64{}, histogram{}
	for _, t := range tallies {
		if t.Kind != call {
			continue
		}
		c.Calls += t.Calls
		if t.Status == 0 || t.Status >= 400 {
			c.Errors += t.Calls
		}
		outcomes[outcome{t.Status, t.Failure}] += t.Calls
		latency.add(t.latency)
	}
	c.Latency = latency.latency()
	for _, o := range slices.SortedFunc(maps.Keys(outcomes), func(a, b outcome) int {
		return cmp.Or(cmp.Compare(a.status, b.status), cmp.Compare(a.failure, b.failure))
	}) {
		one := Status{Calls: outcomes[o]}
		if o.status != 0 {
			one.Status = &o.status
		}
		if o.failure != "" {
			one.Failure = &o.failure
		}
		c.Statuses = append(c.Statuses, one)
	}
	return c
}

// newModelUse is nil where there are none.
func newModelUse(tallies []tally) *ModelUse {
	var turns ModelUse
	latency := histogram{}
	for _, t := range tallies {
		if t.Kind != turn {
			continue
		}
		turns.Turns += t.Calls
		if t.Failure != "" {
			turns.BrokenOff += t.Calls
		}
		turns.Tokens = turns.Tokens.Add(t.Tokens)
		turns.USD = turns.USD.Add(t.USD)
		latency.add(t.latency)
	}
	if turns.Turns == 0 {
		return nil
	}
	turns.Latency = latency.latency()
	return &turns
}
