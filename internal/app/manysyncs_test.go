package app_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// multiply gives n new people a connection each, which opens the account of one that is there with a token of its own:
// Alpaca counts what is asked with each. Nothing of them was read.
func (s *site) multiply(c link, customer string, n int) {
	s.t.Helper()
	l, err := s.app.Connections.Link(s.t.Context(), c.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	_, creds, err := s.app.Connections.Open(l)
	if err != nil {
		s.t.Fatal(err)
	}
	err = s.db.Tx(s.t.Context(), func(tx *sql.Tx) error {
		for range n {
			user, id, now := db.NewID(), db.NewID(), db.Time(s.clock.Now())
			creds.AccessToken = s.sim.NewToken(customer, sim.Live)
			plain, err := json.Marshal(creds)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(s.t.Context(), "insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, '', $3, $3)",
				user, user+"@example.com", now); err != nil {
				return err
			}
			if _, err := tx.ExecContext(s.t.Context(), `insert into brokerage_connections
				(id, user_id, provider, environment, status, credentials, created_at, updated_at) values ($1, $2, 'alpaca', 'live', 'active', $3, $4, $4)`,
				id, user, s.app.Connections.Keys.Seal(plain, placeOf(id, user)), now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestAHundredConnectionsOfOneSlotAreReadOnceAndAFewAtATime(t *testing.T) {
	const atOnce = 7
	eachEngineWith(t, setup{settings: []string{fmt.Sprintf("JASPERS_SYNC_CONCURRENCY=%d", atOnce)}}, func(t *testing.T, s *site) {
		const people = 100
		p := s.register("ada")
		s.multiply(p.connect("alex"), "alex", people-1)
		before := len(s.tape.requests("/alpaca/live"))
		s.sim.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: sim.FaultLatency, Delay: 20 * time.Millisecond})
		s.clock.Advance(15 * time.Minute) // the next slot
		most := 0
		eventually(t, "all of them", func() error {
			running := s.query("select count(*) from jobs where kind = 'sync_connection' and state = 'running'")
			if n := number(running[0][0]); n > most {
				most = n
			}
			read := s.query("select count(*) from brokerage_connections where status = 'active' and last_sync_at = $1", db.Time(s.clock.Now()))
			if got := number(read[0][0]); got != people {
				return fmt.Errorf("%d were read", got)
			}
			return nil
		})
		s.waitIdle()
		if most > atOnce || most < 2 {
			t.Errorf("got %d running at once, want several, and %d at most", most, atOnce)
		}
		jobs := s.texts("select unique_key from jobs where kind = 'sync_connection' and created_at = $1", db.Time(s.clock.Now()))
		if slices.Sort(jobs); len(jobs) != people || len(slices.Compact(jobs)) != people {
			t.Errorf("got %d jobs in the slot, want one for each connection", len(jobs))
		}
		asked := map[string]int{} // by the token that opens the account
		for _, r := range s.tape.requests("/alpaca/live")[before:] {
			asked[r.header.Get("Authorization")]++
		}
		fewest, many := slices.Min(slices.Collect(maps.Values(asked))), slices.Max(slices.Collect(maps.Values(asked)))
		if len(asked) != people || many > 10 || many-fewest > 1 { // of one the past is known
			t.Errorf("got %d to %d requests for each of %d connections, want as many for each, and few", fewest, many, len(asked))
		}
	})
}

func number(text string) (n int) {
	_, _ = fmt.Sscan(text, &n)
	return n
}
