package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// kinds are answers of every kind, by what they are.
func (p *person) kinds() map[string]answer {
	p.t.Helper()
	chat := p.newSession(map[string]any{})
	path := "/chat/sessions/" + chat.ID
	return map[string]answer{
		"data":              p.get("/auth/me"),
		"something made":    p.post("/chat/sessions", map[string]any{}).status(http.StatusCreated),
		"nothing to say":    p.do(http.MethodDelete, "/chat/sessions/"+p.newSession(map[string]any{}).ID, nil).status(http.StatusNoContent),
		"health":            p.get("/health/ready").status(http.StatusOK),
		"no path":           p.get("/nothing").status(http.StatusNotFound),
		"no object":         p.get("/chat/sessions/" + db.NewID()).status(http.StatusNotFound),
		"no method":         p.do(http.MethodPut, path, nil).status(http.StatusMethodNotAllowed),
		"no token":          p.get("/auth/me", header("Authorization", "")).status(http.StatusUnauthorized),
		"no JSON":           p.post("/chat/sessions", "{").status(http.StatusBadRequest),
		"wrong fields":      p.post("/chat/sessions", map[string]any{"title": 1}).status(http.StatusUnprocessableEntity),
		"another type":      p.post("/chat/sessions", "x", header("Content-Type", "text/plain")).status(http.StatusUnsupportedMediaType),
		"too large":         p.post("/chat/sessions", strings.Repeat("x", 1<<17)).status(http.StatusRequestEntityTooLarge),
		"another site":      p.post("/chat/sessions", map[string]any{}, header("Sec-Fetch-Site", "cross-site")).status(http.StatusForbidden),
		"HEAD":              p.do(http.MethodHead, "/auth/me", nil).status(http.StatusOK),
		"OPTIONS":           p.do(http.MethodOptions, "/auth/me", nil),
		"a redirect":        p.get("//auth/me"),
		"an OAuth refusal":  p.get("/brokerages/callback?state=x").status(http.StatusBadRequest),
		"the description":   p.get("/openapi.json").status(http.StatusOK),
		"the docs":          p.get("/docs").status(http.StatusOK),
		"the docs' script":  p.get("/docs/docs.js").status(http.StatusOK),
		"an error of a run": p.post(path+"/messages", map[string]any{}, asStream()).status(http.StatusUnprocessableEntity),
	}
}

func TestEveryKindOfAnswerIsSafeInABrowser(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		p := s.register("ada")
		all := p.kinds()
		streamed := p.ask(p.newSession(map[string]any{}).ID, "What is a dividend?")
		streamed.rest()
		all["a stream"] = answer{t: t, to: "a stream", Status: streamed.resp.StatusCode, Header: streamed.resp.Header}
		for kind, a := range all {
			want := map[string]string{
				"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
				"Cache-Control": "no-store", "Strict-Transport-Security": "", "Access-Control-Allow-Origin": "", "Server": "", "X-Powered-By": "",
			}
			if strings.HasPrefix(kind, "the d") {
				want["Cache-Control"] = "no-cache"
			}
			for name, value := range want {
				if got := a.Header.Get(name); got != value {
					t.Errorf("%s: got %s %q, want %q", kind, name, got, value)
				}
			}
			policy := a.Header.Get("Content-Security-Policy")
			for _, part := range []string{"default-src 'none'", "object-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"} {
				if !strings.Contains(policy, part) || strings.Contains(policy, "unsafe") {
					t.Errorf("%s: got the content policy %q, want it to hold %q", kind, policy, part)
				}
			}
			if text := a.Header.Get("Content-Type"); strings.HasPrefix(text, "text/") && !strings.HasSuffix(strings.ToLower(text), "; charset=utf-8") {
				t.Errorf("%s: got the type %q, want its charset", kind, text)
			}
			if a.Header.Get("X-Correlation-ID") == "" || len(a.Header.Values("X-Content-Type-Options")) != 1 {
				t.Errorf("%s: got the headers %v", kind, a.Header)
			}
		}
	})
}

