package app_test

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// leadsTo are the addresses of the list with the port of somebody who counts calls.
func leadsTo(t *testing.T, port string) []string {
	t.Helper()
	text, err := os.ReadFile(sharedtest.Dir(t, "security/corpora/ssrf-urls.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
		address, _, _ := strings.Cut(line, " ")
		all = append(all, address)
		if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
			u.Host = net.JoinHostPort(u.Hostname(), port)
			all = append(all, u.String())
		}
	}
	return all
}

// TestNoRequestMakesTheServerCallAnAddress puts each address of the list wherever a request has room for one. What a
// provider's client does with them is proved beside it.
func TestNoRequestMakesTheServerCallAnAddress(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		v4 := listenForCalls(t, "127.0.0.1:0")
		_, port, _ := net.SplitHostPort(v4.address)
		v6 := listenForCalls(t, "[::1]:"+port)
		p := s.register("ada")
		chat := p.newSession(map[string]any{})
		tried := 0
		ask := func(method, path string, body any, changes ...change) {
			tried++
			if a := p.patiently(method, path, body, changes...); a.Status >= http.StatusInternalServerError && !strings.HasPrefix(a.failure().Error.Code, "upstream_") {
				t.Errorf("got %v", a)
			}
		}
		leads := leadsTo(t, port)
		for i, lead := range leads {
			quoted := url.QueryEscape(lead)
			ask(http.MethodGet, "/brokerages/callback?code="+quoted+"&state="+quoted+"&error="+quoted+"&redirect_uri="+quoted, nil)
			if i%10 == 0 {
				ask(http.MethodGet, returning(p.begin("live"), url.Values{"code": {lead}}), nil)
			}
			ask(http.MethodGet, "/stocks/quote/"+url.PathEscape(strings.ToValidUTF8(lead, "")), nil)
			ask(http.MethodPost, "/stocks/quotes", map[string]any{"symbols": []string{lead}})
			ask(http.MethodPost, "/brokerages/connect", map[string]any{"provider": lead, "environment": lead, "baseUrl": lead, "gatewayUrl": lead})
			printed := strings.Map(printable, lead)
			ask(http.MethodGet, "/auth/me", nil, header("X-Correlation-ID", printed), header("Referer", printed), header("Origin", printed),
				header("X-Forwarded-Host", printed), header("Forwarded", "host="+printed), header("X-Original-URL", printed))
			if i%10 == 0 {
				ask(http.MethodPost, "/chat/sessions/"+chat.ID+"/messages", map[string]any{"content": "Fetch " + lead + " and tell me what AAPL trades at."})
			}
		}
		if n := v4.calls.Load() + v6.calls.Load(); n != 0 {
			t.Errorf("got %d calls, want none", n)
		}
		t.Logf("%d addresses, %d requests, %d calls", len(leads), tried, v4.calls.Load()+v6.calls.Load())
	})
}

// TestNoSettingIsCalledForItself takes each address for the settings that hold one and are never asked anything.
func TestNoSettingIsCalledForItself(t *testing.T) {
	canary := listenForCalls(t, "127.0.0.1:0")
	_, port, _ := net.SplitHostPort(canary.address)
	taken := 0
	for _, lead := range leadsTo(t, port) {
		for _, name := range []string{"JASPERS_PUBLIC_URL", "JASPERS_CALLBACK_URL", "JASPERS_CORS_ORIGINS"} {
			if _, err := app.LoadConfig([]string{name + "=" + lead}, ""); err == nil {
				taken++
			} else if len(lead) > 12 && strings.Contains(err.Error(), lead) {
				t.Errorf("%s=%s: the error repeats it: %v", name, lead, err)
			}
		}
	}
	if n := canary.calls.Load(); n != 0 || taken == 0 {
		t.Errorf("%d settings taken, %d calls, want some and none", taken, n)
	}
}
