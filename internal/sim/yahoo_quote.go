package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/books"
)

func (s *Sim) yahooQuotes(w http.ResponseWriter, r *http.Request) {
	symbols := strings.FieldsFunc(r.URL.Query().Get("symbols"), func(c rune) bool { return c == ',' })
	if len(symbols) == 0 {
		yahooError(w, http.StatusBadRequest, "quoteResponse", "Missing value for the \"symbols\" argument")
		return
	}
	rows := []map[string]any{}
	seen := map[string]bool{}
	for _, symbol := range symbols {
		in, ok := s.World.findYahoo(symbol)
		if !ok || seen[in.Symbol] {
			continue // unknown symbols are left out without a word
		}
		seen[in.Symbol] = true
		rows = append(rows, withNumbers(s.World.quoteRow(in, s.World.Now())))
	}
	w.Header().Set("Cache-Control", "public, max-age=1, stale-while-revalidate=9")
	writeJSON(w, http.StatusOK, yahooJSON, map[string]any{"quoteResponse": map[string]any{"result": rows, "error": nil}})
}

// quoteRow is one instrument of the quote endpoint. Here percent are percent, save where a name says otherwise below.
func (w *World) quoteRow(in *Instrument, now time.Time) map[string]any {
	exchange := in.yahooExchange()
	zone, offset := now.In(in.zone).Zone()
	row := map[string]any{
		"symbol": in.yahooSymbol(), "language": "en-US", "region": "US", "triggerable": true, "tradeable": false, "cryptoTradeable": false,
		"corporateActions": []any{}, "priceHint": in.priceHint(), "sourceInterval": 15, "exchangeDataDelayedBy": in.delay(), "esgPopulated": false,
		"exchangeTimezoneName": in.zone.String(), "exchangeTimezoneShortName": zone, "gmtOffSetMilliseconds": offset * 1000,
		"firstTradeDateMilliseconds": epoch.At(9, 30).UnixMilli(), "hasPrePostMarketData": in.hasExtendedHours(),
	}
	if in.goneOn(in.dayOf(now)) {
		row["quoteType"], row["typeDisp"], row["exchange"], row["fullExchangeName"] = "MUTUALFUND", "Fund", "YHD", "YHD"
		row["marketState"], row["market"], row["shortName"] = "CLOSED", "us_market", in.Symbol
		row["regularMarketTime"] = in.Delisted.At(16, 0).Unix()
		return row
	}
	row["quoteType"], row["typeDisp"] = in.yahooType()
	row["exchange"], row["fullExchangeName"], row["market"] = exchange.code, exchange.name, exchange.market
	row["quoteSourceName"], row["currency"], row["marketState"] = "Delayed Quote", in.Currency, in.marketState(now)
	row["shortName"], row["longName"] = in.Name, in.Name
	q := w.quote(in, now)
	change, percent := w.yahooChange(in, q, now)
	for name, value := range map[string]any{
		"Price": q.Price, "PreviousClose": q.PreviousClose, "Open": q.Open, "DayHigh": q.High, "DayLow": q.Low,
		"DayRange": fmt.Sprintf("%s - %s", q.Low, q.High), "Change": change, "ChangePercent": percent,
		"Volume": q.Volume, "Time": q.Time.Unix(),
	} {
		row["regularMarket"+name] = value
	}
	w.addHistory(row, in, q)
	w.addFundamentals(row, in, q)
	if in.Kind == Fund { // which has a price, and nothing else of a session
		for _, name := range []string{"Open", "DayHigh", "DayLow", "DayRange", "Volume"} {
			delete(row, "regularMarket"+name)
		}
	}
	w.addExtended(row, in, q, now)
	return row
}

// yahooChange is the change since the previous close, for crypto over the last 24 hours.
func (w *World) yahooChange(in *Instrument, q Quote, now time.Time) (change, percent decimal.Decimal) {
	if in.Kind != Crypto {
		return q.Change, q.ChangePercent
	}
	before := w.price(in, now.AddDate(0, 0, -1))
	change = q.Price.Sub(before)
	return change, change.Shift(2).DivRound(before, 8)
}

