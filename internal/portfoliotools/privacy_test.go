package portfoliotools

import (
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/user"
)

func TestWhoKeepsAmountsToThemselvesShowsTheModelNone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann := owner(t, d, "PA11112222", "AAPL", "NVDA")
		// 7654321 units for 987654.32: figures that stand nowhere else.
		change(t, d, `update portfolio_holdings set quantity = $1, market_value = $2, cost_basis = $3 where symbol = 'AAPL'`,
			decimal.RequireFromString("7654321"), decimal.RequireFromString("987654.32"), decimal.RequireFromString("493827.16"))
		change(t, d, `update portfolio_holdings set market_value = null where symbol = 'NVDA'`) // makes a warning that names the account
		amounts := []string{"7654321", "987654.32", "493827.16", "2222", "quantity", "marketValue", "costBasis", "averageCost", "cash\"", "totalValue", "account\""}
		for _, c := range []struct {
			choice  user.Amounts
			shown   []string
			unshown []string
		}{
			{user.Full, []string{"7654321", "987654.32", "2222"}, nil},
			{user.Relative, []string{`"allocationPercent":100`, `"unrealizedPnlPercent":100`, `"symbol":"AAPL"`, "no amounts"}, amounts},
			{user.None, []string{`"symbol":"AAPL"`, `"price":100`, "what is held"}, append(amounts, "ercent")},
		} {
			choose(t, d, ann, c.choice)
			symbols, call := look(t, d, ann, `{}`)
			if len(symbols) != 2 {
				t.Errorf("%s: got %v, want both holdings", c.choice, symbols)
			}
			for _, want := range c.shown {
				if !strings.Contains(string(call.Output), want) {
					t.Errorf("%s: got %s, want %s in it", c.choice, call.Output, want)
				}
			}
			for _, not := range c.unshown {
				// The warning is words about what is not shown.
				if data, _, _ := strings.Cut(string(call.Output), `"warnings"`); strings.Contains(data, not) || strings.Contains(string(call.Output), "2222") {
					t.Errorf("%s: got %s, want no %s in it", c.choice, call.Output, not)
				}
			}
		}
	})
}

// keys are the names of all properties in a result's data, at any depth.
func keys(t *testing.T, output []byte) map[string]bool {
	t.Helper()
	var result struct{ Data any }
	if err := json.Unmarshal(output, &result); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, value := range v {
				found[key] = true
				walk(value)
			}
		case []any:
			for _, value := range v {
				walk(value)
			}
		}
	}
	walk(result.Data)
	return found
}

// A figure that is added to a portfolio some day is not in these lists, and fails this until somebody decides.
func TestNothingButWhatIsListedIsShownToTheModel(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann := owner(t, d, "PA11112222", "AAPL", "NVDA")
		_, full := look(t, d, ann, `{}`)
		for _, amount := range []string{"cashByCurrency", "pnl", "grossExposure", "netExposure", "costBasis", "countedIn", "sources", "confirmed", "rates"} {
			if !keys(t, full.Output)[amount] {
				t.Errorf("got no %s for somebody who shows everything", amount)
			}
		}
		what := []string{"amountsShown", "pricePer", "holdings", "symbol", "name", "assetClass", "price", "currency", "asOf", "stale"}
		for choice, listed := range map[user.Amounts][]string{
			user.None:     what,
			user.Relative: append([]string{"summary", "cashPercent", "unrealizedPnlPercent", "dayChangePercent", "allocationPercent"}, what...),
		} {
			choose(t, d, ann, choice)
			_, call := look(t, d, ann, `{}`)
			for key := range keys(t, call.Output) {
				if !slices.Contains(listed, key) {
					t.Errorf("%s: got %q, which is not listed", choice, key)
				}
			}
		}
	})
}

func choose(t *testing.T, d *db.DB, userID string, amounts user.Amounts) {
	t.Helper()
	now := func() time.Time { return noon }
	log, err := audit.New(d, now, []byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	s := &user.Service{DB: d, Now: now, Audit: log}
	choice := string(amounts)
	if _, err := s.ChangeSettings(t.Context(), userID, user.SettingsChanges{AmountsToModel: user.Change[string]{Sent: true, To: &choice}}); err != nil {
		t.Fatal(err)
	}
	err = d.Tx(t.Context(), func(tx *sql.Tx) error {
		got, _, err := user.AmountsToModel(t.Context(), tx, userID)
		if got != amounts {
			t.Errorf("got %s, want %s", got, amounts)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
