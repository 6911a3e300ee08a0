package syncs_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/syncs"
)

// work runs the queue until the only job that is due was tried once, and tells what became of it.
func (h *house) work(t *testing.T) string {
	t.Helper()
	due := func() (state string, attempt int) {
		row := h.DB.Read().QueryRowContext(t.Context(), "select state, attempt from jobs order by id desc limit 1")
		if err := row.Scan(&state, &attempt); err != nil {
			t.Fatal(err)
		}
		return state, attempt
	}
	_, before := due()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() { h.Jobs.Run(ctx) })
	for range 20_000 {
		if state, attempt := due(); attempt > before && state != "running" {
			return fmt.Sprintf("%s after %d", state, attempt)
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the job is not done")
	return ""
}

func clearJobs(t *testing.T, d *db.DB) {
	t.Helper()
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), "delete from jobs")
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func openJobs(t *testing.T, d *db.DB) []string {
	t.Helper()
	rows, err := d.Read().QueryContext(t.Context(), "select args from jobs where state = 'queued' order by args")
	all, err := db.Collect(rows, err, func(scan func(...any) error) (s string, err error) { return s, scan(&s) })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestReadingAgainChangesNothingAndGoneThingsGo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "10"), h.position("A", "1", "1", "1", "1", "1"), h.position("B", "2", "2", "1", "1", "2"))
		h.north.Keep(account("n2", "20"), h.position("A", "3", "3", "1", "1", "3"))
		h.north.Tell("n2", broker.History{Activities: []broker.Activity{{ID: "in", Kind: broker.Deposit, At: h.now.AddDate(0, 0, -9), Currency: "USD", Amount: dec("23")}}})
		id := h.linked(t, user, h.north)
		before, stored := first(h.holdings(t, user)), dump(t, d)
		h.sync(t, id)
		same(t, "holdings after reading again", before, first(h.holdings(t, user)))
		same(t, "rows after reading again", stored, dump(t, d))

		h.north.Keep(account("n1", "11"), h.position("B", "5", "5", "1", "1", "5"), h.position("C", "1", "1", "1", "1", "1"))
		h.north.Close("n2")
		h.sync(t, id)
		same(t, "holdings", []string{"B 5 5 0 29.41 false 1", "C 1 1 0 5.88 false 1"}, rows(first(h.holdings(t, user))))
		got, warnings := h.summary(t, user)
		if got.Cash.String() != "11" || got.BestKnown.Sources != 1 {
			t.Errorf("got cash %s of %d accounts, want 11 of one", got.Cash, got.BestKnown.Sources)
		}
		missing := "Desk account … n2 has been missing from the brokerage's list for %s: the totals leave it out, and its transactions are kept."
		same(t, "warnings", []string{fmt.Sprintf(missing, "less than a minute")}, warnings)
		if n := count(t, d, "transactions where external_id = 'in'"); n != 1 {
			t.Errorf("got %d transactions, want that of the account that is missing", n)
		}

		h.now = h.now.Add(time.Hour)
		h.sync(t, id) // missing since the first time
		_, warnings = h.summary(t, user)
		same(t, "warnings an hour later", []string{fmt.Sprintf(missing, "1 hour")}, warnings)
		h.now = h.now.AddDate(0, 0, 7)
		h.sync(t, id)
		_, warnings = h.summary(t, user)
		if said := strings.Join(warnings, ""); strings.Contains(said, "missing") {
			t.Errorf("got %q a week later, want it taken for closed", said)
		}

		h.north.Keep(account("n2", "20"), h.position("A", "3", "3", "1", "1", "3"))
		h.sync(t, id)
		if got, warnings = h.summary(t, user); got.Cash.String() != "31" || strings.Contains(strings.Join(warnings, ""), "missing") || count(t, d, "brokerage_accounts") != 2 {
			t.Errorf("got cash %s, warnings %q, want both accounts again", got.Cash, warnings)
		}
	})
}

