package intent

import (
	"fmt"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fiscal"
)

// Brief is an intent as it is shown, stored, and given to who answers.
type Brief struct {
	Type       Type          `json:"type" enum:"portfolio,market,research,other"`
	Symbols    []string      `json:"symbols" doc:"Of what the question names, in its order"`
	From       *calendar.Day `json:"from" doc:"The first day it speaks of"`
	To         *calendar.Day `json:"to"`
	Fiscal     []string      `json:"fiscal" doc:"Fiscal periods, as FY2024 or Q3 2024"`
	Forms      []string      `json:"forms" doc:"Of filings, as 10-K"`
	Topics     []Topic       `json:"topics"`
	Holdings   bool          `json:"holdings" doc:"Whether it is about what the person owns"`
	Sectors    []string      `json:"sectors"`
	Industries []string      `json:"industries"`
	Movers     string        `json:"movers" doc:"gainers, losers or empty"`
	Question   string        `json:"question,omitempty" doc:"What was read, where the question goes on from those before it"`
}

// Brief is the intent in short. A range that has begun ends today.
func (in Intent) Brief(today calendar.Day) Brief {
	b := Brief{
		Type: in.Type, Symbols: []string{}, Fiscal: []string{}, Forms: append([]string{}, in.DocTypes...), Topics: append([]Topic{}, in.Topics...),
		Holdings: in.Filters.Holdings, Sectors: append([]string{}, in.Filters.Sectors...), Industries: append([]string{}, in.Filters.Industries...),
		Movers: in.Filters.Movers, Question: in.Question,
	}
	for _, m := range in.Symbols {
		b.Symbols = append(b.Symbols, m.Symbol)
	}
	if in.Range != nil {
		r := in.Range.Until(today)
		b.From, b.To = &r.From, &r.To
	}
	for _, f := range in.Fiscal {
		b.Fiscal = append(b.Fiscal, label(f))
	}
	return b
}

// label is a period as figures are labelled with it: "FY2024" or "Q3 2024".
func label(p fiscal.Period) string {
	if p.Quarter == 0 {
		return fmt.Sprintf("FY%d", p.Year)
	}
	return fmt.Sprintf("Q%d %d", p.Quarter, p.Year)
}
