package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/failsafehttp"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"golang.org/x/time/rate"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

const (
	// The breaker opens when so many of the last calls failed, and lets one through again after a while.
	breakerFailures = 10
	breakerCalls    = 20
	breakerPause    = 15 * time.Second
	// Waits between attempts grow from the first to the last; a vendor's Retry-After above maxWait is not waited for.
	minWait = 200 * time.Millisecond
	maxWait = 3 * time.Second
	// statusOverloaded is what Anthropic answers when it is overloaded.
	statusOverloaded = 529
)

var (
	errPrivateAddress = errors.New("the address is not on the open internet")
	errOtherHost      = errors.New("the address is not one of the provider's")
)

type endpointKey struct{}

// WithEndpoint names the call for the record.
func WithEndpoint(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, endpointKey{}, name)
}

// transport is the chain of a request: retry(breaker(bulkhead(budget → record → connection))).
func (c *Client) transport() http.RoundTripper {
	dialer := &net.Dialer{Timeout: c.cfg.Timeout, KeepAlive: 30 * time.Second}
	if !c.cfg.AllowPrivate {
		dialer.Control = checkAddress
	}
	wire := &http.Transport{ // no proxy: the environment does not decide where tokens go
		DialContext:           dialer.DialContext,
		TLSHandshakeTimeout:   c.cfg.Timeout,
		ResponseHeaderTimeout: c.cfg.Timeout,
		MaxIdleConnsPerHost:   int(c.cfg.MaxConcurrent),
		IdleConnTimeout:       90 * time.Second,
		ForceAttemptHTTP2:     true,
	}
	retry := failsafehttp.NewRoundTripper(c.attempt(wire), c.retries(), c.breaker(), c.lanes())
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		if !c.allows(req.URL) {
			return nil, fault.Wrap(fault.Internal, errOtherHost, "%s: refused", c.cfg.Provider)
		}
		resp, err := retry.RoundTrip(req)
		if err != nil {
			return nil, c.connectionFault(req.Context(), err)
		}
		return resp, nil
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func (c *Client) retries() failsafe.Policy[*http.Response] {
	return retrypolicy.NewBuilder[*http.Response]().
		HandleIf(func(resp *http.Response, err error) bool { return err != nil || isTransient(resp.StatusCode) }).
		AbortIf(func(resp *http.Response, err error) bool {
			return errors.Is(err, circuitbreaker.ErrOpen) || errors.Is(err, bulkhead.ErrFull) ||
				errors.Is(err, context.Canceled) || errors.Is(err, errPrivateAddress) || errors.Is(err, errNotRepeatable) ||
				resp != nil && (resp.Header.Get(notRepeatable) != "" || retryAfter(resp.Header, c.cfg.Now()) > maxWait)
		}).
		WithMaxRetries(c.cfg.Retries).
		WithBackoff(minWait, maxWait).
		WithJitterFactor(0.25).
		WithDelayFunc(func(exec failsafe.ExecutionAttempt[*http.Response]) time.Duration {
			if resp := exec.LastResult(); resp != nil {
				if wait := retryAfter(resp.Header, c.cfg.Now()); wait > 0 {
					return wait
				}
			}
			return -1 // the backoff decides
		}).
		ReturnLastFailure().
		Build()
}

func (c *Client) breaker() failsafe.Policy[*http.Response] {
	return circuitbreaker.NewBuilder[*http.Response]().
		HandleIf(func(resp *http.Response, err error) bool {
			if err != nil {
				return !errors.Is(err, context.Canceled)
			}
			return isTransient(resp.StatusCode)
		}).
		WithFailureThresholdRatio(breakerFailures, breakerCalls).
		WithDelay(breakerPause).
		Build()
}

func (c *Client) lanes() failsafe.Policy[*http.Response] {
	return bulkhead.NewBuilder[*http.Response](c.cfg.MaxConcurrent).WithMaxWaitTime(c.cfg.Timeout).Build()
}

// isTransient are the answers after which trying again makes sense.
func isTransient(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout, statusOverloaded:
		return true
	}
	return false
}