// history is what the last year of an instrument comes to, in terms of today's shares.
type history struct {
	high, low                decimal.Decimal
	average50, average200    decimal.Decimal
	yearAgo                  decimal.Decimal
	volumeMonths, volumeDays int64 // a day, over three months and ten days
}

func (w *World) history(in *Instrument, q Quote) history {
	bars := w.barsUntil(in, q.Day)
	bars = bars[:len(bars)-1] // today is in the quote
	h := history{high: q.High, low: q.Low, yearAgo: q.Price}
	for _, b := range slices.Backward(bars) {
		if b.day.Before(q.Day.AddDays(-365)) {
			break
		}
		h.high = decimal.Max(h.high, in.adjusted(b.high, b.day, q.Day))
		h.low = decimal.Min(h.low, in.adjusted(b.low, b.day, q.Day))
		h.yearAgo = in.adjusted(b.close, b.day, q.Day)
	}
	mean := func(n int) decimal.Decimal {
		last := bars[max(0, len(bars)-n):]
		sum := decimal.Zero
		for _, b := range last {
			sum = sum.Add(in.adjusted(b.close, b.day, q.Day))
		}
		return sum.DivRound(decimal.NewFromInt(int64(max(len(last), 1))), 4)
	}
	volume := func(n int) int64 {
		last := bars[max(0, len(bars)-n):]
		var sum int64
		for _, b := range last {
			sum += b.volume * in.factor(q.Day)
		}
		return sum / int64(max(len(last), 1))
	}
	h.average50, h.average200, h.volumeMonths, h.volumeDays = mean(50), mean(200), volume(63), volume(10)
	return h
}

// addHistory adds ranges and averages. The changes against them are fractions, but the year's is percent.
func (w *World) addHistory(row map[string]any, in *Instrument, q Quote) {
	h := w.history(in, q)
	row["fiftyTwoWeekRange"] = fmt.Sprintf("%s - %s", h.low, h.high)
	row["fiftyTwoWeekChangePercent"] = ratio(q.Price.Sub(h.yearAgo), h.yearAgo).Shift(2).Round(6)
	row["averageDailyVolume3Month"], row["averageDailyVolume10Day"] = h.volumeMonths, h.volumeDays
	for name, level := range map[string]decimal.Decimal{
		"fiftyTwoWeekHigh": h.high, "fiftyTwoWeekLow": h.low, "fiftyDayAverage": h.average50, "twoHundredDayAverage": h.average200,
	} {
		row[name] = level
		row[name+"Change"] = q.Price.Sub(level)
		row[name+"ChangePercent"] = ratio(q.Price.Sub(level), level).Round(8)
	}
}

// addFundamentals adds what a company earns and is worth. Of a stock quoted in pence these are in pounds.
func (w *World) addFundamentals(row map[string]any, in *Instrument, q Quote) {
	f := w.fundamentals(in, q)
	switch in.Kind {
	case Crypto:
		row["fromCurrency"], row["toCurrency"], row["lastMarket"] = strings.TrimSuffix(in.Symbol, "/USD"), "USD=X", "Simulated"
		row["circulatingSupply"], row["volume24Hr"], row["marketCap"] = f.shares, q.Volume, f.marketCap
		return
	case Index, Currency:
		return
	case ETF, Fund:
		row["netAssets"] = f.marketCap
	case Equity:
		row["financialCurrency"] = f.currency
		row["marketCap"], row["sharesOutstanding"], row["impliedSharesOutstanding"] = f.marketCap, f.shares, f.shares
		row["epsTrailingTwelveMonths"], row["bookValue"] = f.eps, f.book
		row["epsForward"] = f.epsForward
		row["priceToBook"], row["forwardPE"] = ratio(f.price, f.book).Round(6), ratio(f.price, f.epsForward).Round(6)
		if f.eps.IsPositive() {
			row["trailingPE"] = ratio(f.price, f.eps).Round(6)
		}
		row["earningsTimestamp"], row["earningsTimestampStart"], row["earningsTimestampEnd"] = f.earnings.Unix(), f.earnings.Unix(), f.earnings.Unix()
		row["isEarningsDateEstimate"] = true
	}
	if f.dividend.IsPositive() {
		row["dividendRate"], row["dividendYield"] = f.dividend, ratio(f.dividend, q.Price).Shift(2).Round(2)
		row["trailingAnnualDividendRate"], row["trailingAnnualDividendYield"] = f.paid, ratio(f.paid, q.Price).Round(8)
		row["dividendDate"] = f.payDay.At(0, 0).UTC().Unix()
	}
}

