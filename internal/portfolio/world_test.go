package portfolio

import (
	"context"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/exchange"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// Evening is a Friday after the close, when every split of the world has happened.
var Evening = time.Date(2027, 1, 15, 21, 30, 0, 0, time.UTC)

// NewWorld is the simulator's world on that evening.
func NewWorld() *sim.World { return sim.New(7, func() time.Time { return Evening }) }

// CurrentRate is a source of the market's rates of today.
func (m *Market) CurrentRate(_ context.Context, from, to string) (market.Rate, error) {
	return market.Rate{From: from, To: to, Rate: m.Rate(from, to, m.today()), Day: m.today(), Source: "world", AsOf: Evening}, nil
}

// PastRates is a source of its rates of every day.
func (m *Market) PastRates(_ context.Context, to string, from []string, first calendar.Day) (map[string]market.Rates, []string, error) {
	all := map[string]market.Rates{}
	first = calendar.DayNumbered(max(first.Number(), m.Days[0].Number()))
	for _, currency := range from {
		rates := market.Rates{From: currency, To: to}
		for day := first; !m.today().Before(day); day = day.AddDays(1) {
			rate, _ := m.Rate(currency, to, day).Float64()
			rates.Days, rates.Rate = append(rates.Days, day.Number()), append(rates.Rate, rate)
		}
		all[currency] = rates
	}
	return all, nil, nil
}

// Splits are those of the world's companies.
func (m *Market) Splits() map[string][]instrument.Split {
	all := map[string][]instrument.Split{}
	for _, c := range m.corporate {
		if c.order == 0 && !m.today().Before(c.day) {
			all[c.symbol] = append(all[c.symbol], instrument.Split{Day: c.day, From: decimal.NewFromInt(1), To: decimal.NewFromInt(c.ratio)})
		}
	}
	return all
}

// money12 is a fraction as an amount, rounded where only the program's own rounding is.
func money12(r *big.Rat) decimal.Decimal { return decimal.RequireFromString(r.FloatString(12)) }

// Instrument is a symbol as a brokerage names it.
func (l *Life) Instrument(symbol string) broker.Instrument {
	currency := Bought[symbol]
	return broker.Instrument{
		InstrumentID: symbol, Symbol: symbol, AssetClass: broker.Equity, Currency: currency,
		Exchange: map[string]string{"GBP": "LSE", "USD": "NYSE"}[currency], Multiplier: decimal.NewFromInt(1),
	}
}

// Positions are what a brokerage reports of an account: costs to the cent, and no price at the close before.
func (l *Life) Positions(account int) []broker.Position {
	var all []broker.Position
	for symbol := range Bought {
		quantity := l.quantity(account, symbol)
		if quantity.Sign() == 0 {
			continue
		}
		cost := new(big.Rat)
		for _, p := range l.lots[key(account, symbol)] {
			cost.Add(cost, p.cost)
		}
		price := l.prices[symbol][l.today()]
		q := money12(quantity)
		all = append(all, broker.Position{
			Instrument: l.Instrument(symbol), Quantity: q, CostBasis: decimal.NewNullDecimal(money12(cost).Round(2)), Price: decimal.NewNullDecimal(price),
			MarketValue: decimal.NewNullDecimal(q.Mul(price)), AsOf: Evening,
		})
	}
	slices.SortFunc(all, func(a, b broker.Position) int { return strings.Compare(a.Symbol, b.Symbol) })
	return all
}

// book is what the program makes of the life, without a database.
func (l *Life) book(t testing.TB) book {
	in := gains.Input{Reported: map[lots.Holding]decimal.Decimal{}}
	in.Ledger = lots.Input{Transactions: l.Transactions, Splits: l.Splits(), Accounts: map[string]lots.Rules{}, Instruments: map[string]instrument.Instrument{}}
	for symbol, currency := range Bought {
		in.Ledger.Instruments[symbol] = instrument.Instrument{ID: symbol, Symbol: symbol, Currency: currency, Multiplier: decimal.NewFromInt(1)}
	}
	v := view{}
	for i, id := range Accounts {
		a := account{id: id, number: id, cash: map[string]decimal.Decimal{}}
		for currency, amount := range l.Cash[i] {
			a.cash[currency] = money12(amount)
		}
		held := map[string]decimal.Decimal{}
		for _, p := range l.Positions(i) {
			a.positions = append(a.positions, position{p, p.Symbol})
			held[p.Symbol] = p.Quantity
			in.Reported[lots.Holding{Account: id, Instrument: p.Symbol}] = p.Quantity
		}
		connectionID := "connection-" + id[len(id)-1:]
		in.Accounts = append(in.Accounts, ledger.Account{ID: id, ConnectionID: connectionID, Number: id, Known: true, CashComplete: true})
		in.Ledger.Accounts[id] = lots.Rules{Method: user.FIFO, Complete: true, Reported: held}
		v.links = append(v.links, link{id: connectionID, status: connection.Active, syncedAt: &Evening, accounts: []account{a}})
	}
	past, err := exchange.LoadPast(t.Context(), l.PastRates, l.Base, []string{"USD", "EUR", "GBP"}, l.Days[0])
	v.gains = gains.Work(in, past)
	var rateErr error
	v.rates, rateErr = exchange.Load(t.Context(), l.CurrentRate, l.Base, []string{"USD", "EUR", "GBP"})
	if err = errors.Join(err, rateErr); err != nil {
		t.Fatal(err)
	}
	return newBook(v, Evening)
}

// Check compares the program's figures with what the life came to; off is the first that differs by more than a
// millionth of a unit of currency, far less than a cent. Costs are to the cent where brokerages report them so.
func (l *Life) Check(s Summary, holdings []Holding) (off string) {
	expect := func(what string, got *decimal.Decimal, want *big.Rat, most string) {
		if off == "" && (got == nil || money12(want).Sub(*got).Abs().GreaterThan(decimal.RequireFromString(most))) {
			off = what + ": got " + text(got) + ", want " + want.FloatString(8)
		}
	}
	cash, value, gross := new(big.Rat), new(big.Rat), new(big.Rat)
	unrealized, cents := new(big.Rat), decimal.Zero
	for i := range Accounts {
		for currency, amount := range l.Cash[i] {
			cash.Add(cash, times(amount, l.Rate(currency, l.Base, l.today())))
		}
	}
	held := map[string]*big.Rat{}
	for symbol, currency := range Bought {
		for i := range Accounts {
			q := l.quantity(i, symbol)
			worth := times(times(q, l.prices[symbol][l.today()]), l.Rate(currency, l.Base, l.today()))
			value.Add(value, worth)
			gross.Add(gross, new(big.Rat).Abs(worth))
			unrealized.Add(unrealized, worth)
			for _, p := range l.lots[key(i, symbol)] {
				unrealized.Sub(unrealized, p.base)
			}
			if q.Sign() != 0 {
				cents = cents.Add(decimal.New(1, -2)) // half a cent of cost, at rates below two
				held[symbol] = new(big.Rat).Add(q, orNothing(held[symbol]))
			}
		}
	}
	expect("cash", s.Cash, cash, "0.000001")
	expect("market value", s.BestKnown.MarketValue, value, "0.000001")
	expect("total", s.TotalValue, new(big.Rat).Add(cash, value), "0.000001")
	expect("gross exposure", s.GrossExposure, gross, "0.000001")
	expect("net exposure", s.NetExposure, value, "0.000001")
	expect("unrealized", s.UnrealizedPnl, unrealized, cents.String())
	expect("realized", s.Pnl.Realized, l.Realized, "0.000001")
	expect("dividends", s.Pnl.Dividends, l.Dividends, "0.000001")
	expect("interest", s.Pnl.Interest, l.Interest, "0.000001")
	expect("fees", s.Pnl.Fees, l.Fees, "0.000001")
	expect("taxes", s.Pnl.Taxes, l.Taxes, "0.000001")
	for _, h := range holdings {
		expect("quantity of "+h.Symbol, &h.Quantity, orNothing(held[h.Symbol]), "0.000000001")
		delete(held, h.Symbol)
	}
	if off == "" && (len(held) > 0 || len(s.Pnl.Incomplete) > 0 || s.BestKnown.Partial) {
		off = "something is missing"
	}
	return off
}

func orNothing(r *big.Rat) *big.Rat {
	if r == nil {
		return new(big.Rat)
	}
	return r
}

func TestFiguresOfAThousandLivesAreTheWorlds(t *testing.T) {
	m := NewMarket(NewWorld())
	seen := map[broker.ActivityKind]int{}
	shorts, splits := 0, 0
	for seed := range uint64(1000) {
		l := NewLife(m, seed)
		b := l.book(t)
		s := b.summary()
		if off := l.Check(s, b.holdings()); off != "" {
			t.Fatalf("life %d in %s: %s", seed, l.Base, off)
		}
		for i := range Accounts {
			for symbol := range Bought {
				p, want := b.gains.Position(Accounts[i], symbol), l.lots[key(i, symbol)]
				if p == nil && len(want) == 0 {
					continue
				}
				if p == nil || len(p.Lots) != len(want) || !p.Implied.Sub(money12(l.quantity(i, symbol))).Abs().LessThan(dec("0.000001")) {
					t.Fatalf("life %d: got %+v of %s, want %d lots of %s", seed, p, symbol, len(want), l.quantity(i, symbol).FloatString(9))
				}
				if p.Quantity.IsNegative() {
					shorts++
				}
				if len(want) > 0 && len(l.Splits()[symbol]) > 0 {
					splits++
				}
			}
		}
		for _, tr := range l.Transactions {
			seen[tr.Kind]++
		}
	}
	for _, kind := range []broker.ActivityKind{broker.Buy, broker.Sell, broker.Dividend, broker.Interest, broker.Fee, broker.Exchange, broker.TransferIn, broker.TransferOut, broker.Deposit} {
		if seen[kind] < 500 {
			t.Errorf("got %d of %s: these lives do not try it", seen[kind], kind)
		}
	}
	if shorts < 100 || splits < 500 {
		t.Errorf("got %d shorts and %d positions with splits", shorts, splits)
	}
}
