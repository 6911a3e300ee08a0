package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"time"
)

// probeTime is how long a server on this machine may take to say that it lives.
const probeTime = 3 * time.Second

// Probe asks the server that these settings are of, on this machine, whether it lives or, with ready, whether it can
// serve requests. Its error says what is wrong.
func Probe(ctx context.Context, cfg Config, ready bool) error {
	transport, err := cfg.HTTP.probeTransport()
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	path := "/api/health/live"
	if ready {
		path = "/api/health/ready"
	}
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, cfg.HTTP.scheme()+"://"+cfg.HTTP.local()+path, nil)
	if err != nil {
		return err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return fmt.Errorf("no answer at %s: %w", cfg.HTTP.local(), err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", path, resp.Status)
	}
	return nil
}

// local is the address by which this machine reaches the server: one that stands for every interface is none.
func (c HTTPConfig) local() string {
	host, port, _ := net.SplitHostPort(c.Addr) // checked by checkEdges
	if a, err := netip.ParseAddr(host); host == "" || err == nil && a.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// probeTransport trusts the server's own certificate and no other: who issued it is for others to ask.
func (c HTTPConfig) probeTransport() (*http.Transport, error) {
	if c.TLSCert == "" {
		return &http.Transport{}, nil
	}
	public, err := url.Parse(c.PublicURL)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(c.TLSCert) // #nosec G304 -- the operator names the file
	own := x509.NewCertPool()
	if err != nil || !own.AppendCertsFromPEM(text) {
		return nil, errors.New("JASPERS_TLS_CERT_FILE names a file that cannot be read")
	}
	return &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: own, ServerName: public.Hostname()}}, nil
}
