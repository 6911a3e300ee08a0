package upstream

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
)

// Pin is the SHA-256 of a certificate, as it is sent.
type Pin [sha256.Size]byte

// String is the pin as people compare it: hex digits in pairs.
func (p Pin) String() string {
	pairs := make([]string, len(p))
	for i, b := range p {
		pairs[i] = fmt.Sprintf("%02X", b)
	}
	return strings.Join(pairs, ":")
}

// PinOf reads what an operator knows a certificate by: its SHA-256 in hex digits, with colons or without, or the name of
// a file with the certificate in PEM. Of several in a file it is the first: servers' chains begin with their own.
func PinOf(text string) (Pin, error) {
	digits := strings.ReplaceAll(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "SHA256:"), ":", "")
	if sum, err := hex.DecodeString(digits); err == nil && len(sum) == sha256.Size {
		return Pin(sum), nil
	}
	file, err := os.ReadFile(text) // #nosec G304 -- the operator names the file
	if err != nil {
		return Pin{}, errors.New("neither a SHA-256 fingerprint of 64 hex digits nor a file that can be read")
	}
	for block, rest := pem.Decode(file); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return Pin{}, errors.New("a file whose certificate cannot be read")
		}
		return sha256.Sum256(block.Bytes), nil
	}
	return Pin{}, errors.New("a file without a certificate (PEM)")
}

// only is TLS with the one certificate and no other, whoever signed it, whatever name it is for and until when: who has
// its key is who the operator meant.
func (p Pin) only() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // #nosec G402 -- VerifyConnection below decides in its place, for resumed sessions as well
		VerifyConnection: func(state tls.ConnectionState) error {
			shown := Pin(sha256.Sum256(state.PeerCertificates[0].Raw))
			if subtle.ConstantTimeCompare(shown[:], p[:]) == 1 {
				return nil
			}
			return &tls.CertificateVerificationError{
				UnverifiedCertificates: state.PeerCertificates,
				Err:                    fmt.Errorf("the certificate shown has the SHA-256 %s, and %s is the one that is set", shown, p),
			}
		},
	}
}

// newJar keeps the cookies of one client. A client has few origins and all of them are chosen, so that none needs to be kept
// from setting cookies for another.
func newJar() http.CookieJar {
	jar, _ := cookiejar.New(nil) // never fails
	return jar
}
