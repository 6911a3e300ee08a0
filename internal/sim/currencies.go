package sim

// currencyDigits are those behind the point of a rate of exchange.
const currencyDigits = 5

// currencyPairs are the rates of exchange of the world, as markets quote them: what one unit of the first three letters
// costs in the currency of the last three. Every currency that an instrument is traded in has its pair with the dollar.
func currencyPairs() []*Instrument {
	pair := func(symbol, name string, base, growth, vol int64) *Instrument {
		return &Instrument{
			Symbol: symbol, Name: name, Kind: Currency, Exchange: "CCY", Currency: symbol[3:6], base: base, growth: growth, vol: vol,
			Summary: "A rate of exchange.",
		}
	}
	return []*Instrument{
		pair("EURUSD=X", "EUR/USD", 1_12900, 1, 4500),
		pair("GBPUSD=X", "GBP/USD", 1_34800, 0, 5000),
		pair("AUDUSD=X", "AUD/USD", 72_100, -1, 6000),
		pair("USDJPY=X", "USD/JPY", 115_30000, 7, 5500),
		pair("USDCHF=X", "USD/CHF", 91_800, -2, 4500),
		pair("USDCAD=X", "USD/CAD", 1_27400, 2, 4000),
		pair("USDHKD=X", "USD/HKD", 7_79300, 0, 200),
		pair("USDSEK=X", "USD/SEK", 9_08200, 1, 6500),
		pair("USDNOK=X", "USD/NOK", 8_85400, 3, 6500),
		pair("USDDKK=X", "USD/DKK", 6_58700, 0, 4500),
		pair("USDZAR=X", "USD/ZAR", 15_96000, 4, 9000),
		pair("USDILS=X", "USD/ILS", 3_11000, 4, 6000),
	}
}

// digits are those behind the point of the price of a tick.
func (in *Instrument) digits() int32 {
	if in.Kind == Currency {
		return currencyDigits
	}
	return tickDigits
}

// priceHint is with how many digits Yahoo shows the price.
func (in *Instrument) priceHint() int {
	if in.Kind == Currency {
		return currencyDigits - 1
	}
	return tickDigits
}
