package sim

import (
	"net/http"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/paper"
)

// results are the quarters that a company has told of, the newest first: what it files says the same.
func (w *World) results(in *Instrument) []paper.Reported {
	company, ok := w.Filings().Of(in.Symbol)
	if !ok {
		return nil
	}
	return company.Quarters(w.now())
}

// expected is what analysts had expected of a quarter, some percent above or below what came.
func (w *World) expected(in *Instrument, end calendar.Day, came decimal.Decimal) decimal.Decimal {
	off := w.deviation(in.key, dayNumber(end), 12) / 40 // thousandths
	return came.Mul(decimal.New(1000-off, -3))
}

// finnhubEarnings are four quarters at most, in no good order.
func (s *Sim) finnhubEarnings(w http.ResponseWriter, r *http.Request) {
	in, ok := s.finnhubSymbol(w, r)
	if !ok {
		return
	}
	list := []map[string]any{}
	if in != nil {
		quarters := s.World.results(in)
		for _, q := range quarters[:min(len(quarters), 4)] {
			estimate := s.World.expected(in, q.End, q.EPSDiluted).Round(4)
			surprise := q.EPSDiluted.Sub(estimate)
			list = append(list, numbers(map[string]any{
				"actual": q.EPSDiluted, "estimate": estimate, "surprise": surprise, "surprisePercent": ratio(surprise, estimate.Abs()).Shift(2).Round(4),
				"period": q.End.String(), "quarter": q.Quarter, "year": q.FiscalYear, "symbol": in.Symbol,
			}))
		}
	}
	writeJSON(w, http.StatusOK, finnhubJSON, shuffled(list))
}

// finnhubCalendar are reports of the days, of a company or of all.
func (s *Sim) finnhubCalendar(w http.ResponseWriter, r *http.Request) {
	var asked []*Instrument
	if r.URL.Query().Has("symbol") {
		in, ok := s.finnhubSymbol(w, r)
		if !ok {
			return
		}
		if in != nil {
			asked = append(asked, in)
		}
	} else {
		for _, in := range s.World.instruments {
			if in.Kind == Equity && !in.abroad() {
				asked = append(asked, in)
			}
		}
	}
	from, to, dated := finnhubDays(r)
	if !dated {
		to = calendar.DayOf(s.World.Now())
		from = to.AddDays(-30)
	}
	rows := []map[string]any{}
	for _, in := range asked {
		for _, row := range s.World.calendarRows(in) {
			if day, err := calendar.ParseDay(row["date"].(string)); err == nil && !day.Before(from) && !to.Before(day) {
				rows = append(rows, row)
			}
		}
	}
	writeJSON(w, http.StatusOK, finnhubJSON, map[string]any{"earningsCalendar": shuffled(rows)})
}

// calendarRows are the next report of a company, whose figures are still to come, and those of the last two years.
func (w *World) calendarRows(in *Instrument) []map[string]any {
	company, ok := w.Filings().Of(in.Symbol)
	quarters := w.results(in)
	if !ok || len(quarters) < 4 {
		return nil
	}
	var rows []map[string]any
	if at, ok := company.NextResults(w.now()); ok {
		before := quarters[3] // the same quarter a year ago
		rows = append(rows, numbers(map[string]any{
			"date": calendar.DayOf(at).String(), "epsActual": nil, "epsEstimate": before.EPSDiluted.Mul(decimal.New(106, -2)).Round(4), "hour": hourOf(at),
			"quarter": before.Quarter, "year": before.FiscalYear + 1, "revenueActual": nil,
			"revenueEstimate": before.Revenue.Mul(decimal.New(104, -2)).Round(0), "symbol": in.Symbol,
		}))
	}
	for _, q := range quarters[:min(len(quarters), 8)] {
		rows = append(rows, numbers(map[string]any{
			"date": calendar.DayOf(q.Released).String(), "epsActual": q.EPSDiluted, "epsEstimate": w.expected(in, q.End, q.EPSDiluted).Round(4),
			"hour": hourOf(q.Released), "quarter": q.Quarter, "year": q.FiscalYear, "revenueActual": q.Revenue,
			"revenueEstimate": w.expected(in, q.Start, q.Revenue).Round(0), "symbol": in.Symbol,
		}))
	}
	return rows
}

