package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// monday is a moment in the middle of a session: eleven o'clock in New York.
var monday = time.Date(2026, time.November, 23, 16, 0, 0, 0, time.UTC)

// worldAt is a world whose clock stands, and the clock to move it.
func worldAt(t time.Time) (*World, *Clock) {
	clock := NewClock(func() time.Time { return t })
	return New(1, clock.Now), clock
}

// serve runs a whole simulator whose clock stands at monday.
func serve(t *testing.T) (*Sim, *httptest.Server) {
	t.Helper()
	world, clock := worldAt(monday)
	s := NewSim(world)
	s.Clock = clock
	s.Alpaca = AlpacaApp{"app", "app-secret", []string{"http://127.0.0.1:8080/callback", "http://127.0.0.1:8080/other?a=b"}}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, server
}

// newRequest is a request with a browser's name and the given headers, name and value in turn.
func newRequest(t *testing.T, method, url, body string, headers ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (test)")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return req
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// equal compares two decimals by value.
func equal(t *testing.T, what string, got, want decimal.Decimal) {
	t.Helper()
	if !got.Equal(want) {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func quoteOf(t *testing.T, w *World, symbol string) Quote {
	t.Helper()
	q, ok := w.Quote(symbol)
	if !ok {
		t.Fatalf("no quote of %s", symbol)
	}
	return q
}

func positionOf(t *testing.T, w *World, customer, env, symbol string) Position {
	t.Helper()
	for _, p := range w.Positions(customer, env) {
		if p.Instrument.Symbol == symbol {
			return p
		}
	}
	t.Fatalf("%s has no %s in %s", customer, symbol, env)
	return Position{}
}

func day(text string) calendar.Day { return mustDay(text) }

// fetched is an answer read to its end.
type fetched struct {
	status int
	header http.Header
	body   string
}

// fetch sends a request without following redirects.
func fetch(t *testing.T, req *http.Request) fetched {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fetched{resp.StatusCode, resp.Header, string(body)}
}

// decoded reads an answer's JSON with its numbers as they were written.
func decoded[T any](t *testing.T, f fetched) T {
	t.Helper()
	var value T
	decoder := json.NewDecoder(strings.NewReader(f.body))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%v in %q", err, f.body)
	}
	return value
}
