package sim

import (
	"time"

	"github.com/shopspring/decimal"
)

// hasExtendedHours tells whether it trades before and after the session: what New York lists, from 4:00 to 20:00.
func (in *Instrument) hasExtendedHours() bool {
	return in.zone.String() == "America/New_York" && (in.Kind == Equity || in.Kind == ETF)
}

// delay is how many minutes Yahoo is behind the exchange.
func (in *Instrument) delay() int {
	if in.abroad() {
		return 15
	}
	return 0
}

// addExtended adds what it trades at outside the session: in the morning on the way to the day's open, and from the close
// on, where the last such price stays until the next morning.
func (w *World) addExtended(row map[string]any, in *Instrument, q Quote, now time.Time) {
	if !in.hasExtendedHours() || in.isHalted(now) {
		return
	}
	_, closes := in.session(q.Day)
	switch in.marketState(now) {
	case "PRE":
		day := in.dayOf(now)
		opens, _ := in.session(day)
		begins := day.At(4, 0)
		bars := w.barsUntil(in, day)
		open := in.traded(bars[len(bars)-1].open, day)
		if in.factor(day) == in.factor(q.Day) {
			addSession(row, "preMarket", q.Price, between(q.Price, open, now.Sub(begins), opens.Sub(begins)), now)
		}
	case "POST", "CLOSED":
		ends := closes.Add(4 * time.Hour)
		at := now
		if ends.Before(at) {
			at = ends
		}
		drift := decimal.New(w.deviation(in.key, dayNumber(q.Day), 9)*max(in.vol, marketVol/3)/1000, -7) // a tenth of a day's
		last := q.Price.Add(q.Price.Mul(drift)).Round(tickDigits)
		addSession(row, "postMarket", q.Price, between(q.Price, last, at.Sub(closes), 4*time.Hour), at)
	}
}

// between is how far a price has come from one to the other when so much of the time has passed.
func between(from, to decimal.Decimal, passed, all time.Duration) decimal.Decimal {
	minutes, of := decimal.NewFromInt(int64(passed/time.Minute)), decimal.NewFromInt(int64(all/time.Minute))
	return from.Add(to.Sub(from).Mul(minutes).DivRound(of, tickDigits))
}

func addSession(row map[string]any, name string, regular, price decimal.Decimal, at time.Time) {
	change := price.Sub(regular)
	row[name+"Price"], row[name+"Change"], row[name+"ChangePercent"] = price, change, ratio(change, regular).Shift(2).Round(6)
	row[name+"Time"] = at.Unix()
}
