package portfolio

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/market"
)

// KnownCompanies gives what is known of companies without asking anybody; (*research.Service).KnownCompanies is one.
type KnownCompanies func(ctx context.Context, symbols []string) (map[string]market.Company, error)

// companiesOf are those of what is held, by instrument, as far as they are known.
func (s *Service) companiesOf(ctx context.Context, v view) (map[string]market.Company, error) {
	if s.Companies == nil {
		return nil, nil
	}
	bySymbol := map[string][]string{}
	for _, l := range v.links {
		for _, a := range l.accounts {
			for _, p := range a.positions {
				if symbol := v.gains.Instruments[p.identity].MarketSymbol; symbol != "" {
					bySymbol[symbol] = append(bySymbol[symbol], p.identity)
				}
			}
		}
	}
	if len(bySymbol) == 0 {
		return nil, nil
	}
	symbols := make([]string, 0, len(bySymbol))
	for symbol := range bySymbol {
		symbols = append(symbols, symbol)
	}
	known, err := s.Companies(ctx, symbols)
	if err != nil {
		return nil, err
	}
	companies := make(map[string]market.Company, len(known))
	for symbol, company := range known {
		for _, id := range bySymbol[symbol] {
			companies[id] = company
		}
	}
	return companies, nil
}

// named gives holdings the names that no brokerage gives.
func (b book) named(holdings []Holding) []Holding {
	for i, h := range holdings {
		if h.Name == "" {
			holdings[i].Name = b.companies[h.InstrumentID].Name
		}
	}
	return holdings
}
