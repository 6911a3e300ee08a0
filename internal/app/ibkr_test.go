package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/app"
)

func TestTheGatewaysSettingsAreCheckedAtTheStart(t *testing.T) {
	certificate, _ := certificateFiles(t, t.TempDir(), "gateway")
	fingerprint := strings.Repeat("ab:", 31) + "ab"
	broken := filepath.Join(t.TempDir(), "broken.pem")
	if err := os.WriteFile(broken, []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ address, pin, want string }{
		{"https://localhost:5000", "", ""},
		{"https://localhost:5000/v1/api/", fingerprint, ""},
		{"https://gateway.example:5000", certificate, ""},
		{"http://localhost:5000", "", ""},
		{"http://127.0.0.1:5000", "", ""},
		{"http://[::1]:5000", "", ""},
		{"", fingerprint, ""},
		{"http://gateway.example:5000", "", "JASPERS_IBKR_GATEWAY_URL must begin with https://"},
		{"http://10.0.0.7:5000", "", "JASPERS_IBKR_GATEWAY_URL must begin with https://"},
		{"localhost:5000", "", "JASPERS_IBKR_GATEWAY_URL must be an address"},
		{"ftp://localhost:5000", "", "JASPERS_IBKR_GATEWAY_URL must be an address"},
		{"https://user:canary@localhost:5000", "", "JASPERS_IBKR_GATEWAY_URL must be an address"},
		{"http://localhost:5000", fingerprint, "JASPERS_IBKR_GATEWAY_CERT is set and"},
		{"https://localhost:5000", "abcdef", "JASPERS_IBKR_GATEWAY_CERT is neither"},
		{"https://localhost:5000", broken, "JASPERS_IBKR_GATEWAY_CERT is a file without a certificate"},
	} {
		_, err := app.LoadConfig([]string{"IBKR_GATEWAY_URL=" + c.address, "JASPERS_IBKR_GATEWAY_CERT=" + c.pin}, "")
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("%s with %s: got %v, want %q", c.address, c.pin, err, c.want)
		}
	}
}
