package alpaca

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

func TestNoAccountIsAskedMoreThanTwoHundredTimesInAnyMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, account := &pace{now: time.Now}, accountOf(broker.Credentials{KeyID: "a"})
		var left []time.Time
		for range 1000 {
			if err := p.wait(t.Context(), account); err != nil {
				t.Fatal(err)
			}
			left = append(left, time.Now())
		}
		for i := 200; i < len(left); i++ {
			if span := left[i].Sub(left[i-200]); span < time.Minute {
				t.Fatalf("got 201 requests within %s", span)
			}
		}
		if took := left[999].Sub(left[0]); took > 7*time.Minute {
			t.Errorf("got 1000 requests in %s, want about six minutes", took)
		}
	})
}

func TestAccountsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, began := &pace{now: time.Now}, time.Now()
		for i := range 10_000 {
			account := accountOf(broker.Credentials{AccessToken: fmt.Sprint(i)})
			for range 4 {
				if err := p.wait(t.Context(), account); err != nil {
					t.Fatal(err)
				}
			}
		}
		if !time.Now().Equal(began) {
			t.Errorf("got 10,000 accounts after %s, want at once", time.Since(began))
		}
		for i := range 30_000 {
			time.Sleep(time.Second)
			_ = p.wait(t.Context(), accountOf(broker.Credentials{KeyID: fmt.Sprint(i)}))
		}
		if len(p.turns) > 2*keptTurns {
			t.Errorf("got %d accounts remembered, want those that asked of late", len(p.turns))
		}
	})
}

func TestWhatAlpacaSaysOfItsMinuteIsHeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, account := &pace{now: time.Now}, accountOf(broker.Credentials{KeyID: "a"})
		reset := time.Now().Add(30 * time.Second)
		p.heed(account, http.Header{"X-Ratelimit-Remaining": {"1"}})
		p.heed(account, http.Header{})
		began := time.Now()
		if err := p.wait(t.Context(), account); err != nil || !time.Now().Equal(began) {
			t.Errorf("got %v after %s, want no wait while some remain", err, time.Since(began))
		}
		p.heed(account, http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {strconv.FormatInt(reset.Unix(), 10)}})
		if err := p.wait(t.Context(), account); err != nil || time.Now().Before(reset) || time.Since(reset) > time.Second {
			t.Errorf("got %v after %s, want the end of the minute", err, time.Since(began))
		}
		p.heed(account, http.Header{"X-Ratelimit-Remaining": {"0"}})
		soon, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.wait(soon, account); !fault.Is(err, fault.UpstreamDown) || fault.From(err).RetryAfter == 0 {
			t.Errorf("got %v, want an error at once where the deadline comes first", err)
		}
		p.refused(account, 7*time.Second)
		if err := p.wait(t.Context(), account); fault.From(err).RetryAfter != 7*time.Second {
			t.Errorf("got %v, want to be told of seven seconds", err)
		}
		if err := p.wait(t.Context(), accountOf(broker.Credentials{KeyID: "b"})); err != nil {
			t.Errorf("got %v of another account", err)
		}
	})
}
