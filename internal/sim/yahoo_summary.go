package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

func (s *Sim) yahooSummary(w http.ResponseWriter, r *http.Request) {
	symbol, now := r.PathValue("symbol"), s.World.Now()
	in, ok := s.World.findYahoo(symbol)
	if !ok {
		yahooError(w, http.StatusNotFound, "quoteSummary", "Quote not found for symbol: "+strings.ToUpper(symbol))
		return
	}
	asked := r.URL.Query().Get("modules")
	if asked == "" {
		yahooError(w, http.StatusBadRequest, "quoteSummary", "At least one module is needed")
		return
	}
	known := s.World.summaryModules(in, now)
	result := map[string]any{}
	for name := range strings.SplitSeq(asked, ",") {
		if module, ok := known[name]; ok {
			module["maxAge"] = 1
			if result[name] = withNumbers(module); r.URL.Query().Get("formatted") != "false" {
				result[name] = formatted(module)
			}
		}
	}
	if len(result) == 0 {
		yahooError(w, http.StatusNotFound, "quoteSummary", "No fundamentals data found for any of the summaryTypes="+asked)
		return
	}
	writeJSON(w, http.StatusOK, yahooJSON, map[string]any{"quoteSummary": map[string]any{"result": []any{result}, "error": nil}})
}

// formatted puts each number into an object with its text, save for those that are settings rather than figures.
func formatted(fields map[string]any) map[string]any {
	for name, value := range fields {
		switch v := value.(type) {
		case json.Number:
			fields[name] = map[string]any{"raw": v, "fmt": v.String()}
		case int64:
			fields[name] = map[string]any{"raw": v, "fmt": strconv.FormatInt(v, 10)}
		case map[string]any:
			fields[name] = formatted(withNumbers(v))
		}
	}
	return fields
}

// summaryModules are the modules there is something to say in about an instrument.
func (w *World) summaryModules(in *Instrument, now time.Time) map[string]map[string]any {
	if in.goneOn(in.dayOf(now)) {
		return in.goneModules(now)
	}
	q := w.quote(in, now)
	modules := map[string]map[string]any{
		"quoteType":            in.kindModule(now),
		"price":                w.priceModule(in, q, now),
		"summaryDetail":        w.detailModule(in, q),
		"defaultKeyStatistics": w.statisticsModule(in, q),
	}
	switch in.Kind {
	case Equity:
		modules["assetProfile"] = map[string]any{
			"city": in.City, "country": in.Country, "sector": in.Sector, "sectorKey": keyOf(in.Sector), "sectorDisp": in.Sector,
			"industry": in.Industry, "industryKey": keyOf(in.Industry), "industryDisp": in.Industry,
			"fullTimeEmployees": in.Employees, "longBusinessSummary": in.Summary, "companyOfficers": []any{},
			"website": "https://" + keyOf(in.yahooSymbol()) + ".example.com",
		}
		w.addAccounts(modules, in, q, now)
	case ETF, Fund:
		modules["assetProfile"] = map[string]any{"longBusinessSummary": in.Summary, "companyOfficers": []any{}}
		w.addFund(modules, in, q)
	case Crypto:
		modules["assetProfile"] = map[string]any{"name": in.Name, "description": in.Summary, "companyOfficers": []any{}}
	}
	return modules
}

// priceModule repeats the quote; here the change in percent is a fraction.
func (w *World) priceModule(in *Instrument, q Quote, now time.Time) map[string]any {
	exchange := in.yahooExchange()
	kind, _ := in.yahooType()
	change, percent := w.yahooChange(in, q, now)
	symbol := map[string]string{"USD": "$", "GBp": "£", "EUR": "€"}[in.Currency]
	module := map[string]any{
		"symbol": in.yahooSymbol(), "shortName": in.Name, "longName": in.Name, "quoteType": kind,
		"exchange": exchange.code, "exchangeName": exchange.name, "exchangeDataDelayedBy": in.delay(), "currency": in.Currency, "currencySymbol": symbol,
		"marketState": in.marketState(now), "priceHint": in.priceHint(), "quoteSourceName": "Delayed Quote",
		"regularMarketPrice": q.Price, "regularMarketPreviousClose": q.PreviousClose, "regularMarketOpen": q.Open,
		"regularMarketDayHigh": q.High, "regularMarketDayLow": q.Low, "regularMarketVolume": q.Volume,
		"regularMarketChange": change, "regularMarketChangePercent": percent.Shift(-2), "regularMarketTime": q.Time.Unix(),
	}
	if in.Kind == Equity || in.Kind == Crypto {
		module["marketCap"] = w.fundamentals(in, q).marketCap
	}
	if in.Kind == Crypto {
		module["circulatingSupply"] = w.fundamentals(in, q).shares
	}
	return module
}

// detailModule has yields as fractions, unlike the quote endpoint.
func (w *World) detailModule(in *Instrument, q Quote) map[string]any {
	h, f := w.history(in, q), w.fundamentals(in, q)
	module := map[string]any{
		"priceHint": in.priceHint(), "currency": in.Currency, "previousClose": q.PreviousClose, "open": q.Open, "dayLow": q.Low, "dayHigh": q.High,
		"volume": q.Volume, "averageVolume": h.volumeMonths, "averageVolume10days": h.volumeDays,
		"fiftyTwoWeekLow": h.low, "fiftyTwoWeekHigh": h.high, "fiftyDayAverage": h.average50, "twoHundredDayAverage": h.average200,
	}
	if in.Kind == Equity {
		module["marketCap"], module["beta"] = f.marketCap, decimal.New(in.beta, -2)
		module["forwardPE"] = ratio(f.price, f.epsForward).Round(6)
		if f.eps.IsPositive() {
			module["trailingPE"] = ratio(f.price, f.eps).Round(6)
		}
	}
	if f.paid.IsPositive() {
		module["dividendRate"], module["dividendYield"] = f.dividend, ratio(f.dividend, q.Price).Round(4)
		module["trailingAnnualDividendRate"], module["trailingAnnualDividendYield"] = f.paid, ratio(f.paid, q.Price).Round(8)
		module["exDividendDate"] = f.exDay.At(0, 0).UTC().Unix()
	}
	return module
}

func (w *World) statisticsModule(in *Instrument, q Quote) map[string]any {
	h, f := w.history(in, q), w.fundamentals(in, q)
	module := map[string]any{"priceHint": in.priceHint(), "52WeekChange": ratio(q.Price.Sub(h.yearAgo), h.yearAgo).Round(8)}
	if in.Kind != Equity {
		return module
	}
	module["sharesOutstanding"], module["impliedSharesOutstanding"] = f.shares, f.shares
	module["floatShares"], module["netIncomeToCommon"] = f.shares*97/100, f.income
	module["heldPercentInsiders"], module["heldPercentInstitutions"] = decimal.New(2, -2), decimal.New(62, -2)
	quarters := w.quarterly(in, f, q)
	module["mostRecentQuarter"] = dayStart(quarters[len(quarters)-1].end)
	module["trailingEps"], module["forwardEps"], module["bookValue"] = f.eps, f.epsForward, f.book
	module["priceToBook"], module["beta"] = ratio(f.price, f.book).Round(6), decimal.New(in.beta, -2)
	for _, split := range in.splits {
		if !q.Day.Before(split.Day) {
			to, from := split.becomes()
			module["lastSplitFactor"], module["lastSplitDate"] = fmt.Sprintf("%d:%d", to, from), split.Day.At(0, 0).UTC().Unix()
		}
	}
	return module
}

// keyOf is a name in lower case with dashes.
func keyOf(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	}), "-")
}
