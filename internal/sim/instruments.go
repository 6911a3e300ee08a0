package sim

import (
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Kind sorts instruments.
type Kind string

// The kinds of instruments in the world.
const (
	Equity Kind = "equity"
	ETF    Kind = "etf"
	Fund   Kind = "fund" // one that has a price once a day
	Index  Kind = "index"
	Crypto Kind = "crypto"
	// Currency is a rate of exchange, which cannot be held.
	Currency Kind = "currency"
	Option   Kind = "option" // in accounts alone: options are not quoted here
)

// Instrument is something with a price. Who reads a price needs its Currency: GBp is a hundredth of a pound.
type Instrument struct {
	Symbol   string // as people write it: BRK.B, BTC/USD, ^GSPC, VOD.L
	Name     string
	Kind     Kind
	Exchange string // NASDAQ, NYSE, ARCA, FUND, LSE, XETRA, AMS, INDEX, CRYPTO or CCY
	Currency string
	Delisted calendar.Day // the first day without trading; the zero Day for a listed instrument

	// What there is to say of a company; funds, indices and crypto have the Summary only.
	Sector, Industry, City, Country string
	Employees                       int
	Summary                         string

	shares   int64 // millions outstanding at the epoch
	eps      int64 // cents a year and share at the epoch
	base     int64 // price at the epoch in ticks
	growth   int64 // percent of base a year that the price tends to gain
	vol      int64 // own daily deviation in millionths of the price
	beta     int64 // percent of the market's return it follows
	dividend int64 // a quarter, in ten-thousandths of the currency unit, at the epoch
	exMonth  int   // of the quarter: 1, 2 or 3
	splits   []Split
	halted   time.Time // from when on nobody can trade it; zero for what can be traded
	key      uint64    // tells its random numbers from the others'
	zone     *time.Location
}

// spellings are all ways vendors write the symbol.
func (in *Instrument) spellings() []string {
	return []string{in.Symbol, in.yahooSymbol(), in.alpacaSymbol()}
}

// yahooSymbol is the symbol as Yahoo writes it: BRK-B, BTC-USD, VOD.L.
func (in *Instrument) yahooSymbol() string {
	if in.abroad() {
		return in.Symbol
	}
	return strings.NewReplacer(".", "-", "/", "-").Replace(in.Symbol)
}

// abroad tells whether it is traded in Europe: the symbol then ends with the exchange's sign.
func (in *Instrument) abroad() bool {
	return in.Exchange == "LSE" || in.Exchange == "XETRA" || in.Exchange == "AMS"
}

// alpacaSymbol is the symbol as Alpaca's positions have it: BRK.B, BTCUSD.
func (in *Instrument) alpacaSymbol() string { return strings.ReplaceAll(in.Symbol, "/", "") }

// trades tells whether the instrument has a session on the day of its own calendar. Europe keeps New York's holidays here.
func (in *Instrument) trades(day calendar.Day) bool {
	if in.goneOn(day) || !in.halted.IsZero() && in.dayOf(in.halted).Before(day) {
		return false
	}
	switch in.Kind {
	case Crypto:
		return true
	case Currency:
		return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
	}
	return calendar.IsTradingDay(day)
}

// goneOn tells whether the instrument is delisted by the day.
func (in *Instrument) goneOn(day calendar.Day) bool {
	return in.Delisted != (calendar.Day{}) && !day.Before(in.Delisted)
}

// session is when trading starts and ends on a day it trades: crypto's is the UTC day, a
// currency's London's day, by which Yahoo dates these, London's 8:00 to 16:30, and
// the same moments on the continent, an hour later there.
func (in *Instrument) session(day calendar.Day) (opens, closes time.Time) {
	midnight := time.Date(day.Year, day.Month, day.Day, 0, 0, 0, 0, in.zone)
	switch {
	case in.Kind == Crypto, in.Kind == Currency:
		return midnight, midnight.AddDate(0, 0, 1)
	case in.Exchange == "XETRA", in.Exchange == "AMS":
		return midnight.Add(9 * time.Hour), midnight.Add(17*time.Hour + 30*time.Minute)
	case in.Exchange == "LSE":
		return midnight.Add(8 * time.Hour), midnight.Add(16*time.Hour + 30*time.Minute)
	}
	opens, closes, _ = calendar.Session(day)
	switch {
	case in.Kind == Fund: // priced at the close, and published when it is known
		return closes.Add(90 * time.Minute), closes.Add(2 * time.Hour)
	case !in.halted.IsZero() && in.dayOf(in.halted) == day:
		return opens, in.halted
	}
	return opens, closes
}

// dayOf is the date where the instrument trades.
func (in *Instrument) dayOf(t time.Time) calendar.Day {
	year, month, day := t.In(in.zone).Date()
	return calendar.Day{Year: year, Month: month, Day: day}
}

// lastDay is the latest day whose session has begun at t, with how many minutes of it have passed and how many it has.
func (in *Instrument) lastDay(t time.Time) (day calendar.Day, passed, minutes int) {
	for day = in.dayOf(t); ; day = day.AddDays(-1) {
		if !in.trades(day) {
			continue
		}
		if opens, closes := in.session(day); !t.Before(opens) {
			minutes = int(closes.Sub(opens) / time.Minute)
			return day, min(int(t.Sub(opens)/time.Minute), minutes), minutes
		}
	}
}

// factor is how many shares a share of the epoch has become by the day. The prices' share of the epoch is one from after
// all reverse splits, so that this is a whole number.
func (in *Instrument) factor(day calendar.Day) int64 {
	shares := int64(1)
	for _, split := range in.splits {
		to, from := split.becomes()
		if day.Before(split.Day) {
			to = from
		}
		shares *= to
	}
	return shares
}
