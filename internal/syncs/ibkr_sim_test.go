package syncs_test

import (
	"context"
	"database/sql"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/ibkr"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/syncs"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// atTheGateway gives the house the real adapter, at a simulated gateway at which the customer is signed in.
func (h *house) atTheGateway(t *testing.T, customer string) *sim.Sim {
	t.Helper()
	clock := func() time.Time { return h.now }
	s := sim.NewSim(sim.New(7, clock))
	s.IBKR.User = customer
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	cfg := ibkr.Manners()
	cfg.Origins, cfg.AllowPrivate, cfg.Now, cfg.Rate = []string{server.URL}, true, clock, 0
	client, err := upstream.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	wait := func(_ context.Context, d time.Duration) error {
		h.now = h.now.Add(d)
		return nil
	}
	h.Connections.Providers = []broker.Provider{ibkr.New(ibkr.Config{URL: server.URL + "/ibkr", Now: clock, Wait: wait}, client)}
	job.Handle(h.Jobs, h.Service.KeepAlive)
	return s
}

func (h *house) begin(t *testing.T, userID string) string {
	t.Helper()
	begun, err := h.Connections.Begin(t.Context(), userID, connection.Request{Provider: "ibkr", Environment: broker.Live, Admin: true})
	if err != nil {
		t.Fatal(err)
	}
	return begun.Connection.ID
}

// minute is what the periodic job does each minute, and the jobs that come of it.
func (h *house) minute(t *testing.T, s *sim.Sim) (tickles int) {
	t.Helper()
	h.now = h.now.Add(time.Minute)
	tickled := func() int {
		for _, r := range s.Requests() {
			if r.Path == "/v1/api/tickle" {
				return r.Count
			}
		}
		return 0
	}
	before := tickled()
	bound, err := h.Connections.SessionBound(t.Context(), h.DB.Read())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range bound {
		if err := h.Service.KeepAlive(t.Context(), syncs.KeepAlive{Provider: id}); err != nil {
			t.Fatal(err)
		}
	}
	return tickled() - before
}

func TestAGatewayIsKeptSignedInOnceForAllWhoAreConnected(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		s := h.atTheGateway(t, "alex")
		if n := h.minute(t, s); n != 0 {
			t.Errorf("got %d signs of life for nobody", n)
		}
		first, second := newUser(t, d), newUser(t, d)
		ids := []string{h.begin(t, first), h.begin(t, second)}
		for range 12 { // twice as long as a session lasts of itself
			if n := h.minute(t, s); n != 1 {
				t.Fatalf("got %d signs of life a minute, want 1", n)
			}
		}
		for _, id := range ids {
			h.sync(t, id)
		}
		if holdings, _ := h.holdings(t, first); len(holdings) != len(s.World.IBKRPositions(s.World.IBKRAccounts("alex")[0].ID)) {
			t.Errorf("got %d holdings", len(holdings))
		}

		s.Faults.Set(sim.ProviderIBKR, sim.Fault{Kind: sim.FaultServerError, Path: "/v1/api/tickle", Count: 1})
		h.minute(t, s) // trouble of a moment says nothing of the connections
		for i, user := range []string{first, second} {
			if c, err := h.Connections.Get(t.Context(), user, ids[i]); err != nil || c.Status != connection.Active {
				t.Errorf("got %+v, %v, want it active", c, err)
			}
		}

		s.SignInIBKR("")
		h.minute(t, s)
		for i, user := range []string{first, second} {
			c, err := h.Connections.Get(t.Context(), user, ids[i])
			if err != nil || c.Status != connection.ReauthorizationRequired || c.Error == nil || c.Error.Code != fault.ReauthorizationRequired {
				t.Errorf("got %+v, %v, want it to need its owner", c, err)
			}
		}
		if n := h.minute(t, s); n != 1 {
			t.Errorf("got %d questions whether the session is there again, want 1 for all", n)
		}
		s.SignInIBKR("alex")
		h.now = h.now.Add(5 * time.Second)
		if again := h.begin(t, first); again != ids[0] {
			t.Errorf("got connection %s, want the old one renewed", again)
		}
		if n := h.minute(t, s); n != 1 {
			t.Errorf("got %d signs of life, want 1", n)
		}
	})
}

func TestSignsOfLifeAreNeverTwoAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		h.atTheGateway(t, "alex")
		h.begin(t, newUser(t, d))
		for range 3 {
			if err := d.Tx(t.Context(), func(tx *sql.Tx) error { return h.KeepAliveDue(t.Context(), tx, h.now) }); err != nil {
				t.Fatal(err)
			}
		}
		var n int
		if err := d.Read().QueryRowContext(t.Context(), "select count(*) from jobs where kind = 'keep_alive'").Scan(&n); err != nil || n != 1 {
			t.Errorf("got %d jobs, %v, want 1", n, err)
		}
	})
}
