package performance

import (
	"fmt"
	"math"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/history"
	"github.com/jaspers-ai/jaspers/internal/returns"
)

// maxNamed bounds how many days of one kind warnings name.
const maxNamed = 5

// withoutReturn says on which days the chain of returns has none.
func (s stretch) withoutReturn() []string {
	var all []string
	for i, day := range s.chain.Days {
		if len(all) == maxNamed {
			return append(all, "There are more days without a return.")
		}
		date := calendar.DayNumbered(day.Day)
		switch {
		case day.Appeared:
			all = append(all, fmt.Sprintf("On %s %s came without anything that was invested, such as a dividend of what was sold before: it is in the gain, and in no return.",
				date, s.v.Between(s.after+i, s.after+i+1).Income.Round(2)))
		case day.Status != returns.OK && day.Reason != returns.NoCapital:
			all = append(all, fmt.Sprintf("On %s more was owed than was there: the day has no return, and the time-weighted one a gap.", date))
		}
	}
	return all
}

const (
	// hugeDay is a day's return that is hardly one.
	hugeDay = 0.4
	// fewFlows is the share of the average value below which flows do not turn the sign of a return.
	fewFlows = 0.1
	// plainly is from how many percent on a return has a sign.
	plainly = 1
)

// implausible names what is probably an error of the data: a return by one measure and a loss by the other which flows do
// not explain, a day's return beyond 40 % without a flow, a price that moved like one of a split nobody told of.
func (s stretch) implausible(shown *Performance) []string {
	var all []string
	twr, mwr := shown.TimeWeighted.Value, shown.MoneyWeighted.Value
	flows := history.Float(s.whole.In.Add(s.whole.Out))
	average := (history.Float(s.whole.Opening) + history.Float(s.whole.Closing)) / 2
	if twr != nil && mwr != nil && *twr**mwr < 0 && min(math.Abs(*twr), math.Abs(*mwr)) > plainly && flows < fewFlows*average {
		all = append(all, fmt.Sprintf("The time-weighted return is %.2f %% and the money-weighted one %.2f %%, which what came and went does not explain: a split or a flow may be missing.", *twr, *mwr))
	}
	for i, day := range s.chain.Days {
		at := s.after + 1 + i
		if day.Status == returns.OK && math.Abs(day.Return) > hugeDay && s.v.In[at] == 0 && s.v.Out[at] == 0 && len(all) < maxNamed {
			all = append(all, fmt.Sprintf("The return of %s is %.1f %% without anything that came in or went out: a price, a rate of exchange or a flow may be wrong.",
				calendar.DayNumbered(day.Day), day.Return*100))
		}
	}
	jumps := s.v.Jumps(s.after, s.through)
	for _, j := range jumps[:min(len(jumps), maxNamed)] {
		all = append(all, fmt.Sprintf("The price of %s on %s is %.4g times that of the day before: a split may be missing.", j.Symbol, s.h.DayOf(j.Index), j.Times))
	}
	return all
}
