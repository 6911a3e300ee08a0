package performance

import (
	"fmt"
	"math"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/returns"
)

func dayNumbered(n int32) calendar.Day { return calendar.DayNumbered(n) }

// maxNamed bounds how many days of one kind warnings name.
const maxNamed = 5

// chainWarnings say on which days the chain of returns has none.
func (st *state) chainWarnings(v *View, chain returns.Chain, s stretched) []string {
	var all []string
	for i, day := range chain.Days {
		if len(all) == maxNamed {
			return append(all, "There are more days without a return.")
		}
		switch {
		case day.Appeared:
			at := v.between(s.after+i, s.after+i+1)
			all = append(all, fmt.Sprintf("On %s money came without anything that was invested, such as a dividend of what was sold before: it is in the gain, and in no return (%s came in).",
				dayNumbered(day.Day), at.Income.Round(2)))
		case day.Status != returns.OK && day.Reason != returns.NoCapital:
			all = append(all, fmt.Sprintf("On %s more was owed than was there: the day has no return, and the time-weighted one a gap.", dayNumbered(day.Day)))
		}
	}
	return all
}

const (
	// hugeDay is a day's return that is hardly one.
	hugeDay = 0.4
	// fewFlows is the share of the average value below which flows do not turn the sign of a return.
	fewFlows = 0.1
	// plainly is from where on a return has a sign.
	plainly = 0.01
)

// implausible names what is probably an error of the data: a return by one measure and a loss by the other which flows do
// not explain, a day's return beyond 40 % without a flow, a price that moved like one of a split nobody told of.
func implausible(v *View, b *breakdown, chain returns.Chain, shown *Performance) []string {
	var all []string
	twr, mwr := shown.TimeWeighted.Value, shown.MoneyWeighted.Value
	flows := toFloat(b.In.Add(b.Out))
	average := (toFloat(b.opening) + toFloat(b.closing)) / 2
	if twr != nil && mwr != nil && *twr**mwr < 0 && min(math.Abs(*twr), math.Abs(*mwr)) > 100*plainly && flows < fewFlows*average {
		all = append(all, fmt.Sprintf("The time-weighted return is %.2f %% and the money-weighted one %.2f %%, which what came and went does not explain: a split or a flow may be missing.", *twr, *mwr))
	}
	days := map[int32]int{}
	for i, day := range v.h.days {
		days[day] = i
	}
	for _, day := range chain.Days {
		i := days[day.Day]
		if day.Status == returns.OK && math.Abs(day.Return) > hugeDay && v.inflow[i] == 0 && v.outflow[i] == 0 && len(all) < maxNamed {
			all = append(all, fmt.Sprintf("The return of %s is %.1f %% without anything that came in or went out: a price, a rate of exchange or a flow may be wrong.", dayNumbered(day.Day), day.Return*100))
		}
	}
	return append(all, v.jumpWarnings(days[chain.Days[0].Day], days[chain.Days[len(chain.Days)-1].Day])...)
}

// jumpWarnings name the prices of what was held that moved like those of a split, on days from one through another.
func (v *View) jumpWarnings(from, through int) []string {
	var all []string
	for _, j := range v.h.jumps {
		if j.index < from || j.index > through || j.index == 0 || len(all) == maxNamed {
			continue
		}
		for _, p := range v.h.positions {
			if p.asset == j.asset && v.holds(p) && !p.at(j.index-1).quantity.IsZero() && !p.at(j.index).quantity.IsZero() {
				all = append(all, fmt.Sprintf("The price of %s on %s is %.4g times that of the day before: a split may be missing.", v.h.assets[j.asset].symbol, v.h.dayOf(j.index), j.times))
				break
			}
		}
	}
	return all
}
