package yahoo

import (
	"cmp"
	"context"
	"math"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/market"
)

type profileModule struct {
	City        text   `json:"city"`
	Country     text   `json:"country"`
	Website     text   `json:"website"`
	Sector      text   `json:"sector"`
	Industry    text   `json:"industry"`
	Summary     text   `json:"longBusinessSummary"`
	Description text   `json:"description"` // of crypto
	Employees   figure `json:"fullTimeEmployees"`
}

// Company tells what stands behind a symbol; of what is no company it is the name and where it trades.
func (s *Source) Company(ctx context.Context, symbol string) (market.Company, error) {
	all, now, err := s.summaryOf(ctx, symbol, "assetProfile", "price", "summaryDetail", "defaultKeyStatistics")
	if err != nil {
		return market.Company{}, err
	}
	c := all.company()
	c.Symbol, c.Source, c.FetchedAt = symbol, s.Name(), now
	c.Name = cmp.Or(c.Name, symbol)
	return c, nil
}

func (s *summary) company() market.Company {
	profile, kind, price := s.Profile.is, s.Kind.is, s.Price.is
	c := market.Company{
		Name: tidy(cmp.Or(price.LongName, kind.LongName, price.ShortName, kind.ShortName)), AssetClass: s.class(),
		Exchange: string(cmp.Or(price.Exchange, kind.Exchange)), Currency: wholeUnit(s.currency()),
		Country: string(profile.Country), Sector: string(profile.Sector), Industry: string(profile.Industry), City: string(profile.City),
		Description: strings.TrimSpace(string(cmp.Or(profile.Summary, profile.Description))), Employees: profile.Employees.count(1),
	}
	if strings.HasPrefix(string(profile.Website), "http") {
		c.Website = string(profile.Website)
	}
	if at, ok := kind.FirstTrade.whole(math.MinInt32, lastSecond); ok {
		day := dayIn(s.zone(), time.Unix(at, 0))
		c.Listed = &day
	}
	if hasOwnShares(c.AssetClass) && c.Currency != "" {
		if c.MarketCap = cmp.Or(price.MarketCap.positive(0), s.Detail.is.MarketCap.positive(0)); c.MarketCap != nil {
			c.CapCurrency = c.Currency
		}
		c.Shares = cmp.Or(s.Statistics.is.Shares.positive(0), price.Circulating.positive(0))
	}
	return c
}

// tidy is a text with one space between its words: Yahoo pads names with many.
func tidy(t text) string { return strings.Join(strings.Fields(string(t)), " ") }
