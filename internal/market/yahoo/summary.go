package yahoo

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// summary is what /v10/finance/quoteSummary says of one symbol, as far as it is used. Modules that were not asked for, or
// of which there is nothing, are nil; in those that are there anything may be missing.
type summary struct {
	Kind       module[kindModule]       `json:"quoteType"`
	Price      module[priceModule]      `json:"price"`
	Profile    module[profileModule]    `json:"assetProfile"`
	Fund       module[fundModule]       `json:"fundProfile"`
	Detail     module[detailModule]     `json:"summaryDetail"`
	Statistics module[statisticsModule] `json:"defaultKeyStatistics"`
	Financials module[financialModule]  `json:"financialData"`
	Earnings   module[earningsModule]   `json:"earnings"`
	Past       module[pastModule]       `json:"earningsHistory"`
	Trend      module[trendModule]      `json:"earningsTrend"`
	Calendar   module[calendarModule]   `json:"calendarEvents"`
}

// module is one of them. One that is of another type than expected is as good as left out.
type module[T any] struct {
	said bool
	is   T
}

// UnmarshalJSON never fails.
func (m *module[T]) UnmarshalJSON(raw []byte) error {
	var is *T
	if json.Unmarshal(raw, &is) == nil && is != nil {
		m.said, m.is = true, *is
	}
	return nil
}

// figure is a number that Yahoo puts into an object beside its text, whether asked to or not.
type figure struct{ number }

// UnmarshalJSON never fails.
func (f *figure) UnmarshalJSON(raw []byte) error {
	var said struct {
		Raw number `json:"raw"`
	}
	if len(raw) > 0 && raw[0] == '{' {
		_ = json.Unmarshal(raw, &said) // what is no object of this kind leaves it empty
		f.number = said.Raw
		return nil
	}
	return f.number.UnmarshalJSON(raw)
}

type kindModule struct {
	Symbol     text   `json:"symbol"`
	Type       text   `json:"quoteType"`
	Exchange   text   `json:"exchange"`
	ShortName  text   `json:"shortName"`
	LongName   text   `json:"longName"`
	FirstTrade figure `json:"firstTradeDateEpochUtc"`
	Zone       text   `json:"timeZoneFullName"`
}

type priceModule struct {
	Symbol      text   `json:"symbol"`
	Type        text   `json:"quoteType"`
	ShortName   text   `json:"shortName"`
	LongName    text   `json:"longName"`
	Exchange    text   `json:"exchangeName"`
	Currency    text   `json:"currency"`
	PriceHint   figure `json:"priceHint"`
	Price       figure `json:"regularMarketPrice"`
	MarketCap   figure `json:"marketCap"` // in whole units, of pence pounds
	Circulating figure `json:"circulatingSupply"`
}

// summaryOf asks for modules of a symbol, and for the kind of thing it is: that is there of whatever Yahoo knows, so that
// the answer is never that none of them has anything.
func (s *Source) summaryOf(ctx context.Context, symbol string, modules ...string) (summary, time.Time, error) {
	asked := toYahoo(symbol)
	answer, err := s.withSession(ctx, "/v10/finance/quoteSummary/"+url.PathEscape(asked), url.Values{
		"modules": {strings.Join(append(modules, "quoteType"), ",")}, "formatted": {"false"},
	}, "GET /v10/finance/quoteSummary")
	if err != nil {
		return summary{}, time.Time{}, err
	}
	all, err := readSummary(answer, asked)
	return all, s.now().UTC(), err
}

// readSummary tells a symbol Yahoo does not know, or knows no more, from answers that say nothing.
func readSummary(answer *upstream.Answer, asked string) (summary, error) {
	body, problem, err := unwrap(answer, "quoteSummary")
	if problem != nil && answer.Status == http.StatusNotFound {
		return summary{}, errUnknown()
	}
	if failed := answer.Fault("what it knows of a symbol"); failed != nil {
		return summary{}, failed
	}
	if err != nil {
		return summary{}, err
	}
	var all []summary
	if err := json.Unmarshal(body, &all); err != nil || problem != nil || len(all) != 1 || !all[0].isOf(asked) {
		return summary{}, answer.Useless(fault.Wrap(fault.UpstreamFailed, err, "Yahoo's answer holds nothing of the symbol; try again later"))
	}
	if all[0].gone() {
		return summary{}, errUnknown()
	}
	return all[0], nil
}

func errUnknown() error { return fault.New(fault.UnknownSymbol, "Yahoo does not know this symbol") }

// isOf tells whether the modules are of the symbol, as far as they say of which they are.
func (s *summary) isOf(asked string) bool {
	return (!s.Kind.said || strings.EqualFold(string(s.Kind.is.Symbol), asked)) &&
		(!s.Price.said || strings.EqualFold(string(s.Price.is.Symbol), asked))
}

// gone tells whether a symbol is one that is traded no more, of which Yahoo keeps a stub.
func (s *summary) gone() bool {
	kind := s.Kind.is
	return s.Kind.said && (kind.Type == "" || kind.Type == "NONE" || kind.Exchange == "YHD") ||
		s.Price.said && s.Price.is.Price.value == nil && s.Price.is.Currency == ""
}

// class is the asset class of the symbol.
func (s *summary) class() string {
	if s.Kind.said {
		return classOf(s.Kind.is.Type)
	}
	return classOf(s.Price.is.Type)
}

// currency is the one of prices, as Yahoo has it; empty where no module says.
func (s *summary) currency() text {
	if s.Price.is.Currency != "" {
		return s.Price.is.Currency
	}
	return s.Detail.is.Currency
}

// zone is the exchange's, or New York's where the answer does not say.
func (s *summary) zone() *time.Location {
	if zone, err := time.LoadLocation(string(s.Kind.is.Zone)); err == nil && s.Kind.is.Zone != "" {
		return zone
	}
	return newYork
}
