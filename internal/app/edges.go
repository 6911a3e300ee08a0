package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/api"
	"github.com/jaspers-ai/jaspers/internal/limit"
)

// scheme is how the server itself answers.
func (c HTTPConfig) scheme() string {
	if c.TLSCert != "" {
		return "https"
	}
	return "http"
}

// edge is what the API needs of the settings.
func (c *Config) edge(opts Options, public *url.URL, limiter *limit.Limiter) api.Config {
	proxies, _ := trustedProxies(c.HTTP.Proxies) // checked by checkEdges
	return api.Config{
		Log: opts.Log, Now: opts.Now, PublicURL: public, CORSOrigins: c.HTTP.CORSOrigins, TrustedProxies: proxies, Limiter: limiter, MetricsToken: c.Telemetry.MetricsToken,
		HealthAlone: opts.Worker,
		Rates: api.Rates{
			Requests: c.Limits.Requests, SignIns: c.Limits.SignIns, SignUps: c.Limits.SignUps, Messages: c.Limits.Messages, Streams: c.Limits.Streams,
		},
	}
}

// checkEdges checks what is said about how the server is reached and how much may be asked.
func (c *Config) checkEdges() error {
	if _, err := netip.ParseAddrPort(c.HTTP.Addr); err != nil && !isHostPort(c.HTTP.Addr) {
		return errors.New("JASPERS_ADDR must be host:port, such as 127.0.0.1:3000")
	}
	if u, err := url.Parse(c.HTTP.CallbackURL); err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return errors.New("JASPERS_CALLBACK_URL must be an address such as https://jaspers.example.com/api/brokerages/callback")
	}
	for _, origin := range c.HTTP.CORSOrigins {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Scheme+"://"+u.Host != origin || strings.Contains(origin, "*") {
			return errors.New("JASPERS_CORS_ORIGINS must list origins such as https://app.example.com, without a path and without wildcards")
		}
	}
	if _, err := trustedProxies(c.HTTP.Proxies); err != nil {
		return err
	}
	limits := map[string]int{
		"JASPERS_LIMIT_REQUESTS": c.Limits.Requests, "JASPERS_LIMIT_SIGN_INS": c.Limits.SignIns,
		"JASPERS_LIMIT_SIGN_UPS": c.Limits.SignUps, "JASPERS_LIMIT_MESSAGES": c.Limits.Messages,
		"JASPERS_LIMIT_STREAMS": c.Limits.Streams,
	}
	for name, n := range limits {
		if n < 1 || n > maxLimit {
			return fmt.Errorf("%s must be between 1 and %d; there is no way to switch it off", name, maxLimit)
		}
	}
	return c.checkAddresses()
}

// maxLimit is beyond what one machine can answer.
const maxLimit = 10_000_000

// checkAddresses checks those of the database, of its replica and of Redis.
func (c *Config) checkAddresses() error {
	if address := string(c.Limits.RedisURL); address != "" {
		u, err := url.Parse(address)
		if err != nil || u.Hostname() == "" || u.Scheme != "redis" && u.Scheme != "rediss" {
			return errors.New("JASPERS_REDIS_URL must have the form redis://user:password@host:port/database")
		}
	}
	replica := string(c.Database.Replica)
	if strings.HasPrefix(string(c.Database.URL), "sqlite:") {
		if replica != "" {
			return errors.New("JASPERS_DATABASE_REPLICA_URL is set beside SQLite, which has no replicas: leave it out, or set JASPERS_DATABASE_URL to a PostgreSQL")
		}
		return nil
	}
	if err := checkPostgres("JASPERS_DATABASE_URL", string(c.Database.URL)); err != nil || replica == "" {
		return err
	}
	return checkPostgres("JASPERS_DATABASE_REPLICA_URL", replica)
}

// checkPostgres checks the address that a setting of this name has.
func checkPostgres(setting, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return fmt.Errorf("%s must have the form postgres://user:password@host:port/database", setting)
	}
	password, _ := u.User.Password()
	if host := u.Hostname(); host != "" && !isLoopbackHost(host) && isKnownPassword(password, u.User.Username()) {
		return fmt.Errorf("%s has no password, or one that everybody tries first, for a database on another machine: give its user a random one", setting)
	}
	return nil
}

// knownPasswords are those that images and instructions come with.
var knownPasswords = []string{"postgres", "postgresql", "password", "pass", "secret", "admin", "root", "test", "example", "changeme", "change-me", "jaspers", "1234", "12345", "123456"}

func isKnownPassword(password, user string) bool {
	return password == "" || password == user || slices.Contains(knownPasswords, strings.ToLower(password))
}

// checkServing refuses to be reached from other machines without encryption: by our own TLS, or by a proxy's.
func (c *Config) checkServing() error {
	public, err := url.Parse(c.HTTP.PublicURL)
	if err != nil {
		return errors.New("JASPERS_PUBLIC_URL must be an address such as https://jaspers.example.com")
	}
	if public.Scheme == "http" && !isLoopbackHost(public.Hostname()) {
		return errors.New("JASPERS_PUBLIC_URL is an http address of another machine: passwords would cross the network unencrypted; make it https")
	}
	if c.HTTP.TLSCert == "" && public.Scheme != "https" && !isLoopback(c.HTTP.Addr) {
		return errors.New("JASPERS_ADDR can be reached from other machines without encryption: set JASPERS_TLS_CERT_FILE and " +
			"JASPERS_TLS_KEY_FILE or, behind a proxy with TLS, JASPERS_PUBLIC_URL to its https address")
	}
	return nil
}

// trustedProxies reads addresses and ranges.
func trustedProxies(texts []string) ([]netip.Prefix, error) {
	wrong := errors.New("JASPERS_TRUSTED_PROXIES must list addresses or ranges such as 10.0.0.0/8, none of them all there is")
	var all []netip.Prefix
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if a, err := netip.ParseAddr(text); err == nil {
			a = a.Unmap().WithZone("")
			all = append(all, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil || p.Bits() == 0 || p.Addr().Is4In6() {
			return nil, wrong
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

func isHostPort(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	_, err = net.LookupPort("tcp", port)
	return err == nil
}

func isLoopbackHost(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.Unmap().IsLoopback()
}
