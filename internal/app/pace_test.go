package app_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/market/finnhub"
	"github.com/jaspers-ai/jaspers/internal/pace"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// yahooPerSecond is what Yahoo lets an address ask.
const yahooPerSecond = 2

// paced are the settings of a server that keeps to what its vendors allow.
var paced = []string{"JASPERS_YAHOO_RATE=2", "JASPERS_FINNHUB_API_KEY=" + finnhubKey, "JASPERS_EDGAR_RATE=8"}

// edgarPerSecond is what the SEC lets an address ask, and leastOfEDGAR how often it is asked at least here.
const (
	edgarPerSecond = 10
	leastOfEDGAR   = 40
)

func TestThreeReplicasTogetherExceedNoLimitOfAVendor(t *testing.T) {
	t.Parallel()
	for name, shared := range map[string]func(t *testing.T) []string{
		"through PostgreSQL": func(*testing.T) []string { return nil },
		"through Redis":      func(t *testing.T) []string { return []string{"JASPERS_REDIS_URL=" + startRedis(t).url} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSite(t, db.Postgres, setup{settings: append(shared(t), paced...), strict: true})
			ada := s.register("ada")
			replicas := []*person{ada, ada.at(s.replica(t)), ada.at(s.replica(t))}
			held := heldUp(t)
			var both sync.WaitGroup
			both.Go(func() { hammer(t, replicas...) })
			both.Go(func() { browse(t, s, replicas...) })
			both.Wait()
			judge := t.Errorf
			if by := held(); by > pace.DefaultMargin/2 { // and what left in time arrived late, perhaps together
				t.Logf("this machine held a goroutine up for %s: what arrives here says little of when it left", by)
				judge = t.Logf
			}
			edgar, asked := s.sim.EDGARTraffic(), s.sim.Traffic(sim.ProviderEDGAR).Requests
			t.Logf("%+v of %d", edgar, asked)
			if edgar.Peak > edgarPerSecond || edgar.Bans != 0 || edgar.Turned != 0 {
				judge("got %+v of %d, want no more than %d in a second, and nobody shut out", edgar, asked, edgarPerSecond)
			}
			yahoo, hub := s.sim.Traffic(sim.ProviderYahoo), s.sim.Traffic(sim.ProviderFinnhub)
			t.Logf("%+v, %+v", yahoo, hub)
			if yahoo.MostInASecond > yahooPerSecond {
				judge("got %+v, want no more than %d in a second", yahoo, yahooPerSecond)
			}
			if hub.MostInASecond > finnhub.PerSecond || hub.MostInAMinute > finnhub.PerMinute || s.sim.FinnhubRefused() != 0 {
				judge("got %+v, want no more than %d in a second and %d in a minute, and none refused", hub, finnhub.PerSecond, finnhub.PerMinute)
			}
			if asked < leastOfEDGAR || yahoo.Requests < 10 || hub.Requests < 20 {
				t.Errorf("got %d, %d and %d requests, want many", asked, yahoo.Requests, hub.Requests)
			}
			if hub.Requests < 40 { // whoever waits too long for their turn gives up
				judge("got %d requests to Finnhub, want most of 48", hub.Requests)
			}
		})
	}
}

// heldUp watches how promptly goroutines run. What it gives tells the longest that one was held up since, and ends it.
func heldUp(t *testing.T) func() time.Duration {
	t.Helper()
	const every = 5 * time.Millisecond
	end, longest := make(chan struct{}), make(chan time.Duration)
	go func() {
		var most time.Duration
		for {
			began := time.Now()
			select {
			case <-end:
				longest <- most
				return
			case <-time.After(every):
				most = max(most, time.Since(began)-every)
			}
		}
	}()
	return func() time.Duration {
		close(end)
		return <-longest
	}
}

// hammer asks each replica for many quotes at once. Yahoo is asked for each batch, and knows two of its symbols; Finnhub
// is asked for the others, one by one.
func hammer(t *testing.T, replicas ...*person) {
	t.Helper()
	var all sync.WaitGroup
	for i, replica := range replicas {
		for j := range 6 {
			all.Go(func() {
				symbols := []string{"AAPL", "MSFT"}
				for k := range 5 {
					symbols = append(symbols, fmt.Sprintf("ZZ%c%c%c", 'A'+i, 'A'+j, 'A'+k))
				}
				got := replica.post("/stocks/quotes", map[string]any{"symbols": symbols})
				if got.Status != http.StatusOK && got.Status != http.StatusServiceUnavailable && got.Status != http.StatusGatewayTimeout {
					t.Errorf("got %v, want quotes, or that their sources are busy", got)
				}
			})
		}
	}
	all.Wait()
}

// browse has each replica list, find and read filings of its own, several at once.
func browse(t *testing.T, s *site, replicas ...*person) {
	t.Helper()
	const atOnce = 4
	companies := s.sim.World.Filings().Companies()
	var all sync.WaitGroup
	for i, replica := range replicas {
		for j := range atOnce {
			all.Go(func() {
				c := companies[i*atOnce+j]
				paths := []string{fmt.Sprintf("/edgar/filings/%d?limit=5", c.CIK), fmt.Sprintf("/edgar/search?q=risk&symbol=%d", c.CIK)}
				for _, f := range c.Until(s.clock.Now()) {
					if f.Form == "10-Q" && len(paths) < 5 {
						paths = append(paths, fmt.Sprintf("/edgar/filing/%s?company=%d&section=I.2", f.Accession, c.CIK))
					}
				}
				for _, path := range paths {
					got := replica.get(path)
					if got.Status != http.StatusOK && got.Status != http.StatusServiceUnavailable && got.Status != http.StatusGatewayTimeout {
						t.Errorf("%s: got %v, want what was filed, or that the SEC is busy", path, got)
					}
				}
			})
		}
	}
	all.Wait()
}

func TestFinnhubAloneHasThePricesOfNewYork(t *testing.T) {
	oneEngine(t, setup{settings: []string{"JASPERS_YAHOO_ENABLED=false", "JASPERS_FINNHUB_API_KEY=" + finnhubKey}}, func(t *testing.T, s *site) {
		p := s.register("ada")
		quotes, m := dataMeta[[]struct {
			Symbol, Currency, Source string
			Price                    float64
		}](p.post("/stocks/quotes", map[string]any{"symbols": []string{"AAPL", "BRK.B", "VOD.L"}}).status(http.StatusOK))
		truth, _ := s.sim.World.Quote("AAPL")
		if len(quotes) != 2 || quotes[0].Source != "finnhub" || quotes[0].Currency != "USD" || quotes[0].Price != truth.Price.InexactFloat64() {
			t.Errorf("got %+v (%+v), want AAPL at %s and BRK.B", quotes, m, truth.Price)
		}
		if yahoo := s.sim.Traffic(sim.ProviderYahoo); yahoo.Requests != 0 {
			t.Errorf("got %+v, want Yahoo not asked", yahoo)
		}
	})
}

func TestFinnhubStandsInForAYahooThatIsDown(t *testing.T) {
	oneEngine(t, setup{settings: []string{"JASPERS_FINNHUB_API_KEY=" + finnhubKey}}, func(t *testing.T, s *site) {
		s.sim.Faults.Set(sim.ProviderYahoo, sim.Fault{Kind: sim.FaultServerError})
		p := s.register("ada")
		quote := data[struct{ Symbol, Source string }](p.get("/stocks/quote/AAPL").status(http.StatusOK))
		if quote.Source != "finnhub" {
			t.Errorf("got %+v, want Finnhub's quote", quote)
		}
	})
}
