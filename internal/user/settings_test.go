package user_test

import (
	"database/sql"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// chooser is a person who is there from before there were settings.
func chooser(t *testing.T, d *db.DB) (*user.Service, string, *time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	log, err := audit.New(d, clock, []byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	s := &user.Service{DB: d, Now: clock, Audit: log, Symbol: func(symbol string) (string, error) {
		if symbol == "" {
			return "", errors.New("none")
		}
		return strings.ToUpper(symbol), nil
	}}
	ada := user.User{ID: db.NewID(), Email: "ada@example.com", CreatedAt: now, UpdatedAt: now}
	err = d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := user.Insert(t.Context(), tx, ada, "hash")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, ada.ID, &now
}

func to[T any](v T) user.Change[T]     { return user.Change[T]{Sent: true, To: &v} }
func toDefault[T any]() user.Change[T] { return user.Change[T]{Sent: true} }

func TestSettingsBeginAtTheirDefaultsAndGoBackToThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ada, now := chooser(t, d)
		first, err := s.Settings(t.Context(), ada)
		if err != nil || first.BaseCurrency != "USD" || first.BenchmarkSymbol != "SPY" || first.CostBasisMethod != user.FIFO || first.UpdatedAt != nil {
			t.Fatalf("got %+v, %v, want the defaults", first, err)
		}
		*now = now.Add(time.Hour)
		got, err := s.ChangeSettings(t.Context(), ada, user.SettingsChanges{
			BaseCurrency: to(" eur"), TimeZone: to("Europe/Berlin"), Locale: to("de_de"), BenchmarkSymbol: to("^gspc"),
			CostBasisMethod: to("average"), RiskFreeRate: to(decimal.RequireFromString("0.0425")), AmountsToModel: to("relative"),
			Notifications: to([]string{}),
		})
		want := user.Settings{
			BaseCurrency: "EUR", TimeZone: "Europe/Berlin", Locale: "de-DE", BenchmarkSymbol: "^GSPC", CostBasisMethod: user.Average,
			RiskFreeRate: decimal.RequireFromString("0.0425"), AmountsToModel: user.Relative, Notifications: []user.Notice{}, UpdatedAt: now,
		}
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if got, err = s.Settings(t.Context(), ada); cmp.Diff(want, got) != "" || err != nil {
			t.Errorf("read back: %v (-want +got):\n%s", err, cmp.Diff(want, got))
		}
		got, err = s.ChangeSettings(t.Context(), ada, user.SettingsChanges{
			BaseCurrency: toDefault[string](), RiskFreeRate: toDefault[decimal.Decimal](), Notifications: toDefault[[]string](),
		})
		want.BaseCurrency, want.RiskFreeRate, want.Notifications = "USD", decimal.Zero, first.Notifications
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if _, err := s.ChangeSettings(t.Context(), db.NewID(), user.SettingsChanges{}); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v for nobody, want NotFound", err)
		}
	})
}

func TestAChangeOfSettingsIsRecordedByTheNamesOfWhatChanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ada, _ := chooser(t, d)
		for _, changes := range []user.SettingsChanges{
			{}, {BaseCurrency: to("USD")}, {BaseCurrency: to("CHF"), Locale: to("en-US"), AmountsToModel: to("none")},
		} {
			if _, err := s.ChangeSettings(t.Context(), ada, changes); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := d.Read().QueryContext(t.Context(), `select details from audit_logs where action = $1 and user_id = $2`, audit.ChangeSettings, ada)
		got, err := db.Collect(rows, err, func(scan func(...any) error) (s string, err error) { return s, scan(&s) })
		if want := []string{`{"fields":"amountsToModel baseCurrency"}`}; err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	})
}

func TestEveryWrongSettingIsNamedAtOnceAndNothingChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ada, _ := chooser(t, d)
		_, err := s.ChangeSettings(t.Context(), ada, user.SettingsChanges{
			BaseCurrency: to("XAU"), TimeZone: to("Local"), Locale: to("no language"), BenchmarkSymbol: to(""), CostBasisMethod: to("FIFO"),
			RiskFreeRate: to(decimal.New(1, 999_999_999)), AmountsToModel: to("some"), Notifications: to([]string{"gossip"}),
		})
		var paths []string
		for _, f := range fault.From(err).Fields {
			paths = append(paths, f.Path)
		}
		want := []string{"body.amountsToModel", "body.baseCurrency", "body.benchmarkSymbol", "body.costBasisMethod", "body.locale",
			"body.notifications", "body.riskFreeRate", "body.timeZone"}
		if !fault.Is(err, fault.Invalid) || !slices.Equal(paths, want) {
			t.Errorf("got %v, want all of %v", err, want)
		}
		if got, err := s.Settings(t.Context(), ada); err != nil || got.UpdatedAt != nil {
			t.Errorf("got %+v, %v, want nothing changed", got, err)
		}
	})
}

func TestValuesThatOnlyLookRightAreRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ada, _ := chooser(t, d)
		text := func(set func(*user.SettingsChanges, user.Change[string]), values ...string) (all []user.SettingsChanges) {
			for _, v := range values {
				var c user.SettingsChanges
				set(&c, to(v))
				all = append(all, c)
			}
			return all
		}
		wrong := slices.Concat(
			text(func(c *user.SettingsChanges, v user.Change[string]) { c.BaseCurrency = v }, "", "USDT", "XXX", "XTS", "DEM", "BGN", "US D", "\x00\x00\x00"),
			text(func(c *user.SettingsChanges, v user.Change[string]) { c.TimeZone = v },
				"", "Local", "localtime", "posixrules", "right/UTC", "../etc/passwd", "Europe/../Europe/Berlin", "Europe/Atlantis", "/UTC", "Factory", "UTC\x00"),
			text(func(c *user.SettingsChanges, v user.Change[string]) { c.Locale = v }, "", "und", "C", "en-XX-XX", "zz-ZZ-zz-zz", strings.Repeat("en-", 20), "é"),
		)
		for _, rate := range []string{"0.51", "-0.051", "0.0000001", "1e30", "1e-9999", "1e9999", "123456789012345678901234567890e-30"} {
			wrong = append(wrong, user.SettingsChanges{RiskFreeRate: to(decimal.RequireFromString(rate))})
		}
		for _, changes := range wrong {
			if _, err := s.ChangeSettings(t.Context(), ada, changes); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want Invalid for %+v", err, changes)
			}
		}
	})
}

func TestOnlyShowingLessForgetsWhatTheModelWasTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, ada, now := chooser(t, d)
		var want time.Time
		for _, step := range []struct {
			to       user.Change[string]
			tightens bool
		}{
			{to("full"), false}, {to("relative"), true}, {to("relative"), false}, {to("none"), true}, {to("relative"), false},
			{to("none"), true}, {toDefault[string](), false},
		} {
			*now = now.Add(time.Minute)
			if step.tightens {
				want = *now
			}
			if _, err := s.ChangeSettings(t.Context(), ada, user.SettingsChanges{AmountsToModel: step.to}); err != nil {
				t.Fatal(err)
			}
			if _, got, err := user.AmountsToModel(t.Context(), d.Read(), ada); err != nil || !got.Equal(want) {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		}
		if amounts, _, err := user.AmountsToModel(t.Context(), d.Read(), db.NewID()); err != nil || amounts != user.None {
			t.Errorf("got %s, %v for nobody, want none", amounts, err)
		}
	})
}