func TestBehindHTTPSTransportAndCookiesAreStrict(t *testing.T) {
	oneEngine(t, setup{settings: []string{"JASPERS_PUBLIC_URL=https://jaspers.example.com"}}, func(t *testing.T, s *site) {
		p := s.register("ada")
		a := p.post("/brokerages/connect", map[string]any{"provider": "alpaca"}).status(http.StatusOK)
		if got := a.Header.Get("Strict-Transport-Security"); !strings.HasPrefix(got, "max-age=31536000") {
			t.Errorf("got %q", got)
		}
		if cookies := (&http.Response{Header: a.Header}).Cookies(); len(cookies) != 1 || !cookies[0].Secure {
			t.Errorf("got the cookies %v, want one that is secure", cookies)
		}
	})
}

func TestACallersCorrelationIDIsTakenWhenItIsSane(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		p := s.stranger()
		const sane = "Abc-123_x.y"
		for _, path := range []string{"/health/live", "/nothing", "/auth/me", "/openapi.json"} {
			if got := p.get(path, header("X-Correlation-ID", sane)).Header.Get("X-Correlation-ID"); got != sane {
				t.Errorf("%s: got %q, want %q", path, got, sane)
			}
		}
		if !strings.Contains(s.log.String(), `"correlationId":"`+sane+`"`) {
			t.Error("the log does not have the caller's id")
		}
		for _, odd := range []string{"", canary + " x", canary + "\tx", "<" + canary + ">", canary + `"`, canary + "é", canary + strings.Repeat("x", 60), canary + "%0a"} {
			a := p.get("/health/live", header("X-Correlation-ID", odd))
			if a.wantNoEcho(); !db.IsID(a.Header.Get("X-Correlation-ID")) {
				t.Errorf("%q: got %q, want an id of ours", odd, a.Header.Get("X-Correlation-ID"))
			}
		}
	})
}

func TestLargeAnswersAreZippedForThoseWhoTakeIt(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		p.connect("alex")
		p.connect("blair")
		zip := header("Accept-Encoding", "gzip")
		plain, zipped, small := p.get("/portfolio/holdings"), p.get("/portfolio/holdings", zip), p.get("/auth/me", zip)
		if zipped.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(zipped.Header.Get("Vary"), "Accept-Encoding") {
			t.Errorf("got %v, want it zipped", zipped.Header)
		}
		zipped.Body = gunzip(t, zipped.Body)
		if without(zipped) != without(plain) {
			t.Errorf("zipped and plain differ: got %v, want %v", zipped, plain)
		}
		for _, a := range []answer{plain, small} {
			if a.Header.Get("Content-Encoding") != "" {
				t.Errorf("%s: got %v, want it plain", a.to, a.Header)
			}
		}
		for _, encoding := range []string{"gzip", "identity"} {
			whole := p.get("/openapi.json", header("Accept-Encoding", encoding)).status(http.StatusOK)
			again := p.get("/openapi.json", header("Accept-Encoding", encoding), header("If-None-Match", whole.Header.Get("ETag")))
			if again.Status != http.StatusNotModified || len(again.Body) > 0 {
				t.Errorf("%s: got %v, want 304 for the same tag", encoding, again)
			}
		}
	})
}

func TestAStreamIsHeardWhileTheModelIsStillTalking(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		chat := p.newSession(map[string]any{})
		s.sim.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultStreamHang, Count: 1}) // it never ends: what is heard was not held back
		req := p.request(http.MethodPost, "/chat/sessions/"+chat.ID+"/messages", map[string]any{"content": "What is a dividend?"},
			asStream(), header("Accept-Encoding", "gzip"))
		heard := p.listen(req)
		heard.until("delta")
		if encoding := heard.resp.Header.Get("Content-Encoding"); encoding != "" {
			t.Errorf("the stream is encoded as %q", encoding)
		}
		if heard.resp.Header.Get("X-Accel-Buffering") != "no" {
			t.Errorf("got %v, want proxies told not to hold it back", heard.resp.Header)
		}
		if m := p.messages(chat.ID); len(m) != 2 || m[1].Status != "running" || m[1].FinishedAt != nil || m[1].Usage != nil {
			t.Errorf("got %v, want the question and an answer that is being written", m)
		}
		p.do(http.MethodDelete, "/chat/sessions/"+chat.ID, nil).status(http.StatusNoContent)
		for {
			if _, err := heard.read(); err != nil {
				break // the stream of what was deleted has ended
			}
		}
	})
}

