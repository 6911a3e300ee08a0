package ibkr_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// TestEveryRecordingIsRead has a line for each file of the folder; a new one has to be given one.
func TestEveryRecordingIsRead(t *testing.T) {
	readings := map[string]func(*testing.T, recorded){
		"rec-GET-portfolio-accounts.json":        isAccounts("U1234567 USD ACTIVE"),
		"ibind-portfolio-accounts-2023.json":     isAccounts("DUMMY_ACCOUNT_ID123 USD ACTIVE"),
		"spec-portfolio-accounts-llc.json":       isAccounts("DU123456 USD ACTIVE"),
		"rec-GET-portfolio-ledger.json":          isLedger("971869.6", map[string]string{"USD": "971869.6"}),
		"spec-ledger-AUD-BASE-USD.json":          isLedger("213375440", map[string]string{"USD": "213375440", "AUD": "223911.11"}),
		"rec-GET-portfolio-positions-empty.json": isPositions(),
		"rec-GET-portfolio-positions-page0.json": isPositions("QQQ 3x1 584.31333335 1752.94 584.68 1754.04 USD"),
		"spec-positions-crypto-option.json": isPositions(
			"BTC/USD 0.00365831x1 27608.34921045 101 69814.4 255.4 USD",
			"SPY250117C00440000 1x100 58.010401 5801.04 95.70706 9570.71 USD",
			"IBM 1412x1 144.46141 203979.51 185.176 261468.5 USD"),
		"rec-POST-portfolio-invalidate.json":  isAt("POST /portfolio/U1/positions/invalidate", readsPositions, ""),
		"rec-POST-tickle.json":                isAt("POST /tickle", keepsAlive, ""),
		"spec-tickle.json":                    isAt("POST /tickle", keepsAlive, ""),
		"spec-tickle-fail.json":               isAt("POST /tickle", keepsAlive, fault.UpstreamFailed),
		"error-200-no-session.json":           isAt("POST /tickle", keepsAlive, fault.ReauthorizationRequired),
		"error-302-not-logged-in.json":        isAt("POST /tickle", keepsAlive, fault.ReauthorizationRequired),
		"error-401-empty.json":                isAt("GET /portfolio/accounts", readsAccounts, fault.ReauthorizationRequired),
		"error-411-length-required.json":      isAt("POST /tickle", keepsAlive, fault.UpstreamFailed),
		"error-429.json":                      isAt("GET /portfolio/accounts", readsAccounts, fault.UpstreamDown),
		"error-500-query-accounts-first.json": isAt("GET /portfolio/U1/ledger", readsAccounts, fault.UpstreamDown),
		"rec-GET-auth-status.json":            isAt("POST /iserver/auth/status", readsTrades, ""),
		"spec-auth-status.json":               isAt("POST /iserver/auth/status", readsTrades, ""),
		"ibind-auth-status-2023.json":         isAt("POST /iserver/auth/status", readsTrades, ""),
		"auth-status-competing.json":          isAt("POST /iserver/auth/status", readsTrades, fault.UpstreamDown),
		"auth-status-not-authenticated.json":  isAt("POST /iserver/auth/status", readsTrades, fault.UpstreamDown),
		"rec-GET-iserver-accounts.json":       selectsFirst,
		"rec-POST-switch-account.json":        isAt("POST /iserver/account", readsTrades, ""),
		"rec-POST-ssodh-init.json":            opens,
		// What we do not ask for must not be taken for what we do.
		"rec-GET-iserver-account-pnl-partitioned.json": isAt("GET /portfolio/accounts", readsAccounts, fault.UpstreamFailed),
		"rec-GET-portfolio-meta.json":                  isAt("GET /portfolio/accounts", readsAccounts, fault.UpstreamFailed),
		"spec-summary-full.json":                       isAt("GET /portfolio/U1/ledger", readsAccounts, fault.UpstreamFailed),
		"spec-logout.json":                             isAt("GET /portfolio/U1/positions/0", readsPositions, fault.UpstreamFailed),
		"spec-sso-validate.json":                       isAt("GET /portfolio/accounts", readsAccounts, fault.UpstreamFailed),
		"reauthenticate.json":                          isAt("GET /iserver/account/trades", readsTrades, fault.UpstreamFailed),
	}
	files, err := os.ReadDir(sharedtest.Dir(t, "upstreams/fixtures/dev/ibkr"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(file.Name(), func(t *testing.T) {
			read, ok := readings[file.Name()]
			if !ok {
				t.Fatal("no reading of it here")
			}
			read(t, recording(t, file.Name()))
		})
		delete(readings, file.Name())
	}
	for name := range readings {
		t.Errorf("%s is not there", name)
	}
}

func isAccounts(want string) func(*testing.T, recorded) {
	return func(t *testing.T, r recorded) {
		id, _, _ := strings.Cut(want, " ")
		rest := gateway.with(answers{"GET /portfolio/" + id + "/ledger": aLedger})
		got, err := at(t, newClock(), except("GET /portfolio/accounts", r, rest)).Accounts(t.Context(), paper)
		if err != nil || len(got) != 1 || strings.Join([]string{got[0].ID, got[0].Currency, got[0].Status}, " ") != want || got[0].Number != id {
			t.Errorf("got %+v, %v, want %s", got, err, want)
		}
	}
}

func isLedger(cash string, in map[string]string) func(*testing.T, recorded) {
	return func(t *testing.T, r recorded) {
		got, err := at(t, newClock(), except("GET /portfolio/U1/ledger", r, gateway)).Accounts(t.Context(), paper)
		if err != nil || len(got) != 1 || word(got[0].Cash) != cash {
			t.Fatalf("got %+v, %v, want %s", got, err, cash)
		}
		held := map[string]string{}
		for currency, amount := range got[0].CashIn {
			held[currency] = amount.String()
		}
		if diff := cmp.Diff(in, held); diff != "" {
			t.Errorf("cash by currency (-want +got):\n%s", diff)
		}
	}
}

func isPositions(want ...string) func(*testing.T, recorded) {
	return func(t *testing.T, r recorded) {
		var rows []struct{ AcctID string }
		if err := json.Unmarshal([]byte(r.body), &rows); err != nil {
			t.Fatal(err)
		}
		account := u1
		if len(rows) > 0 {
			account.ID = rows[0].AcctID
		}
		body := strings.ReplaceAll(r.body, account.ID, "U1")
		rest := gateway.with(answers{"GET /trsrv/secdef": `{"secdef":[]}`})
		got, err := at(t, newClock(), except("GET /portfolio/U1/positions/0", recorded{r.status, r.header, body}, rest)).Positions(t.Context(), paper, u1)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for _, p := range got {
			lines = append(lines, figures(p))
		}
		if diff := cmp.Diff(want, lines); diff != "" {
			t.Errorf("positions (-want +got):\n%s", diff)
		}
	}
}

type reader func(*testing.T, http.Handler) (int, error)

func readsAccounts(t *testing.T, h http.Handler) (int, error) {
	all, err := at(t, newClock(), h).Accounts(t.Context(), paper)
	return len(all), err
}

func readsPositions(t *testing.T, h http.Handler) (int, error) {
	all, err := at(t, newClock(), h).Positions(t.Context(), paper, u1)
	return len(all), err
}

func readsTrades(t *testing.T, h http.Handler) (int, error) {
	all, err := at(t, newClock(), h).Activities(t.Context(), paper, u1, time.Time{})
	return len(all.Activities), err
}

func keepsAlive(t *testing.T, h http.Handler) (int, error) {
	err := at(t, newClock(), h).KeepAlive(t.Context(), broker.Credentials{})
	if err != nil {
		return 0, err
	}
	return 1, nil
}

// isAt wants a reading with the recording at a route to have the outcome; without a kind it is to give something.
func isAt(route string, read reader, want fault.Kind) func(*testing.T, recorded) {
	return func(t *testing.T, r recorded) {
		rest := gateway
		if route == "POST /iserver/account" {
			rest = gateway.with(answers{"GET /iserver/accounts": `{"selectedAccount":"U2"}`})
		}
		n, err := read(t, except(route, r, rest))
		switch {
		case want == "" && (err != nil || n == 0):
			t.Errorf("got %d, %v, want some", n, err)
		case want != "" && (n != 0 || fault.KindOf(err) != want):
			t.Errorf("got %d, %v, want %s", n, err, want)
		}
	}
}

// selectsFirst wants the account that is selected to be changed where it is not the one.
func selectsFirst(t *testing.T, r recorded) {
	if n, err := readsTrades(t, except("GET /iserver/accounts", r, gateway)); n != 0 || fault.KindOf(err) != fault.UpstreamFailed {
		t.Errorf("got %d, %v: trades of another account were taken", n, err)
	}
	rest := gateway.with(answers{"POST /iserver/account": `{"set":true}`})
	if n, err := readsTrades(t, except("GET /iserver/accounts", r, rest)); n != 1 || err != nil {
		t.Errorf("got %d, %v, want the trade", n, err)
	}
}

func opens(t *testing.T, r recorded) {
	rest := gateway.with(answers{"POST /iserver/auth/status": `{"authenticated":false,"competing":false,"connected":true}`})
	if n, err := readsTrades(t, except("POST /iserver/auth/ssodh/init", r, rest)); n != 1 || err != nil {
		t.Errorf("got %d, %v, want the trade", n, err)
	}
}
