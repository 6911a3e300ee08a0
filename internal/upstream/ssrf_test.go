package upstream

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// addressesToRefuse are spellings of addresses that a server must not be led to.
func addressesToRefuse(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(sharedtest.Dir(t, "security/corpora/ssrf-urls.txt"))
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(list) != 103 {
		t.Fatalf("got %d addresses, want 103", len(list))
	}
	return list
}

// trap counts who connects to this machine, on either of its loopback addresses.
type trap struct {
	port  string
	calls atomic.Int64
}

func newTrap(t *testing.T) *trap {
	t.Helper()
	c := &trap{}
	first := c.listen(t, "127.0.0.1:0")
	_, c.port, _ = net.SplitHostPort(first)
	c.listen(t, "[::1]:"+c.port)
	return c
}

func (c *trap) listen(t *testing.T, address string) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		if strings.HasPrefix(address, "[") {
			t.Logf("no IPv6 loopback here: %v", err)
			return ""
		}
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.calls.Add(1)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String()
}

// leads are the forms of a listed address that lead to the trap's port, where it has a port at all.
func (c *trap) leads(address string) []string {
	address, _, _ = strings.Cut(address, " ") // behind it stands what a name resolves to
	all := []string{address, strings.Replace(address, "http://", "https://", 1)}
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
		u.Host = net.JoinHostPort(u.Hostname(), c.port)
		for _, scheme := range []string{"http", "https"} {
			u.Scheme = scheme
			all = append(all, u.String())
		}
	}
	return all
}

// resolveToLoopback answers every question for a name with this machine's address, as a name server of an attacker does.
// It also covers names that resolve to something else at first, since each connection is checked and not the name.
func resolveToLoopback(t *testing.T) (asked *atomic.Int64) {
	t.Helper()
	server, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked = &atomic.Int64{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buffer)
			if err != nil {
				return
			}
			asked.Add(1)
			_, _ = server.WriteTo(answerLoopback(buffer[:n]), from)
		}
	}()
	usual := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = usual
		_ = server.Close()
		<-done
	})
	return asked
}

// answerLoopback is the answer (RFC 1035) to one question: a documentation address and 127.0.0.1 for A, ::1 for AAAA.
func answerLoopback(question []byte) []byte {
	end := 12
	for end < len(question) && question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5 // the root, type and class
	if end > len(question) {
		return nil
	}
	kind := binary.BigEndian.Uint16(question[end-4:])
	records := map[uint16][][]byte{1: {{192, 0, 2, 1}, {127, 0, 0, 1}}, 28: {net.IPv6loopback}}[kind]
	answer := append([]byte{}, question[:end]...)
	binary.BigEndian.PutUint16(answer[2:], 0x8180)
	binary.BigEndian.PutUint16(answer[6:], uint16(len(records)))
	binary.BigEndian.PutUint32(answer[8:], 0)
	for _, record := range records {
		answer = append(answer, 0xc0, 12) // the name asked for
		answer = binary.BigEndian.AppendUint16(answer, kind)
		answer = append(answer, 0, 1, 0, 0, 0, 0)
		answer = binary.BigEndian.AppendUint16(answer, uint16(len(record)))
		answer = append(answer, record...)
	}
	return answer
}

// TestNoSpellingOfAnAddressLeadsToThisMachine configures each address of the list as a provider's, without leave to use
// this machine's network, and asks it. It changes the process's resolver, so it does not run beside others.
func TestNoSpellingOfAnAddressLeadsToThisMachine(t *testing.T) {
	asked := resolveToLoopback(t)
	c := newTrap(t)
	made, tried := 0, 0
	for _, address := range addressesToRefuse(t) {
		for _, lead := range c.leads(address) {
			tried++
			client, err := New(Config{Provider: "x", Origins: []string{lead}, Timeout: 2 * time.Second, Retries: -1, Now: time.Now})
			if err != nil {
				continue // refused as a setting
			}
			made++
			if answer, err := client.Do(t.Context(), Request{Method: http.MethodGet, URL: lead}); err == nil {
				t.Errorf("%q answered %d", lead, answer.Status)
			}
			client.http.CloseIdleConnections()
		}
	}
	if n := c.calls.Load(); n != 0 {
		t.Errorf("got %d connections to this machine, want none", n)
	}
	if made < 30 || asked.Load() < 5 {
		t.Errorf("%d of %d addresses were refused by the connection, %d names were asked for: it proves nothing", made, tried, asked.Load())
	}
	t.Logf("%d spellings of 103 addresses, %d of them refused as settings and %d by the connection, %d questions for names, %d connections",
		tried, tried-made, made, asked.Load(), c.calls.Load())
}

// TestNoRedirectLeadsAnywhere lets a provider point at each address of the list, with every status that says so.
func TestNoRedirectLeadsAnywhere(t *testing.T) {
	resolveToLoopback(t)
	c := newTrap(t)
	to := ""
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Location"] = []string{to}
		status := map[string]int{"/301": 301, "/302": 302, "/303": 303, "/307": 307, "/308": 308}[r.URL.Path]
		w.WriteHeader(status)
	}))
	t.Cleanup(provider.Close)
	client, err := New(Config{Provider: "x", Origins: []string{provider.URL}, AllowPrivate: true, Retries: -1, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.http.CloseIdleConnections)
	tried := 0
	for _, address := range addressesToRefuse(t) {
		for _, lead := range c.leads(address) {
			to = strings.Map(func(r rune) rune {
				if r < ' ' {
					return -1
				}
				return r
			}, lead)
			for _, path := range []string{"/301", "/302", "/303", "/307", "/308"} {
				tried++
				answer, err := client.Do(t.Context(), Request{Method: http.MethodGet, URL: provider.URL + path})
				if err == nil && answer.Status/100 != 3 {
					t.Errorf("%q: got %d, want the redirect itself", lead, answer.Status)
				}
				if err != nil && strings.Contains(err.Error(), lead) {
					t.Errorf("%q: the error repeats it: %v", lead, err)
				}
			}
		}
	}
	if n := c.calls.Load(); n != 0 {
		t.Errorf("got %d connections to this machine, want none", n)
	}
	t.Logf("%d redirects, %d connections", tried, c.calls.Load())
}
