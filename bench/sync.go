package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

// Aims of the syncs.
const (
	syncTime       = 30 * time.Second
	syncGrowth     = 96 << 20
	alpacaMinute   = 200 // requests an account may make in a minute
	alpacaInFlight = 64
	syncPatience   = 3 * time.Minute
)

// syncing has a server read many connections that are due in one slot, at a brokerage that is not quick.
func syncing(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) (bool, error) {
	n := flags.Int("n", 1000, "connections, at most 5000")
	latency := flags.Duration("latency", 200*time.Millisecond, "how long the brokerage takes to answer")
	engine := flags.String("engine", "sqlite", "sqlite or postgres")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	d := &desk{latency: min(*latency, 5*time.Second), asked: map[string]int{}}
	if err := d.open(ctx); err != nil {
		return false, err
	}
	defer d.close()
	c, err := newCrowd(ctx, *engine)
	if err != nil {
		return false, err
	}
	count := min(max(*n, 1), 5000)
	err = c.join(ctx, count, time.Now().Add(-time.Hour), func(i int) link {
		return link{account: d.account, token: fmt.Sprintf("customer-%d", i), status: "active"}
	})
	if err != nil {
		return false, errors.Join(err, c.drop())
	}
	r, err := d.measure(ctx, c, count)
	if err := errors.Join(err, c.drop()); err != nil {
		return false, err
	}
	return r.print(out, d, count, *engine), nil
}

// desk is the simulated Alpaca, which answers late and counts. Each customer's token stands for one real one.
type desk struct {
	latency time.Duration
	url     string
	account string // the id of the real one's account
	token   string
	server  *http.Server

	mu       sync.Mutex
	asked    map[string]int // requests by token
	total    int
	inFlight int
	most     int
}

const deskSecret = "bench-client-secret" // #nosec G101 -- of a simulator that lives for one measurement

func (d *desk) open(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	d.url = "http://" + l.Addr().String()
	s := sim.NewSim(sim.New(7, time.Now))
	s.Alpaca = sim.AlpacaApp{ClientID: "bench", ClientSecret: deskSecret, RedirectURIs: []string{"http://127.0.0.1/callback"}}
	account, _ := s.World.Account("alex", sim.Live)
	d.account = account.ID
	d.server = &http.Server{Handler: d.counted(s.Handler()), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = d.server.Serve(l) }() // until close
	return d.consent(ctx)
}

func (d *desk) close() { _ = d.server.Close() }

// consent gets the token of a customer of the simulator.
func (d *desk) consent(ctx context.Context) error {
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	post := func(path string, form url.Values) (*http.Response, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url+path, strings.NewReader(form.Encode()))
		if err != nil {
			return nil, err
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return client.Do(req)
	}
	query := url.Values{"response_type": {"code"}, "client_id": {"bench"}, "redirect_uri": {"http://127.0.0.1/callback"}, "env": {"live"}}
	page, err := post("/alpaca/oauth/authorize?"+query.Encode(), url.Values{"customer": {"alex"}, "decision": {"allow"}})
	if err != nil {
		return err
	}
	_ = page.Body.Close()
	back, err := page.Location()
	if err != nil {
		return fmt.Errorf("the simulator gave no consent (status %d): %w", page.StatusCode, err)
	}
	answer, err := post("/alpaca/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "client_id": {"bench"}, "client_secret": {deskSecret},
		"redirect_uri": {"http://127.0.0.1/callback"},
	})
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(text), `"access_token":"`)
	if d.token, _, _ = strings.Cut(rest, `"`); d.token == "" {
		return fmt.Errorf("the simulator gave no token (status %d)", answer.StatusCode)
	}
	return nil
}

// counted answers a customer late, as the one there is.
func (d *desk) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer customer-")
		if !is {
			next.ServeHTTP(w, r)
			return
		}
		d.mu.Lock()
		d.asked[who]++
		d.total++
		d.inFlight++
		d.most = max(d.most, d.inFlight)
		d.mu.Unlock()
		time.Sleep(d.latency)
		r.Header.Set("Authorization", "Bearer "+d.token)
		next.ServeHTTP(w, r)
		d.mu.Lock()
		d.inFlight--
		d.mu.Unlock()
	})
}