func count(t *testing.T, d *db.DB, table string) (n int) {
	t.Helper()
	if err := d.Read().QueryRowContext(t.Context(), "select count(*) from "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// dump is what identifies the stored positions.
func dump(t *testing.T, d *db.DB) []string {
	t.Helper()
	rows, err := d.Read().QueryContext(t.Context(), "select id, symbol from portfolio_holdings order by id")
	all, err := db.Collect(rows, err, func(scan func(...any) error) (string, error) {
		var id, symbol string
		err := scan(&id, &symbol)
		return id + " " + symbol, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAFailingBrokerageLeavesItsLastKnownRowsWithTheirAge(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "100"), h.position("AAPL", "1", "200", "250", "240", "250"))
		h.south.Keep(account("s1", "50"), h.position("AAPL", "1", "200", "250", "240", "250"))
		north, south := h.linked(t, user, h.north), h.linked(t, user, h.south)

		h.now = h.now.Add(2 * time.Hour)
		h.sync(t, south)
		h.north.Fail(fault.New(fault.UpstreamDown, "North cannot answer right now; try again in a moment"))
		err := h.Sync(t.Context(), syncs.SyncConnection{ConnectionID: north})
		wantKind(t, err, fault.UpstreamDown)

		warning := "Desk account … n1 (paper) shows values from 2 hours ago: North cannot answer right now; try again in a moment."
		holdings, warnings := h.holdings(t, user)
		same(t, "warnings", []string{warning}, warnings)
		same(t, "holdings", []string{"AAPL 2 500 100 76.92 true 2"}, rows(holdings))
		if !holdings[0].Sources[0].Stale || holdings[0].Sources[1].Stale || !holdings[0].AsOf.Equal(monday) {
			t.Errorf("got %+v, want the north source stale and the row as old as it", holdings[0])
		}
		summary, _ := h.summary(t, user)
		same(t, "confirmed", portfolio.Totals{TotalValue: new(dec("300")), Cash: new(dec("50")), MarketValue: new(dec("250")), Sources: 1, LeftOut: []string{}}, summary.Confirmed)
		same(t, "best known", portfolio.Totals{TotalValue: new(dec("650")), Cash: new(dec("150")), MarketValue: new(dec("500")), Sources: 2, LeftOut: []string{}}, summary.BestKnown)
		same(t, "connections", portfolio.Connections{Total: 2, Active: 1, Error: 1, Stale: 1}, summary.Connections)
		if !summary.AsOf.Equal(monday) || !summary.TotalValue.Equal(dec("650")) {
			t.Errorf("got %s as of %s", summary.TotalValue, summary.AsOf)
		}

		h.north.Fail(nil)
		h.sync(t, north)
		_, warnings = h.holdings(t, user)
		same(t, "warnings after it came back", []string{}, warnings)
	})
}

func TestRevokedAccessNeedsTheOwnerAndReconnectingHeals(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "100"), h.position("AAPL", "1", "200", "250", "240", "250"))
		id := h.linked(t, user, h.north)
		h.north.Revoke()
		same(t, "the job", "dead after 1", h.work(t))
		got, err := h.Connections.Get(t.Context(), user, id)
		if err != nil || got.Status != connection.ReauthorizationRequired || got.Error.Code != fault.ReauthorizationRequired {
			t.Errorf("got %+v, %v", got, err)
		}
		holdings, warnings := h.holdings(t, user)
		same(t, "warnings", []string{"Desk account … n1 (paper) shows values from less than a minute ago: " +
			"the desk no longer accepts this connection; connect it again."}, warnings)
		same(t, "holdings", []string{"AAPL 1 250 50 71.43 true 1"}, rows(holdings))

		if again := h.linked(t, user, h.north); again != id {
			t.Errorf("got connection %s, want the old one healed", again)
		}
		holdings, warnings = h.holdings(t, user)
		same(t, "warnings after reconnecting", []string{}, warnings)
		same(t, "holdings after reconnecting", []string{"AAPL 1 250 50 71.43 false 1"}, rows(holdings))
	})
}

func TestAReadingThatLostTheRaceChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "100"), h.position("OLD", "1", "1", "1", "1", "1"))
		id := h.connect(t, user, h.north)
		overtake(h, func() {
			h.north.Keep(account("n1", "100"), h.position("NEW", "1", "1", "1", "1", "1"))
			h.sync(t, id)
		})
		h.sync(t, id) // had read OLD when it was overtaken
		same(t, "holdings", []string{"NEW 1 1 0 0.99 false 1"}, rows(first(h.holdings(t, user))))

		overtake(h, func() {
			h.sync(t, id)
			h.north.Fail(fault.New(fault.UpstreamDown, "down"))
		})
		wantKind(t, h.Sync(t.Context(), syncs.SyncConnection{ConnectionID: id}), fault.UpstreamDown)
		h.north.Fail(nil)
		got, err := h.Connections.Get(t.Context(), user, id)
		if err != nil || got.Status != connection.Active || !got.LastSyncAt.Equal(h.now) {
			t.Errorf("got %+v, %v, want an active connection", got, err)
		}
	})
}

