package app_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

// shownSync is a sync as its owner sees it.
type shownSync struct {
	ID, State   string
	CreatedAt   time.Time
	FinishedAt  *time.Time
	Connections []struct {
		ConnectionID, Provider, ProviderName, State string
		Error                                       *struct{ Code, Message string }
		StartedAt, FinishedAt                       *time.Time
		Positions, Transactions                     *int
	}
}

// ask has everything read and gives the sync's id.
func (p *person) askSync() string {
	p.t.Helper()
	return data[struct{ SyncID string }](p.post("/portfolio/sync", nil).status(http.StatusAccepted)).SyncID
}

// newSync has everything read and waits for that.
func (p *person) newSync() string {
	p.t.Helper()
	id := p.askSync()
	p.followed(id)
	p.waitIdle()
	return id
}

// followed waits until a sync is over.
func (p *person) followed(id string) shownSync {
	p.t.Helper()
	var s shownSync
	eventually(p.t, "the sync", func() error {
		s = data[shownSync](p.get("/portfolio/syncs/" + id).status(http.StatusOK))
		if s.FinishedAt == nil {
			return fmt.Errorf("it is %+v", s)
		}
		return nil
	})
	return s
}

func TestASyncIsFollowedToItsEnd(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		if none := p.followed(p.askSync()); none.State != "done" || len(none.Connections) != 0 {
			t.Errorf("got %+v without connections, want it done", none)
		}
		c, other := p.connect("alex"), p.connect("blair")
		s.clock.Advance(time.Minute)
		done := p.followed(p.newSync())
		if done.State != "done" || len(done.Connections) != 2 {
			t.Fatalf("got %+v, want both read", done)
		}
		want := len(s.sim.World.Positions("alex", sim.Live))
		if l := done.Connections[0]; l.ConnectionID != c.ID || l.ProviderName != "Alpaca" || l.State != "done" || l.Error != nil ||
			l.StartedAt == nil || !l.StartedAt.Equal(s.clock.Now()) || l.Positions == nil || *l.Positions != want {
			t.Errorf("got %+v, want %d positions of Alpaca read", l, want)
		}

		s.sim.RevokeTokens("blair")
		one := data[struct{ SyncID string }](p.post("/brokerages/connections/"+other.ID+"/sync", nil).status(http.StatusAccepted)).SyncID
		if got := p.followed(one); got.State != "failed" || got.Connections[0].Error.Code != "reauthorization_required" {
			t.Errorf("got %+v, want it failed for its owner to see", got)
		}
		p.waitIdle()
		partial := p.followed(p.newSync())
		if partial.State != "partial" || partial.Connections[0].State != "done" || partial.Connections[1].State != "failed" ||
			partial.Connections[1].Error.Code != "reauthorization_required" {
			t.Errorf("got %+v, want it partial", partial)
		}
		_, told := dataMeta[[]holding](p.get("/portfolio/holdings"))
		if !slices.ContainsFunc(told.Warnings, func(w string) bool { return strings.Contains(w, "connect Alpaca again") }) {
			t.Errorf("got the warnings %v, want the owner asked", told.Warnings)
		}

		var all []string
		for cursor := ""; ; {
			page, more := dataMeta[[]shownSync](p.get("/portfolio/syncs?limit=2" + cursor).status(http.StatusOK))
			for _, one := range page {
				all = append(all, one.ID)
			}
			if more.NextCursor == "" {
				break
			}
			cursor = "&cursor=" + more.NextCursor
		}
		if len(all) != 4 || all[0] != partial.ID || all[1] != one || all[2] != done.ID {
			t.Errorf("got the syncs %v, want four, the newest first", all)
		}
		p.get("/portfolio/syncs?cursor=x").fails(http.StatusUnprocessableEntity, "validation_failed")
		s.register("bob").get("/portfolio/syncs/"+one).fails(http.StatusNotFound, "not_found")
	})
}

func TestASyncThatIsTriedAgainSaysSoMeanwhile(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		p.connect("alex")
		s.sim.Faults.Set(sim.ProviderAlpaca, sim.Fault{Kind: sim.FaultGarbage})
		id := p.askSync()
		eventually(t, "the first try", func() error {
			got := data[shownSync](p.get("/portfolio/syncs/" + id))
			if l := got.Connections[0]; l.State != "queued" || l.Error == nil || l.Error.Code != "upstream_failed" || got.FinishedAt != nil {
				return fmt.Errorf("got %+v", got)
			}
			return nil
		})
		s.waitIdle()
		s.sim.Faults.Clear(sim.ProviderAlpaca)
		s.clock.Advance(10 * time.Second)
		if got := p.followed(id); got.State != "done" || got.Connections[0].Error != nil {
			t.Errorf("got %+v, want it healed by itself", got)
		}
	})
}