// syncReport is what was seen of the server.
type syncReport struct {
	took          time.Duration
	active        int
	tries         int // of the job that needed most
	memory        []int64
	heap          []string
	afterwards    int64
	cpu           time.Duration
	worstOfOthers time.Duration
}

// measure starts a server on the crowd, to which everything is due, and watches it until everybody was read.
func (d *desk) measure(ctx context.Context, c *crowd, n int) (r syncReport, err error) {
	s, err := startServer(ctx, append(c.settings(), "GODEBUG=gctrace=1",
		"JASPERS_ALPACA_CLIENT_ID=bench", "JASPERS_ALPACA_CLIENT_SECRET="+deskSecret,
		"JASPERS_ALPACA_AUTHORIZE_URL="+d.url+"/alpaca/oauth/authorize", "JASPERS_ALPACA_TOKEN_URL="+d.url+"/alpaca/oauth/token",
		"JASPERS_ALPACA_LIVE_URL="+d.url+"/alpaca/live", "JASPERS_ALPACA_PAPER_URL="+d.url+"/alpaca/paper")...)
	if err != nil {
		return r, err
	}
	began := time.Now()
	r.memory = append(r.memory, s.memory())
	for done := 0; done < n; {
		if time.Since(began) > syncPatience {
			return r, errors.Join(fmt.Errorf("only %d of %d were read in %s", done, n, syncPatience), s.stop())
		}
		time.Sleep(100 * time.Millisecond)
		if done, err = c.count(ctx, "select count(*) from brokerage_connections where last_sync_at is not null"); err != nil {
			return r, errors.Join(err, s.stop())
		}
		r.memory = append(r.memory, s.memory())
		a, err := s.send(ctx, http.MethodGet, "/health/ready", "", "")
		if err != nil {
			return r, errors.Join(err, s.stop())
		}
		r.worstOfOthers = max(r.worstOfOthers, a.took)
	}
	r.took = time.Since(began)
	time.Sleep(2 * time.Second)
	r.afterwards = s.memory()
	r.active, err = c.count(ctx, "select count(*) from brokerage_connections where status = 'active' and error_kind is null")
	if err == nil {
		r.tries, err = c.count(ctx, "select coalesce(max(attempt), 0) from jobs where kind = 'sync_connection'")
	}
	err = errors.Join(err, s.stop())
	r.cpu, r.heap = s.cpu(), heaps(s.log.String())
	return r, err
}

func (r syncReport) print(out io.Writer, d *desk, n int, engine string) bool {
	peak := int64(0)
	for _, m := range r.memory {
		peak = max(peak, m)
	}
	most := 0
	for _, asked := range d.asked {
		most = max(most, asked)
	}
	mib := func(b int64) float64 { return float64(b) / (1 << 20) }
	_, _ = fmt.Fprintf(out, "%s: %d connections in %.1f s, %d requests of %s, at most %d at once and %d of one account; %.1f s of CPU\n",
		engine, n, r.took.Seconds(), d.total, d.latency, d.most, most, r.cpu.Seconds())
	_, _ = fmt.Fprintf(out, "resident memory: %.1f MiB at the start, %.1f in the middle, %.1f at its peak, %.1f at the end, %.1f two seconds later\n",
		mib(r.memory[0]), mib(r.memory[len(r.memory)/2]), mib(peak), mib(r.memory[len(r.memory)-1]), mib(r.afterwards))
	if h := r.heap; len(h) > 0 {
		_, _ = fmt.Fprintf(out, "live heap after collections: %s at first, %s in the middle, %s at last\n", h[0], h[len(h)/2], h[len(h)-1])
	}
	_, _ = fmt.Fprintf(out, "%d read well, %d tries at most; the slowest other request meanwhile: %.1f ms\n", r.active, r.tries, ms(r.worstOfOthers))
	return r.took <= syncTime && r.active == n && most <= alpacaMinute && d.most <= alpacaInFlight && peak-r.memory[0] <= syncGrowth
}

// heaps are the sizes of the live heap that the runtime wrote into a log, in its words.
func heaps(log string) []string {
	var all []string
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "gc ") {
			continue
		}
		for _, field := range strings.Fields(line) {
			if parts := strings.Split(field, "->"); len(parts) == 3 {
				all = append(all, parts[2]+" MB")
			}
		}
	}
	return all
}
