package finnhub

import (
	"context"
	"net/url"
	"regexp"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// profile is what /stock/profile2 answers. Currency is that of the accounts, and of the market value; of a company whose
// home is elsewhere, Ticker, Exchange and Shares are those of its listing there.
type profile struct {
	Name      text   `json:"name"`
	Ticker    text   `json:"ticker"`
	Country   text   `json:"country"`
	Currency  text   `json:"currency"`
	Exchange  text   `json:"exchange"`
	Industry  text   `json:"finnhubIndustry"`
	Website   text   `json:"weburl"`
	Listed    text   `json:"ipo"`
	MarketCap number `json:"marketCapitalization"` // millions
	Shares    number `json:"shareOutstanding"`     // millions
	Error     text   `json:"error"`
}

var currencyForm = regexp.MustCompile(`^[A-Z]{3}$`)

// Company tells what Finnhub knows of a company. Funds have no profile on the free plan: they are unknown.
func (s *Source) Company(ctx context.Context, symbol string) (market.Company, error) {
	p, err := s.profile(ctx, symbol)
	if err != nil {
		return market.Company{}, err
	}
	if p.Name.tidy() == "" {
		return market.Company{}, fault.New(fault.UnknownSymbol, "Finnhub knows no company of this symbol")
	}
	return p.company(symbol, s.Name(), s.now().UTC()), nil
}

// company is the profile in our words.
func (p profile) company(symbol, source string, now time.Time) market.Company {
	c := market.Company{
		Symbol: symbol, Name: p.Name.tidy(), AssetClass: "equity", Country: p.Country.tidy(), Industry: p.Industry.tidy(),
		Website: p.Website.link("https://", "http://"), Listed: p.Listed.day(), Source: source, FetchedAt: now,
	}
	if _, ok := toListed(symbol); ok {
		c.Currency = dollars
	}
	if c.Listed != nil && !c.Listed.At(0, 0).Before(c.FetchedAt) {
		c.Listed = nil
	}
	if value := p.MarketCap.millions(); value != nil && currencyForm.MatchString(string(p.Currency)) {
		c.MarketCap, c.CapCurrency = value, string(p.Currency)
	}
	if p.isOf(symbol) {
		c.Exchange, c.Shares = p.Exchange.tidy(), p.Shares.millions()
	}
	return c
}

// profile is empty of a symbol that Finnhub does not know.
func (s *Source) profile(ctx context.Context, symbol string) (profile, error) {
	theirs, err := toFinnhub(symbol)
	if err != nil {
		return profile{}, err
	}
	answer, err := s.get(ctx, "/stock/profile2", url.Values{"symbol": {theirs}}, "the company")
	if err != nil {
		return profile{}, err
	}
	return readProfile(answer)
}

func readProfile(answer *upstream.Answer) (profile, error) {
	var p *profile
	if err := answer.JSON(&p); err != nil {
		return profile{}, err
	}
	if p == nil || p.Error != "" {
		return profile{}, noAnswer(answer, nil, "company")
	}
	return *p, nil
}

// isOf tells whether the profile is of the listing that was asked for, and not of the one at home.
func (p profile) isOf(symbol string) bool {
	ours, ok := fromFinnhub(string(p.Ticker))
	return ok && ours == symbol
}
