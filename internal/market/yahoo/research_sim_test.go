package yahoo_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/market/markettest"
	"github.com/jaspers-ai/jaspers/internal/market/yahoo"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// vendor is Yahoo as the suites need it.
func vendor() markettest.Vendor {
	return markettest.Vendor{
		Open: func(t *testing.T) market.Source {
			_, source, _ := simulated(t)
			return source
		},
		At:      at,
		Known:   []string{"BRK.B", "SPY", "VFIAX", "VOD.L", "BTC-USD", "^GSPC", "EURUSD=X", "HLTD"},
		Company: "AAPL", Query: "apple", Now: now,
		Prelude: session,
	}
}

// at is a source that has everything at one origin.
func at(t *testing.T, origin string, timeout time.Duration) market.Source {
	t.Helper()
	client, err := upstream.New(upstream.Config{
		Provider: "Yahoo", Origins: []string{origin}, AllowPrivate: true, Retries: 1, SharedLimit: true, Timeout: timeout,
		UserAgent: yahoo.UserAgent, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	return yahoo.New(yahoo.HostsAt(origin), client, func() time.Time { return now })
}

// session answers who wants one, and nobody else.
func session(w http.ResponseWriter, r *http.Request) bool {
	switch r.URL.Path {
	case "/":
		w.Header().Set("Set-Cookie", "A3=d=anonymous&S=x; Path=/")
		w.WriteHeader(http.StatusNotFound)
	case "/v1/test/getcrumb":
		w.Header().Set("Content-Type", "text/plain;charset=utf-8")
		_, _ = io.WriteString(w, "ab.c/dEf1gh")
	default:
		return false
	}
	return true
}

func TestTheSimulatedYahooKnowsCompanies(t *testing.T) { markettest.RunResearch(t, vendor()) }

func TestWhateverGoesWrongAtYahooIsTyped(t *testing.T) { markettest.RunFaults(t, vendor()) }

func TestWithoutASessionNothingOfYahooGoesUnnoticed(t *testing.T) {
	v := vendor()
	v.Prelude = nil
	markettest.RunFaults(t, v)
}
