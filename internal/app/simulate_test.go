package app_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/app"
)

func TestTheSimulatorPrintsEverySettingThatPointsAServerAtIt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var out syncBuffer
	ended := make(chan error, 1)
	go func() {
		ended <- app.Simulate(ctx, "127.0.0.1:0", "http://127.0.0.1:3000/api/brokerages/callback", &out)
	}()
	eventually(t, "its settings", func() error {
		if text := out.String(); !strings.Contains(text, "JASPERS_FINNHUB_API_KEY=") || !strings.HasSuffix(text, "\n") { // the last
			return errors.New("not printed yet")
		}
		return nil
	})
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	_, lines, _ := strings.Cut(out.String(), "\n\n")
	cfg, err := app.LoadConfig(strings.Split(strings.TrimSpace(lines), "\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	if cfg.EDGAR.UserAgent == "" || cfg.EDGAR.ArchiveURL == "" || cfg.Yahoo.Rate != 100 || cfg.Anthropic.APIKey == "" || cfg.Alpaca.ClientID == "" {
		t.Errorf("got %s, want filings, prices, a brokerage and a model", lines)
	}
}
