package syncs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/syncs"
)

// asked is how often the gateway was, for what has the path.
func asked(s *sim.Sim, path string) (n int) {
	for _, r := range s.Requests() {
		if r.Provider == sim.ProviderIBKR && strings.Contains(r.Path, path) {
			n += r.Count
		}
	}
	return n
}

// belongings is everything that is stored of accounts.
func belongings(t *testing.T, d *db.DB) []string {
	t.Helper()
	rows, err := d.Read().QueryContext(t.Context(), `select 'account ' || external_id || coalesce(cast(missing_since as text), '') from brokerage_accounts
		union all select 'position ' || symbol || cast(quantity as text) from portfolio_holdings
		union all select 'transaction ' || external_id from transactions order by 1`)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (s string, err error) { return s, scan(&s) })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (h *house) connection(t *testing.T, userID, id string) connection.Connection {
	t.Helper()
	c, err := h.Connections.Get(t.Context(), userID, id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnotherPersonAtTheGatewayTakesNothingOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		s := h.atTheGateway(t, "alex")
		user := newUser(t, d)
		id := h.begin(t, user)
		h.sync(t, id)
		before := belongings(t, d)
		if len(before) < 20 {
			t.Fatalf("got %q, want positions and transactions", before)
		}

		s.SignInIBKR("blair") // who has accounts of the same environment
		h.now = h.now.Add(15 * time.Minute)
		s.SignInIBKR("blair")
		wantKind(t, h.Sync(t.Context(), syncs.SyncConnection{ConnectionID: id}), fault.ReauthorizationRequired)
		same(t, "what is stored", before, belongings(t, d))
		c := h.connection(t, user, id)
		if c.Status != connection.ReauthorizationRequired || !strings.Contains(c.Error.Message, "another account is signed in") {
			t.Errorf("got %+v, %+v, want its owner told who is signed in", c, c.Error)
		}

		// Blair's session is alive, and is nobody's who is connected.
		clearJobs(t, d)
		for range 3 {
			h.minute(t, s)
		}
		same(t, "jobs", []string{}, openJobs(t, d))
		if c := h.connection(t, user, id); c.Status != connection.ReauthorizationRequired {
			t.Errorf("got %s, want it to need its owner still", c.Status)
		}

		// Blair can connect as such beside it.
		other := h.begin(t, newUser(t, d))
		h.sync(t, other)
		if n := count(t, d, "brokerage_accounts"); n != 3 {
			t.Errorf("got %d accounts, want those of both", n)
		}

		s.SignInIBKR("alex")
		h.minute(t, s)
		h.sync(t, id)
		if c := h.connection(t, user, id); c.Status != connection.Active || c.Error != nil {
			t.Errorf("got %+v, want it healed", c)
		}
	})
}

func TestAGatewayThatIsSignedInAgainIsReadByItself(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		s := h.atTheGateway(t, "alex")
		first, second := newUser(t, d), newUser(t, d)
		var told []string
		h.Connections.OnReauthorizationRequired = func(_ context.Context, _ db.Querier, c connection.Refused) error {
			told = append(told, c.ProviderName+" "+c.UserID+" "+c.ID)
			return nil
		}
		ids := []string{h.begin(t, first), h.begin(t, second)}
		h.sync(t, ids[0])
		h.sync(t, ids[1])
		h.minute(t, s)
		s.SignInIBKR("") // the end of the gateway's day
		h.minute(t, s)
		if c := h.connection(t, first, ids[0]); c.Status != connection.ReauthorizationRequired {
			t.Fatalf("got %s, want it to need its owner", c.Status)
		}
		clearJobs(t, d)

		before, at := asked(s, ""), h.connection(t, first, ids[0]).Error.At
		for range 60 {
			h.minute(t, s)
		}
		if n := asked(s, "") - before; n != 60 {
			t.Errorf("got %d requests in an hour without a session, want one a minute for both connections", n)
		}
		if c := h.connection(t, first, ids[0]); !c.Error.At.Equal(at) {
			t.Errorf("got a problem of %s, want that of %s", c.Error.At, at)
		}
		same(t, "jobs", []string{}, openJobs(t, d))
		same(t, "told", []string{"Interactive Brokers " + first + " " + ids[0], "Interactive Brokers " + second + " " + ids[1]}, told)

		s.SignInIBKR("alex")
		before = asked(s, "/portfolio/accounts")
		h.minute(t, s)
		h.minute(t, s) // nobody came to the jobs yet
		if n := asked(s, "/portfolio/accounts") - before; n != 2 {
			t.Errorf("asked for the accounts %d times in two minutes, want once in each for both", n)
		}
		same(t, "jobs", []string{`{"connectionId":"` + ids[0] + `"}`, `{"connectionId":"` + ids[1] + `"}`}, openJobs(t, d))
		for i, user := range []string{first, second} {
			h.sync(t, ids[i])
			if c := h.connection(t, user, ids[i]); c.Status != connection.Active || c.Error != nil {
				t.Errorf("got %+v, want it healed by itself", c)
			}
		}
		clearJobs(t, d)
		h.minute(t, s)
		same(t, "jobs once all is well", []string{}, openJobs(t, d))
		s.SignInIBKR("") // the next day's end is told again
		h.minute(t, s)
		if len(told) != 4 {
			t.Errorf("got %q, want both told once more", told)
		}
	})
}
