package app_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/app"
)

// badSettings are configurations the server must refuse, each with the setting that its one line of complaint names.
func badSettings(t *testing.T) map[string]struct {
	names    string
	settings []string
} {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask
			t.Fatal(err)
		}
		return path
	}
	cert, key := certificateFiles(t, dir, "one")
	_, otherKey := certificateFiles(t, dir, "other")
	open := write("open.pem", "", 0o644)
	copyFile(t, key, open)
	tls := func(cert, key string) []string {
		return []string{"JASPERS_TLS_CERT_FILE=" + cert, "JASPERS_TLS_KEY_FILE=" + key}
	}
	exposed := filepath.Join(dir, "exposed")
	if err := os.MkdirAll(exposed, 0o700); err != nil {
		t.Fatal(err)
	}
	copyInto := filepath.Join("exposed", "secrets.env")
	write(copyInto, "JASPERS_JWT_SECRET="+jwtSecret+"\n", 0o644)
	return map[string]struct {
		names    string
		settings []string
	}{
		"an address without a port":            {"JASPERS_ADDR", []string{"JASPERS_ADDR=127.0.0.1"}},
		"a port that is none":                  {"JASPERS_ADDR", []string{"JASPERS_ADDR=127.0.0.1:h1dden"}},
		"every interface":                      {"JASPERS_ADDR", []string{"JASPERS_ADDR=0.0.0.0:0", "JASPERS_PUBLIC_URL=http://127.0.0.1:3000"}},
		"every interface, in short":            {"JASPERS_PUBLIC_URL", []string{"JASPERS_ADDR=:0"}},
		"another interface":                    {"JASPERS_PUBLIC_URL", []string{"JASPERS_ADDR=192.0.2.7:0"}},
		"every IPv6 interface":                 {"JASPERS_PUBLIC_URL", []string{"JASPERS_ADDR=[::]:0"}},
		"http from elsewhere":                  {"JASPERS_PUBLIC_URL", []string{"JASPERS_PUBLIC_URL=http://h1dden.example.com"}},
		"a public URL without a host":          {"JASPERS_PUBLIC_URL", []string{"JASPERS_PUBLIC_URL=https://"}},
		"a public URL of another scheme":       {"JASPERS_PUBLIC_URL", []string{"JASPERS_PUBLIC_URL=ftp://h1dden.example.com"}},
		"a callback that is no address":        {"JASPERS_CALLBACK_URL", []string{"JASPERS_CALLBACK_URL=h1dden"}},
		"a model nobody knows the price of":    {"JASPERS_ANTHROPIC_PRICE_INPUT", []string{"JASPERS_ANTHROPIC_API_KEY=h1dden", "JASPERS_ANTHROPIC_MODEL=qwen3-coder"}},
		"half a price":                         {"JASPERS_ANTHROPIC_PRICE_OUTPUT", []string{"JASPERS_ANTHROPIC_BASE_URL=http://127.0.0.1:1", "JASPERS_ANTHROPIC_MODEL=qwen3-coder", "JASPERS_ANTHROPIC_PRICE_INPUT=0"}},
		"a price below nothing":                {"JASPERS_ANTHROPIC_PRICE_", []string{"JASPERS_ANTHROPIC_PRICE_OUTPUT=-1"}},
		"a price that is none":                 {"JASPERS_ANTHROPIC_PRICE_INPUT", []string{"JASPERS_ANTHROPIC_PRICE_INPUT=h1dden"}},
		"a cache of another life":              {"JASPERS_ANTHROPIC_CACHE", []string{"JASPERS_ANTHROPIC_CACHE=2h"}},
		"no patience with the model":           {"JASPERS_ANTHROPIC_PATIENCE", []string{"JASPERS_ANTHROPIC_PATIENCE=1s"}},
		"a model that reads less than nothing": {"JASPERS_ANTHROPIC_CONTEXT_TOKENS", []string{"JASPERS_ANTHROPIC_CONTEXT_TOKENS=-1"}},
		"any origin":                           {"JASPERS_CORS_ORIGINS", []string{"JASPERS_CORS_ORIGINS=*"}},
		"an origin with a wildcard":            {"JASPERS_CORS_ORIGINS", []string{"JASPERS_CORS_ORIGINS=https://*.h1dden.com"}},
		"an origin with a path":                {"JASPERS_CORS_ORIGINS", []string{"JASPERS_CORS_ORIGINS=https://h1dden.com/"}},
		"the null origin":                      {"JASPERS_CORS_ORIGINS", []string{"JASPERS_CORS_ORIGINS=null"}},
		"a range that is none":                 {"JASPERS_TRUSTED_PROXIES", []string{"JASPERS_TRUSTED_PROXIES=10.0.0.0/8,h1dden"}},
		"a range that is too long":             {"JASPERS_TRUSTED_PROXIES", []string{"JASPERS_TRUSTED_PROXIES=10.0.0.0/33"}},
		"everybody as a proxy":                 {"JASPERS_TRUSTED_PROXIES", []string{"JASPERS_TRUSTED_PROXIES=0.0.0.0/0"}},
		"no requests":                          {"JASPERS_LIMIT_REQUESTS", []string{"JASPERS_LIMIT_REQUESTS=0"}},
		"fewer than no sign-ins":               {"JASPERS_LIMIT_SIGN_INS", []string{"JASPERS_LIMIT_SIGN_INS=-1"}},
		"no sign-ups":                          {"JASPERS_LIMIT_SIGN_UPS", []string{"JASPERS_LIMIT_SIGN_UPS=0"}},
		"unlimited messages":                   {"JASPERS_LIMIT_MESSAGES", []string{"JASPERS_LIMIT_MESSAGES=off"}},
		"another scheme for Redis":             {"JASPERS_REDIS_URL", []string{"JASPERS_REDIS_URL=http://:h1dden@127.0.0.1"}},
		"a Redis without a host":               {"JASPERS_REDIS_URL", []string{"JASPERS_REDIS_URL=h1dden:6379"}},
		"a database of another kind":           {"JASPERS_DATABASE_URL", []string{"JASPERS_DATABASE_URL=mysql://h1dden@127.0.0.1/x"}},
		"a database address that is none":      {"JASPERS_DATABASE_URL", []string{"JASPERS_DATABASE_URL=postgres://u:h1dden@host:port/x"}},
		"the usual database password":          {"JASPERS_DATABASE_URL", []string{"JASPERS_DATABASE_URL=postgres://jaspers:postgres@h1dden.example.com/x"}},
		"the user as the password":             {"JASPERS_DATABASE_URL", []string{"JASPERS_DATABASE_URL=postgres://h1dden:h1dden@192.0.2.1/x"}},
		"no database password":                 {"JASPERS_DATABASE_URL", []string{"JASPERS_DATABASE_URL=postgres://h1dden@192.0.2.1/x"}},
		"a replica of SQLite":                  {"JASPERS_DATABASE_REPLICA_URL", []string{"JASPERS_DATABASE_REPLICA_URL=postgres://u:h1dden@127.0.0.1:1/x"}},
		"a replica that is no PostgreSQL":      {"JASPERS_DATABASE_REPLICA_URL", []string{"JASPERS_DATABASE_URL=postgres://u@127.0.0.1:1/x", "JASPERS_DATABASE_REPLICA_URL=mysql://h1dden@127.0.0.1/x"}},
		"a replica whose address is none":      {"JASPERS_DATABASE_REPLICA_URL", []string{"JASPERS_DATABASE_URL=postgres://u@127.0.0.1:1/x", "JASPERS_DATABASE_REPLICA_URL=postgres://u:h1dden@host:port/x"}},
		"no password of the replica":           {"JASPERS_DATABASE_REPLICA_URL", []string{"JASPERS_DATABASE_URL=postgres://u@127.0.0.1:1/x", "JASPERS_DATABASE_REPLICA_URL=postgres://h1dden@192.0.2.1/x"}},
		"a short secret":                       {"JASPERS_JWT_SECRET", []string{"JASPERS_JWT_SECRET=h1dden0123456789"}},
		"a monotonous secret":                  {"JASPERS_JWT_SECRET", []string{"JASPERS_JWT_SECRET=" + strings.Repeat("h1", 20)}},
		"a sample secret":                      {"JASPERS_JWT_SECRET", []string{"JASPERS_JWT_SECRET=your-super-secret-jwt-key-h1dden-h1dden"}},
		"equal keys":                           {"JASPERS_HASH_KEY", []string{"JASPERS_JWT_SECRET=" + hashKey, "JASPERS_HASH_KEY=" + hashKey}},
		"a key that is no hex":                 {"JASPERS_ENCRYPTION_KEY", []string{"JASPERS_ENCRYPTION_KEY=h1dden" + strings.Repeat("0123456789abcdef", 4)}},
		"a short hash key":                     {"JASPERS_HASH_KEY", []string{"JASPERS_HASH_KEY=h1dden"}},
		"a secret's file that is not there":    {"JASPERS_JWT_SECRET_FILE", []string{"JASPERS_JWT_SECRET_FILE=" + dir + "/h1dden"}},
		"generated secrets for all to read":    {"chmod 600", []string{"JASPERS_DATA_DIR=" + exposed}},
		"no secrets with PostgreSQL":           {"JASPERS_JWT_SECRET", []string{"JASPERS_DATABASE_URL=postgres://u@127.0.0.1:1/h1dden"}},
		"a certificate without a key":          {"JASPERS_TLS_KEY_FILE", []string{"JASPERS_TLS_CERT_FILE=" + cert}},
		"a key without a certificate":          {"JASPERS_TLS_CERT_FILE", []string{"JASPERS_TLS_KEY_FILE=" + key}},
		"a certificate that is not there":      {"JASPERS_TLS_CERT_FILE", tls(dir+"/h1dden", key)},
		"a key that is not there":              {"JASPERS_TLS_KEY_FILE", tls(cert, dir+"/h1dden")},
		"a certificate that is none":           {"JASPERS_TLS_CERT_FILE", tls(write("h1dden.pem", "h1dden", 0o600), key)},
		"a key of another certificate":         {"JASPERS_TLS_KEY_FILE", tls(cert, otherKey)},
		"a key that everybody can read":        {"JASPERS_TLS_KEY_FILE", tls(cert, open)},
		"a cheap hash":                         {"JASPERS_BCRYPT_COST", []string{"JASPERS_BCRYPT_COST=4"}},
		"a token for ever":                     {"JASPERS_ACCESS_TOKEN_TTL", []string{"JASPERS_ACCESS_TOKEN_TTL=999h"}},
		"a number that is none":                {"JASPERS_BCRYPT_COST", []string{"JASPERS_BCRYPT_COST=h1dden"}},
		"no workers":                           {"JASPERS_JOB_WORKERS", []string{"JASPERS_JOB_WORKERS=-1"}},
		"no budget for Yahoo":                  {"JASPERS_YAHOO_RATE", []string{"JASPERS_YAHOO_RATE=0"}},
		"nobody for the SEC":                   {"JASPERS_EDGAR_USER_AGENT", []string{"JASPERS_EDGAR_USER_AGENT=curl/8.0"}},
		"a budget beyond the SEC's":            {"JASPERS_EDGAR_RATE", []string{"JASPERS_EDGAR_RATE=9"}},
		"a budget for the SEC that is none":    {"JASPERS_EDGAR_RATE", []string{"JASPERS_EDGAR_RATE=NaN"}},
		"a budget that is none":                {"JASPERS_YAHOO_RATE", []string{"JASPERS_YAHOO_RATE=NaN"}},
		"a long lease":                         {"JASPERS_JOB_LEASE", []string{"JASPERS_JOB_LEASE=9h"}},
	}
}

