package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type settings struct {
	BaseCurrency, TimeZone, Locale, BenchmarkSymbol, CostBasisMethod, AmountsToModel string
	RiskFreeRate                                                                     json.Number
	Notifications                                                                    []string
	UpdatedAt                                                                        *string
}

func TestSettingsChangeWhereTheyAreToldTo(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, bob := s.register("ada"), s.register("bob")
		want := settings{"USD", "America/New_York", "en-US", "SPY", "fifo", "full", "0", []string{"reauthorization"}, nil}
		read := func(a answer) settings {
			t.Helper()
			got := data[settings](a.status(http.StatusOK))
			got.UpdatedAt = nil
			return got
		}
		if diff := cmp.Diff(want, read(p.get("/users/settings"))); diff != "" {
			t.Errorf("at the beginning (-want +got):\n%s", diff)
		}
		set := func(body any) settings {
			t.Helper()
			return read(p.do(http.MethodPatch, "/users/settings", body))
		}
		if diff := cmp.Diff(want, set(map[string]any{})); diff != "" {
			t.Errorf("nothing sent (-want +got):\n%s", diff)
		}
		want = settings{"EUR", "Asia/Kolkata", "de-CH", "BRK.B", "specific", "none", "0.0425", []string{}, nil}
		got := set(`{"baseCurrency":"eur","timeZone":"Asia/Kolkata","locale":"de-ch","benchmarkSymbol":"brk-b","costBasisMethod":"specific",
			"amountsToModel":"none","riskFreeRate":0.0425,"notifications":[]}`)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("all sent (-want +got):\n%s", diff)
		}
		want.BaseCurrency, want.RiskFreeRate, want.Notifications = "USD", "0", []string{"reauthorization"}
		if diff := cmp.Diff(want, set(`{"baseCurrency":null,"riskFreeRate":null,"notifications":null}`)); diff != "" {
			t.Errorf("null sent (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, read(p.get("/users/settings"))); diff != "" {
			t.Errorf("read again (-want +got):\n%s", diff)
		}
		if got := read(bob.get("/users/settings")); got.AmountsToModel != "full" {
			t.Errorf("got %+v, want bob's his own", got)
		}
	})
}

func TestEveryWrongSettingIsNamedAtOnce(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		p := s.register("ada")
		all := []string{"body.amountsToModel", "body.baseCurrency", "body.benchmarkSymbol", "body.costBasisMethod", "body.locale",
			"body.notifications", "body.riskFreeRate", "body.timeZone"}
		for _, body := range []string{
			`{"baseCurrency":"%[1]s","timeZone":"%[1]s","locale":"%[1]s","benchmarkSymbol":"%[1]s %[1]s","costBasisMethod":"%[1]s","amountsToModel":"%[1]s","riskFreeRate":1e30,"notifications":["%[1]s"]}`,
			`{"baseCurrency":"","timeZone":"","locale":"","benchmarkSymbol":"","costBasisMethod":"","amountsToModel":"","riskFreeRate":-1,"notifications":[""]}`,
			`{"baseCurrency":"\u0000","timeZone":"\u0000","locale":"\u0000","benchmarkSymbol":"\u0000","costBasisMethod":"\u0000","amountsToModel":"\u0000","riskFreeRate":0.5000001,"notifications":["\u0000"]}`,
			`{"baseCurrency":1,"timeZone":[],"locale":{},"benchmarkSymbol":true,"costBasisMethod":2,"amountsToModel":["full"],"riskFreeRate":"0.04","notifications":"none"}`,
		} {
			a := p.do(http.MethodPatch, "/users/settings", strings.ReplaceAll(body, "%[1]s", canary)).fails(422, "validation_failed")
			a.wantNoEcho()
			if got := a.fields(); !slices.Equal(got, all) {
				t.Errorf("%s: got %v, want all of %v", body, a, all)
			}
		}
		for _, body := range []string{`{"notifications":[null]}`, `{"notifications":[1]}`} {
			p.do(http.MethodPatch, "/users/settings", body).fails(422, "validation_failed")
		}
	})
}

func TestSettingsTakeNothingThatIsNone(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		p.do(http.MethodPatch, "/users/settings", map[string]any{"locale": "fr"}).status(http.StatusOK)
		stored := func() string {
			return strings.Join(s.texts(`select coalesce(base_currency, '') || coalesce(time_zone, '') || coalesce(locale, '') || cast(user_id as text)
				|| coalesce(amounts_to_model, '') || coalesce(cast(amounts_tightened_at as text), '') from user_settings`), "\n")
		}
		before, user := stored(), s.row("users", p.id)
		intrusions := s.intrusions("users", p.id)
		for _, name := range []string{"userId", "user_id", "amountsTightenedAt", "amounts_tightened_at", "updatedAt", "BaseCurrency", "BASECURRENCY", "base_currency", "timezone"} {
			intrusions[name] = canary
		}
		p.do(http.MethodPatch, "/users/settings", intrusions).status(http.StatusOK).wantNoEcho()
		if after := stored(); after != before {
			t.Errorf("got %s, want %s", after, before)
		}
		if diff := cmp.Diff(user, s.row("users", p.id)); diff != "" {
			t.Errorf("the person changed (-before +after):\n%s", diff)
		}
	})
}

func TestTheAnalystIsToldNoAmountsByWhoKeepsThem(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		p.connect("alex")
		chat := p.newSession(map[string]any{})
		worth := dollars(total(s.bookOf("alex")))
		if m := p.say(chat.ID, "What is my portfolio worth?"); !strings.Contains(m.Content, worth) {
			t.Fatalf("got %q, want %s while amounts are shown", m.Content, worth)
		}
		for _, choice := range []string{"relative", "none"} {
			p.do(http.MethodPatch, "/users/settings", map[string]any{"amountsToModel": choice}).status(http.StatusOK)
			m := p.say(chat.ID, "What is my portfolio worth?")
			told := fmt.Sprint(m.Content, string(m.ToolCalls[0].Output))
			for _, not := range []string{worth, "quantity", "marketValue", "totalValue", "costBasis"} {
				if data, _, _ := strings.Cut(told, `"warnings"`); strings.Contains(data, not) {
					t.Errorf("%s: got %s, want nothing of %s", choice, told, not)
				}
			}
			if m.Status != "complete" || m.ToolCalls[0].Error != nil {
				t.Errorf("%s: got %+v, want an answer", choice, m)
			}
		}
	})
}
