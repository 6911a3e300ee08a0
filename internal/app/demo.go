package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/mail"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// The demo's world and the person in it. None of it opens anything but the simulator.
const (
	demoSeed     = 2026
	demoEmail    = "demo@jaspers.example"
	demoPassword = "make-believe portfolio" // #nosec G101 -- printed for everybody to use
	demoClientID = "jaspers-demo"
	demoSecret   = "simulated-alpaca-client" // #nosec G101 -- the simulator's
	demoModelKey = "simulated-anthropic-key" // #nosec G101 -- the simulator's
	demoNewsKey  = "simulated-finnhub-key"   // #nosec G101 -- the simulator's
	// demoUserAgent declares the demo to the simulated SEC.
	demoUserAgent = "Jaspers demo demo@jaspers.example"
	// demoDelta is how long the simulated model thinks about each piece of text, so that one can watch it.
	demoDelta = 15 * time.Millisecond
)

// demoAccounts are the simulated accounts that the demo person has connected already.
var demoAccounts = []struct {
	customer    string
	environment broker.Environment
}{{"alex", broker.Live}, {"blair", broker.Live}}

// DemoOptions say where a demo runs.
type DemoOptions struct {
	Addr  string    // where to listen
	Dir   string    // where its data is kept
	Fresh bool      // throw away what is there
	Out   io.Writer // where the person reads what to do
	Log   *slog.Logger
}

// Demo runs the whole server against simulated services until ctx ends.
func Demo(ctx context.Context, environ []string, opts DemoOptions) error {
	if err := refuseRealCredentials(environ); err != nil {
		return err
	}
	if !isLoopback(opts.Addr) {
		return errors.New("the demo's password is known to everybody, so it listens on this machine only: use an address such as 127.0.0.1:3000")
	}
	if opts.Fresh {
		if err := removeDemo(opts.Dir); err != nil {
			return err
		}
	}
	clock := sim.NewClock(time.Now)
	world := sim.NewSim(sim.New(demoSeed, clock.Now))
	world.Clock = clock
	outside, err := listenOutside(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer outside.close()
	gateway, err := listenGateway(ctx)
	if err != nil {
		return err
	}
	defer gateway.close()
	cfg, err := demoConfig(opts, outside.address, gateway.settings...)
	if err != nil {
		return err
	}
	world.Alpaca = sim.AlpacaApp{ClientID: demoClientID, ClientSecret: demoSecret, RedirectURIs: []string{cfg.HTTP.CallbackURL}}
	world.Claude = sim.ClaudeOptions{Key: demoModelKey, DeltaDelay: demoDelta}
	world.Finnhub = sim.FinnhubOptions{Key: demoNewsKey}
	gateway.serve(world)
	outside.serve(world.Handler())
	printer := &mail.Printer{Out: opts.Out}
	return Serve(ctx, cfg, Options{Log: opts.Log, Now: clock.Now, Mail: printer}, func(ctx context.Context, a *App) error {
		if err := a.settleIn(ctx); err != nil {
			return fmt.Errorf("set up the demo: %w", err)
		}
		return printDemo(opts.Out, cfg.HTTP.PublicURL, outside.address, gateway.page())
	})
}

// demoConfig is a server whose providers are all the simulator.
func demoConfig(opts DemoOptions, simulator string, more ...string) (Config, error) {
	at := func(path string) string { return simulator + path }
	return LoadConfig(append([]string{
		"JASPERS_ADDR=" + opts.Addr, "JASPERS_DATA_DIR=" + opts.Dir,
		"JASPERS_ALPACA_CLIENT_ID=" + demoClientID, "JASPERS_ALPACA_CLIENT_SECRET=" + demoSecret,
		"JASPERS_ALPACA_AUTHORIZE_URL=" + at("/alpaca/oauth/authorize"), "JASPERS_ALPACA_TOKEN_URL=" + at("/alpaca/oauth/token"),
		"JASPERS_ALPACA_LIVE_URL=" + at("/alpaca/live"), "JASPERS_ALPACA_PAPER_URL=" + at("/alpaca/paper"),
		"JASPERS_YAHOO_QUERY_URL=" + at("/yahoo"), "JASPERS_YAHOO_COOKIE_URL=" + at("/yahoo"), "JASPERS_YAHOO_PAGES_URL=" + at("/yahoo"),
		"JASPERS_YAHOO_RATE=100", // the simulated one holds nobody to a limit, and the first look at performance asks it for years
		"JASPERS_FINNHUB_URL=" + at("/finnhub"), "JASPERS_FINNHUB_API_KEY=" + demoNewsKey,
		"JASPERS_EDGAR_USER_AGENT=" + demoUserAgent, "JASPERS_EDGAR_ARCHIVE_URL=" + at("/edgar/www"),
		"JASPERS_EDGAR_DATA_URL=" + at("/edgar/data"), "JASPERS_EDGAR_SEARCH_URL=" + at("/edgar/efts"),
		"JASPERS_ANTHROPIC_BASE_URL=" + at("/claude"), "JASPERS_ANTHROPIC_API_KEY=" + demoModelKey,
	}, more...), "")
}

// refuseRealCredentials keeps the demo away from machines that are set up for the real thing.
func refuseRealCredentials(environ []string) error {
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		for _, s := range settings(&Config{}) {
			names := []string{s.name, s.name + "_FILE", s.also, s.also + "_FILE"}
			outside := s.group != "Auth" && s.group != "Database"
			if s.secret && outside && value != "" && slices.Contains(names, name) {
				return fmt.Errorf("%s is set: the demo does not start where real credentials are; unset it, or use serve", name)
			}
		}
	}
	return nil
}

