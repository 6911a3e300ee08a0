package finnhub

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// metricRule says which of Finnhub's figures is which of ours.
type metricRule struct {
	key, name, period string
	// value reads the figure, which is nil where it says nothing.
	value func(number) *decimal.Decimal
	// listing marks what is of the listing in New York alone: its currency is the price's, whatever that of the accounts.
	listing bool
}

func plain(n number) *decimal.Decimal { return n.rounded(digits) }

// unlessNone is for figures of which zero means that Finnhub does not know.
func unlessNone(n number) *decimal.Decimal {
	if value := n.rounded(digits); value != nil && !value.IsZero() {
		return value
	}
	return nil
}

func aboveNone(n number) *decimal.Decimal { return n.positive(digits) }

func inMillions(n number) *decimal.Decimal { return n.millions() }

// metricRules are all there are. Of a year's and a quarter's figure the later is taken.
var metricRules = []metricRule{
	{"marketCapitalization", market.MarketCap, "", inMillions, false},
	{"enterpriseValue", market.EnterpriseValue, "", func(n number) *decimal.Decimal { return shifted(unlessNone(n)) }, false},
	{"peTTM", market.TrailingPE, "", aboveNone, false},
	{"forwardPE", market.ForwardPE, "", aboveNone, false},
	{"forwardPEG", market.PEGRatio, "", aboveNone, false},
	{"pb", market.PriceToBook, "", aboveNone, false},
	{"psTTM", market.PriceToSales, "", aboveNone, false},
	{"evRevenueTTM", market.EVToRevenue, "", unlessNone, false},
	{"evEbitdaTTM", market.EVToEBITDA, "", unlessNone, false},
	{"epsTTM", market.EPS, market.TTM, unlessNone, false},
	{"bookValuePerShareQuarterly", market.BookValuePerShare, "", unlessNone, false},
	{"revenuePerShareTTM", market.RevenuePerShare, market.TTM, unlessNone, false},
	{"cashPerSharePerShareQuarterly", market.CashPerShare, "", unlessNone, false},
	{"grossMarginTTM", market.GrossMargin, market.TTM, unlessNone, false},
	{"operatingMarginTTM", market.OperatingMargin, market.TTM, unlessNone, false},
	{"netProfitMarginTTM", market.NetMargin, market.TTM, unlessNone, false},
	{"roeTTM", market.ReturnOnEquity, market.TTM, unlessNone, false},
	{"roaTTM", market.ReturnOnAssets, market.TTM, unlessNone, false},
	{"revenueGrowthQuarterlyYoy", market.RevenueGrowth, "", unlessNone, false},
	{"totalDebt/totalEquityQuarterly", market.DebtToEquity, "", plain, false},
	{"currentRatioQuarterly", market.CurrentRatio, "", aboveNone, false},
	{"quickRatioQuarterly", market.QuickRatio, "", aboveNone, false},
	{"dividendIndicatedAnnual", market.DividendPerShare, "", aboveNone, false},
	{"dividendYieldIndicatedAnnual", market.DividendYield, "", plain, false},
	{"payoutRatioTTM", market.PayoutRatio, market.TTM, plain, false},
	{"beta", market.Beta, "", unlessNone, true},
	{"52WeekHigh", market.High52Week, "", aboveNone, true},
	{"52WeekLow", market.Low52Week, "", aboveNone, true},
	{"52WeekPriceReturnDaily", market.Change52Week, "", plain, true},
	{"3MonthAverageTradingVolume", market.AverageVolume, "", inMillions, true},
}

func shifted(value *decimal.Decimal) *decimal.Decimal {
	if value == nil {
		return nil
	}
	whole := value.Shift(million).Round(0)
	return &whole
}

// mixable are the figures by which a mix of currencies would not be seen: they divide a price by what the accounts say.
var mixable = map[string]bool{
	market.TrailingPE: true, market.ForwardPE: true, market.PEGRatio: true, market.PriceToBook: true, market.PriceToSales: true,
	market.EVToRevenue: true, market.EVToEBITDA: true, market.DividendYield: true,
}

