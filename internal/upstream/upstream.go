// Package upstream is the one door through which requests leave for other companies: bounded, retried, counted, and only to hosts we chose.
package upstream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Config of a Client. Zero values take the defaults named.
type Config struct {
	// Provider names the company in messages, ID in records: "the SEC" and "edgar".
	Provider string
	ID       string
	// Origins are the only scheme://host[:port] that may be called.
	Origins []string
	// AllowPrivate lets addresses of this machine and its network be called: the simulator's, or an operator's own gateway's.
	AllowPrivate bool
	// Timeout bounds one attempt until the answer's headers; 10 s. Do gives the body the same again.
	Timeout time.Duration
	// IdleTimeout ends a body that says nothing for so long; 60 s.
	IdleTimeout time.Duration
	// MaxBody is how many bytes of an answer, unpacked, can be read; 8 MiB. Beyond it reading fails with UpstreamFailed.
	MaxBody int64
	// Retries is how often a request is repeated; 2, and -1 for never. Only GET and HEAD are, unless RetryPosts says that a POST which got no
	// answer may be sent again.
	Retries    int
	RetryPosts bool
	// Again tells whether an answer may be another one when the same is asked again, for vendors that say so in ways of their
	// own; nil to judge by the status alone. It may read of the body what it puts back.
	Again func(*http.Response) bool
	// MaxConcurrent requests are under way at once; 16. More wait as long as Timeout.
	MaxConcurrent uint
	// Rate is the budget of this process in requests a second, with bursts of as many; 0 is without limit.
	Rate float64
	// Pace gives every attempt its moment, where processes share what the vendor allows; nil for none. A request whose
	// moment would come later than Timeout is an UpstreamDown at once.
	Pace Pace
	// SharedLimit says that the vendor counts all our requests together, so that after a 429 nobody may call before it
	// says so: until its Retry-After, a minute when it names none and 15 at most, every call fails at once with UpstreamDown
	// and the rest of that time as RetryAfter. Leave it out where limits are per account.
	SharedLimit bool
	// Penalty is the least that a 429 costs where the limit is shared, whatever its Retry-After says; 0 for none.
	Penalty time.Duration
	// Pin is the only certificate the other side may show; nil for those that prove themselves as any site does.
	Pin *Pin
	// Cookies makes the client keep the cookies it is given, for itself alone.
	Cookies bool
	// UserAgent is sent with every request.
	UserAgent string
	// Record is told of every attempt, under the context in which it was made; nil for nobody. It must not wait for anything.
	Record func(context.Context, Call)
	// Useless is told of each answer that was of no use whatever its status said: cut off, fallen silent, or not what was
	// asked for; nil for nobody. It comes after Record, under the same context, and must not wait for anything either.
	Useless func(context.Context)
	Now     func() time.Time
}

// Pace is the order in which the requests of all processes leave for a vendor. Its errors are faults, or ctx's.
type Pace interface {
	// Wait returns when a request may leave; where that would be later than within, it is an UpstreamDown at once.
	Wait(ctx context.Context, within time.Duration) error
	// LeaveAlone lets no request of any process leave before d is over.
	LeaveAlone(ctx context.Context, d time.Duration)
}

// Call is the record of one attempt.
type Call struct {
	Provider string // the ID of its Config
	Endpoint string // a stable name such as "GET /v2/positions"
	Status   int    // 0 when there was no answer
	Failure  fault.Kind
	At       time.Time
	Duration time.Duration // until the headers
}

// Client sends requests to one provider. It is safe for concurrent use.
type Client struct {
	cfg     Config
	origins []string
	gate    *gate
	waits   waits
	lines   *lines
	http    *http.Client
}

// New makes a client; it refuses origins that are no plain scheme and host.
func New(cfg Config) (*Client, error) {
	setDefaults(&cfg)
	c := &Client{cfg: cfg}
	c.lines = newLines(c.dialer())
	for _, text := range cfg.Origins {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || !cfg.AllowPrivate) {
			return nil, fmt.Errorf("%s: an address must be https://host, or http:// on this machine's network", cfg.Provider)
		}
		c.origins = append(c.origins, originOf(u))
	}
	c.gate = newGate(cfg, c.origins)
	c.http = &http.Client{
		Transport: c.transport(c.wire()),
		// An answer that points elsewhere is the adapter's to read: following would carry tokens along.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if cfg.Cookies {
		c.http.Jar = newJar()
	}
	return c, nil
}

func setDefaults(cfg *Config) {
	defaultTo(&cfg.Timeout, 10*time.Second)
	defaultTo(&cfg.IdleTimeout, 60*time.Second)
	defaultTo(&cfg.MaxBody, 8<<20)
	defaultTo(&cfg.Retries, 2)
	cfg.Retries = max(cfg.Retries, 0)
	defaultTo(&cfg.MaxConcurrent, 16)
	if cfg.Again == nil {
		cfg.Again = func(resp *http.Response) bool { return isTransient(resp.StatusCode) }
	}
	if cfg.Useless == nil {
		cfg.Useless = func(context.Context) {}
	}
}

