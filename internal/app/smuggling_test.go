package app_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// hidden is a request that stands where a careless reader of lengths sees the end of the one before.
const hidden = "GET /api/health/live HTTP/1.1\r\nHost: x\r\n\r\n"

func TestAMessageWhoseEndIsDoubtfulIsRefusedAndNothingBehindItIsRead(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		for name, lines := range map[string]string{
			"a list of lengths":       "Content-Length: 5, 6\r\n\r\nhello",
			"a length with a sign":    "Content-Length: +5\r\n\r\nhello",
			"a negative length":       "Content-Length: -1\r\n\r\n",
			"a length in hex":         "Content-Length: 0x5\r\n\r\nhello",
			"an unknown coding":       "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
			"two codings":             "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
			"a coding twice":          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
			"a coding and a control":  "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
			"a chunk of no number":    "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
			"a chunk beyond counting": "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
			"a chunk with a sign":     "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
			"a chunk without its end": "Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n",
		} {
			text := s.raw("POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + lines + hidden)
			status := strings.Fields(string(text) + " - -")[1]
			if n := bytes.Count(text, []byte("HTTP/1.1 ")); n != 1 || status != "400" && status != "501" {
				t.Errorf("%s: got %d answers, %s, want one that refuses", name, n, text)
			}
		}
	})
}

func TestChunksCountAndALengthBesideThemDoesNot(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		const body = `{"email":1,"password":2}` // refused when it was read whole, before anything is asked
		text := s.raw(fmt.Sprintf("POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 3\r\n"+
			"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body))
		if !bytes.HasPrefix(text, []byte("HTTP/1.1 422 ")) || bytes.Count(text, []byte("HTTP/1.1 ")) != 1 {
			t.Errorf("got %s, want the whole body read, and its two wrong fields", text)
		}
	})
}

func TestTheLengthOfAnAnswerIsThatOfItsBody(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		for _, path := range []string{"/api/health/live", "/api/nothing", "/api/openapi.json", "/api/docs"} {
			text := s.raw("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			head, body, _ := strings.Cut(string(text), "\r\n\r\n")
			length := fmt.Sprintf("\r\n%s: %d", "Content-Length", len(body))
			if !strings.Contains(head+"\r\n", length+"\r\n") && !strings.Contains(head, "\r\nTransfer-Encoding: chunked") || len(body) == 0 {
				t.Errorf("%s: got %s with %d bytes behind it", path, head, len(body))
			}
			if strings.Contains(head, "\r\nContent-Length:") && strings.Contains(head, "\r\nTransfer-Encoding:") {
				t.Errorf("%s: got %s, want one way to tell the end", path, head)
			}
		}
		if a := s.stranger().do(http.MethodHead, "/health/live", nil); len(a.Body) > 0 {
			t.Errorf("got %v for HEAD, want no body", a)
		}
	})
}
