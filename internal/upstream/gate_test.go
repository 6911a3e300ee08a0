package upstream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// vendor is the other side of a client whose time is the bubble's. Its answers are taken in order; the last one stays.
type vendor struct {
	mu      sync.Mutex
	answers []func(*http.Request) (*http.Response, error)
	calls   []time.Time
}

func (v *vendor) RoundTrip(r *http.Request) (*http.Response, error) {
	v.mu.Lock()
	v.calls = append(v.calls, time.Now())
	answer := v.answers[0]
	if len(v.answers) > 1 {
		v.answers = v.answers[1:]
	}
	v.mu.Unlock()
	return answer(r)
}

// say changes what it answers from now on.
func (v *vendor) say(answers ...func(*http.Request) (*http.Response, error)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answers = answers
}

func (v *vendor) wantCalls(t *testing.T, want int, when string) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.calls) != want {
		t.Errorf("%s: got %d calls, want %d", when, len(v.calls), want)
	}
}

// says answers with a status and header lines such as "Retry-After: 7".
func says(status int, lines ...string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		header := http.Header{}
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ": ")
			header.Set(name, value)
		}
		return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader("text"))}, nil
	}
}

// takes answers well after a while, unless the caller leaves before.
func takes(d time.Duration) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(d):
			return says(http.StatusOK)(r)
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

func talk(t *testing.T, cfg Config, answers ...func(*http.Request) (*http.Response, error)) (*Client, *vendor) {
	t.Helper()
	cfg.Provider, cfg.Origins, cfg.Now = "Vendor", []string{"https://vendor.example", "https://paper.vendor.example"}, time.Now
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	v := &vendor{answers: answers}
	c.http.Transport = c.transport(v)
	return c, v
}

func call(ctx context.Context, c *Client) (*Answer, error) {
	return c.Do(ctx, Request{Method: http.MethodGet, URL: "https://vendor.example/thing"})
}

func wantLeftAlone(t *testing.T, err error, want time.Duration) {
	t.Helper()
	if f := fault.From(err); err == nil || f.Kind != fault.UpstreamDown || f.RetryAfter != want {
		t.Errorf("got %v, want %s with a retry after %s", err, fault.UpstreamDown, want)
	}
}

func TestARetryAfterIsWaitedForToTheInstant(t *testing.T) {
	for _, seconds := range []int{1, 2, 3} {
		synctest.Test(t, func(t *testing.T) {
			for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
				c, v := talk(t, Config{}, says(status, fmt.Sprint("Retry-After: ", seconds)), says(http.StatusOK))
				if answer, err := call(t.Context(), c); err != nil || !answer.OK() {
					t.Fatalf("got %v, %v", answer, err)
				}
				if got, want := v.calls[1].Sub(v.calls[0]), time.Duration(seconds)*time.Second; got != want {
					t.Errorf("%d: tried again after %s, want %s", status, got, want)
				}
			}
		})
	}
}

func TestWaitsWithoutARetryAfterGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, v := talk(t, Config{Retries: 4}, says(http.StatusBadGateway))
		if _, err := call(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		for i, middle := range []time.Duration{200, 400, 800, 1600} {
			middle *= time.Millisecond
			if got := v.calls[i+1].Sub(v.calls[i]); got < middle*3/4 || got > middle*5/4 {
				t.Errorf("wait %d: got %s, want about %s", i, got, middle)
			}
		}
	})
}

