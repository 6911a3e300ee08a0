package upstream_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// selfSigned is a certificate for another name than this machine's, valid until a moment.
func selfSigned(t *testing.T, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "gateway"}, DNSNames: []string{"gateway.test"},
		NotBefore: until.Add(-48 * time.Hour), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// secure serves with the certificates, the server's own first, and counts the requests that get in.
func secure(t *testing.T, chain tls.Certificate) (address string, asked *atomic.Int32) {
	t.Helper()
	asked = &atomic.Int32{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = io.WriteString(w, "{}")
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{chain}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handshakes that are refused
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, asked
}

func pinOf(t *testing.T, text string) *upstream.Pin {
	t.Helper()
	pin, err := upstream.PinOf(text)
	if err != nil {
		t.Fatal(err)
	}
	return &pin
}

func pemFile(t *testing.T, certificates ...tls.Certificate) string {
	t.Helper()
	text := "what people write above it\n"
	for _, c := range certificates {
		text += string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}))
	}
	path := filepath.Join(t.TempDir(), "gateway.pem")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAPinnedCertificateIsTheOnlyOneThatIsAccepted(t *testing.T) {
	tomorrow := time.Now().Add(24 * time.Hour)
	ours, other, expired := selfSigned(t, tomorrow), selfSigned(t, tomorrow), selfSigned(t, time.Now().Add(-time.Hour))
	sum := func(c tls.Certificate) string {
		s := sha256.Sum256(c.Certificate[0])
		return hex.EncodeToString(s[:])
	}
	// The other's key with ours behind it in the chain: shown, but not proved.
	impostor := tls.Certificate{Certificate: [][]byte{other.Certificate[0], ours.Certificate[0]}, PrivateKey: other.PrivateKey}
	for name, c := range map[string]struct {
		shown tls.Certificate
		pin   *upstream.Pin
		want  fault.Kind
	}{
		"self-signed for another name, by fingerprint": {ours, pinOf(t, sum(ours)), ""},
		"by file":                          {ours, pinOf(t, pemFile(t, ours)), ""},
		"pinned, though expired":           {expired, pinOf(t, sum(expired)), ""},
		"another":                          {other, pinOf(t, sum(ours)), fault.UpstreamFailed},
		"ours in the chain of another":     {impostor, pinOf(t, sum(ours)), fault.UpstreamFailed},
		"second in the file":               {ours, pinOf(t, pemFile(t, other, ours)), fault.UpstreamFailed},
		"self-signed without a pin":        {ours, nil, fault.UpstreamFailed},
		"expired without a pin":            {expired, nil, fault.UpstreamFailed},
		"of this machine, not of the name": {ours, pinOf(t, sum(expired)), fault.UpstreamFailed},
	} {
		t.Run(name, func(t *testing.T) {
			address, asked := secure(t, c.shown)
			client := clientOf(t, address, func(cfg *upstream.Config) { cfg.Pin = c.pin })
			for range 2 { // the second time over the connection or the session that is there
				answer, err := get(t, client, address)
				client.HTTP().CloseIdleConnections()
				if c.want == "" {
					if err != nil || answer.Status != http.StatusOK {
						t.Errorf("got %v, %v, want an answer", answer, err)
					}
					continue
				}
				wantKind(t, err, c.want)
				if asked.Load() != 0 {
					t.Error("a request was sent")
				}
			}
		})
	}
}

func TestAPinIsReadAsOperatorsHaveIt(t *testing.T) {
	certificate := selfSigned(t, time.Now().Add(time.Hour))
	sum := sha256.Sum256(certificate.Certificate[0])
	digits := hex.EncodeToString(sum[:])
	shown := upstream.Pin(sum).String()
	for _, text := range []string{digits, strings.ToUpper(digits), shown, "sha256:" + digits, " " + shown + "\n", pemFile(t, certificate)} {
		if got, err := upstream.PinOf(text); err != nil || got != sum {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	empty := filepath.Join(t.TempDir(), "empty.pem")
	key := filepath.Join(t.TempDir(), "key.pem")
	broken := filepath.Join(t.TempDir(), "broken.pem")
	for path, text := range map[string]string{
		empty: "", key: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")})),
		broken: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"", digits[:62], digits + "00", "no such file", empty, key, broken} {
		if got, err := upstream.PinOf(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}

func TestCookiesAreKeptOnlyWhereThatIsAsked(t *testing.T) {
	for _, kept := range []bool{true, false} {
		var got atomic.Value
		c, address := serve(t, func(w http.ResponseWriter, r *http.Request) {
			got.Store(r.Header.Get("Cookie"))
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "1", Path: "/"})
		}, func(cfg *upstream.Config) { cfg.Cookies = kept })
		for range 2 {
			if _, err := get(t, c, address); err != nil {
				t.Fatal(err)
			}
		}
		if want := map[bool]string{true: "session=1", false: ""}[kept]; got.Load() != want {
			t.Errorf("got cookie %q, want %q", got.Load(), want)
		}
	}
}