func TestOnlyListedOriginsMayCallFromABrowser(t *testing.T) {
	listed := []string{"https://app.example.com", "https://other.example.com:8443"}
	oneEngine(t, setup{settings: []string{"JASPERS_CORS_ORIGINS=" + strings.Join(listed, ",")}}, func(t *testing.T, s *site) {
		p := s.register("ada")
		from := func(method, path, origin string, more ...change) answer {
			return p.do(method, path, map[string]any{}, append(more, header("Origin", origin), header("Sec-Fetch-Site", "cross-site"))...)
		}
		preflight := []change{header("Access-Control-Request-Method", "POST"), header("Access-Control-Request-Headers", "authorization,content-type")}
		for _, origin := range listed {
			asked := from(http.MethodOptions, "/chat/sessions", origin, preflight...)
			for name, want := range map[string]string{
				"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", "Access-Control-Allow-Methods": "POST",
				"Access-Control-Allow-Headers": "authorization,content-type",
			} {
				if got := asked.Header.Get(name); got != want {
					t.Errorf("%s: got %s %q, want %q", origin, name, got, want)
				}
			}
			called := from(http.MethodPost, "/chat/sessions", origin).status(http.StatusCreated)
			if called.Header.Get("Access-Control-Allow-Origin") != origin || !strings.Contains(called.Header.Get("Access-Control-Expose-Headers"), "X-Correlation-Id") {
				t.Errorf("%s: got %v, want the answer to be readable", origin, called.Header)
			}
			for _, method := range []string{"PROPFIND", "TRACE"} {
				if a := from(http.MethodOptions, "/chat/sessions", origin, header("Access-Control-Request-Method", method)); a.Header.Get("Access-Control-Allow-Methods") != "" {
					t.Errorf("%s may %s", origin, method)
				}
			}
		}
		for _, origin := range []string{
			"https://evil.example.com", "http://app.example.com", "https://app.example.com:8443", "https://app.example.com.evil.com",
			"https://xapp.example.com", "https://other.example.com", "null", "https://example.com", "*",
		} {
			for _, a := range []answer{
				from(http.MethodOptions, "/chat/sessions", origin, preflight...),
				from(http.MethodPost, "/chat/sessions", origin).fails(http.StatusForbidden, "forbidden"),
				from(http.MethodGet, "/auth/me", origin),
			} {
				if got := a.Header.Get("Access-Control-Allow-Origin"); got != "" || !strings.Contains(strings.Join(a.Header.Values("Vary"), ","), "Origin") {
					t.Errorf("%s from %s: got the allowed origin %q and Vary %q", a.to, origin, got, a.Header.Values("Vary"))
				}
			}
		}
	})
}

func TestOtherSitesChangeNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		v := newVictim(s)
		before := v.everything(t)
		for _, o := range s.contract.operations() {
			if o.method == http.MethodGet {
				continue
			}
			for _, changes := range [][]change{
				{header("Sec-Fetch-Site", "cross-site")}, {header("Sec-Fetch-Site", "same-site")}, {header("Origin", "https://evil.example.com")}, {header("Origin", "null")},
			} {
				v.do(o.method, v.fill(t, o.path, nil), o.sample(), changes...).fails(http.StatusForbidden, "forbidden")
			}
		}
		for name, text := range v.everything(t) {
			if text != before[name] {
				t.Errorf("%s: got %s, want %s", name, text, before[name])
			}
		}
		v.get("/auth/me", header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://evil.example.com")).status(http.StatusOK)
		for _, changes := range [][]change{{header("Sec-Fetch-Site", "same-origin")}, {header("Sec-Fetch-Site", "none")}, {header("Origin", s.url)}} {
			v.post("/chat/sessions", map[string]any{}, changes...).status(http.StatusCreated)
		}
	})
}