// asFiled makes the figures of a company that files those of its filings.
func (w *World) asFiled(in *Instrument, f *fundamentals) {
	c, ok := w.Filings().Of(in.Symbol)
	if !ok {
		return
	}
	if next, ok := c.NextResults(w.now()); ok {
		f.earnings = next
	}
	if standing, ok := c.Standing(w.now()); ok {
		f.eps = c.TrailingEPS(w.now())
		f.epsForward = f.eps.Mul(decimal.New(108, -2)).Round(4)
		f.revenue, f.income = standing.Revenue, standing.NetIncome
		f.book = standing.Equity.DivRound(decimal.NewFromInt(f.shares), 3)
		f.filed = &standing
	}
}

// fundamentals are a company's figures per share of today, in the currency of its accounts.
type fundamentals struct {
	currency              string
	price                 decimal.Decimal
	shares                int64
	marketCap             decimal.Decimal
	eps, epsForward, book decimal.Decimal
	revenue, income       decimal.Decimal // of twelve months, as a whole
	dividend              decimal.Decimal // four times the last one, in the currency of the price
	paid                  decimal.Decimal // in the last year, likewise
	exDay, payDay         calendar.Day    // of the last dividend
	earnings              time.Time       // the next report
	filed                 *books.Standing // of a company that files, else nil
}

func (w *World) fundamentals(in *Instrument, q Quote) fundamentals {
	factor := in.factor(q.Day)
	f := fundamentals{currency: in.Currency, price: q.Price, shares: in.shares * million * factor}
	if in.Currency == "GBp" {
		f.currency, f.price = "GBP", q.Price.Shift(-2)
	}
	f.marketCap = f.price.Mul(decimal.NewFromInt(f.shares)).Round(0)
	grown := in.eps * int64(100+4*(q.Day.Year-epoch.Year)) / 100
	f.eps = decimal.New(grown, -2).DivRound(decimal.NewFromInt(factor), 4)
	f.epsForward = f.eps.Mul(decimal.New(108, -2)).Round(4)
	f.income = f.eps.Mul(decimal.NewFromInt(f.shares)).Round(0)
	f.revenue = f.income.Abs().Shift(2).DivRound(decimal.NewFromInt(margin), 0)
	f.book = f.price.Mul(decimal.New(22, -2)).Round(3)
	year := w.Dividends(in.Symbol, q.Day.AddDays(-365), q.Day)
	for _, d := range year {
		f.paid = f.paid.Add(in.inSharesOf(d.Amount, d.ExDay, q.Day))
	}
	if n := len(year); n > 0 {
		f.dividend = in.inSharesOf(year[n-1].Amount, year[n-1].ExDay, q.Day).Mul(decimal.NewFromInt(4))
		f.exDay, f.payDay = year[n-1].ExDay, year[n-1].PayDay
	}
	// Reports come after the close in the last week of the month that follows a quarter.
	report := calendar.Day{Year: q.Day.Year, Month: (q.Day.Month-1)/3*3 + 1, Day: 26}
	if report.Before(q.Day) {
		report = calendar.Day{Year: report.Year, Month: report.Month + 3, Day: 26}.AddDays(0)
	}
	f.earnings = nextSession(report).At(16, 30)
	w.asFiled(in, &f)
	return f
}
