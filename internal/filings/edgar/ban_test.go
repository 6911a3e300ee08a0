package edgar_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

func TestA429IsWaitedOutAsLongAsTheSECKeepsPeopleOut(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	clock := now
	source := at(t, server.URL, func() time.Time { return clock }, nil)
	for _, test := range []struct{ after, want time.Duration }{{0, 10 * time.Minute}, {2 * time.Minute, 8 * time.Minute}, {9 * time.Minute, time.Minute}} {
		clock = now.Add(test.after)
		_, err := source.Filer(t.Context(), apple)
		if !fault.Is(err, fault.UpstreamDown) || fault.From(err).RetryAfter != test.want {
			t.Errorf("after %s: got %v, to be tried again in %s, want %s", test.after, err, fault.From(err).RetryAfter, test.want)
		}
	}
	if asked != 1 {
		t.Errorf("got %d questions while the SEC wants none, want 1", asked)
	}
}
