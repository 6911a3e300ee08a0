package portfolio

import (
	"context"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/gains"
)

// Detail is one holding with what the ledger says of it, account by account.
type Detail struct {
	Holding
	Ledger []gains.InLedger `json:"ledger" doc:"What the transactions of each account say; an account of which none were read is missing"`
}

// Holding is one row of Holdings with its lots. The symbol may be in any case and in the common spellings: BRK.B or BRK-B;
// BTC/USD, BTC-USD or BTCUSD. NotFound when the user holds nothing of it. Warnings are as in Holdings, but for a day change
// that this holding has.
func (s *Service) Holding(ctx context.Context, userID, symbol string) (Detail, []string, error) {
	b, err := s.open(ctx, userID)
	if err != nil {
		return Detail{}, nil, err
	}
	if h, ok := findSymbol(b.holdings(), symbol); ok {
		warnings := b.warnings()
		if h.DayChange != nil {
			warnings = b.gaps()
		}
		return Detail{h, b.gains.InLedger(h.InstrumentID)}, warnings, nil
	}
	return Detail{}, nil, fault.New(fault.NotFound, "you hold nothing of this symbol")
}

// findSymbol prefers the exact spelling, so that BF.B is never taken for BFB where both are held.
func findSymbol(holdings []Holding, symbol string) (Holding, bool) {
	for _, same := range []func(a, b string) bool{
		strings.EqualFold,
		SameSymbol,
	} {
		for _, h := range holdings {
			if same(h.Symbol, symbol) {
				return h, true
			}
		}
	}
	return Holding{}, false
}
