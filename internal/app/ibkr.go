package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/broker/ibkr"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/pause"
	"github.com/jaspers-ai/jaspers/internal/sim"
	"github.com/jaspers-ai/jaspers/internal/upstream"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// IBKRConfig switches Interactive Brokers on when the address of a Client Portal Gateway is there.
type IBKRConfig struct {
	GatewayURL  string `env:"JASPERS_IBKR_GATEWAY_URL" also:"IBKR_GATEWAY_URL" doc:"Where your Client Portal Gateway is, such as https://localhost:5000; http:// on this machine only. Administrators alone can connect it."`
	Certificate string `env:"JASPERS_IBKR_GATEWAY_CERT" doc:"The one certificate the gateway may show: a file (PEM), or its SHA-256 in hex digits. Needed for the one it comes with, which is signed by itself; when empty, it has to prove itself as any site does."`
}

// check tells what is wrong with the settings. The gateway's address is the operator's to choose, and nobody else's.
func (c IBKRConfig) check() error {
	if c.GatewayURL == "" {
		return nil
	}
	u, err := url.Parse(c.GatewayURL)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("JASPERS_IBKR_GATEWAY_URL must be an address such as https://localhost:5000")
	}
	if u.Scheme == "http" && !isLoopbackHost(u.Hostname()) {
		return errors.New("JASPERS_IBKR_GATEWAY_URL must begin with https:// unless the gateway is on this machine (localhost)")
	}
	if u.Scheme == "http" && c.Certificate != "" {
		return errors.New("JASPERS_IBKR_GATEWAY_CERT is set and JASPERS_IBKR_GATEWAY_URL begins with http://, where no certificate is shown")
	}
	_, err = c.pin()
	return err
}

// pin is the certificate that is set; nil for none.
func (c IBKRConfig) pin() (*upstream.Pin, error) {
	if c.Certificate == "" {
		return nil, nil
	}
	pin, err := upstream.PinOf(c.Certificate)
	if err != nil {
		return nil, fmt.Errorf("JASPERS_IBKR_GATEWAY_CERT is %w", err)
	}
	return &pin, nil
}

func (p providers) ibkr() (broker.Provider, error) {
	if p.IBKR.GatewayURL == "" {
		return nil, errOff
	}
	cfg := ibkr.Manners()
	var err error
	if cfg.Pin, err = p.IBKR.pin(); err != nil {
		return nil, err
	}
	u, err := url.Parse(p.IBKR.GatewayURL)
	if err != nil {
		return nil, err
	}
	client, err := p.client(cfg, address{u.Scheme + "://" + u.Host, ibkr.DefaultURL})
	if err != nil {
		return nil, err
	}
	provider := ibkr.New(ibkr.Config{URL: p.IBKR.GatewayURL, Now: p.Now, Wait: pause.For}, client)
	return provider, p.watch("ibkr", client, provider)
}

// The simulated gateway of a demo: who is signed in there, and for how long when nobody asks. A laptop that slept should
// not find the demo signed out.
const (
	demoGatewayUser = "alex"
	demoGatewayIdle = 24 * time.Hour
	demoGatewayRate = 10 // requests a second, as the real one allows
)

// gateway is the simulated one on its own address, with a certificate of its own that nobody signed.
type gateway struct {
	settings []string // which tell a server where it is and by what it is known
	listener net.Listener
	server   *http.Server
}

// listenGateway takes an address for the gateway; serve begins to answer.
func listenGateway(ctx context.Context) (*gateway, error) {
	certificate, fingerprint, err := sim.SelfSigned()
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the simulated gateway: %w", err)
	}
	return &gateway{
		settings: []string{
			"JASPERS_IBKR_GATEWAY_URL=https://" + listener.Addr().String() + "/ibkr", "JASPERS_IBKR_GATEWAY_CERT=" + fingerprint,
		},
		listener: tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}),
	}, nil
}

// page is where a person signs in.
func (g *gateway) page() string { return "https://" + g.listener.Addr().String() + "/ibkr/" }

func (g *gateway) serve(world *sim.Sim) {
	world.IBKR = sim.IBKRGateway{User: demoGatewayUser, Idle: demoGatewayIdle, Rate: demoGatewayRate}
	all := world.Handler()
	only := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/ibkr/") {
			http.NotFound(w, r)
			return
		}
		all.ServeHTTP(w, r)
	})
	g.server = &http.Server{Handler: only, ReadHeaderTimeout: readHeaderTime}
	go func() { _ = g.server.Serve(g.listener) }() // ends with close
}

func (g *gateway) close() {
	if g.server != nil {
		_ = g.server.Close()
		return
	}
	_ = g.listener.Close()
}

// connectGateway connects the demo person, who is the one that runs the demo, to the simulated gateway.
func (a *App) connectGateway(ctx context.Context, person user.User) error {
	_, err := a.Connections.Begin(ctx, person.ID, connection.Request{Provider: "ibkr", Environment: broker.Live, Admin: person.Role == user.Admin})
	return err
}
