package upstream

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/pace"
)

// paced is a pace in memory.
func paced(t *testing.T, windows ...pace.Window) Pace {
	t.Helper()
	keepers, err := pace.New(pace.Config{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := keepers.For(pace.Limits{Vendor: "Vendor", Key: "key", Windows: windows})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryAttemptWaitsForItsMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, v := talk(t, Config{Retries: 3, Pace: paced(t, pace.Window{Count: 1, Period: 5 * time.Second})}, says(http.StatusBadGateway))
		if _, err := call(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		v.wantCalls(t, 4, "with three retries")
		for i := range len(v.calls) - 1 {
			if between := v.calls[i+1].Sub(v.calls[i]); between < 5*time.Second {
				t.Errorf("got %s between two attempts, want 5s at least", between)
			}
		}
	})
}

func TestAMomentBeyondTheTimeoutIsRefusedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, v := talk(t, Config{Timeout: 5 * time.Second, Pace: paced(t, pace.Window{Count: 1, Period: time.Minute})}, says(http.StatusOK))
		if _, err := call(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err := call(t.Context(), c)
		wantLeftAlone(t, err, time.Minute+pace.DefaultMargin)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("the refusal took %s, want it at once", waited)
		}
		v.wantCalls(t, 1, "refused calls reach nobody")
	})
}

func TestOneClientsVendorThatHadEnoughIsLeftAloneByAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		order := paced(t, pace.Window{Count: 100, Period: time.Second})
		a, _ := talk(t, Config{Pace: order, SharedLimit: true}, says(http.StatusTooManyRequests))
		b, v := talk(t, Config{Pace: order, SharedLimit: true}, says(http.StatusOK))
		if _, err := call(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		_, err := call(t.Context(), b)
		wantLeftAlone(t, err, defaultQuiet)
		time.Sleep(defaultQuiet)
		if _, err := call(t.Context(), b); err != nil {
			t.Errorf("got %v when the minute is over", err)
		}
		b.LeaveAlone(t.Context(), time.Hour) // in words that only an adapter understands
		for _, c := range []*Client{a, b} {
			_, err := call(t.Context(), c)
			wantLeftAlone(t, err, maxQuiet)
		}
		if _, err := call(t.Context(), b); !fault.Is(err, fault.UpstreamDown) {
			t.Errorf("got %v, want %s", err, fault.UpstreamDown)
		}
		v.wantCalls(t, 1, "while it is left alone")
	})
}
