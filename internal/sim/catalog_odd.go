package sim

import "time"

// haltedAt is when trading in HLTD was halted, of which nothing has been heard since.
var haltedAt = mustDay("2026-10-14").At(11, 12)

// odd are what other markets have, too: a fund that has one price a day, in the evening, and a share whose trading is
// halted. The latter is nobody's.
func odd() []*Instrument {
	return []*Instrument{
		{Symbol: "VFIAX", Name: "Vanguard 500 Index Fund Admiral Shares", Kind: Fund, Exchange: "FUND", shares: 1000,
			base: 412_00, growth: 10, vol: 300, beta: 100, dividend: 12500, exMonth: 3, Summary: "Holds the shares of the S&P 500, and is bought from and sold to its own house."},
		{Symbol: "HLTD", Name: "Halted Holdings, Inc.", Exchange: "NASDAQ", Sector: industrials, Industry: "Conglomerates", City: "Wilmington", Employees: 410,
			shares: 40, eps: 60, base: 14_00, growth: 2, vol: 22000, beta: 110, halted: haltedAt, Summary: "Holds firms that others were glad to sell."},
	}
}

// isHalted tells whether trading is halted at t.
func (in *Instrument) isHalted(t time.Time) bool { return !in.halted.IsZero() && !t.Before(in.halted) }