func TestAfterA429OfASharedLimitNobodyCallsBeforeItIsOver(t *testing.T) {
	for name, tc := range map[string]struct {
		lines []string
		quiet time.Duration
	}{
		"as long as it says":          {[]string{"Retry-After: 7"}, 7 * time.Second},
		"a minute when it is silent":  {nil, time.Minute},
		"a quarter hour at the most":  {[]string{"Retry-After: 31536000"}, 15 * time.Minute},
		"longer than numbers can say": {[]string{"Retry-After: " + strings.Repeat("9", 30)}, 15 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, v := talk(t, Config{SharedLimit: true, Rate: 0.1}, says(http.StatusTooManyRequests, tc.lines...), says(http.StatusOK))
				answer, err := call(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				wantLeftAlone(t, answer.Fault("the thing"), tc.quiet)
				time.Sleep(tc.quiet - time.Second)
				start := time.Now()
				_, err = call(t.Context(), c)
				wantLeftAlone(t, err, time.Second)
				if !errors.Is(err, ErrUnasked) {
					t.Errorf("got %v, want to know that nothing was asked", err)
				}
				if waited := time.Since(start); waited != 0 {
					t.Errorf("the refusal took %s, want it at once", waited)
				}
				v.wantCalls(t, 1, "before it is over")
				time.Sleep(time.Second)
				if answer, err := call(t.Context(), c); err != nil || !answer.OK() {
					t.Errorf("when it is over: got %v, %v", answer, err)
				}
			})
		})
	}
}

func TestAShortPauseOfASharedLimitIsWaitedForByTheRequestAndRefusedToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := talk(t, Config{SharedLimit: true}, says(http.StatusTooManyRequests, "Retry-After: 2"), says(http.StatusOK))
		var wg sync.WaitGroup
		wg.Go(func() {
			if answer, err := call(t.Context(), c); err != nil || !answer.OK() {
				t.Errorf("got %v, %v, want the second try's answer", answer, err)
			}
		})
		synctest.Wait()
		_, err := call(t.Context(), c)
		wantLeftAlone(t, err, 2*time.Second)
		wg.Wait()
	})
}

func TestWhoWaitsForATurnIsHeldBackByA429Too(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, v := talk(t, Config{SharedLimit: true, Rate: 1}, says(http.StatusTooManyRequests))
		var wg sync.WaitGroup
		var refused int
		var mu sync.Mutex
		for range 3 {
			wg.Go(func() {
				if _, err := call(t.Context(), c); fault.Is(err, fault.UpstreamDown) {
					mu.Lock()
					defer mu.Unlock()
					refused++
				}
			})
		}
		wg.Wait()
		v.wantCalls(t, 1, "three requests in a queue")
		if refused != 2 {
			t.Errorf("got %d refused, want 2", refused)
		}
	})
}

func TestA429WithoutASharedLimitHoldsNobodyBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, v := talk(t, Config{}, says(http.StatusTooManyRequests, "Retry-After: 60"))
		for range 2 * breakerFailures {
			if answer, err := call(t.Context(), c); err != nil || answer.Status != http.StatusTooManyRequests {
				t.Fatalf("got %v, %v, want the vendor's answer", answer, err)
			}
		}
		v.wantCalls(t, 2*breakerFailures, "one account's limit")
	})
}

func TestAPenaltyIsTheLeastThatA429OfASharedLimitCosts(t *testing.T) {
	for header, want := range map[string]time.Duration{"": 10 * time.Minute, "Retry-After: 30": 10 * time.Minute, "Retry-After: 720": 12 * time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			var lines []string
			if header != "" {
				lines = append(lines, header)
			}
			c, v := talk(t, Config{SharedLimit: true, Penalty: 10 * time.Minute}, says(http.StatusTooManyRequests, lines...), says(http.StatusOK))
			if answer, err := call(t.Context(), c); err != nil || fault.From(answer.Fault("it")).RetryAfter != want {
				t.Fatalf("%q: got %v, %v, want %s to wait", header, answer, err, want)
			}
			time.Sleep(want - time.Second)
			_, err := call(t.Context(), c)
			wantLeftAlone(t, err, time.Second)
			v.wantCalls(t, 1, "before it is over")
			time.Sleep(time.Second)
			if answer, err := call(t.Context(), c); err != nil || !answer.OK() {
				t.Errorf("%q: got %v, %v after it", header, answer, err)
			}
		})
	}
}