func TestABadConfigurationIsRefusedInOneLineThatNamesTheSetting(t *testing.T) {
	t.Parallel()
	all := badSettings(t)
	if len(all) < 30 {
		t.Fatalf("got %d, want at least 30", len(all))
	}
	for name, tc := range all {
		t.Run(name, func(t *testing.T) {
			err := serveWith(t, append([]string{"JASPERS_ADDR=127.0.0.1:0", "JASPERS_PUBLIC_URL=http://127.0.0.1:3000", "JASPERS_DATA_DIR=" + t.TempDir()}, unset(tc.settings)...))
			if err == nil {
				t.Fatal("it serves")
			}
			text := err.Error()
			if !strings.Contains(text, tc.names) || strings.Contains(text, "\n") || strings.Contains(text, "h1dden") || strings.Contains(text, hashKey) {
				t.Errorf("got %q, want one line that names %s and repeats no value", text, tc.names)
			}
		})
	}
}

// unset drops the usual public URL where the test is about the one that follows from the address.
func unset(settings []string) []string {
	for _, s := range settings {
		if strings.HasPrefix(s, "JASPERS_ADDR=:") || strings.HasPrefix(s, "JASPERS_ADDR=[") || strings.HasPrefix(s, "JASPERS_ADDR=192") {
			return append(settings, "JASPERS_PUBLIC_URL=")
		}
	}
	return settings
}

// serveWith serves until it is ready, and returns what it was refused with.
func serveWith(t *testing.T, environ []string) error {
	t.Helper()
	cfg, err := app.LoadConfig(environ, "")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return app.Serve(ctx, cfg, app.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now}, func(context.Context, *app.App) error {
		cancel()
		return nil
	})
}

func TestBehindAProxyOrWithTLSItListensToOthers(t *testing.T) {
	t.Parallel()
	cert, key := certificateFiles(t, t.TempDir(), "one")
	for name, settings := range map[string][]string{
		"a proxy": {"JASPERS_ADDR=0.0.0.0:0", "JASPERS_PUBLIC_URL=https://jaspers.example.com"},
		"TLS":     {"JASPERS_ADDR=127.0.0.1:0", "JASPERS_TLS_CERT_FILE=" + cert, "JASPERS_TLS_KEY_FILE=" + key},
		"alone":   {"JASPERS_ADDR=localhost:0"},
	} {
		if err := serveWith(t, append([]string{"JASPERS_DATA_DIR=" + t.TempDir()}, settings...)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
