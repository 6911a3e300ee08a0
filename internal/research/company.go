package research

import (
	"context"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// Company is what an issuer or a fund is, as the first source tells it; what that leaves open is filled in by the next.
type Company struct {
	market.Company
	Sources []Origin `json:"sources" doc:"Who said it; each field that the first did not say stands with the one that did."`
	Stale   bool     `json:"stale" doc:"A source could not be asked again in time."`
}

var companyKind = kind[market.Company]{
	name: "company", table: cache.Companies, what: "company data", freshUntil: forADay[market.Company], max: 5000,
	asks: func(source market.Source) ask[market.Company] {
		if p, ok := source.(market.Profiler); ok {
			return func(ctx context.Context, symbol string) (market.Company, error) {
				c, err := p.Company(ctx, symbol)
				return tidy(c, symbol), err
			}
		}
		return nil
	},
}

// Company is one company, or what else has the symbol. What cannot be a symbol is an Invalid of path.symbol, one that no
// source knows an UnknownSymbol. A source that fails costs a warning when another knows it, or something older is known,
// and is an error only when nothing can be said; where none has such data, that is a NotOffered.
func (s *Service) Company(ctx context.Context, symbol string) (Company, []string, error) {
	normal, err := symbolOf(symbol)
	if err != nil {
		return Company{}, nil, err
	}
	var c Company
	found := false
	h, err := s.companies.hear(ctx, normal, normal, false, func(told market.Company, origin *Origin) bool {
		if !found {
			c.Company, found = told, true
			c.Source, c.FetchedAt = origin.Source, origin.FetchedAt
		} else {
			origin.Fields = fill(&c.Company, told)
		}
		return complete(c.Company)
	})
	if err != nil {
		return Company{}, nil, err
	}
	if !found {
		return Company{}, nil, h.nothing(s.companies.what)
	}
	c.Sources, c.Stale = h.origins, stale(h.origins)
	return c, h.warnings, nil
}

// KnownCompanies are those of symbols that are at hand, by the spelling they were asked in: no source is asked for them,
// so that nobody waits. What nothing is known of, or can be no symbol, is missing. Errors are the database's.
func (s *Service) KnownCompanies(ctx context.Context, symbols []string) (map[string]market.Company, error) {
	var ids []string
	spelled := make(map[string]string, len(symbols))
	for _, symbol := range symbols {
		if normal, err := market.NormalizeSymbol(symbol); err == nil {
			spelled[symbol] = normal
			ids = append(ids, s.companies.ids(normal)...)
		}
	}
	entries, err := s.companies.kept.Known(ctx, ids...)
	if err != nil {
		return nil, err
	}
	known := make(map[string]market.Company, len(spelled))
	for symbol, normal := range spelled {
		for i, id := range s.companies.ids(normal) {
			e, ok := entries[id]
			if !ok || e.Unknown || e.Value.NotOffered {
				continue
			}
			c, begun := known[symbol]
			if !begun {
				c = e.Value.Value
				c.Source, c.FetchedAt = s.companies.askers[i].source, e.FetchedAt
			} else {
				fill(&c, e.Value.Value)
			}
			known[symbol] = c
		}
	}
	return known, nil
}

const (
	maxName        = 200
	maxWord        = 100
	maxDescription = 6000
)

// tidy makes plain text of what a source said, and codes of countries.
func tidy(c market.Company, symbol string) market.Company {
	c.Symbol, c.Name, c.Exchange = symbol, plain(c.Name, maxName), plain(c.Exchange, maxWord)
	c.Sector, c.Industry, c.City = plain(c.Sector, maxWord), plain(c.Industry, maxWord), plain(c.City, maxWord)
	c.Country = countryCode(plain(c.Country, maxWord))
	c.Description, c.Website = plain(c.Description, maxDescription), secureURL(c.Website)
	return c
}

// complete tells whether asking another source could add anything. Only companies have all there is.
func complete(c market.Company) bool {
	if c.AssetClass != "" && c.AssetClass != equity {
		return true
	}
	return !slices.Contains([]string{c.Name, c.Country, c.Sector, c.Industry, c.Description, c.Website}, "") &&
		c.Employees != nil && c.Listed != nil && c.MarketCap != nil && c.Shares != nil
}

// equity is the only asset class that has employees and a sector.
const equity = "equity"

// fill takes over from another source what the first does not say, and names it as the answer does.
func fill(c *market.Company, other market.Company) (fields []string) {
	word := func(field string, to *string, from string) {
		if *to == "" && from != "" {
			*to = from
			fields = append(fields, field)
		}
	}
	word("name", &c.Name, other.Name)
	word("assetClass", &c.AssetClass, other.AssetClass)
	word("exchange", &c.Exchange, other.Exchange)
	word("currency", &c.Currency, other.Currency)
	word("country", &c.Country, other.Country)
	word("sector", &c.Sector, other.Sector)
	word("industry", &c.Industry, other.Industry)
	word("description", &c.Description, other.Description)
	word("website", &c.Website, other.Website)
	word("city", &c.City, other.City)
	if value(&c.Employees, other.Employees) {
		fields = append(fields, "employees")
	}
	if value(&c.Listed, other.Listed) {
		fields = append(fields, "listed")
	}
	if value(&c.MarketCap, other.MarketCap) {
		c.CapCurrency = other.CapCurrency
		fields = append(fields, "marketCap", "marketCapCurrency")
	}
	if value(&c.Shares, other.Shares) {
		fields = append(fields, "sharesOutstanding")
	}
	return fields
}

// value takes over what is not said yet.
func value[T any](to **T, from *T) bool {
	if *to != nil || from == nil {
		return false
	}
	*to = from
	return true
}
