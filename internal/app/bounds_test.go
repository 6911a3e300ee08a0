package app_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestWhatIsTooLargeIsRefusedQuicklyAndInTheEnvelope(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		p := s.register("ada")
		chat := "/chat/sessions/" + p.newSession(map[string]any{}).ID + "/messages"
		deep := strings.Repeat(`{"title":`, 1000) + "1" + strings.Repeat("}", 1000)
		for name, tc := range map[string]struct {
			method, path string
			body         any
			change       change
			status       int
			code         string
		}{
			"an address":            {"GET", "/auth/me?x=" + strings.Repeat("y", 16<<10), nil, nil, 414, "url_too_long"},
			"an address of no path": {"GET", "/" + strings.Repeat("y", 16<<10), nil, nil, 414, "url_too_long"},
			"headers":               {"GET", "/auth/me", nil, header("X-Large", strings.Repeat("y", 64<<10)), 431, "headers_too_large"},
			"a body of a route":     {"POST", "/chat/sessions", `{"title":"` + strings.Repeat("y", 64<<10) + `"}`, nil, 413, "payload_too_large"},
			"a body of 1 MiB + 1":   {"POST", "/chat/sessions", strings.Repeat(" ", 1<<20+1), nil, 413, "payload_too_large"},
			"a depth of 1,000":      {"POST", "/chat/sessions", deep, nil, 0, ""},
			"a depth of arrays":     {"POST", "/chat/sessions", strings.Repeat("[", 30000), nil, 400, "malformed_request"},
			"a page":                {"GET", "/chat/sessions?limit=1000000000", nil, nil, 422, "validation_failed"},
			"a message":             {"POST", chat, map[string]any{"content": strings.Repeat("y", 60_000)}, nil, 422, "validation_failed"},
			"a larger message":      {"POST", chat, map[string]any{"content": strings.Repeat("y", 100_000)}, nil, 413, "payload_too_large"},
			"101 symbols":           {"POST", "/stocks/quotes", `{"symbols":["A"` + strings.Repeat(`,"A"`, 100) + `]}`, nil, 422, "validation_failed"},
		} {
			changes := []change{}
			if tc.change != nil {
				changes = append(changes, tc.change)
			}
			began := time.Now()
			a := p.do(tc.method, tc.path, tc.body, changes...)
			took := time.Since(began)
			if tc.status == 0 { // the property has the wrong type, or the body is refused as a whole
				if a.Status != http.StatusBadRequest && a.Status != http.StatusUnprocessableEntity {
					t.Errorf("%s: got %v", name, a)
				}
			} else {
				a.fails(tc.status, tc.code)
			}
			if took > 2*time.Second { // tens of milliseconds on a machine that has nothing else to do
				t.Errorf("%s: took %s", name, took)
			}
		}
	})
}

func TestMessagesThatAreReadInTwoWaysAreNot(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		const post = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
		const next = "GET /api/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
		const body = `{"email":"nobody@example.com","password":"none of these words"}`
		for name, tc := range map[string]struct {
			text  string
			first string // status of the first answer
			count int    // of answers
		}{
			"a length and chunks of nothing": {post + "Content-Length: 60\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + next, "400", 1},
			"two lengths":                    {post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}   " + next, "400", 1},
			"a folded header":                {"GET /api/health/live HTTP/1.1\r\nHost: x\r\nX-Fold: a\r\n Content-Length: 50\r\nConnection: close\r\n\r\n", "200", 1},
			"a folded coding":                {post + "Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + next, "400", 1},
			"bare line feeds":                {"GET /api/health/live HTTP/1.1\nHost: x\nConnection: close\n\n", "200", 1},
			"a bare carriage return":         {"GET /api/health/live HTTP/1.1\r\nHost: x\r\nX-A: b\rContent-Length: 5\r\n\r\n", "400", 1},
			"an extension of a chunk":        {post + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n2;a=b\r\n{}\r\n0\r\n\r\n", "422", 1},
			"a line feed in an extension":    {post + "Transfer-Encoding: chunked\r\n\r\n3f;a\nb\r\n" + body + "\r\n0\r\n\r\n" + next, "400", 1},
			"no host":                        {"GET /api/health/live HTTP/1.1\r\n\r\n", "400", 1},
			"two hosts":                      {"GET /api/health/live HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400", 1},
			"a header with a blank":          {"GET /api/health/live HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n", "400", 1},
		} {
			got := s.raw(tc.text)
			if n := bytes.Count(got, []byte("HTTP/1.1 ")); n != tc.count || !bytes.HasPrefix(got, []byte("HTTP/1.1 "+tc.first)) {
				t.Errorf("%s: got %d answers: %s, want %s", name, n, got, tc.first)
			}
		}
	})
}
