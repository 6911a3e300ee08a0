package upstream_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a vendor and a client for it that waits no longer than tests like.
func serve(t *testing.T, h http.HandlerFunc, change func(*upstream.Config)) (*upstream.Client, string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return clientOf(t, server.URL, change), server.URL
}

func clientOf(t *testing.T, address string, change func(*upstream.Config)) *upstream.Client {
	t.Helper()
	cfg := upstream.Config{
		Provider: "Vendor", ID: "vendor", Origins: []string{address}, AllowPrivate: true, Timeout: 2 * time.Second, Now: time.Now,
	}
	if change != nil {
		change(&cfg)
	}
	client, err := upstream.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.HTTP().CloseIdleConnections)
	return client
}

func get(t *testing.T, c *upstream.Client, address string) (*upstream.Answer, error) {
	t.Helper()
	return c.Do(t.Context(), upstream.Request{Method: http.MethodGet, URL: address + "/thing?key=canary", Endpoint: "GET /thing"})
}

func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err != nil && strings.Contains(err.Error(), "canary") {
		t.Errorf("the error tells the address: %v", err)
	}
}

func TestEveryStatusIsAnAnswerAndItsFaultIsTyped(t *testing.T) {
	for status, want := range map[int]fault.Kind{
		400: fault.UpstreamFailed, 404: fault.UpstreamFailed, 429: fault.UpstreamDown, 500: fault.UpstreamDown, 503: fault.UpstreamDown,
	} {
		c, address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "30") // longer than anyone waits
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "<html>canary</html>")
		}, nil)
		answer, err := get(t, c, address)
		if err != nil || answer.Status != status {
			t.Fatalf("got %v, %v, want status %d", answer, err, status)
		}
		err = answer.Fault("the thing")
		wantKind(t, err, want)
		if f := fault.From(err); f.Kind == fault.UpstreamDown && f.RetryAfter != 30*time.Second {
			t.Errorf("%d: got retry after %s, want 30s", status, f.RetryAfter)
		}
		wantKind(t, answer.JSON(&struct{}{}), fault.UpstreamFailed)
	}
}

func TestTransientTroubleIsTriedAgainOnlyWhereThatIsHarmless(t *testing.T) {
	for _, tc := range []struct {
		name, method string
		retryPosts   bool
		want         int32
	}{
		{"GET", http.MethodGet, false, 3},
		{"POST", http.MethodPost, false, 1},
		{"POST that may be repeated", http.MethodPost, true, 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var calls atomic.Int32
			var recorded atomic.Int32
			c, address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				calls.Add(1)
				w.WriteHeader(http.StatusServiceUnavailable)
			}, func(cfg *upstream.Config) {
				cfg.RetryPosts = tc.retryPosts
				cfg.Record = func(_ context.Context, call upstream.Call) {
					if call.Endpoint == "X /y" && call.Status == 503 && call.Provider == "vendor" {
						recorded.Add(1)
					}
				}
			})
			answer, err := c.Do(t.Context(), upstream.Request{Method: tc.method, URL: address, Endpoint: "X /y"})
			if err != nil || answer.Status != http.StatusServiceUnavailable {
				t.Fatalf("got %v, %v", answer, err)
			}
			if calls.Load() != tc.want || recorded.Load() != tc.want {
				t.Errorf("got %d calls and %d records, want %d", calls.Load(), recorded.Load(), tc.want)
			}
		})
	}
}

func TestASecondTryThatWorksIsTheAnswer(t *testing.T) {
	var calls atomic.Int32
	c, address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if calls.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		_, _ = fmt.Fprintf(w, `{"sent":%q}`, body)
	}, func(cfg *upstream.Config) { cfg.RetryPosts = true })
	answer, err := c.Do(t.Context(), upstream.Request{Method: http.MethodPost, URL: address, Body: []byte("hello")})
	if err != nil || string(answer.Body) != `{"sent":"hello"}` {
		t.Errorf("got %v, %v, want the body sent again whole", answer, err)
	}
}

