package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzSettingsAreTakenOrRefusedAndSecretsNeverShown(f *testing.F) {
	for _, text := range []string{
		"JASPERS_PUBLIC_URL=https://jaspers.example.com", "JASPERS_BCRYPT_COST=nine", "JASPERS_ACCESS_TOKEN_TTL=15", "PORT=99999", "JASPERS_CORS_ORIGINS=a,,b",
		"DATABASE_HOST=h\nDATABASE_PASSWORD=p@:/%", "JASPERS_LOG_LEVEL=LOUD", "export A='b", "JASPERS_ADDR=", "=x", "JASPERS_JOB_LEASE=-1s", "A=${A}", "JASPERS_DATABASE_URL=mysql://x",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), ".env")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		const secret = "jwt-0f1e2d3c4b5a69788796a5b4c3d2e1f0"
		cfg, err := LoadConfig([]string{"JASPERS_JWT_SECRET=" + secret}, path)
		if err != nil {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%q: the error shows a secret: %v", text, err)
			}
			return
		}
		var out strings.Builder
		if err := cfg.Print(&out); err != nil || strings.Contains(out.String(), secret) || cfg.HTTP.PublicURL == "" || cfg.Auth.BcryptCost < 10 {
			t.Errorf("%q: got %s (%v)", text, out.String(), err)
		}
	})
}