func TestMoneyThatBecomesSharesWhileItIsReadCountsOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "100"))
		id := h.connect(t, user, h.north)
		buy := func() { h.north.Keep(account("n1", "40"), h.position("A", "1", "60", "60", "60", "60")) }
		sell := func() { h.north.Keep(account("n1", "100")) }
		for name, c := range map[string]struct{ asked, reading func() }{
			"bought before the positions": {asked: buy},
			"sold before the positions":   {asked: sell},
			"bought after the positions":  {reading: buy},
			"sold after the positions":    {reading: sell},
		} {
			sell()
			if strings.HasPrefix(name, "sold") {
				buy()
			}
			h.north.Asked, h.north.Reading = once(c.asked), once(c.reading)
			h.sync(t, id)
			if got, _ := h.summary(t, user); !got.TotalValue.Equal(dec("100")) {
				t.Errorf("%s: got %s, want 100", name, got.TotalValue)
			}
		}
	})
}

// once is what does f the first time it is called.
func once(f func()) func() {
	if f == nil {
		return nil
	}
	return sync.OnceFunc(f)
}

func TestAnAccountThatNeverRestsIsReadAFewTimes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "0"))
		id := h.connect(t, user, h.north)
		readings := 0
		h.north.Reading = func() {
			readings++
			h.north.Keep(account("n1", fmt.Sprint(readings)))
		}
		h.sync(t, id)
		if got, _ := h.summary(t, user); readings != 3 || got.Cash.String() != "2" {
			t.Errorf("got %d readings and %s in cash, want 3 and what stood there before the last", readings, got.Cash)
		}
	})
}

// overtake has the next reading interrupted, a second later by the clock.
func overtake(h *house, by func()) {
	h.north.Reading = func() {
		h.north.Reading = nil
		h.now = h.now.Add(time.Second)
		by()
	}
}

func TestRenewingWhileTheOldCredentialsFailKeepsTheJobTrying(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "100"))
		id := h.linked(t, user, h.north)
		h.north.Revoke()
		h.north.Asked = func() {
			h.north.Asked = nil
			h.connect(t, user, h.north)
		}
		same(t, "the job", "queued after 1", h.work(t))
		h.now = h.now.Add(time.Minute)
		same(t, "the job", "done after 2", h.work(t))
		if got, err := h.Connections.Get(t.Context(), user, id); err != nil || got.Status != connection.Active {
			t.Errorf("got %+v, %v, want an active connection", got, err)
		}
	})
}

func TestDisconnectingWhileReadingLeavesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "100"), h.position("A", "1", "1", "1", "1", "1"))
		id := h.connect(t, user, h.north)
		h.north.Reading = func() {
			if err := h.Connections.Delete(t.Context(), user, id); err != nil {
				t.Error(err)
			}
		}
		h.sync(t, id)
		same(t, "stored positions", []string{}, dump(t, d))
		h.sync(t, id) // and the job of a connection that is gone is done
	})
}

func TestStoppingSaysNothingAboutTheConnection(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "100"))
		id := h.linked(t, user, h.north)
		ctx, cancel := context.WithCancel(t.Context())
		h.north.Reading = cancel
		wantKind(t, h.Sync(ctx, syncs.SyncConnection{ConnectionID: id}), fault.Canceled)
		if got, err := h.Connections.Get(t.Context(), user, id); err != nil || got.Status != connection.Active || got.Error != nil {
			t.Errorf("got %+v, %v, want an active connection", got, err)
		}
	})
}

func TestEachConnectionIsQueuedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "0"))
		h.south.Keep(account("s1", "0"))
		north, south := h.connect(t, user, h.north), h.connect(t, user, h.south)
		want := []string{`{"connectionId":"` + north + `"}`, `{"connectionId":"` + south + `"}`}
		same(t, "jobs once they are connected", want, openJobs(t, d))
		if _, err := h.SyncNow(t.Context(), user, north); err != nil {
			t.Fatal(err)
		}
		if _, n, err := h.SyncAll(t.Context(), user); n != 2 || err != nil {
			t.Errorf("got %d, %v, want 2", n, err)
		}
		same(t, "jobs", want, openJobs(t, d))
	})
}