func TestAVendorsOwnRuleDecidesWhatIsTriedAgain(t *testing.T) {
	var asked atomic.Int64
	c, address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Vendor-Says", r.Header.Get("Vendor-Says"))
		status := http.StatusTooManyRequests
		if r.Header.Get("Vendor-Says") == "again" {
			status = http.StatusConflict
		}
		w.WriteHeader(status)
	}, func(cfg *upstream.Config) {
		cfg.SharedLimit = true
		cfg.Again = func(resp *http.Response) bool { return resp.Header.Get("Vendor-Says") == "again" }
	})
	for _, tt := range []struct {
		says   string
		status int
		asked  int64
	}{{"again", http.StatusConflict, 3}, {"never", http.StatusTooManyRequests, 1}, {"never", http.StatusTooManyRequests, 1}} {
		asked.Store(0)
		answer, err := c.Do(t.Context(), upstream.Request{Method: http.MethodGet, URL: address, Header: http.Header{"Vendor-Says": {tt.says}}})
		if err != nil || answer.Status != tt.status || asked.Load() != tt.asked {
			t.Errorf("%s: got %+v, %v after %d requests, want %d after %d", tt.says, answer, err, asked.Load(), tt.status, tt.asked)
		}
	}
}

func TestAnswersThatAreTriedAgainGiveTheirConnectionBack(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, strings.Repeat("x", 5000))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := clientOf(t, server.URL, nil)
	if _, err := get(t, c, server.URL); err != nil {
		t.Fatal(err)
	}
	if connections.Load() != 1 {
		t.Errorf("three tries opened %d connections, want 1", connections.Load())
	}
}

func TestAHostThatCannotProveItselfIsNotTriedAgain(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	_, err := get(t, clientOf(t, server.URL, nil), server.URL)
	wantKind(t, err, fault.UpstreamFailed)
	if connections.Load() != 1 {
		t.Errorf("got %d connections, want 1", connections.Load())
	}
}

func TestWhatCannotBeAskedOrReadIsTypedWithoutTheAddress(t *testing.T) {
	c, address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "https://host:canary/")
		w.WriteHeader(http.StatusFound)
	}, nil)
	_, err := get(t, c, address)
	wantKind(t, err, fault.UpstreamFailed)
	for _, bad := range []string{"http://host\x7fcanary/", "http://host:canary/", "http://host/%canary", "://canary"} {
		_, err := c.Do(t.Context(), upstream.Request{Method: http.MethodGet, URL: bad})
		wantKind(t, err, fault.Internal)
	}
}

func TestSlowCutAndOversizedAnswersAreTyped(t *testing.T) {
	stuck := make(chan struct{})
	t.Cleanup(func() { close(stuck) })
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(make([]byte, 10<<20)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	short := func(cfg *upstream.Config) {
		cfg.Timeout, cfg.Retries, cfg.MaxBody = 50*time.Millisecond, -1, 1000
	}
	for name, tc := range map[string]struct {
		handle http.HandlerFunc
		want   fault.Kind
	}{
		"no headers": {func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-stuck:
			case <-r.Context().Done():
			}
		}, fault.UpstreamTimeout},
		"no end": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "{")
			_ = http.NewResponseController(w).Flush()
			select {
			case <-stuck:
			case <-r.Context().Done():
			}
		}, fault.UpstreamTimeout},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "{")
		}, fault.UpstreamFailed},
		"large": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(make([]byte, 5000))
		}, fault.UpstreamFailed},
		"small when packed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
		}, fault.UpstreamFailed},
	} {
		t.Run(name, func(t *testing.T) {
			c, address := serve(t, tc.handle, short)
			_, err := get(t, c, address)
			wantKind(t, err, tc.want)
		})
	}
}

func TestACallerWhoLeavesIsNotATimeout(t *testing.T) {
	arrived := make(chan struct{})
	c, address := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	_, err := c.Do(ctx, upstream.Request{Method: http.MethodGet, URL: address})
	wantKind(t, err, fault.Canceled)
}

func TestAStreamIsNotHeldBackAndMayNotFallSilent(t *testing.T) {
	next := make(chan struct{})
	c, address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "first")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-next:
		case <-r.Context().Done():
		}
	}, func(cfg *upstream.Config) { cfg.IdleTimeout = 50 * time.Millisecond })
	defer close(next)
	resp, err := c.HTTP().Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	first := make([]byte, 5)
	if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != "first" {
		t.Fatalf("got %q, %v", first, err)
	}
	_, err = resp.Body.Read(first)
	wantKind(t, err, fault.UpstreamTimeout)
}