// figures are what /stock/metric answers: numbers, dates and nulls by Finnhub's names, and series of which each begins
// with the newest period.
type figures struct {
	Metric map[string]json.RawMessage `json:"metric"`
	Series struct {
		Quarterly map[string][]row[struct {
			Period text `json:"period"`
		}] `json:"quarterly"`
	} `json:"series"`
}

// Metrics are the figures that Finnhub has of a symbol. It does not say in which currency: that is the one of the
// company's accounts. Where this is not the price's, or not known, all that could mix the two is left out.
func (s *Source) Metrics(ctx context.Context, symbol string) (market.Metrics, error) {
	theirs, err := toFinnhub(symbol)
	if err != nil {
		return market.Metrics{}, err
	}
	answer, err := s.get(ctx, "/stock/metric", url.Values{"symbol": {theirs}, "metric": {"all"}}, "figures")
	if err != nil {
		return market.Metrics{}, err
	}
	f, err := readFigures(answer)
	if err != nil {
		return market.Metrics{}, err
	}
	if len(f.Metric) == 0 {
		return market.Metrics{}, fault.New(fault.UnknownSymbol, "Finnhub has no figures of this symbol")
	}
	p, err := s.profile(ctx, symbol)
	if err != nil && !fault.Is(err, fault.NotOffered) {
		return market.Metrics{}, err
	}
	_, here := toListed(symbol)
	now := s.now().UTC()
	all := f.metrics(here, here && p.isOf(symbol) && p.Currency == dollars, s.Name(), now)
	return market.Metrics{Symbol: symbol, Metrics: all, Source: s.Name(), FetchedAt: now}, nil
}

func readFigures(answer *upstream.Answer) (figures, error) {
	var f figures
	var whole struct {
		Metric json.RawMessage `json:"metric"`
		Series json.RawMessage `json:"series"`
	}
	if err := answer.JSON(&whole); err != nil {
		return figures{}, err
	}
	if err := json.Unmarshal(whole.Metric, &f.Metric); err != nil || f.Metric == nil {
		return figures{}, noAnswer(answer, err, "figures")
	}
	_ = json.Unmarshal(whole.Series, &f.Series) // without it nothing is known of the last quarter
	return f, nil
}

// metrics are the figures in our words. here tells that the listing is one of New York, dollarAccounts that the accounts
// are in its currency, too.
func (f figures) metrics(here, dollarAccounts bool, source string, now time.Time) []market.Metric {
	all := []market.Metric{}
	quarter := f.lastQuarter(now)
	for _, rule := range metricRules {
		var n number
		raw, ok := f.Metric[rule.key]
		if !ok || n.UnmarshalJSON(raw) != nil {
			continue
		}
		value := rule.value(n)
		kind, _ := market.MetricKindOf(rule.name)
		money := kind.Unit == market.Amount || kind.Unit == market.AmountPerShare
		mixed := money || mixable[rule.name]
		if value == nil || mixed && !dollarAccounts && (!rule.listing || !here) {
			continue
		}
		m := market.Metric{Name: rule.name, Value: *value, Unit: kind.Unit, Period: rule.period, AsOf: quarter, Source: source}
		if money {
			m.Currency = dollars
		}
		if kind.OfToday {
			m.AsOf = &now
		}
		all = append(all, m)
	}
	market.SortMetrics(all)
	return all
}

// lastQuarter is the end of the newest quarter that the series tell of; nil where they do not.
func (f figures) lastQuarter(now time.Time) *time.Time {
	var newest *calendar.Day
	for _, series := range f.Series.Quarterly {
		for _, one := range series {
			if day := one.is.Period.day(); day != nil && (newest == nil || newest.Before(*day)) {
				newest = day
			}
		}
	}
	if newest == nil {
		return nil
	}
	end := time.Date(newest.Year, newest.Month, newest.Day, 0, 0, 0, 0, time.UTC)
	if end.After(now) {
		return nil
	}
	return &end
}