func TestThePeriodicSyncLeavesOutWhoNeedsTheirOwner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user, other := newUser(t, d), newUser(t, d)
		h.north.Keep(account("n1", "0"))
		h.south.Keep(account("s1", "0"))
		revoked, well, failing := h.linked(t, user, h.north), h.linked(t, other, h.south), h.linked(t, user, h.south)
		h.north.Revoke()
		wantKind(t, h.Sync(t.Context(), syncs.SyncConnection{ConnectionID: revoked}), fault.ReauthorizationRequired)
		h.south.Fail(fault.New(fault.UpstreamTimeout, "late"))
		wantKind(t, h.Sync(t.Context(), syncs.SyncConnection{ConnectionID: failing}), fault.UpstreamTimeout)
		h.due(t, h.now)
		same(t, "jobs", []string{`{"connectionId":"` + well + `"}`, `{"connectionId":"` + failing + `"}`}, openJobs(t, d))
	})
}

func TestOutsideTradingHoursOnlyCryptoIsReadOnceTheCloseWas(t *testing.T) {
	newYork := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour+5, minute, 0, 0, time.UTC) }
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		user := newUser(t, d)
		h.north.Keep(account("n1", "0"), h.crypto("BTC/USD", "1", "1", "1", "1"))
		h.south.Keep(account("s1", "0"), h.position("A", "1", "1", "1", "1", "1"))
		north, south := h.linked(t, user, h.north), h.linked(t, user, h.south)
		readAt := func(at time.Time) {
			h.now = at
			h.sync(t, north)
			h.sync(t, south)
		}
		everybody, crypto := []string{`{"connectionId":"` + north + `"}`, `{"connectionId":"` + south + `"}`}, []string{`{"connectionId":"` + north + `"}`}
		for _, c := range []struct {
			slot, read time.Time
			want       []string
		}{
			{newYork(23, 9, 15), newYork(20, 16, 30), crypto},
			{newYork(23, 9, 30), newYork(20, 16, 30), everybody},
			{newYork(23, 15, 45), newYork(23, 15, 30), everybody},
			{newYork(23, 16, 0), newYork(23, 15, 45), everybody},
			{newYork(23, 16, 15), newYork(23, 16, 0), everybody},
			{newYork(23, 16, 45), newYork(23, 16, 0), everybody}, // the reads after the close failed, or nobody was there
			{newYork(23, 16, 30), newYork(23, 16, 15), everybody},
			{newYork(23, 16, 45), newYork(23, 16, 30), crypto},
			{newYork(28, 12, 0), newYork(27, 12, 45), everybody},  // after a night without a server
			{newYork(27, 13, 30), newYork(27, 13, 15), everybody}, // after an early close
			{newYork(27, 13, 45), newYork(27, 13, 30), crypto},
			{newYork(28, 12, 0), newYork(27, 13, 30), crypto}, // a Saturday
		} {
			readAt(c.read)
			h.due(t, c.slot)
			same(t, c.slot.Format(time.RFC3339), c.want, openJobs(t, d))
		}
	})
}

func TestAConnectionThatFailedIsTriedAgainOverTheWeekend(t *testing.T) {
	saturday := time.Date(2026, 11, 28, 17, 0, 0, 0, time.UTC)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.now = saturday
		h.north.Keep(account("n1", "0"))
		h.south.Keep(account("s1", "0"))
		failing, unread := h.linked(t, newUser(t, d), h.north), h.connect(t, newUser(t, d), h.south)
		h.north.Fail(fault.New(fault.UpstreamDown, "down"))
		wantKind(t, h.Sync(t.Context(), syncs.SyncConnection{ConnectionID: failing}), fault.UpstreamDown)
		h.due(t, saturday)
		same(t, "jobs", []string{`{"connectionId":"` + failing + `"}`, `{"connectionId":"` + unread + `"}`}, openJobs(t, d))
	})
}

// due runs the periodic sync of a slot with no job left from before.
func (h *house) due(t *testing.T, slot time.Time) {
	t.Helper()
	clearJobs(t, h.DB)
	if err := h.DB.Tx(t.Context(), func(tx *sql.Tx) error { return h.Due(t.Context(), tx, slot) }); err != nil {
		t.Fatal(err)
	}
}
