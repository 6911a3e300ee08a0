package app_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// certificateFiles makes a certificate for this machine, signed by itself, under a name that tells it from others.
func certificateFiles(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestTLSIsModernSpeaksHTTP2AndTakesARenewedCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := certificateFiles(t, dir, "one")
	addr := sharedtest.Address(t)
	cfg, err := app.LoadConfig([]string{"JASPERS_ADDR=" + addr, "JASPERS_DATA_DIR=" + dir, "JASPERS_TLS_CERT_FILE=" + cert, "JASPERS_TLS_KEY_FILE=" + key}, "")
	if err != nil || cfg.HTTP.PublicURL != "https://"+addr {
		t.Fatalf("got %s (%v), want https", cfg.HTTP.PublicURL, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	log, ready, served := &syncBuffer{}, make(chan struct{}), make(chan error, 1)
	go func() {
		served <- app.Serve(ctx, cfg, app.Options{Log: slog.New(slog.NewTextHandler(log, nil)), Now: time.Now}, func(context.Context, *app.App) error {
			close(ready)
			return nil
		})
	}()
	<-ready
	ask := func(version uint16) (name, protocol string, err error) {
		transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: version}}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Get("https://" + addr + "/api/health/live")
		if err != nil {
			return "", "", err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.Header.Get("Strict-Transport-Security") == "" || resp.StatusCode != http.StatusOK {
			return "", "", fmt.Errorf("%s with %v", resp.Status, resp.Header)
		}
		return resp.TLS.PeerCertificates[0].Subject.CommonName, resp.Proto, nil
	}
	for version, modern := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		if name, protocol, err := ask(version); (err == nil) != modern || modern && (name != "one" || protocol != "HTTP/2.0") {
			t.Errorf("%s: got %s over %s (%v)", tls.VersionName(version), name, protocol, err)
		}
	}
	cbc := &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}
	if conn, err := tls.Dial("tcp", addr, cbc); err == nil {
		_ = conn.Close()
		t.Error("a cipher suite that does not seal was taken")
	}
	probe := func(when string) {
		t.Helper()
		if err := errors.Join(app.Probe(ctx, cfg, false), app.Probe(ctx, cfg, true)); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
	probe("with the first certificate")
	if err := os.WriteFile(cert, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a warning", func() error {
		if name, _, err := ask(tls.VersionTLS13); err != nil || name != "one" {
			t.Fatalf("got %s (%v), want the certificate before to stay", name, err)
		}
		if !strings.Contains(log.String(), "the one before stays in force") {
			return errors.New("none yet")
		}
		return nil
	})
	newCert, newKey := certificateFiles(t, dir, "two")
	copyFile(t, newKey, key)
	copyFile(t, newCert, cert)
	eventually(t, "the new certificate", func() error {
		name, _, err := ask(tls.VersionTLS13)
		if err == nil && name != "two" {
			err = fmt.Errorf("got %s", name)
		}
		return err
	})
	probe("with the second certificate")
	if n := bytes.Count([]byte(log.String()), []byte("stays in force")); n > 3 {
		t.Errorf("got %d warnings, want one for each change", n)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
