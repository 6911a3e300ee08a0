package portfoliotools

import (
	"database/sql"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

var noon = time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC)

// owner adds a person with one account that was read an hour ago and holds the symbols, each with a value of 100.
func owner(t *testing.T, d *db.DB, account string, symbols ...string) (userID string) {
	t.Helper()
	userID = db.NewID()
	change(t, d, `insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, 'x', $3, $3)`,
		userID, userID+"@example.com", noon)
	addAccount(t, d, userID, account, symbols...)
	return userID
}

func addAccount(t *testing.T, d *db.DB, userID, number string, symbols ...string) {
	t.Helper()
	connectionID, accountID := db.NewID(), db.NewID()
	read := noon.Add(-time.Hour)
	change(t, d, `insert into brokerage_connections (id, user_id, provider, environment, status, credentials, created_at, updated_at, last_sync_at)
		values ($1, $2, 'alpaca', 'paper', 'active', '', $3, $3, $3)`, connectionID, userID, read)
	change(t, d, `insert into brokerage_accounts (id, connection_id, external_id, number, status, currency, cash, as_of)
		values ($1, $2, 'e', $3, 'ACTIVE', 'USD', null, $4)`, accountID, connectionID, number, read)
	one, hundred := decimal.NewFromInt(1), decimal.NewFromInt(100)
	for _, symbol := range symbols {
		change(t, d, `insert into portfolio_holdings (id, user_id, connection_id, account_id, instrument_id, symbol, name, asset_class, exchange,
			currency, quantity, multiplier, cost_basis, price, market_value, as_of) values ($1, $2, $3, $4, $5, $5, '', 'equity', '', 'USD', $6, $6, $7, $7, $7, $8)`,
			db.NewID(), userID, connectionID, accountID, symbol, one, hundred, read)
	}
}

func change(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), query, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// looked is what came of a look: the result, and as the model reads it.
type looked struct {
	result tool.Result
	Output json.RawMessage
}

// look uses the tool as the model does, and reads the symbols of what comes back.
func look(t *testing.T, d *db.DB, userID, input string) (symbols []string, call looked) {
	t.Helper()
	now := func() time.Time { return noon }
	p := &portfolio.Service{DB: d, Connections: &connection.Service{DB: d, Now: now}, Now: now, Gains: &gains.Service{DB: d, Now: now}}
	const name = "get_portfolio_holdings"
	var err error
	call.result, err = tool.Run(t.Context(), []tool.Tool{Holdings(p)}, tool.Asker{UserID: userID}, name, json.RawMessage(input))
	if err != nil {
		t.Fatal(err)
	}
	if call.Output, err = tool.Print("t1", name, call.result); err != nil {
		t.Fatal(err)
	}
	if _, err := tool.Read("", "t1", name, call.result); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Data struct{ Holdings []struct{ Symbol string } }
	}
	if err := json.Unmarshal(call.Output, &got); err != nil {
		t.Fatal(err)
	}
	for _, h := range got.Data.Holdings {
		symbols = append(symbols, h.Symbol)
	}
	return symbols, call
}

func TestHoldingsAreThoseOfTheOneWhoAsks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ann, bob := owner(t, d, "PA11112222", "AAPL", "BRK.B"), owner(t, d, "PA33334444", "NVDA")
		for _, c := range []struct {
			user, input string
			want        []string
		}{
			{ann, `{}`, []string{"AAPL", "BRK.B"}},
			{bob, `{}`, []string{"NVDA"}},
			{ann, `{"symbols":["brk-b","NVDA"]}`, []string{"BRK.B"}},
			{db.NewID(), `{}`, nil},
		} {
			got, call := look(t, d, c.user, c.input)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.input, diff)
			}
			if strings.Contains(c.input, "NVDA") != strings.Contains(string(call.Output), "not held: NVDA") {
				t.Errorf("%s: got %s, want a warning about what is not held", c.input, call.Output)
			}
		}
	})
}

func TestTheModelSeesNoWholeAccountNumber(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user := owner(t, d, "PA11112222", "AAPL")
		addAccount(t, d, user, "PA1111", "NVDA") // as the other begins
		_, call := look(t, d, user, `{}`)
		text := string(call.Output)
		for _, masked := range []string{"…2222", "…111"} {
			if n := strings.Count(text, masked); n != 4 {
				t.Errorf("got %d times %s, want it in the source, in what is left out and in two warnings of %s", n, masked, text)
			}
		}
		if strings.Contains(text, "PA1") || strings.Contains(text, "12222") {
			t.Errorf("got %s, want no more of a number than its last four characters", text)
		}
		if call.result.Source.Name != "portfolio (alpaca)" || !call.result.Source.AsOf.Equal(noon.Add(-time.Hour)) {
			t.Errorf("got source %q as of %s", call.result.Source.Name, call.result.Source.AsOf)
		}
	})
}

func TestTheSummaryIsOfTheHoldingsBesideIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		user := owner(t, d, "PA11112222", "AAPL", "NVDA")
		now := func() time.Time { // whoever reads the clock has read the book: a sync may come right after
			change(t, d, `delete from portfolio_holdings where symbol = 'NVDA'`)
			return noon
		}
		p := &portfolio.Service{DB: d, Connections: &connection.Service{DB: d, Now: now}, Now: now, Gains: &gains.Service{DB: d, Now: now}}
		got, err := readHoldings(t.Context(), p, tool.Asker{UserID: user}, nil)
		if err != nil {
			t.Fatal(err)
		}
		o := got.Data.(holdingsData)
		sum := decimal.Zero
		for _, h := range o.Holdings {
			sum = sum.Add(*h.MarketValue)
		}
		if !sum.Equal(*o.Summary.TotalValue) || len(o.Holdings) != 2 {
			t.Errorf("got %d holdings worth %s in a total of %s, want both and their sum", len(o.Holdings), sum, o.Summary.TotalValue)
		}
	})
}
