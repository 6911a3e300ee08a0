package upstream_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// vendor counts the connections that are made to it.
type vendor struct {
	*httptest.Server
	made chan struct{}
}

// opens starts a vendor at an address, or anywhere.
func opens(t *testing.T, address string, answer http.HandlerFunc) *vendor {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	v := &vendor{httptest.NewUnstartedServer(answer), make(chan struct{}, 100)}
	_ = v.Listener.Close()
	v.Listener = listener
	v.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			v.made <- struct{}{}
		}
	}
	v.Start()
	t.Cleanup(v.Close)
	return v
}

// reaches waits until Reach ends as it is wanted to.
func reaches(t *testing.T, c *upstream.Client, want fault.Kind) {
	t.Helper()
	var err error
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err = c.Reach(t.Context()); err != nil && fault.KindOf(err) == want || err == nil && want == "" {
			return
		}
	}
	t.Fatalf("got %v, want %q", err, want)
}

func TestAVendorThatStopsIsFoundGoneBeforeItIsAskedAgain(t *testing.T) {
	fine := func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }
	v := opens(t, "127.0.0.1:0", fine)
	address, place := v.URL, v.Listener.Addr().String()
	c := clientOf(t, address, nil)
	if err := c.Reach(t.Context()); err != nil || len(v.made) != 0 {
		t.Fatalf("got %v and %d connections before anything was asked, want none", err, len(v.made))
	}
	if _, err := get(t, c, address); err != nil {
		t.Fatal(err)
	}
	if err := c.Reach(t.Context()); err != nil || len(v.made) != 1 {
		t.Fatalf("got %v and %d connections, want the one there is", err, len(v.made))
	}
	v.Close()
	reaches(t, c, fault.UpstreamDown)
	if err := c.Reach(canceled()); err == nil {
		t.Error("a caller who left is told that it was reached")
	}
	again := opens(t, place, fine)
	reaches(t, c, "")
	<-again.made
	if err := c.Reach(t.Context()); err != nil || len(again.made) != 0 {
		t.Errorf("got %v and %d more connections, want no more than the one", err, len(again.made))
	}
}

func TestAVendorThatEndsIdleConnectionsIsTriedOnce(t *testing.T) {
	v := opens(t, "127.0.0.1:0", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
	c := clientOf(t, v.URL, nil)
	if _, err := get(t, c, v.URL); err != nil {
		t.Fatal(err)
	}
	<-v.made
	v.CloseClientConnections()
	for end := time.Now().Add(10 * time.Second); len(v.made) == 0 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if err := c.Reach(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if err := c.Reach(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(v.made); got != 1 {
		t.Errorf("got %d connections, want one more", got)
	}
	if _, err := get(t, c, v.URL); err != nil {
		t.Error(err)
	}
}

func TestAConnectionThatWeEndSaysNothing(t *testing.T) {
	left := make(chan struct{})
	v := opens(t, "127.0.0.1:0", func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done() // whoever asked ended the connection
		close(left)
	})
	c := clientOf(t, v.URL, func(cfg *upstream.Config) { cfg.Retries, cfg.Timeout = -1, 50*time.Millisecond })
	_, err := get(t, c, v.URL)
	wantKind(t, err, fault.UpstreamTimeout)
	<-left
	v.Close()
	for range 20 {
		if err := c.Reach(t.Context()); err != nil {
			t.Fatalf("got %v, want nothing known", err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
