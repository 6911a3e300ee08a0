package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// counts are calls and tokens by their kinds.
type counts map[string]int64

// within tells in what a count is above another.
func (c counts) within(most counts) error {
	for name, n := range c {
		if n > most[name] {
			return fmt.Errorf("%s: %d is more than %d, of %v and %v", name, n, most[name], c, most)
		}
	}
	return nil
}

// simulated is what the simulator counts so far.
func (s *server) simulated() counts {
	all := counts{}
	for _, a := range s.sim.Answers() {
		name := a.Provider
		if name == sim.ProviderClaude {
			name = "anthropic"
		}
		all[name] += int64(a.Count)
	}
	for _, m := range s.sim.Tokens() {
		all["input"], all["output"] = all["input"]+int64(m.Input), all["output"]+int64(m.Output)
		all["read"], all["written"] = all["read"]+int64(m.CacheRead), all["written"]+int64(m.CacheWrite)
	}
	return all
}

// used is what the server says, and how much may be missing.
func (s *server) used() (all counts, delay float64) {
	s.t.Helper()
	resp := s.send(http.MethodGet, "/analytics/usage?all=true&by=provider", "", "application/json")
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Data struct {
			DelaySeconds float64
			Total        struct {
				LanguageModel struct {
					Tokens struct{ InputTokens, OutputTokens, CacheReadTokens, CacheWriteTokens int64 }
				}
			}
			Groups []struct {
				Provider string
				Calls    int64
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("got %s, %v", resp.Status, err)
	}
	t := answer.Data.Total.LanguageModel.Tokens
	all = counts{"input": t.InputTokens, "output": t.OutputTokens, "read": t.CacheReadTokens, "written": t.CacheWriteTokens}
	for _, g := range answer.Data.Groups {
		all[g.Provider] = g.Calls
	}
	return all, answer.Data.DelaySeconds
}

// What was waited for until it was stored outlives a kill in the middle of more.
func TestOfUsageAKillTakesOnlyWhatWasNotStoredYet(t *testing.T) {
	t.Parallel()
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			s := startServer(t, engine)
			s.call(http.MethodPost, "/stocks/quotes", `{"symbols":["AAPL","MSFT"]}`)
			s.ask(s.newChat(), longQuestion).rest()
			before := s.simulated()
			eventually(t, "what was done is stored", func() error {
				stored, delay := s.used()
				if delay != 1 {
					t.Errorf("the answer says that %v seconds may be missing, want 1", delay)
				}
				return before.within(stored)
			})
			s.call(http.MethodPost, "/stocks/quotes", `{"symbols":["JPM","V","TSLA"]}`)
			heard := s.ask(s.newChat(), longQuestion)
			eventually(t, "some words", func() error {
				if len(heard.events()) < 3 {
					return fmt.Errorf("got %d events", len(heard.events()))
				}
				return nil
			})
			s.program.kill(t)
			heard.rest()
			all := s.simulated()
			s.boot()
			after, _ := s.used()
			if err := before.within(after); err != nil {
				t.Errorf("what was stored is gone: %v", err)
			}
			if err := after.within(s.simulated()); err != nil {
				t.Errorf("more is told than was done: %v", err)
			}
			t.Logf("stored before the kill: %v, done: %v, told after it: %v", before, all, after)
		})
	}
}
