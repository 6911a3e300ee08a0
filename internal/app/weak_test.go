package app

import (
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

// TestKnownSecretsAreNoSettings tries what everybody can look up. Those of the list that look as random as ours cannot be
// told from ours: that is why the documentation says how to make one.
func TestKnownSecretsAreNoSettings(t *testing.T) {
	weak := strings.Split(strings.TrimSuffix(string(sharedtest.Unpack(t, "security/corpora/jwt-weak-secrets-MIT.txt.xz")), "\n"), "\n")
	taken := 0
	for _, sample := range samples {
		if checkSecret("JASPERS_JWT_SECRET", telemetry.Secret("jJ8"+sample+"-0f1e2d3c4b5a69788796a5b4c3d2e1f0")) == nil {
			t.Errorf("%q is taken with something around it", sample)
		}
	}
	for _, secret := range weak {
		err := checkSecret("JASPERS_JWT_SECRET", telemetry.Secret(secret))
		if err == nil {
			taken++
		}
		if err == nil && len(secret) < minSecret {
			t.Errorf("%q is taken", secret)
		}
	}
	if taken > len(weak)/50 {
		t.Errorf("%d of %d known secrets are taken", taken, len(weak))
	}
	t.Logf("%d known secrets, of which %d are taken: they look as random as ours", len(weak), taken)
}
