package sim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// whole answers as a healthy provider does.
var whole = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if fault, ok := faultOf(r.Context()); ok {
		_, _ = io.WriteString(w, "acts out "+string(fault.Kind))
		return
	}
	_, _ = io.WriteString(w, strings.Repeat("healthy ", 100))
})

func struck(f *Faults, provider, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	f.wrap(provider, whole).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func TestFaultsAnswerInTheVendorsWords(t *testing.T) {
	tests := []struct {
		provider string
		fault    Fault
		status   int
		header   [2]string
		body     string // that it contains
	}{
		{ProviderAlpaca, Fault{Kind: FaultRateLimited}, 429, [2]string{"Retry-After", ""}, `{"code":42910000,`},
		{ProviderYahoo, Fault{Kind: FaultRateLimited, RetryAfter: 1500 * time.Millisecond}, 429, [2]string{"Retry-After", "2"}, "Too Many Requests"},
		{ProviderClaude, Fault{Kind: FaultRateLimited}, 429, [2]string{"Content-Type", "application/json"}, `"rate_limit_error"`},
		{ProviderYahoo, Fault{Kind: FaultServerError}, 500, [2]string{"Content-Type", "text/html"}, "<html>"},
		{ProviderAlpaca, Fault{Kind: FaultServerError, Status: 503}, 503, [2]string{"Content-Type", "text/html"}, "503 Service Unavailable"},
		{ProviderClaude, Fault{Kind: FaultServerError, Status: 529}, 529, [2]string{"Content-Type", "application/json"}, `"overloaded_error"`},
		{ProviderClaude, Fault{Kind: FaultServerError}, 500, [2]string{"Content-Type", "application/json"}, `"api_error"`},
		{ProviderYahoo, Fault{Kind: FaultGarbage}, 200, [2]string{"Content-Type", "application/json"}, `{"result":[`},
		{ProviderClaude, Fault{Kind: FaultStreamHang}, 200, [2]string{}, "acts out stream_hang"},
		{ProviderClaude, Fault{Kind: FaultRefusal}, 200, [2]string{}, "acts out refusal"},
	}
	for _, test := range tests {
		faults := &Faults{}
		faults.Set(test.provider, test.fault)
		w := struck(faults, test.provider, "/any")
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.body) {
			t.Errorf("%s %+v: got %d %q, want %d with %q", test.provider, test.fault, w.Code, w.Body, test.status, test.body)
		}
		if name, want := test.header[0], test.header[1]; name != "" && w.Header().Get(name) != want {
			t.Errorf("%s %+v: got %s %q, want %q", test.provider, test.fault, name, w.Header().Get(name), want)
		}
	}
}

func TestFaultsStrikeAsOftenAndWhereTheyShould(t *testing.T) {
	faults := &Faults{}
	faults.Set(ProviderYahoo, Fault{Kind: FaultRateLimited, Count: 2, Path: "/v7"})
	faults.Set(ProviderYahoo, Fault{Kind: FaultServerError, Status: 502, Count: 1})
	var got []int
	for _, path := range []string{"/v7/quote", "/v8/chart", "/v8/chart", "/v7/quote", "/v7/quote"} {
		got = append(got, struck(faults, ProviderYahoo, path).Code)
	}
	if diff := cmp.Diff([]int{429, 502, 200, 429, 200}, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if pending := faults.Pending(); len(pending[ProviderYahoo]) != 0 {
		t.Errorf("got %v pending, want none", pending)
	}

	faults.Set(ProviderYahoo, Fault{Kind: FaultRateLimited})
	for range 5 {
		if code := struck(faults, ProviderYahoo, "/").Code; code != 429 {
			t.Fatalf("a fault without a count: got %d, want 429", code)
		}
	}
	if code := struck(faults, ProviderAlpaca, "/").Code; code != 200 {
		t.Errorf("another provider: got %d, want 200", code)
	}
	faults.Clear(ProviderYahoo)
	if code := struck(faults, ProviderYahoo, "/").Code; code != 200 {
		t.Errorf("after clearing: got %d, want 200", code)
	}
}

func TestLatencyDelaysAndEndsWithTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		faults := &Faults{}
		faults.Set(ProviderYahoo, Fault{Kind: FaultLatency, Delay: 3 * time.Second})
		start := time.Now()
		w := struck(faults, ProviderYahoo, "/")
		if took := time.Since(start); took != 3*time.Second || !strings.HasPrefix(w.Body.String(), "healthy") {
			t.Errorf("got %q after %v, want the true answer after 3s", w.Body, took)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start, w = time.Now(), httptest.NewRecorder()
		faults.wrap(ProviderYahoo, whole).ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
		if took := time.Since(start); took != time.Second || w.Body.Len() != 0 {
			t.Errorf("a caller who left after a second: got %q after %v, want nothing after 1s", w.Body, took)
		}

		time.AfterFunc(2*time.Second, func() { faults.Clear(ProviderYahoo) })
		start = time.Now()
		w = struck(faults, ProviderYahoo, "/")
		if took := time.Since(start); took != 2*time.Second || !strings.HasPrefix(w.Body.String(), "healthy") {
			t.Errorf("a provider that is well after two seconds: got %q after %v, want the true answer then", w.Body, took)
		}
	})
}

func TestACutBodyEndsBeforeItsAnnouncedLength(t *testing.T) {
	faults := &Faults{}
	faults.Set(ProviderAlpaca, Fault{Kind: FaultCutBody, Count: 1})
	server := httptest.NewServer(faults.wrap(ProviderAlpaca, whole))
	defer server.Close()
	resp, err := http.DefaultClient.Do(newRequest(t, http.MethodGet, server.URL+"/", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if !errors.Is(err, io.ErrUnexpectedEOF) || resp.ContentLength != 800 || len(body) != 400 {
		t.Errorf("got %d of %d bytes and error %v, want 400 of 800 and an unexpected end", len(body), resp.ContentLength, err)
	}
	if after := fetch(t, newRequest(t, http.MethodGet, server.URL+"/", "")); len(after.body) != 800 {
		t.Errorf("the next answer has %d bytes, want 800", len(after.body))
	}
}
