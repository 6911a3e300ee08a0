package reported_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// listing is EDGAR with other symbols in its list.
type listing struct {
	filings.Source
	of map[string]filings.CIK
}

func (l listing) Companies(context.Context) ([]filings.Company, error) {
	list := []filings.Company{}
	for _, ticker := range []string{"AAPL", "AAPL-PA", "AAPLN", "MSFT-A", "MSFT-B", "NVDA-PA", "SAP", "TSLA", "TSLA-WT"} {
		if cik, ok := l.of[ticker]; ok {
			list = append(list, filings.Company{Ticker: ticker, CIK: cik, Name: ticker})
		}
	}
	return list, nil
}

// TestFiguresPerShareAreToldOfTheSharesTheyAreOf: preferred stock, notes, the classes of one company and receipts for
// foreign shares have the company's revenues, and not its earnings per share.
func TestFiguresPerShareAreToldOfTheSharesTheyAreOf(t *testing.T) {
	const apple, microsoft, nvidia, sap, tesla = 320193, 789019, 1045810, 1000184, 1318605
	each(t, func(t *testing.T, s *site) {
		s.start(listing{s.source, map[string]filings.CIK{
			"AAPL": apple, "AAPL-PA": apple, "AAPLN": apple, "MSFT-A": microsoft, "MSFT-B": microsoft, "NVDA-PA": nvidia, "SAP": sap,
			"TSLA": tesla, "TSLA-WT": tesla,
		}})
		for symbol, told := range map[string]bool{
			"AAPL": true, "AAPL-PA": false, "AAPLN": false, "MSFT.A": false, "MSFT-B": false, "NVDA-PA": false, "SAP": false, "TSLA": true, "TSLA-WT": false,
		} {
			all, err := s.Metrics(t.Context(), symbol)
			if err != nil {
				t.Fatalf("%s: %v", symbol, err)
			}
			has := func(name string) bool {
				return slices.ContainsFunc(all, func(m market.Metric) bool { return m.Name == name })
			}
			if !has(market.Revenue) || has(market.EPS) && !told || has(market.SharesOutstanding) != told {
				t.Errorf("%s: got %v, want revenues, and of shares %v", symbol, all, told)
			}
		}
	})
}

func TestACIKIsNoSymbolOfMetrics(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		for _, number := range []string{"320193", "0000320193", "CIK320193", " cik0000320193"} {
			if all, err := s.Metrics(t.Context(), number); !fault.Is(err, fault.UnknownSymbol) {
				t.Errorf("%q: got %d metrics, %v, want %s", number, len(all), err, fault.UnknownSymbol)
			}
		}
	})
}
