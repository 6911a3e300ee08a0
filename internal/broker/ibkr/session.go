package ibkr

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// The gateway has two sessions. The first begins when somebody signs in on its page; it is enough to read portfolios, and
// ends when nobody asks anything for some minutes. The second, to the brokerage, is needed for trades; a customer has one
// wherever they are, and Trader Workstation and the mobile app take it.

// errAccountsFirst is a gateway's wish to be asked for the accounts before anything else of a session.
var errAccountsFirst = errors.New("the accounts have to be asked for first")

func errSignedOut() *fault.Error {
	return fault.New(fault.ReauthorizationRequired,
		"nobody is signed in at the gateway of Interactive Brokers; sign in at the gateway with a browser; what is connected is then read again by itself")
}

func errCompeting() *fault.Error {
	return fault.New(fault.UpstreamDown, "another session of the same user, such as Trader Workstation or the mobile app, has the connection "+
		"to Interactive Brokers, so trades cannot be read; they are when it is closed")
}

func errNoBrokerage() *fault.Error {
	return fault.New(fault.UpstreamDown, "the gateway has no connection to Interactive Brokers' trading servers, so trades cannot be read; "+
		"try again later, and sign in at the gateway again if it lasts")
}

// nonsense is the error of an answer that cannot be true.
func nonsense(what string) *fault.Error {
	return fault.New(fault.UpstreamFailed, "Interactive Brokers answered with %s; try again later", what)
}

// KeepAlive keeps the first session alive. That the second one is somewhere else is no error: portfolios are read as before.
// ReauthorizationRequired when the session is gone.
func (p *Provider) KeepAlive(ctx context.Context, _ broker.Credentials) error {
	mine, err := p.ticklePace.take(ctx, p.cfg)
	if err != nil {
		return err
	}
	defer mine.end()
	return mine.call(ctx, func() error {
		var pulse struct {
			Session string `json:"session"`
		}
		err := p.call(ctx, http.MethodPost, "/tickle", "/tickle", nil, "a sign of life", into(&pulse))
		if err == nil && pulse.Session == "" {
			return nonsense("a sign of life without a session")
		}
		return err
	})
}

// status is how the second session stands.
type status struct {
	Authenticated bool `json:"authenticated"`
	Competing     bool `json:"competing"`
	Connected     bool `json:"connected"`
}

// Probe asks the least that shows whether the gateway answers. That nobody is signed in there is an answer.
func (p *Provider) Probe(ctx context.Context) error {
	const path = "/iserver/auth/status"
	err := p.call(ctx, http.MethodPost, path, path, nil, "the state of the session", into(new(status)))
	if fault.Is(err, fault.ReauthorizationRequired) {
		return nil
	}
	return err
}

// openBrokerage makes sure of the second session, and never takes it from where it is.
func (p *Provider) openBrokerage(ctx context.Context) error {
	var now status
	ask := func(path string, body any) error {
		return p.call(ctx, http.MethodPost, path, path, body, "the state of the session", into(&now))
	}
	if err := ask("/iserver/auth/status", nil); err != nil {
		return err
	}
	if !now.Authenticated && !now.Competing && now.Connected {
		begin := map[string]bool{"publish": true, "compete": false}
		if err := ask("/iserver/auth/ssodh/init", begin); err != nil {
			return err
		}
		if !now.Authenticated && !now.Competing { // it takes a moment
			if err := ask("/iserver/auth/status", nil); err != nil {
				return err
			}
		}
	}
	switch {
	case now.Competing:
		return errCompeting()
	case !now.Authenticated:
		return errNoBrokerage()
	}
	return nil
}

// reading takes what is wanted out of an answer.
type reading func(*upstream.Answer) error

// into reads an object.
func into(v any) reading { return func(a *upstream.Answer) error { return a.JSON(v) } }

// intoList reads a list of at most so many.
func intoList[T any](v *[]T, most int) reading {
	return func(a *upstream.Answer) (err error) {
		*v, err = upstream.List[T](a, most)
		return err
	}
}

