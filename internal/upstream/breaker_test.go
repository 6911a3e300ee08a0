package upstream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// never keeps the tests of the breaker to one attempt a call.
const never = -1

// fail makes the calls after which the vendor is left alone.
func fail(t *testing.T, c *Client, times int) {
	t.Helper()
	for range times {
		if answer, err := call(t.Context(), c); err != nil || answer.Status != http.StatusInternalServerError {
			t.Fatalf("got %v, %v, want the vendor's failure", answer, err)
		}
	}
}

func TestAfterFiveFailuresInARowTheVendorIsLeftAloneForHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, v := talk(t, Config{Retries: never}, says(http.StatusInternalServerError))
		fail(t, c, 5)
		_, err := call(t.Context(), c)
		wantLeftAlone(t, err, 30*time.Second)
		time.Sleep(29 * time.Second)
		_, err = call(t.Context(), c)
		wantLeftAlone(t, err, time.Second)
		v.wantCalls(t, 5, "while it is left alone")

		time.Sleep(time.Second)
		fail(t, c, 1) // the one that tries
		_, err = call(t.Context(), c)
		wantLeftAlone(t, err, 30*time.Second)
		time.Sleep(30 * time.Second)
		v.say(takes(time.Second))
		var wg sync.WaitGroup
		wg.Go(func() {
			if answer, err := call(t.Context(), c); err != nil || !answer.OK() {
				t.Errorf("got %v, %v for the one that tries", answer, err)
			}
		})
		synctest.Wait()
		if _, err := call(t.Context(), c); !fault.Is(err, fault.UpstreamDown) {
			t.Errorf("got %v while one tries, want %s", err, fault.UpstreamDown)
		}
		wg.Wait()
		if answer, err := call(t.Context(), c); err != nil || !answer.OK() {
			t.Errorf("got %v, %v after it recovered", answer, err)
		}
	})
}

func TestAHostThatFailsDoesNotCloseAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, v := talk(t, Config{Retries: never}, says(http.StatusInternalServerError))
		fail(t, c, breakerFailures)
		v.say(says(http.StatusOK))
		answer, err := c.Do(t.Context(), Request{Method: http.MethodGet, URL: "https://paper.vendor.example/thing"})
		if err != nil || !answer.OK() {
			t.Errorf("got %v, %v of the other host", answer, err)
		}
		_, err = call(t.Context(), c)
		wantLeftAlone(t, err, breakerPause)
	})
}

func TestWhoWasAskedAndThenLeftAloneWasAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, v := talk(t, Config{Retries: breakerFailures + 1}, func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF })
		_, err := call(t.Context(), c)
		if err == nil || errors.Is(err, ErrUnasked) {
			t.Errorf("got %v after %d attempts, want them not to be denied", err, len(v.calls))
		}
		v.wantCalls(t, breakerFailures, "until it is left alone")
	})
}

func TestASuccessBetweenFailuresBreaksTheRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad, good := says(http.StatusInternalServerError), says(http.StatusOK)
		c, v := talk(t, Config{Retries: never}, bad, bad, bad, bad, good, bad, bad, bad, bad, good)
		for range 10 {
			if _, err := call(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		v.wantCalls(t, 10, "never five in a row")
	})
}

func TestACrowdOnOurSideIsNotTheVendorsFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := talk(t, Config{Retries: never, MaxConcurrent: 1, Timeout: 5 * time.Second}, takes(3*time.Second))
		var wg sync.WaitGroup
		for range 40 {
			wg.Go(func() {
				if _, err := call(t.Context(), c); err != nil {
					wantLeftAlone(t, err, maxWait)
					if !errors.Is(err, ErrUnasked) {
						t.Errorf("got %v, want to know that nothing was asked", err)
					}
				}
			})
		}
		wg.Wait()
		if answer, err := call(t.Context(), c); err != nil || !answer.OK() {
			t.Errorf("got %v, %v when the crowd is gone", answer, err)
		}
	})
}

func TestATurnThatComesTooLateIsRefusedAtOnceAndNotTheVendorsFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, v := talk(t, Config{Rate: 0.1}, says(http.StatusOK))
		if _, err := call(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for range 2 * breakerFailures {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := call(ctx, c)
			wantLeftAlone(t, err, maxWait)
			cancel()
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("the refusals took %s, want them at once", waited)
		}
		if _, err := call(t.Context(), c); err != nil {
			t.Errorf("got %v for a caller with time", err)
		}
		v.wantCalls(t, 2, "refused calls reach nobody")
	})
}

func TestACallerWhoLeavesNeitherMendsTheVendorNorBlocksTheNextTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, v := talk(t, Config{Retries: never}, says(http.StatusInternalServerError))
		leave := func() {
			t.Helper()
			v.say(takes(time.Hour))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			if _, err := call(ctx, c); !fault.Is(err, fault.Canceled) {
				t.Errorf("got %v, want %s", err, fault.Canceled)
			}
		}
		fail(t, c, 4)
		leave()
		v.say(says(http.StatusInternalServerError))
		fail(t, c, 1)
		_, err := call(t.Context(), c)
		wantLeftAlone(t, err, breakerPause)
		time.Sleep(breakerPause)
		leave()
		_, err = call(t.Context(), c)
		wantLeftAlone(t, err, breakerPause)
		time.Sleep(breakerPause)
		v.say(says(http.StatusOK))
		if answer, err := call(t.Context(), c); err != nil || !answer.OK() {
			t.Errorf("got %v, %v, want the next try let through", answer, err)
		}
	})
}

// endless is a body without an end.
type endless struct {
	closed chan struct{}
	once   sync.Once
}

func (b *endless) Read([]byte) (int, error) { <-b.closed; return 0, io.ErrClosedPipe }
func (b *endless) Close() error             { b.once.Do(func() { close(b.closed) }); return nil }

func TestTheBodyOfAnAnswerThatIsNotUsedIsClosedHoweverLongItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := &endless{closed: make(chan struct{})}
		c, v := talk(t, Config{}, func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: body}, nil
		}, says(http.StatusOK))
		if answer, err := call(t.Context(), c); err != nil || !answer.OK() {
			t.Errorf("got %v, %v, want the second try's answer", answer, err)
		}
		v.wantCalls(t, 2, "after an endless answer")
		if waited := v.calls[1].Sub(v.calls[0]); waited > time.Second {
			t.Errorf("the second try came after %s, want it not held up by the first's answer", waited)
		}
		select {
		case <-body.closed:
		default:
			t.Error("the body was not closed")
		}
	})
}
