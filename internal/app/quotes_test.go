package app_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// quote is the part of a quote that these tests compare.
type quote struct {
	Symbol, Currency, Source string
	Price                    float64
	Timestamp, FetchedAt     time.Time
	Stale                    bool
}

func (p *person) quotes(symbols ...string) ([]quote, meta) {
	p.t.Helper()
	return dataMeta[[]quote](p.post("/stocks/quotes", map[string]any{"symbols": symbols}).status(http.StatusOK))
}

// quotesAsked is how often Yahoo was asked for quotes.
func (s *site) quotesAsked() int { return len(s.tape.requests("/yahoo/v7/finance/quote")) }

// waitKept waits until the database has the quotes of so many symbols.
func (s *site) waitKept(n int) {
	s.t.Helper()
	eventually(s.t, "quotes in the database", func() error {
		if len(s.query("select key from stock_quote_cache where kind = 'quote'")) != n {
			return errNotYet
		}
		return nil
	})
}

func TestAServerThatStartsWhileEverythingIsDownKnowsTheQuotesThatWereKnown(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		before, _ := p.quotes("AAPL", "NVDA", "BRK-B", "NOSUCH")
		s.waitKept(4)
		for _, provider := range []string{sim.ProviderYahoo, sim.ProviderAlpaca, sim.ProviderClaude} {
			s.sim.Faults.Set(provider, sim.Fault{Kind: sim.FaultServerError, Status: http.StatusServiceUnavailable})
		}
		s.clock.Advance(time.Hour)
		p.login()
		anew := p.at(s.replica(t))
		for range 2 {
			after, told := anew.quotes("AAPL", "NVDA", "BRK-B", "MSFT")
			for i := range before {
				before[i].Stale = true
			}
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("quotes (-before +after):\n%s", diff)
			}
			text := strings.Join(told.Warnings, "\n")
			if strings.Count(text, "is 1h0m0s old: its source cannot be reached") != 3 || !strings.Contains(text, "No source can answer right now for MSFT.") {
				t.Errorf("got the warnings %q", text)
			}
		}
		anew.get("/stocks/quote/MSFT").fails(http.StatusServiceUnavailable, "upstream_unavailable")
		s.sim.Faults.Clear(sim.ProviderYahoo)
		well := p.at(s.replica(t)) // the others leave Yahoo alone for half a minute
		eventually(t, "the new quote", func() error {
			if got, _ := well.quotes("AAPL"); got[0].Stale {
				return errNotYet
			}
			return nil
		})
	})
}

func TestAServerThatStartsAsksForNothingThatIsFresh(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		before, _ := p.quotes("AAPL", "NOSUCH")
		s.waitKept(2)
		asked := s.quotesAsked()
		s.clock.Advance(59 * time.Second)
		after, told := p.at(s.replica(t)).quotes("AAPL", "NOSUCH")
		if diff := cmp.Diff(before, after); diff != "" || len(told.Warnings) > 0 || len(told.Unknown) != 1 || s.quotesAsked() != asked {
			t.Errorf("got %+v and %d more calls; quotes (-before +after):\n%s", told, s.quotesAsked()-asked, diff)
		}
	})
}

func TestTwoServersMakeOneCallForWhatEitherHasFetched(t *testing.T) {
	for name, redis := range map[string]bool{"database": false, "Redis": true} {
		t.Run(name, func(t *testing.T) {
			onEngines(t, setup{}, func(t *testing.T, s *site) {
				p := s.register("ada")
				if redis {
					s.environ = append(s.environ, "JASPERS_REDIS_URL="+startRedis(t).url)
				}
				both := []*person{p.at(s.replica(t)), p.at(s.replica(t))}
				judged := 0
				for round := 0; round < 10 && judged < 3; round++ {
					lost, found := s.outages()
					calls, other := s.quotesTogether(both[round%2], both[1-round%2], redis)
					if now, _ := s.outages(); redis && (lost != found || now != lost) {
						continue // on a busy machine Redis may be late, and then nobody has what is gone from the database, too
					}
					judged++
					if calls != 1 || other[0].Stale || !other[0].FetchedAt.Equal(s.clock.Now()) {
						t.Errorf("got %d calls for 51 requests at two servers, want 1, and %+v", calls, other)
					}
				}
				if judged == 0 {
					t.Error("Redis was late each time")
				}
			}, db.Postgres)
		})
	}
}

// quotesTogether has many people ask one server for quotes a minute later, and one the other. It tells how often Yahoo was
// asked, and what the other server said.
func (s *site) quotesTogether(one, other *person, redis bool) (calls int, said []quote) {
	s.t.Helper()
	s.clock.Advance(time.Minute)
	asked := s.quotesAsked()
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { one.quotes("AAPL", "NVDA") })
	}
	all.Wait()
	eventually(s.t, "the quotes of this minute", func() error { return s.written(redis) })
	said, _ = other.quotes("AAPL", "NVDA")
	return s.quotesAsked() - asked, said
}

// written tells whether the database has this minute's quotes. With Redis, which is written before, they are then taken
// from the database, so that nobody finds them there.
func (s *site) written(redis bool) error {
	at := db.Time(s.clock.Now())
	if len(s.query("select key from stock_quote_cache where fetched_at = $1", at)) != 2 {
		return errNotYet
	}
	if !redis {
		return nil
	}
	deleted := s.query("delete from stock_quote_cache where fetched_at = $1 returning key", at)
	if len(deleted) != 2 {
		return errors.New("they are not there any more")
	}
	return nil
}
