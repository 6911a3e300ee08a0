package answers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// The moment at which everything is asked: 11:00 in New York on Wednesday, 18 November 2026.
func opening() time.Time { return time.Date(2026, time.November, 18, 16, 0, 0, 0, time.UTC) }

// firstWorld is the seed of the world by which the rules were made. Others tell how they do where they were not.
const firstWorld = 2026

// people are who asks, each with the brokerage accounts that they connect: a customer and an environment.
var people = map[string][][2]string{
	"alex":  {{"alex", sim.Live}, {"blair", sim.Live}}, // who keeps both
	"drew":  {{"drew", sim.Live}},
	"robin": {{"alex", sim.Paper}}, // shares alone, so that every close is New York's
}

// The simulator's keys, and what people sign in with.
const (
	modelKey = "simulated-anthropic-key" // #nosec G101 -- the simulator's
	newsKey  = "simulated-finnhub-key"   // #nosec G101 -- the simulator's
	password = "make-believe portfolio"  // #nosec G101 -- nobody else's
)

// site is the whole server beside the simulated outside, with everybody's accounts read.
type site struct {
	worlds  map[string]*view // by person
	url     string
	tokens  map[string]string // by person
	client  *http.Client
	closing []func() error
}

// start starts a server that has the model answer, and its people.
func start(ctx context.Context, model string, o options, find func(string) (sim.ClaudeScript, bool)) (*site, error) {
	transport := &http.Transport{}
	s := &site{worlds: map[string]*view{}, tokens: map[string]string{}, client: &http.Client{Transport: transport}}
	s.closing = append(s.closing, func() error { transport.CloseIdleConnections(); return nil })
	clock := sim.NewClock(opening) // which stands still
	world := sim.New(o.world, clock.Now)
	for name, accounts := range people {
		s.worlds[name] = &view{World: world, seed: o.world, accounts: accounts}
	}
	outside := sim.NewSim(world)
	outside.EDGAR.Limit = -1
	outside.Claude = sim.ClaudeOptions{Key: modelKey, Script: find}
	outside.Finnhub = sim.FinnhubOptions{Key: newsKey}
	simulator := httptest.NewServer(outside.Handler())
	s.closing = append(s.closing, func() error { simulator.Close(); return nil })
	err := s.serve(ctx, model, o.url, simulator.URL, clock)
	for name := range people {
		if err == nil {
			err = s.settle(ctx, world, name)
		}
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *site) serve(ctx context.Context, model, modelURL, simulator string, clock *sim.Clock) error {
	dir, err := os.MkdirTemp("", "jaspers-answers")
	if err != nil {
		return err
	}
	s.closing = append(s.closing, func() error { return os.RemoveAll(dir) })
	server := httptest.NewUnstartedServer(nil)
	s.url = "http://" + server.Listener.Addr().String()
	cfg, err := app.LoadConfig(settings(model, modelURL, simulator, dir, s.url), "")
	if err != nil {
		return errors.Join(err, server.Listener.Close())
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	a, err := app.New(ctx, cfg, app.Options{Log: log, Now: clock.Now})
	if err != nil {
		return errors.Join(err, server.Listener.Close())
	}
	server.Config.Handler = a.Handler
	server.Start()
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	background.Go(func() { a.Run(work) })
	s.closing = append(s.closing, func() error {
		brief, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		a.Chat.Close(brief)
		server.Close()
		stop()
		background.Wait()
		return a.Close()
	})
	return nil
}

// settings are those of a server whose providers are all the simulator, save for the model where that is real.
func settings(model, modelURL, simulator, dir, public string) []string {
	list := []string{
		"JASPERS_PUBLIC_URL=" + public, "JASPERS_DATA_DIR=" + dir, "JASPERS_BCRYPT_COST=10",
		"JASPERS_ALPACA_LIVE_URL=" + simulator + "/alpaca/live", "JASPERS_ALPACA_PAPER_URL=" + simulator + "/alpaca/paper",
		"JASPERS_YAHOO_QUERY_URL=" + simulator + "/yahoo", "JASPERS_YAHOO_COOKIE_URL=" + simulator + "/yahoo", "JASPERS_YAHOO_PAGES_URL=" + simulator + "/yahoo",
		"JASPERS_YAHOO_RATE=1000", "JASPERS_FINNHUB_URL=" + simulator + "/finnhub", "JASPERS_FINNHUB_API_KEY=" + newsKey,
		"JASPERS_EDGAR_USER_AGENT=Jaspers evals evals@jaspers.example", "JASPERS_EDGAR_ARCHIVE_URL=" + simulator + "/edgar/www",
		"JASPERS_EDGAR_DATA_URL=" + simulator + "/edgar/data", "JASPERS_EDGAR_SEARCH_URL=" + simulator + "/edgar/efts", "JASPERS_EDGAR_RATE=1000", "JASPERS_EDGAR_AHEAD=0",
		"JASPERS_LIMIT_REQUESTS=1000000", "JASPERS_LIMIT_SIGN_INS=100000", "JASPERS_LIMIT_SIGN_UPS=100000", "JASPERS_LIMIT_MESSAGES=100000",
	}
	switch model {
	case Claude, Adversary:
		list = append(list, "JASPERS_ANTHROPIC_BASE_URL="+simulator+"/claude", "JASPERS_ANTHROPIC_API_KEY="+modelKey)
	case Real:
		list = append(list, "JASPERS_ANTHROPIC_API_KEY="+os.Getenv("ANTHROPIC_API_KEY"))
		if modelURL != "" {
			list = append(list, "JASPERS_ANTHROPIC_BASE_URL="+modelURL)
		}
	}
	return list
}

// settle signs a person up, connects their accounts and waits until all were read.
func (s *site) settle(ctx context.Context, world *sim.World, name string) error {
	var in struct{ Tokens struct{ AccessToken string } }
	email := name + "@example.com"
	if err := s.send(ctx, http.MethodPost, "/auth/register", "", map[string]string{"email": email, "password": password}, &in); err != nil {
		return err
	}
	s.tokens[name] = in.Tokens.AccessToken
	for _, account := range people[name] {
		key, secret := world.APIKeys(account[0], account[1])
		body := map[string]string{"provider": "alpaca", "environment": account[1], "apiKey": key, "apiSecret": secret}
		if err := s.send(ctx, http.MethodPost, "/brokerages/connect", in.Tokens.AccessToken, body, nil); err != nil {
			return err
		}
	}
	for {
		var all []struct {
			LastSyncAt *time.Time `json:"lastSyncAt"`
		}
		if err := s.send(ctx, http.MethodGet, "/brokerages/connections", in.Tokens.AccessToken, nil, &all); err != nil {
			return err
		}
		read := 0
		for _, c := range all {
			if c.LastSyncAt != nil {
				read++
			}
		}
		if read == len(people[name]) {
			return s.learn(ctx, name)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// learn has the server learn what companies the person holds, as it does by itself in time.
func (s *site) learn(ctx context.Context, name string) error {
	for _, account := range people[name] {
		for _, held := range s.worlds[name].Positions(account[0], account[1]) {
			if held.Instrument.Kind != sim.Equity {
				continue
			}
			if err := s.send(ctx, http.MethodGet, "/stocks/"+url.PathEscape(held.Instrument.Symbol)+"/info", s.tokens[name], nil, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// ask asks in a conversation of its own, and listens to the answer.
func (s *site) ask(ctx context.Context, person, text string) (message, error) {
	var session struct{ ID string }
	var m message
	if err := s.send(ctx, http.MethodPost, "/chat/sessions", s.tokens[person], map[string]string{"title": "Evals"}, &session); err != nil {
		return m, err
	}
	raw, err := s.call(ctx, http.MethodPost, "/chat/sessions/"+session.ID+"/messages", s.tokens[person], map[string]string{"content": text}, "text/event-stream")
	if err != nil {
		return m, err
	}
	var figures []figure
	for event := range strings.SplitSeq(string(raw), "\n\n") {
		_, data, _ := strings.Cut(event, "\ndata: ")
		switch {
		case strings.Contains(event, "\nevent: figure\n"):
			var f figure
			err = errors.Join(err, json.Unmarshal([]byte(data), &f))
			figures = append(figures, f)
		case strings.Contains(event, "\nevent: done\n"):
			err = errors.Join(err, json.Unmarshal([]byte(data), &m))
		}
	}
	if len(m.Figures) == 0 {
		m.Figures = figures
	}
	if m.Status == "" {
		return m, errors.Join(err, errors.New("the stream ended without an answer"))
	}
	return m, err
}

// send asks the server, and reads the data of its answer.
func (s *site) send(ctx context.Context, method, path, token string, body, into any) error {
	raw, err := s.call(ctx, method, path, token, body, "application/json")
	if err != nil {
		return err
	}
	envelope := struct{ Data any }{into}
	return json.Unmarshal(raw, &envelope)
}

// call asks the server, and reads the whole answer.
func (s *site) call(ctx context.Context, method, path, token string, body any, accept string) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url+"/api"+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", accept)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, raw)
	}
	return raw, err
}

func (s *site) close() error {
	var failures []error
	for i := len(s.closing) - 1; i >= 0; i-- {
		failures = append(failures, s.closing[i]())
	}
	return errors.Join(failures...)
}