// ignored is for answers of which it is enough that they are no refusal.
func ignored(*upstream.Answer) error { return nil }

func (p *Provider) get(ctx context.Context, path, what string, read reading) error {
	endpoint, _, _ := strings.Cut(path, "?")
	return p.call(ctx, http.MethodGet, path, endpoint, nil, what, read)
}

// call asks for one path below /v1/api, which holds what, and reads the answer. POSTs have a body even when there
// is nothing to say: without a length they are refused.
func (p *Provider) call(ctx context.Context, method, path, endpoint string, body any, what string, read reading) error {
	req := upstream.Request{
		Method: method, URL: p.base + path, Header: http.Header{"Accept": {"application/json"}}, Endpoint: method + " " + endpoint,
	}
	if method == http.MethodPost {
		if body == nil {
			body = struct{}{}
		}
		text, err := json.Marshal(body)
		if err != nil {
			return fault.Wrap(fault.Internal, err, "internal error")
		}
		req.Body, req.Header["Content-Type"] = text, []string{"application/json"}
	}
	answer, err := p.client.Do(ctx, req)
	if err != nil {
		return err
	}
	if err := refusal(answer, what); err != nil {
		if fault.Is(err, fault.ReauthorizationRequired) {
			p.forgetListed()
		}
		return err
	}
	return read(answer)
}

// refusal is the error of an answer, nil when it gives what was asked: status 200, JSON, and not an object with an error
// in it. A redirect and a page lead to the form for signing in.
func refusal(answer *upstream.Answer, what string) error {
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	redirected := answer.Status >= 300 && answer.Status < 400
	switch said := complaint(answer.Body); {
	case strings.Contains(said, "query /accounts first"):
		return fault.Wrap(fault.UpstreamDown, errAccountsFirst, "the gateway of Interactive Brokers began anew meanwhile; try again in a moment")
	case strings.Contains(said, "no bridge"):
		return errNoBrokerage()
	case redirected, answer.Status == http.StatusUnauthorized, strings.Contains(said, "no session"),
		answer.Status == http.StatusOK && kind == "text/html":
		return errSignedOut()
	case !answer.OK():
		return answer.Fault(what)
	case said != "":
		return fault.New(fault.UpstreamFailed, "Interactive Brokers refused to give %s; try again later", what)
	case answer.Status != http.StatusOK || kind != "application/json":
		return answer.Useless(nonsense("something else than " + what))
	}
	return nil
}

// complaint is the error that an answer holds, in lower case; empty when it is a list or an object without one. What is
// inside of other fields is none: that the history servers are "no bridge" stands in every sign of life.
func complaint(body []byte) string {
	var said struct {
		Error json.RawMessage `json:"error"`
	}
	if json.Unmarshal(body, &said) != nil || len(said.Error) == 0 || string(said.Error) == "null" {
		return ""
	}
	return strings.ToLower(string(said.Error))
}

// pace lets calls of one kind through one at a time, and none sooner after another than allowed.
type pace struct {
	every time.Duration
	turns chan time.Time // holds when the last call ended, while it is nobody's turn
}

func newPace(every time.Duration) *pace {
	p := &pace{every: every, turns: make(chan time.Time, 1)}
	p.turns <- time.Time{}
	return p
}

// turn is the right to call, until it ends.
type turn struct {
	*pace
	cfg  Config
	last time.Time
}

// take waits for the others to have had their turns.
func (p *pace) take(ctx context.Context, cfg Config) (*turn, error) {
	select {
	case last := <-p.turns:
		return &turn{p, cfg, last}, nil
	case <-ctx.Done():
		return nil, fault.From(ctx.Err())
	}
}

// call makes the call, when it is time.
func (t *turn) call(ctx context.Context, fn func() error) error {
	if wait := t.every - t.cfg.Now().Sub(t.last); !t.last.IsZero() && wait > 0 {
		if err := t.cfg.Wait(ctx, min(wait, t.every)); err != nil {
			return fault.From(err)
		}
	}
	defer func() { t.last = t.cfg.Now() }()
	return fn()
}

func (t *turn) end() { t.turns <- t.last }
