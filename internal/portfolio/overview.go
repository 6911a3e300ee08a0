package portfolio

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// Overview is the whole portfolio at one moment: the summary adds up the holdings beside it.
type Overview struct {
	Summary  Summary   `json:"summary"`
	Holdings []Holding `json:"holdings"`
}

// Overview reads the summary and the holdings together, so that no sync comes between them; order and warnings as in
// Holdings.
func (s *Service) Overview(ctx context.Context, userID string) (Overview, []string, error) {
	b, err := s.open(ctx, userID)
	if err != nil {
		return Overview{}, nil, err
	}
	return Overview{b.summary(), b.holdings()}, b.warnings(), nil
}

// Whole is the overview with the accounts behind it and what their ledger says, for packages that look at these
// otherwise.
type Whole struct {
	Overview
	Accounts []Account
	Ledger   *gains.Report // shared, so nobody changes it
	// Companies are what is known of what is held, by instrument; shared, too.
	Companies map[string]market.Company
	// Behind says in words of which accounts the transactions are behind the positions.
	Behind []string
}

// Account is one account that was read.
type Account struct {
	ID, ConnectionID       string
	Provider, ProviderName string
	Number                 string
	Cash                   []Cash // by currency; nil when the brokerage does not say
	Positions              []Position
	Totals                 Totals // in the base currency
	HistoryProblem         string // why its transactions could not be read when its positions were; empty when they were
	AsOf                   time.Time
}

// Position is what the account holds of an instrument, as the brokerage reports it. Cost is in Currency.
type Position struct {
	InstrumentID     string // empty while it has no identity
	Symbol, Currency string
	Quantity         decimal.Decimal
	CostBasis        *decimal.Decimal
}

// Whole reads all of it at one moment; warnings as in Holdings, but for those of the day change, which it is not about.
func (s *Service) Whole(ctx context.Context, userID string) (Whole, []string, error) {
	b, err := s.open(ctx, userID)
	if err != nil {
		return Whole{}, nil, err
	}
	w := Whole{Overview: Overview{b.summary(), b.holdings()}, Ledger: b.gains, Companies: b.companies, Behind: b.historyWarnings()}
	for _, l := range b.links {
		for _, a := range l.accounts {
			if l.syncedAt != nil {
				w.Accounts = append(w.Accounts, b.account(l, a))
			}
		}
	}
	return w, b.gaps(), nil
}

func (b book) account(l link, a account) Account {
	shown := Account{
		ID: a.id, ConnectionID: l.id, Provider: l.provider, ProviderName: l.providerName, Number: a.number,
		Totals: b.alone(l, a), HistoryProblem: a.historyProblem, AsOf: *l.syncedAt,
	}
	for _, currency := range slices.Sorted(maps.Keys(a.cash)) {
		shown.Cash = append(shown.Cash, b.cash(currency, a.cash[currency]))
	}
	for _, p := range a.positions {
		shown.Positions = append(shown.Positions, Position{p.identity, p.Symbol, p.Currency, p.Quantity, pointer(p.CostBasis)})
	}
	return shown
}

// MaskAccount keeps the last four characters of an account's number, of a short one the last half: enough for its owner
// to tell accounts apart, and all that anybody else gets to see.
func MaskAccount(number string) string {
	characters := []rune(number)
	return "…" + string(characters[len(characters)-min(4, len(characters)/2):])
}