func defaultTo[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func originOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

// HTTP is the client for libraries that bring their own calls. Its errors are faults, inside a *url.Error that prints
// the address: unwrap it. Its answers are bounded by MaxBody, but not in time as a whole, only when they fall silent.
func (c *Client) HTTP() *http.Client { return c.http }

// LeaveAlone fails every call at once until d is over, 15 minutes at most, on all processes that share a Pace: for vendors
// that say in words of their own that they have had enough, which only their adapter understands.
func (c *Client) LeaveAlone(ctx context.Context, d time.Duration) {
	d = min(d, max(maxQuiet, c.cfg.Penalty))
	c.gate.hush(d)
	if c.cfg.Pace != nil {
		c.cfg.Pace.LeaveAlone(ctx, d)
	}
}

// Request is one call. URL is absolute and at one of the client's origins.
type Request struct {
	Method   string
	URL      string
	Header   http.Header
	Body     []byte
	Endpoint string
}

// Answer is what came back, whatever its status.
type Answer struct {
	Status     int
	Header     http.Header
	Body       []byte
	provider   string
	retryAfter time.Duration
	useless    func()
}

// Do sends a request and reads the whole answer. A status is not an error; no answer, a cut or an oversized one is a
// fault: UpstreamDown, UpstreamTimeout or UpstreamFailed; an address that cannot be asked is Internal. No text holds it.
// Of an oversized answer what was read comes with the error, which wraps ErrTooLarge.
func (c *Client) Do(ctx context.Context, r Request) (*Answer, error) {
	bounded, cancel := context.WithCancel(WithEndpoint(ctx, r.Endpoint))
	defer cancel()
	req, err := http.NewRequestWithContext(bounded, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, fault.New(fault.Internal, "%s: a request cannot be made", c.cfg.Provider) // the cause would tell the address
	}
	for name, values := range r.Header {
		req.Header[name] = values
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.withoutAddress(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end, or given up
	late := time.AfterFunc(c.cfg.Timeout, cancel)
	defer late.Stop()
	body, err := io.ReadAll(resp.Body)
	if err != nil && !errors.Is(err, ErrTooLarge) {
		return nil, c.bodyFault(ctx, bounded, err)
	}
	return &Answer{
		Status: resp.StatusCode, Header: resp.Header, Body: body, provider: c.cfg.Provider, retryAfter: c.gate.wait(resp),
		useless: func() { c.cfg.Useless(ctx) },
	}, err
}

// bodyFault tells a caller who left from a body that was too slow and from one that was cut.
func (c *Client) bodyFault(caller, bounded context.Context, err error) error {
	if caller.Err() != nil {
		return fault.From(caller.Err())
	}
	if bounded.Err() != nil {
		c.cfg.Useless(caller)
		return fault.Wrap(fault.UpstreamTimeout, err, "%s took too long to answer; try again", c.cfg.Provider)
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	return fault.Wrap(fault.UpstreamFailed, err, "%s's answer was cut off; try again", c.cfg.Provider)
}

// withoutAddress takes the fault out of *url.Error, which prints the address with whatever stands in it. Without a fault
// the error is http.Client's own, about an answer's Location.
func (c *Client) withoutAddress(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	return fault.New(fault.UpstreamFailed, "%s's answer cannot be read", c.cfg.Provider)
}

// OK tells whether the status is one of success.
func (a *Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Fault is the error of a status that is no success, for what was asked ("the positions"). Statuses with a meaning of
// their own (401, 403, 404) are the adapter's to know first.
func (a *Answer) Fault(what string) error {
	switch {
	case a.OK():
		return nil
	case a.Status == http.StatusTooManyRequests:
		return fault.New(fault.UpstreamDown, "%s takes no more requests right now; try again in a moment", a.provider).
			WithRetryAfter(a.retryAfter)
	case a.Status >= 500:
		return fault.New(fault.UpstreamDown, "%s cannot answer right now (status %d for %s); try again in a moment", a.provider, a.Status, what).
			WithRetryAfter(a.retryAfter)
	}
	return fault.New(fault.UpstreamFailed, "%s refused to give %s (status %d)", a.provider, what, a.Status)
}

// JSON decodes the body. What is not exactly one JSON value of v's type is an UpstreamFailed.
func (a *Answer) JSON(v any) error {
	if err := json.Unmarshal(a.Body, v); err != nil {
		return a.unreadable(err)
	}
	return nil
}

func (a *Answer) unreadable(cause error) error {
	return a.Useless(fault.Wrap(fault.UpstreamFailed, cause, "%s's answer cannot be read", a.provider))
}

// Useless notes that an answer was of no use, for reasons that only an adapter understands, and gives back the error that
// says so.
func (a *Answer) Useless(err error) error {
	if a.useless != nil { // it is none of an adapter's own making
		a.useless()
	}
	return err
}

// allows tells whether an address is at one of the client's origins.
func (c *Client) allows(u *url.URL) bool {
	return u.User == nil && slices.Contains(c.origins, originOf(u))
}