func TestAStreamIsBoundedLikeAnyAnswer(t *testing.T) {
	for size, want := range map[int]fault.Kind{1000: "", 1001: fault.UpstreamFailed, 100_000: fault.UpstreamFailed} {
		c, address := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, size)) },
			func(cfg *upstream.Config) { cfg.MaxBody = 1000 })
		resp, err := c.HTTP().Get(address)
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if n != 1000 || err == nil != (want == "") {
			t.Errorf("%d bytes: read %d, %v, want 1000", size, n, err)
		}
		if want != "" {
			wantKind(t, err, want)
			if more, err := resp.Body.Read(make([]byte, 1)); more != 0 || !fault.Is(err, want) {
				t.Errorf("%d bytes: read %d more, %v, want %s to stay", size, more, err, want)
			}
		}
	}
}

func TestNoMoreThanTheAllowedNumberRunAtOnce(t *testing.T) {
	var now, most atomic.Int32
	c, address := serve(t, func(http.ResponseWriter, *http.Request) {
		n := now.Add(1)
		for {
			m := most.Load()
			if n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		time.Sleep(2 * time.Millisecond)
		now.Add(-1)
	}, func(cfg *upstream.Config) { cfg.MaxConcurrent = 3 })
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if _, err := get(t, c, address); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most.Load() > 3 {
		t.Errorf("got %d at once, want 3 at most", most.Load())
	}
}

func TestRedirectsAndOtherHostsGetNothing(t *testing.T) {
	var seen atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { seen.Add(1) }))
	defer other.Close()
	c, address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}, nil)
	answer, err := get(t, c, address)
	if err != nil || answer.Status != http.StatusTemporaryRedirect {
		t.Errorf("got %v, %v, want the redirect itself", answer, err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		other.URL, address + "@" + other.Listener.Addr().String(), "http://user@" + u.Host + "/", "https://" + u.Host, "file:///etc/passwd",
	} {
		if _, err := get(t, c, bad); err == nil {
			t.Errorf("%s was called", bad)
		}
	}
	if seen.Load() != 0 {
		t.Errorf("the other host was called %d times", seen.Load())
	}
}

func TestNoAddressOfThisNetworkIsDialled(t *testing.T) {
	canary, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = canary.Close() }()
	var hits atomic.Int32
	go func() {
		for {
			conn, err := canary.Accept()
			if err != nil {
				return
			}
			hits.Add(1)
			_ = conn.Close()
		}
	}()
	list, err := os.ReadFile(sharedtest.Dir(t, "security/corpora/ssrf-urls.txt"))
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(canary.Addr().String())
	addresses := []string{"https://127.0.0.1:" + port, "https://localhost:" + port, "https://[::ffff:127.0.0.1]:" + port}
	for line := range strings.Lines(string(list)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			addresses = append(addresses, line)
		}
	}
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil {
			continue // cannot even be asked
		}
		// The worst case: an operator's setting, or a name that turned, leads there.
		c, err := upstream.New(upstream.Config{
			Provider: "Vendor", Origins: []string{"https://" + u.Host}, Timeout: 300 * time.Millisecond, Retries: -1, Now: time.Now,
		})
		if err != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if _, err := c.Do(ctx, upstream.Request{Method: http.MethodGet, URL: "https://" + u.Host + "/"}); err == nil {
			t.Errorf("%s answered", address)
		}
		cancel()
		c.HTTP().CloseIdleConnections()
	}
	if hits.Load() != 0 {
		t.Errorf("loopback was dialled %d times", hits.Load())
	}
}

func TestPlainHTTPIsForThisMachineOnly(t *testing.T) {
	for _, origin := range []string{"http://vendor.example", "ftp://vendor.example", "https://", "https://user@vendor.example", "://"} {
		if _, err := upstream.New(upstream.Config{Provider: "Vendor", Origins: []string{origin}, Now: time.Now}); err == nil {
			t.Errorf("%s was accepted", origin)
		}
	}
}
