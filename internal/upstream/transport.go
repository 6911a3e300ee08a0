package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/failsafe-go/failsafe-go/failsafehttp"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"golang.org/x/time/rate"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/trace"
)

const (
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

type onceKey struct{}

// Once has what is asked under a context asked once, however it ends.
func Once(ctx context.Context) context.Context { return context.WithValue(ctx, onceKey{}, true) }

func isOnce(ctx context.Context) bool { return ctx.Value(onceKey{}) != nil }

// dialer makes the connections.
func (c *Client) dialer() *net.Dialer {
	dialer := &net.Dialer{Timeout: c.cfg.Timeout, KeepAlive: 30 * time.Second}
	if !c.cfg.AllowPrivate {
		dialer.Control = checkAddress
	}
	return dialer
}

// wire sends requests over the connections there are.
func (c *Client) wire() http.RoundTripper {
	var identity *tls.Config
	if c.cfg.Pin != nil {
		identity = c.cfg.Pin.only()
	}
	return &http.Transport{ // no proxy: the environment does not decide where tokens go
		DialContext:           c.lines.open,
		TLSClientConfig:       identity,
		TLSHandshakeTimeout:   c.cfg.Timeout,
		ResponseHeaderTimeout: c.cfg.Timeout,
		MaxIdleConnsPerHost:   int(c.cfg.MaxConcurrent),
		IdleConnTimeout:       90 * time.Second,
		ForceAttemptHTTP2:     true,
	}
}

// transport is the chain of a request: gate → retry(lanes(budget → gate → record → wire)). The second gate is for those
// who waited in between.
func (c *Client) transport(wire http.RoundTripper) http.RoundTripper {
	attempt, lanes := c.attempt(wire), c.lanes()
	once := failsafehttp.NewRoundTripper(attempt, lanes)
	again := failsafehttp.NewRoundTripper(attempt, c.retries(), lanes)
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		if !c.allows(req.URL) {
			return nil, fault.Wrap(fault.Internal, errOtherHost, "%s: refused", c.cfg.Provider)
		}
		if err := c.gate.check(originOf(req.URL)); err != nil {
			return nil, unasked(err)
		}
		send := once
		if !isOnce(req.Context()) && (c.cfg.RetryPosts || req.Method == http.MethodGet || req.Method == http.MethodHead) {
			send = again
		}
		left := false
		resp, err := send.RoundTrip(req.WithContext(context.WithValue(req.Context(), leftKey{}, &left)))
		switch {
		case err == nil:
			return resp, nil
		case !left:
			return nil, unasked(c.connectionFault(req.Context(), err))
		}
		return nil, c.connectionFault(req.Context(), err)
	})
}

// ErrUnasked is among the causes of an error where nothing was sent: it says nothing of the vendor.
var ErrUnasked = errors.New("nothing was asked")

func unasked(err error) error {
	f := fault.From(err)
	return fault.Wrap(f.Kind, errors.Join(ErrUnasked, err), "%s", f.Message).WithRetryAfter(f.RetryAfter)
}

// leftKey leads to what notes that an attempt left.
type leftKey struct{}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func (c *Client) retries() failsafe.Policy[*http.Response] {
	return retrypolicy.NewBuilder[*http.Response]().
		HandleIf(func(resp *http.Response, err error) bool { return err != nil || c.cfg.Again(resp) }).
		AbortIf(func(resp *http.Response, err error) bool {
			if err != nil {
				return isFinal(err)
			}
			return c.gate.wait(resp) > maxWait
		}).
		WithMaxRetries(c.cfg.Retries).
		WithDelayFunc(func(exec failsafe.ExecutionAttempt[*http.Response]) time.Duration {
			if resp := exec.LastResult(); resp != nil {
				if wait := c.gate.wait(resp); wait > 0 {
					return wait // to the point: earlier is rude
				}
			}
			backoff := min(minWait<<min(exec.Retries(), 10), maxWait)
			return backoff - backoff/4 + rand.N(backoff/2) // spread, so that those who failed together do not return together
		}).
		OnRetryScheduled(func(event failsafe.ExecutionScheduledEvent[*http.Response]) {
			if resp := event.LastResult(); resp != nil {
				discard(resp.Body)
			}
		}).
		ReturnLastFailure().
		Build()
}

// isFinal are the errors that trying again does not change: our own refusals, a caller who left, and a host that is not
// the one it should be.
func isFinal(err error) bool {
	_, refused := errors.AsType[*fault.Error](err)
	return refused || isUntrusted(err) || errors.Is(err, bulkhead.ErrFull) || errors.Is(err, context.Canceled) ||
		errors.Is(err, errPrivateAddress)
}

