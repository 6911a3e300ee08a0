package markettest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

const (
	// patience is how long sources wait for one attempt in these tests, and mostCalls how often they may ask for one answer.
	patience  = 300 * time.Millisecond
	mostCalls = 6
	// canary stands in bad answers, and must not come out in errors.
	canary = "canary-4c9e"
)

var (
	needsTime = []fault.Kind{fault.UpstreamDown, fault.UpstreamTimeout, fault.UpstreamFailed}
	// turnedAway is what becomes of a key or a plan that the vendor does not take, too.
	turnedAway = append([]fault.Kind{fault.NotOffered}, needsTime...)
)

// RunFaults has the vendor fail in every way that matters to an adapter: every question a source can be asked ends in
// time, in an error that is typed and tells nothing, and in no data.
func RunFaults(t *testing.T, v Vendor) {
	t.Run("nobody there", v.nobodyThere)
	t.Run("refused", v.refused)
	t.Run("late", v.late)
	t.Run("no answer in its form", v.garbage)
	t.Run("nothing in the answer", v.hollow)
	t.Run("cut off", v.cutOff)
	t.Run("endless", v.endless)
	t.Run("elsewhere", v.elsewhere)
}

// eachAt asks everything, each question of a source of its own at the origin, and wants one of the kinds. Where kinds are nil,
// no error will do as well: what counts is that nothing is said.
func (v Vendor) eachAt(t *testing.T, origin string, kinds []fault.Kind, before func()) {
	t.Helper()
	for _, c := range v.calls(v.At(t, origin, patience)) {
		before()
		said, err := c.ask(t.Context(), v.At(t, origin, patience), v.Company)
		f, typed := errors.AsType[*fault.Error](err)
		switch {
		case said != 0:
			t.Errorf("%s: got an answer of %d, want none", c.name, said)
		case err == nil && kinds != nil, err != nil && !typed, typed && kinds != nil && !slices.Contains(kinds, f.Kind):
			t.Errorf("%s: got %v, want one of %v", c.name, err, kinds)
		case typed && (f.Kind == fault.Internal || f.Message == "" || strings.Contains(f.Message, canary) || strings.Contains(f.Message, "://")):
			t.Errorf("%s: got %s: %q, want words that tell nothing", c.name, f.Kind, f.Message)
		}
	}
}

// against asks everything where the handler answers, behind the prelude.
func (v Vendor) against(t *testing.T, h http.Handler, kinds []fault.Kind) {
	t.Helper()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v.Prelude != nil && v.Prelude(w, r) {
			return
		}
		if asked.Add(1) > mostCalls {
			t.Errorf("got more than %d requests of one question", mostCalls)
		}
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	v.eachAt(t, server.URL, kinds, func() { asked.Store(0) })
}

func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func (v Vendor) nobodyThere(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	v.eachAt(t, closed.URL, needsTime, func() {})
}

func (v Vendor) refused(t *testing.T) {
	limited := func(after string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if after != "" {
				w.Header().Set("Retry-After", after)
			}
			answer(http.StatusTooManyRequests, "text/plain", canary)(w, nil)
		}
	}
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		kinds   []fault.Kind
	}{
		"429":                   {limited(""), needsTime},
		"429 for seven seconds": {limited("7"), needsTime},
		"429 for a day":         {limited("86400"), needsTime},
		"500 in HTML":           {answer(500, "text/html", "<html>"+canary+"</html>"), needsTime},
		"502":                   {answer(502, "text/html", ""), needsTime},
		"503":                   {answer(503, "application/json", `{"error":"`+canary+`"}`), needsTime},
		"504":                   {answer(504, "text/plain", canary), needsTime},
		"401":                   {answer(401, "application/json", `{"error":"`+canary+`"}`), turnedAway},
		"403":                   {answer(403, "application/json", `{"error":"`+canary+`"}`), turnedAway},
		"403 in HTML":           {answer(403, "text/html", "<html>"+canary+"</html>"), turnedAway},
		"400":                   {answer(400, "application/json", `{"error":"`+canary+`"}`), needsTime},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v.against(t, c.handler, c.kinds)
		})
	}
}

func (v Vendor) late(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // before that the server does not see who leaves
			<-r.Context().Done()
		},
		"a byte at a time": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
			for range 1000 {
				if _, err := io.WriteString(w, "["); err != nil || http.NewResponseController(w).Flush() != nil {
					return
				}
				select {
				case <-r.Context().Done():
					return
				case <-time.After(patience / 10):
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v.against(t, h, []fault.Kind{fault.UpstreamTimeout})
		})
	}
}

func (v Vendor) garbage(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"a page":         answer(200, "text/html", "<html>"+canary+"</html>"),
		"a page as JSON": answer(200, "application/json", "<html>"+canary+"</html>"),
		"an empty body":  answer(200, "application/json", ""),
		"204":            answer(204, "", ""),
		"half of JSON":   answer(200, "application/json", `{"result":[{"`+canary),
		"two of JSON":    answer(200, "application/json", `{}{}`),
		"a text":         answer(200, "application/json", `"`+canary+`"`),
		"a number":       answer(200, "application/json", `17`),
		"a truth":        answer(200, "application/json", `true`),
	} {
		t.Run(name, func(t *testing.T) { v.against(t, h, needsTime) })
	}
}

// hollow are answers in JSON that hold nothing, which with some vendors means that there is nothing.
func (v Vendor) hollow(t *testing.T) {
	for _, body := range []string{
		`null`, `{}`, `[]`, `[null]`, `[[]]`, `[17]`, `[{}]`, `{"result":null}`, `{"result":{}}`, `{"error":"` + canary + `"}`, `{"data":null,"s":"no_data"}`,
	} {
		t.Run(body, func(t *testing.T) { v.against(t, answer(200, "application/json", body), nil) })
	}
}

func (v Vendor) cutOff(t *testing.T) {
	v.against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"result":[{"id":"`+canary)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}), needsTime)
}

func (v Vendor) endless(t *testing.T) {
	chunk := strings.Repeat("x", 1<<20)
	v.against(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"result":"`)
		for range 64 {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}), needsTime)
}

// elsewhere: what is asked, and the key it is asked with, are for the vendor alone.
func (v Vendor) elsewhere(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("got a request at another host: %s", r.URL.Path)
	}))
	defer other.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			v.against(t, http.RedirectHandler(other.URL+"/"+canary, code), turnedAway)
		})
	}
}