// notRepeatable marks, between our own layers only, the answer to a request that must not be sent twice.
const notRepeatable = "X-Jaspers-Not-Repeatable"

var errNotRepeatable = errors.New("the request must not be sent twice")

// attempt sends one request within the budget and records it.
func (c *Client) attempt(wire http.RoundTripper) http.RoundTripper {
	budget := rate.NewLimiter(rate.Inf, 1)
	if c.cfg.Rate > 0 {
		budget = rate.NewLimiter(rate.Limit(c.cfg.Rate), max(1, int(c.cfg.Rate)))
	}
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		if err := budget.Wait(req.Context()); err != nil {
			return nil, err
		}
		if c.cfg.UserAgent != "" && req.Header.Get("User-Agent") == "" {
			req.Header.Set("User-Agent", c.cfg.UserAgent)
		}
		start := time.Now()
		resp, err := wire.RoundTrip(req)
		c.record(req, resp, err, time.Since(start))
		repeatable := c.cfg.RetryPosts || req.Method == http.MethodGet || req.Method == http.MethodHead
		if err != nil {
			if !repeatable {
				err = errors.Join(errNotRepeatable, err)
			}
			return nil, err
		}
		resp.Header.Del(notRepeatable)
		if !repeatable {
			resp.Header.Set(notRepeatable, "1")
		}
		resp.Body = newPatientBody(resp.Body, c.cfg)
		return resp, nil
	})
}

func (c *Client) record(req *http.Request, resp *http.Response, err error, took time.Duration) {
	if c.cfg.Record == nil {
		return
	}
	endpoint, _ := req.Context().Value(endpointKey{}).(string)
	if endpoint == "" {
		endpoint = req.Method + " " + req.URL.Path
	}
	call := Call{Provider: c.cfg.Provider, Endpoint: endpoint, At: c.cfg.Now(), Duration: took}
	if err != nil {
		call.Failure = fault.KindOf(c.connectionFault(req.Context(), err))
	} else {
		call.Status = resp.StatusCode
	}
	c.cfg.Record(call)
}

// connectionFault says in our words why there was no answer.
func (c *Client) connectionFault(ctx context.Context, err error) error {
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return fault.From(ctx.Err())
	case errors.Is(err, circuitbreaker.ErrOpen):
		return fault.Wrap(fault.UpstreamDown, err, "%s has failed repeatedly and is left alone for a moment; try again then", c.cfg.Provider).
			WithRetryAfter(breakerPause)
	case errors.Is(err, bulkhead.ErrFull):
		return fault.Wrap(fault.UpstreamDown, err, "too many requests to %s are waiting; try again in a moment", c.cfg.Provider).
			WithRetryAfter(maxWait)
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(fault.UpstreamTimeout, err, "%s took too long to answer; try again", c.cfg.Provider)
	}
	return fault.Wrap(fault.UpstreamDown, err, "%s cannot be reached; try again in a moment", c.cfg.Provider)
}

// retryAfter reads the header in either of its forms, seconds or a date; 0 when there is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// patientBody ends a body that falls silent: a read that waits too long closes the connection under it.
type patientBody struct {
	io.ReadCloser
	provider string
	idle     time.Duration
	late     atomic.Bool
}

func newPatientBody(body io.ReadCloser, cfg Config) *patientBody {
	return &patientBody{ReadCloser: body, provider: cfg.Provider, idle: cfg.IdleTimeout}
}

func (b *patientBody) Read(p []byte) (int, error) {
	timer := time.AfterFunc(b.idle, func() {
		b.late.Store(true)
		_ = b.ReadCloser.Close()
	})
	defer timer.Stop()
	n, err := b.ReadCloser.Read(p)
	if err != nil && b.late.Load() {
		return n, fault.Wrap(fault.UpstreamTimeout, err, "%s stopped in the middle of its answer; try again", b.provider)
	}
	return n, err
}
