// Package instrument gives each thing that can be held one identity, whatever each brokerage calls it.
package instrument

import (
	"cmp"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

// Instrument is one thing that can be held. Prices are in Currency, whole units.
type Instrument struct {
	ID         string
	Symbol     string // our spelling: BRK.B, BTC/USD, OCC for options
	Name       string
	AssetClass broker.AssetClass
	Sector     string
	Country    string // ISO 3166-1 alpha-2; empty when nobody said
	Exchange   string
	Currency   string          // ISO 4217
	Multiplier decimal.Decimal // priced units in one of what is held
	// MarketSymbol is how market spells it: BTC-USD, VOD.L. Empty when there is no history of its price to be had.
	MarketSymbol string
}

// key is one of the ids an instrument is known by.
type key struct{ scheme, value string }

// The schemes of keys.
const (
	isinScheme   = "isin" // with the currency: one issue trades in several
	figiScheme   = "figi"
	cusipScheme  = "cusip" // with the currency
	symbolScheme = "symbol"
)

// keysOf are the ids of what a brokerage names, the most trusted first: a brokerage keeps its own id when a symbol
// changes hands, and the symbol tells least. Some name what was traded by its symbol alone.
func keysOf(provider string, in broker.Instrument) []key {
	var keys []key
	for _, k := range []key{{provider, in.InstrumentID}, {isinScheme, in.ISIN}, {figiScheme, in.FIGI}, {cusipScheme, in.CUSIP}} {
		if k.value == "" {
			continue
		}
		if k.scheme == isinScheme || k.scheme == cusipScheme {
			k.value += " " + in.Currency
		}
		keys = append(keys, k)
	}
	return append(keys, symbolKey(in))
}

func symbolKey(in broker.Instrument) key {
	return key{symbolScheme, strings.Join([]string{string(in.AssetClass), in.Symbol, market(in), in.Currency}, " ")}
}

// american are the exchanges on which a symbol means one and the same share.
var american = map[string]bool{
	"": true, "AMEX": true, "ARCA": true, "BATS": true, "NYSE": true, "NASDAQ": true, "NYSEARCA": true, "OTC": true, "IEX": true,
	"PINK": true, "CRYPTO": true, "PAXOS": true, "ZEROHASH": true,
}

// market is where a symbol is unique: the United States, or one exchange elsewhere.
func market(in broker.Instrument) string {
	exchange, _, _ := strings.Cut(strings.ToUpper(in.Exchange), ".") // NASDAQ.NMS
	if in.AssetClass != broker.Equity || in.Currency == "USD" && american[exchange] {
		return "US"
	}
	return exchange
}

// suffixes are what market has behind the symbols of exchanges, by the names brokerages have for these.
var suffixes = map[string]string{
	"LSE": ".L", "LSEETF": ".L", "IBIS": ".DE", "IBIS2": ".DE", "XETRA": ".DE", "FWB": ".F", "AEB": ".AS", "SBF": ".PA", "EBS": ".SW",
	"BVME": ".MI", "BM": ".MC", "TSE": ".TO", "VENTURE": ".V", "ASX": ".AX", "SEHK": ".HK", "TSEJ": ".T", "SFB": ".ST", "CPH": ".CO",
	"OSE": ".OL", "HEX": ".HE", "VSE": ".VI", "ENEXT.BE": ".BR", "BVL": ".LS", "SGX": ".SI", "NSE": ".NS", "BSE": ".BO",
}

// marketSymbol is how market spells what a brokerage names; empty for what market has no prices of.
func marketSymbol(in broker.Instrument) string {
	switch in.AssetClass {
	case broker.Crypto:
		return strings.ReplaceAll(in.Symbol, "/", "-")
	case broker.Equity:
		if market(in) == "US" {
			return in.Symbol
		}
		exchange := strings.ToUpper(in.Exchange)
		suffix := cmp.Or(suffixes[exchange], "?")
		if suffix == "?" {
			return ""
		}
		return strings.TrimSuffix(in.Symbol, ".") + suffix
	}
	return ""
}