// isUntrusted tells whether the other side could not prove who it is.
func isUntrusted(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
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

// attempt sends one request within the budget and records it, in a span of its own.
func (c *Client) attempt(wire http.RoundTripper) http.RoundTripper {
	budget := rate.NewLimiter(rate.Inf, 1)
	if c.cfg.Rate > 0 {
		budget = rate.NewLimiter(rate.Limit(c.cfg.Rate), max(1, int(c.cfg.Rate)))
	}
	return roundTrip(func(req *http.Request) (*http.Response, error) {
		if err := c.turn(req.Context(), budget); err != nil {
			return nil, err
		}
		origin := originOf(req.URL)
		if err := c.gate.enter(origin); err != nil {
			return nil, err
		}
		if c.cfg.UserAgent != "" && req.Header.Get("User-Agent") == "" {
			req.Header.Set("User-Agent", c.cfg.UserAgent)
		}
		if left, ok := req.Context().Value(leftKey{}).(*bool); ok {
			*left = true
		}
		_, span := trace.Start(req.Context(), "upstream") // of which nothing is told to the vendor
		start := time.Now()
		over := c.waits.begin()
		resp, err := wire.RoundTrip(req)
		over()
		c.gate.leave(origin, resp, err)
		c.record(req, resp, err, time.Since(start), span)
		if err != nil {
			return nil, err
		}
		resp.Body = c.newPatientBody(req.Context(), resp.Body)
		if c.cfg.SharedLimit && c.isPaced(resp) {
			c.LeaveAlone(req.Context(), c.gate.wait(resp))
		}
		return resp, nil
	})
}

// isPaced tells whether an answer says that there were too many requests, rather than that some other limit is reached,
// which waiting does not lift.
func (c *Client) isPaced(resp *http.Response) bool {
	return resp.StatusCode == http.StatusTooManyRequests && (resp.Header.Get("Retry-After") != "" || c.cfg.Again(resp))
}

// turn waits until an attempt may leave: by this process's budget, and by what all processes share.
func (c *Client) turn(ctx context.Context, budget *rate.Limiter) error {
	if err := budget.Wait(ctx); err != nil {
		if ctx.Err() == nil { // the turn would come after the caller's deadline
			err = c.crowded(err)
		}
		return err
	}
	if c.cfg.Pace == nil {
		return nil
	}
	return c.cfg.Pace.Wait(ctx, c.cfg.Timeout)
}

func (c *Client) record(req *http.Request, resp *http.Response, err error, took time.Duration, span trace.Span) {
	endpoint, _ := req.Context().Value(endpointKey{}).(string)
	if endpoint == "" {
		endpoint = req.Method + " " + req.URL.Path
	}
	call := Call{Provider: c.cfg.ID, Endpoint: endpoint, At: c.cfg.Now(), Duration: took}
	if err != nil {
		call.Failure = fault.KindOf(c.connectionFault(req.Context(), err))
	} else {
		call.Status = resp.StatusCode
	}
	span.Name(call.Provider + " " + call.Endpoint)
	span.Text("provider", call.Provider)
	span.Text("endpoint", call.Endpoint)
	span.Count("status", int64(call.Status))
	span.End(string(call.Failure))
	if c.cfg.Record != nil {
		c.cfg.Record(req.Context(), call)
	}
}

// connectionFault says in our words why there was no answer.
func (c *Client) connectionFault(ctx context.Context, err error) error {
	var timeout net.Error
	refused, ours := errors.AsType[*fault.Error](err)
	switch {
	case ctx.Err() != nil:
		return fault.From(ctx.Err())
	case ours:
		return refused
	case errors.Is(err, bulkhead.ErrFull):
		return c.crowded(err)
	case isUntrusted(err):
		return fault.Wrap(fault.UpstreamFailed, err, "%s did not prove that it is itself, so nothing was sent", c.cfg.Provider)
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(fault.UpstreamTimeout, err, "%s took too long to answer; try again", c.cfg.Provider)
	}
	return fault.Wrap(fault.UpstreamDown, err, "%s cannot be reached; try again in a moment", c.cfg.Provider)
}

// crowded is the error of a request that waited in vain for its turn on our side.
func (c *Client) crowded(err error) error {
	return fault.Wrap(fault.UpstreamDown, err, "too many requests to %s are waiting; try again in a moment", c.cfg.Provider).
		WithRetryAfter(maxWait)
}