// isLoopback tells whether an address can be reached from this machine only.
func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && isLoopbackHost(host)
}

// removeDemo deletes what a demo keeps, and nothing else that may lie in the folder.
func removeDemo(dir string) error {
	for _, name := range []string{"jaspers.db", "jaspers.db-wal", "jaspers.db-shm", "jaspers.db.lock", secretsFile, secretsFile + ".lock", secretsFile + rotateLock} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove the old demo: %w", err)
		}
	}
	return nil
}

// settleTime bounds the setting up of a demo, which Ctrl-C does not break off: half of it would stay for good.
const settleTime = 10 * time.Second

// settleIn makes the demo person and connects their accounts, as a person would, where that was not done before. A demo
// that was killed while it did so is completed: who has no connection at all gets them.
func (a *App) settleIn(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	person, err := a.Auth.AddUser(ctx, demoEmail, demoPassword)
	if fault.Is(err, fault.EmailTaken) {
		person, err = a.Users.FindByEmail(ctx, demoEmail)
	}
	if err != nil {
		return err
	}
	connected, err := a.Connections.List(ctx, person.ID)
	if err != nil || len(connected) > 0 {
		return err
	}
	for _, account := range demoAccounts {
		attempt, err := a.Connections.Connect(ctx, person.ID, "alpaca", account.environment, connection.Access{})
		if err != nil {
			return err
		}
		back, err := consent(ctx, attempt, account.customer)
		if err != nil {
			return err
		}
		if _, err := a.Connections.Callback(ctx, back); err != nil {
			return err
		}
	}
	return a.connectGateway(ctx, person)
}

// consent does what a customer does on the simulator's consent page, and comes back as their browser would.
func consent(ctx context.Context, attempt connection.Authorization, customer string) (connection.Redirect, error) {
	form := strings.NewReader(url.Values{"customer": {customer}, "decision": {"allow"}}.Encode())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, attempt.URL, form)
	if err != nil {
		return connection.Redirect{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultTransport.RoundTrip(req) // does not follow the redirect
	if err != nil {
		return connection.Redirect{}, err
	}
	defer func() { _ = resp.Body.Close() }() // nothing in it is read
	to, err := resp.Location()
	if err != nil {
		return connection.Redirect{}, fmt.Errorf("the simulated brokerage answered %s: %w", resp.Status, err)
	}
	query := to.Query()
	return connection.Redirect{State: query.Get("state"), Code: query.Get("code"), BrowserSecret: attempt.BrowserSecret}, nil
}

// outside is the simulator on its own address.
type outside struct {
	address  string
	listener net.Listener
	server   *http.Server
}

// listenOutside takes an address for the simulator; serve begins to answer.
func listenOutside(ctx context.Context, addr string) (*outside, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("start the simulator: %w", err)
	}
	return &outside{address: "http://" + listener.Addr().String(), listener: listener}, nil
}

func (o *outside) serve(h http.Handler) {
	o.server = &http.Server{Handler: h, ReadHeaderTimeout: readHeaderTime}
	go func() { _ = o.server.Serve(o.listener) }() // ends with close
}

func (o *outside) close() {
	if o.server != nil {
		_ = o.server.Close()
		return
	}
	_ = o.listener.Close()
}

// Simulate runs the simulated services alone, for a server that is told to call them, until ctx ends.
func Simulate(ctx context.Context, addr, redirectURI string, out io.Writer) error {
	clock := sim.NewClock(time.Now)
	world := sim.NewSim(sim.New(demoSeed, clock.Now))
	world.Clock = clock
	world.Alpaca = sim.AlpacaApp{ClientID: demoClientID, ClientSecret: demoSecret, RedirectURIs: []string{redirectURI}}
	world.Claude = sim.ClaudeOptions{Key: demoModelKey, DeltaDelay: demoDelta}
	world.Finnhub = sim.FinnhubOptions{Key: demoNewsKey}
	o, err := listenOutside(ctx, addr)
	if err != nil {
		return err
	}
	defer o.close()
	gateway, err := listenGateway(ctx)
	if err != nil {
		return err
	}
	defer gateway.close()
	gateway.serve(world)
	o.serve(world.Handler())
	cfg, err := demoConfig(DemoOptions{}, o.address)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "Simulated services at %s; give a server these settings:\n\n", o.address); err != nil {
		return err
	}
	for _, s := range settings(&cfg) {
		if value := s.value.String(); strings.Contains(value, o.address) {
			_, _ = fmt.Fprintf(out, "%s=%s\n", s.name, value)
		}
	}
	_, _ = fmt.Fprintln(out, strings.Join(gateway.settings, "\n"))
	_, err = fmt.Fprintf(out, "JASPERS_ALPACA_CLIENT_ID=%s\nJASPERS_ALPACA_CLIENT_SECRET=%s\nJASPERS_CALLBACK_URL=%s\nJASPERS_ANTHROPIC_API_KEY=%s\nJASPERS_FINNHUB_API_KEY=%s\n",
		demoClientID, demoSecret, redirectURI, demoModelKey, demoNewsKey)
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}
