package sim

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/paper"
)

// World is the one market all simulated services speak of, and its customers. Everything in it follows from the seed,
// the clock and the trades made: two worlds that agree in these agree in every figure. It is safe for concurrent use.
type World struct {
	seed        uint64
	now         func() time.Time
	instruments []*Instrument
	bySpelling  map[string]*Instrument
	series      map[string]*series
	customers   []Customer

	mu       sync.RWMutex
	accounts []*account     // guarded by mu: trades are added to them
	ibkr     []*IBKRAccount // likewise; made when they are first asked for
	ibkrOnce sync.Once

	paper     *paper.Archive // likewise
	paperOnce sync.Once
}

// New makes the world of the seed. Its clock should stay between 2023 and 2030.
func New(seed uint64, now func() time.Time) *World {
	w := &World{
		seed: mix(seed), now: now, instruments: catalog(),
		bySpelling: map[string]*Instrument{}, series: map[string]*series{},
	}
	for _, in := range w.instruments {
		w.series[in.Symbol] = &series{}
		for _, spelling := range in.spellings() {
			w.bySpelling[spelling] = in
		}
	}
	w.customers, w.accounts = w.people()
	return w
}

// Now is the time in the world.
func (w *World) Now() time.Time { return w.now() }

// Instruments lists everything that has or had a price, in a fixed order.
func (w *World) Instruments() []Instrument {
	list := make([]Instrument, len(w.instruments))
	for i, in := range w.instruments {
		list[i] = *in
	}
	return list
}

// find knows an instrument by any vendor's spelling of its symbol: BRK.B and BRK-B; BTC/USD, BTC-USD and BTCUSD.
func (w *World) find(symbol string) (*Instrument, bool) {
	in, ok := w.bySpelling[strings.ToUpper(symbol)]
	return in, ok
}

// Quote is what an instrument costs at a moment. Prices are in Currency per share of that moment.
type Quote struct {
	Symbol        string
	Currency      string
	Price         decimal.Decimal
	PreviousClose decimal.Decimal // of the trading day before Day, adjusted for a split since
	Open          decimal.Decimal // of Day, as are the High and Low so far
	High          decimal.Decimal
	Low           decimal.Decimal
	Change        decimal.Decimal // Price - PreviousClose
	ChangePercent decimal.Decimal // of PreviousClose, rounded to 8 digits
	Volume        int64           // of Day so far: shares or, of crypto, an amount in Currency, as Yahoo has it
	Day           calendar.Day    // whose session the price is from: the last one that has begun
	Time          time.Time       // of the last trade: now or the last close
}

// Quote is the quote of now; false for an unknown or delisted symbol. Any vendor's spelling of the symbol will do.
func (w *World) Quote(symbol string) (Quote, bool) { return w.QuoteAt(symbol, w.now()) }

// QuoteAt is the quote of a moment since the second trading day of 2022.
func (w *World) QuoteAt(symbol string, t time.Time) (Quote, bool) {
	in, ok := w.find(symbol)
	if !ok || in.goneOn(in.dayOf(t)) {
		return Quote{}, false
	}
	return w.quote(in, t), true
}

func (w *World) quote(in *Instrument, t time.Time) Quote {
	day, passed, minutes := in.lastDay(t)
	bars := w.barsUntil(in, day)
	today := bars[len(bars)-1]
	before := bars[max(len(bars)-2, 0)]
	high, low := today.high, today.low
	if passed < minutes {
		high, low = today.open, today.open
		for m := 1; m <= passed; m++ {
			price := w.minute(in, today, m, minutes)
			high, low = max(high, price), min(low, price)
		}
	}
	opens, _ := in.session(day)
	q := Quote{
		Symbol: in.Symbol, Currency: in.Currency, Day: day,
		Price:         in.traded(w.minute(in, today, passed, minutes), day),
		PreviousClose: in.adjusted(before.close, before.day, day),
		Open:          in.traded(today.open, day), High: in.traded(high, day), Low: in.traded(low, day),
		Volume: today.volume * in.factor(day) * int64(passed) / int64(minutes),
		Time:   opens.Add(time.Duration(passed) * time.Minute),
	}
	q.Change = q.Price.Sub(q.PreviousClose)
	q.ChangePercent = q.Change.Shift(2).DivRound(q.PreviousClose, 8)
	return q
}

