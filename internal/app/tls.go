package app

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificateAge is how long the files of a certificate are not looked at again.
const certificateAge = time.Second

// certificate is read from its files, and read again when they change, so that a renewed one needs no restart.
type certificate struct {
	certFile, keyFile string
	log               *slog.Logger

	mu      sync.Mutex
	now     *tls.Certificate
	looked  time.Time
	changed [2]time.Time // of the files, when they were read
}

// newTLS is how the server answers with TLS, or nil when it does not.
func newTLS(cfg HTTPConfig, log *slog.Logger) (*tls.Config, error) {
	if cfg.TLSCert == "" && cfg.TLSKey == "" {
		return nil, nil
	}
	if cfg.TLSCert == "" || cfg.TLSKey == "" {
		return nil, errors.New("JASPERS_TLS_CERT_FILE and JASPERS_TLS_KEY_FILE must be set together")
	}
	c := &certificate{certFile: cfg.TLSCert, keyFile: cfg.TLSKey, log: log}
	if err := c.read(); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		CipherSuites:   sealingSuites,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get(), nil },
	}, nil
}

// sealingSuites are those of TLS 1.2 with forward secrecy that encrypt and authenticate in one; TLS 1.3 has no others.
var sealingSuites = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
}

// read takes both files over, or leaves everything as it was.
func (c *certificate) read() error {
	times, err := c.times()
	if err != nil {
		return err
	}
	c.changed = times // what cannot be used is not tried again until it changes
	if info, err := os.Stat(c.keyFile); err == nil && info.Mode().Perm()&0o007 != 0 {
		return errors.New("JASPERS_TLS_KEY_FILE can be read by everybody on this machine: run chmod 600 on it")
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return errors.New("JASPERS_TLS_CERT_FILE and JASPERS_TLS_KEY_FILE must be a certificate and its key in PEM: one of them cannot be read, or they do not belong together")
	}
	c.now = &pair
	return nil
}

// times are when the files changed last.
func (c *certificate) times() (times [2]time.Time, err error) {
	for i, path := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			return times, errors.New([]string{"JASPERS_TLS_CERT_FILE", "JASPERS_TLS_KEY_FILE"}[i] + " names a file that cannot be read")
		}
		times[i] = info.ModTime()
	}
	return times, nil
}

// get is the certificate of the moment. Files that are being exchanged, or are broken, leave the one before in force.
func (c *certificate) get() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < certificateAge {
		return c.now
	}
	c.looked = time.Now()
	times, err := c.times()
	if err == nil && times == c.changed {
		return c.now
	}
	if err == nil {
		err = c.read()
	}
	if err != nil {
		c.log.Warn("the new certificate cannot be used; the one before stays in force", "error", err)
		return c.now
	}
	c.log.Info("a new certificate is in force")
	return c.now
}
