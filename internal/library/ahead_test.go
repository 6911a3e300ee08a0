package library_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/passages"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// holder makes a person who holds one of each.
func (h *house) holder(symbols ...string) {
	h.t.Helper()
	now := db.Time(h.clock.Now())
	userID, link, account := db.NewID(), db.NewID(), db.NewID()
	h.exec("insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, '', $3, $3)", userID, userID+"@jaspers.test", now)
	h.exec(`insert into brokerage_connections (id, user_id, provider, environment, status, credentials, created_at, updated_at)
		values ($1, $2, 'north', 'live', 'active', '', $3, $3)`, link, userID, now)
	h.exec("insert into brokerage_accounts (id, connection_id, external_id, number, status, currency, as_of) values ($1, $2, 'n', 'n', '', 'USD', $3)", account, link, now)
	for _, symbol := range symbols {
		h.tx(func(ctx context.Context, tx *sql.Tx) error {
			id, err := instrument.Resolve(ctx, tx, "north", broker.Instrument{
				InstrumentID: symbol, Symbol: symbol, AssetClass: broker.Equity, Exchange: "NASDAQ", Currency: "USD", Multiplier: decimal.NewFromInt(1),
			}, now)
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `insert into portfolio_holdings
				(id, user_id, connection_id, account_id, instrument_id, instrument, symbol, name, asset_class, exchange, currency, quantity, multiplier, as_of)
				values ($1, $2, $3, $4, $5, $6, $5, '', 'equity', 'NASDAQ', 'USD', 1, 1, $7)`, db.NewID(), userID, link, account, symbol, id, now)
			return err
		})
	}
}

// due opens a period and has the jobs done.
func (h *house) due() {
	h.t.Helper()
	h.tx(func(ctx context.Context, tx *sql.Tx) error { return h.Due(ctx, tx, h.clock.Now()) })
	h.work()
}

// forms counts the filings that were divided by their forms.
func (h *house) forms(cik int64) map[string]int {
	h.t.Helper()
	all := map[string]int{}
	for _, form := range []string{"10-K", "10-Q", "8-K"} {
		all[form] = h.count("select count(distinct accession) from passage_documents where cik = $1 and form = $2", cik, form)
	}
	return all
}

func TestTheLatestOfWhatIsHeldIsThereBeforeAnybodyAsks(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.holder("AAPL", "NOSUCH")
		h.due()
		got := h.forms(320193)
		if got["10-K"] != 1 || got["10-Q"] != 3 || got["8-K"] == 0 {
			t.Errorf("got %v, want a 10-K, three 10-Qs and the recent 8-Ks", got)
		}
		year := h.newest("AAPL", "10-K")
		if hits := h.search(passages.Query{Text: "risk demand competition", Accession: year, Sections: []string{"1A"}}); len(hits) == 0 {
			t.Error("got nothing of the newest annual report's risk factors")
		}
		asked := h.asked()
		h.due()
		h.clock.Advance(23 * time.Hour)
		h.due()
		if more := h.asked() - asked; more != 0 {
			t.Errorf("got %d more questions within the day, want none", more)
		}
		h.clock.Advance(2 * time.Hour)
		before := h.count("select count(*) from jobs where kind = 'fetch_filing'")
		h.due()
		if after := h.count("select count(*) from jobs where kind = 'fetch_filing'"); h.asked() == asked || after != before {
			t.Errorf("got %d questions and %d more filings on the next day, want its list alone asked for", h.asked()-asked, after-before)
		}
	})
}

func TestADayAllowsNoMoreThanItSaysAndTheNextGoesOn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.PerDay = 3
		h.holder("AAPL", "MSFT")
		h.holder("MSFT")
		fetched := func() int { return h.count("select count(*) from jobs where kind = 'fetch_filing'") }
		for range 3 {
			h.due()
			h.clock.Advance(15 * time.Minute)
		}
		if n := fetched(); n != 3 {
			t.Errorf("got %d filings on the first day, want 3", n)
		}
		if msft, aapl := h.forms(789019), h.forms(320193); msft["10-K"] != 1 || aapl["10-K"] != 0 {
			t.Errorf("got %v of what two hold and %v of what one does, want the former first", msft, aapl)
		}
		h.clock.Advance(24 * time.Hour)
		h.due()
		if n := fetched(); n != 6 {
			t.Errorf("got %d filings after the second day, want 6", n)
		}
	})
}

func TestNothingIsGatheredWhereThereAreNoFilingsOrNoneAreWanted(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.holder("AAPL")
		source := h.Filings.Source
		h.PerDay = 0
		h.due()
		h.build(h.DB, nil)
		h.due()
		h.tx(func(ctx context.Context, tx *sql.Tx) error { return h.CatchUp(ctx, tx, h.clock.Now()) })
		if n := h.count("select count(*) from jobs"); n != 0 || h.asked() != 0 {
			t.Errorf("got %d jobs and %d questions, want none", n, h.asked())
		}
		h.build(h.DB, source)
		h.due()
		if h.asked() == 0 {
			t.Error("nothing was asked where all is there")
		}
	})
}

func TestWhileTheSECIsDownNothingIsTakenForLookedAt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.holder("AAPL")
		h.sim.Faults.Set(sim.ProviderEDGAR, sim.Fault{Kind: sim.FaultServerError})
		h.due()
		if got := h.forms(320193); got["10-K"] != 0 {
			t.Fatalf("got %v from an EDGAR that is down", got)
		}
		h.sim.Faults.Clear(sim.ProviderEDGAR)
		h.clock.Advance(15 * time.Minute)
		h.due()
		if got := h.forms(320193); got["10-K"] != 1 {
			t.Errorf("got %v a period later, want it there", got)
		}
		if kinds := h.dead(); !slices.Equal(kinds, []string{"gather_filings"}) {
			t.Errorf("got the dead jobs %v, want the first look alone", kinds)
		}
	})
}

func (h *house) dead() []string {
	h.t.Helper()
	rows, err := h.DB.Read().QueryContext(h.t.Context(), "select kind from jobs where state = 'dead' order by kind")
	kinds, err := db.Collect(rows, err, func(scan func(...any) error) (kind string, err error) { return kind, scan(&kind) })
	if err != nil {
		h.t.Fatal(err)
	}
	return kinds
}