// hourOf is when in New York's day a report comes, in Finnhub's words.
func hourOf(at time.Time) string {
	opens, closes, trades := calendar.Session(calendar.DayOf(at))
	switch {
	case !trades:
		return ""
	case at.Before(opens):
		return "bmo"
	case at.Before(closes):
		return "dmh"
	}
	return "amc"
}

// finnhubMetric is an answer without figures for what is not known.
func (s *Sim) finnhubMetric(w http.ResponseWriter, r *http.Request) {
	in, ok := s.finnhubSymbol(w, r)
	if !ok {
		return
	}
	answer := map[string]any{"metric": map[string]any{}, "metricType": "all", "series": map[string]any{}, "symbol": r.URL.Query().Get("symbol")}
	if in != nil {
		q := s.World.quote(in, s.World.Now())
		answer["metric"] = numbers(s.World.metrics(in, q))
		answer["series"] = map[string]any{"annual": map[string]any{}, "quarterly": map[string]any{"eps": s.World.epsSeries(in)}}
	}
	writeJSON(w, http.StatusOK, finnhubJSON, answer)
}

// epsSeries are earnings a share by quarter, the newest first.
func (w *World) epsSeries(in *Instrument) []map[string]any {
	series := []map[string]any{}
	for _, q := range w.results(in) {
		series = append(series, numbers(map[string]any{"period": q.End.String(), "v": q.EPSDiluted}))
	}
	return series
}

// metrics mix figures with dates and nulls, by Finnhub's names. Percents are percents, values and volumes millions.
func (w *World) metrics(in *Instrument, q Quote) map[string]any {
	h := w.history(in, q)
	all := map[string]any{
		"52WeekHigh": h.high, "52WeekHighDate": q.Day.AddDays(-20).String(), "52WeekLow": h.low, "52WeekLowDate": q.Day.AddDays(-200).String(),
		"52WeekPriceReturnDaily": ratio(q.Price.Sub(h.yearAgo), h.yearAgo).Shift(2).Round(4), "beta": decimal.New(in.beta, -2),
		"3MonthAverageTradingVolume": decimal.New(h.volumeMonths, -6), "10DayAverageTradingVolume": decimal.New(h.volumeDays, -6),
		"forwardPEG": nil,
	}
	f := w.fundamentals(in, q)
	if f.dividend.IsPositive() {
		all["dividendIndicatedAnnual"], all["dividendYieldIndicatedAnnual"] = f.dividend, ratio(f.dividend, q.Price).Shift(2).Round(6)
	}
	if in.Kind != Equity {
		return all
	}
	for name, value := range map[string]any{
		"marketCapitalization": f.marketCap.Shift(-6).Round(1), "epsTTM": f.eps, "forwardPE": ratio(f.price, f.epsForward).Round(4),
		"pb": ratio(f.price, f.book).Round(4), "bookValuePerShareQuarterly": f.book, "peTTM": nil, "payoutRatioTTM": nil,
	} {
		all[name] = value
	}
	if f.eps.IsPositive() {
		all["peTTM"], all["payoutRatioTTM"] = ratio(f.price, f.eps).Round(4), ratio(f.paid, f.eps).Shift(2).Round(2)
	}
	quarters := w.results(in)
	if len(quarters) < 5 {
		return all
	}
	var revenue, income decimal.Decimal
	for _, one := range quarters[:4] {
		revenue, income = revenue.Add(one.Revenue), income.Add(one.NetIncome)
	}
	now, before := quarters[0], quarters[4]
	all["revenuePerShareTTM"] = revenue.DivRound(decimal.NewFromInt(f.shares), 4)
	all["psTTM"], all["netProfitMarginTTM"] = ratio(f.marketCap, revenue).Round(4), ratio(income, revenue).Shift(2).Round(2)
	all["revenueGrowthQuarterlyYoy"] = ratio(now.Revenue.Sub(before.Revenue), before.Revenue).Shift(2).Round(2)
	return all
}