// price is what one unit costs at t.
func (w *World) price(in *Instrument, t time.Time) decimal.Decimal {
	day, passed, minutes := in.lastDay(t)
	bars := w.barsUntil(in, day)
	return in.traded(w.minute(in, bars[len(bars)-1], passed, minutes), day)
}

// Bar is a trading day of an instrument in terms of today's shares, as Yahoo has it: prices and volume of days before a
// split are adjusted for it. AdjustedClose is adjusted for dividends too.
type Bar struct {
	Day                    calendar.Day
	Open, High, Low, Close decimal.Decimal
	AdjustedClose          decimal.Decimal // rounded to 8 digits
	Volume                 int64
}

// Bars are the days from the first to the last that have begun; today's is the one so far. None for an unknown symbol.
func (w *World) Bars(symbol string, first, last calendar.Day) []Bar {
	in, ok := w.find(symbol)
	if !ok || in.goneOn(in.dayOf(w.now())) {
		return nil
	}
	now := w.quote(in, w.now())
	all := w.barsUntil(in, now.Day)
	bars := make([]Bar, len(all))
	for i, b := range all {
		bars[i] = Bar{
			Day:  b.day,
			Open: in.adjusted(b.open, b.day, now.Day), High: in.adjusted(b.high, b.day, now.Day),
			Low: in.adjusted(b.low, b.day, now.Day), Close: in.adjusted(b.close, b.day, now.Day),
			Volume: b.volume * in.factor(now.Day),
		}
	}
	today := &bars[len(bars)-1]
	today.Open, today.High, today.Low, today.Close, today.Volume = now.Open, now.High, now.Low, now.Price, now.Volume
	w.adjustForDividends(in, bars)
	return slices.DeleteFunc(bars, func(b Bar) bool { return b.Day.Before(first) || last.Before(b.Day) })
}

// adjustForDividends fills AdjustedClose: going back over an ex-day, closes lose the dividend's share of the last close before it.
func (w *World) adjustForDividends(in *Instrument, bars []Bar) {
	last := bars[len(bars)-1].Day
	dividends := w.Dividends(in.Symbol, epoch, last)
	factor := decimal.NewFromInt(1)
	for i, bar := range slices.Backward(bars) {
		bars[i].AdjustedClose = bar.Close.Mul(factor).Round(8)
		n := len(dividends)
		if n == 0 || i == 0 || dividends[n-1].ExDay != bar.Day {
			continue
		}
		paid := in.inSharesOf(dividends[n-1].Amount, bar.Day, last)
		factor = factor.Mul(decimal.NewFromInt(1).Sub(paid.DivRound(bars[i-1].Close, 12))).Round(12)
		dividends = dividends[:n-1]
	}
}

// ClosesAsTraded are the closes of finished days as they were paid, without any adjustment, by day.
func (w *World) ClosesAsTraded(symbol string, first, last calendar.Day) map[calendar.Day]decimal.Decimal {
	in, ok := w.find(symbol)
	if !ok {
		return nil
	}
	day, passed, minutes := in.lastDay(w.now())
	if passed < minutes {
		day = day.AddDays(-1)
	}
	closes := map[calendar.Day]decimal.Decimal{}
	for _, b := range w.barsUntil(in, day) {
		if !b.day.Before(first) && !last.Before(b.day) {
			closes[b.day] = in.traded(b.close, b.day)
		}
	}
	return closes
}

// uuid makes an identifier that depends on the seed and the parts alone.
func (w *World) uuid(parts ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d|%q", w.seed, parts))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80 // version 4, RFC 9562 variant
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
