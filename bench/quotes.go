package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

// Aims of the quotes.
const (
	quotesRatio = 0.9
	quoteFresh  = 50 * time.Second // of the minute for which a quote is fresh while the market is open
)

// quotes loads the server's route for a quote that is known, and a bare net/http handler in a process of its own that
// writes the same bytes. Both get the same requests from the same client in turns, over as many connections, so that what
// else the machine does falls on both alike.
func quotes(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) (bool, error) {
	seconds := flags.Int("seconds", 3, "how long each turn is; there are six, and at most 48 s")
	clients := flags.Int("clients", 8, "connections, at most 256")
	level := flags.String("log", "INFO", "the server's log level")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	turn := min(time.Duration(max(*seconds, 1))*time.Second, quoteFresh/quoteTurns)
	y := &yahoo{}
	if err := y.open(ctx); err != nil {
		return false, err
	}
	defer y.close()
	s, err := startServer(ctx, "JASPERS_YAHOO_ENABLED=true", "JASPERS_YAHOO_QUERY_URL="+y.url, "JASPERS_YAHOO_COOKIE_URL="+y.url,
		"JASPERS_LIMIT_REQUESTS=10000000", "JASPERS_LOG_LEVEL="+*level)
	if err != nil {
		return false, err
	}
	r, err := y.compare(ctx, s, turn, min(max(*clients, 1), 256))
	if err := errors.Join(err, s.stop()); err != nil {
		return false, err
	}
	return r.print(out), nil
}

// yahoo is the simulated one, which counts what it is asked.
type yahoo struct {
	sim    *sim.Sim
	url    string
	server *http.Server
}

func (y *yahoo) open(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	y.sim = sim.NewSim(sim.New(7, time.Now))
	y.url = "http://" + l.Addr().String() + "/yahoo"
	y.server = &http.Server{Handler: y.sim.Handler(), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = y.server.Serve(l) }() // until close
	return nil
}

func (y *yahoo) close() { _ = y.server.Close() }

// asked is how many requests came so far.
func (y *yahoo) asked() (n int) {
	for _, r := range y.sim.Requests() {
		n += r.Count
	}
	return n
}

// quoteTurns is how often each of the two is loaded, times two.
const quoteTurns = 6

// comparison is how the two did.
type comparison struct {
	ours, bare loaded
	upstream   int // calls of the upstream meanwhile
	bytes      int // of an answer
}

// loaded is what one of them did in all its turns.
type loaded struct {
	took      []time.Duration
	length    time.Duration
	processor time.Duration
}

func (l loaded) rate() float64 { return float64(len(l.took)) / l.length.Seconds() }

func (l loaded) perRequest() time.Duration {
	return l.processor / time.Duration(max(len(l.took), 1))
}

const quotePath = "/api/stocks/quote/AAPL"

func (y *yahoo) compare(ctx context.Context, s *server, turn time.Duration, clients int) (c comparison, err error) {
	token, err := s.register(ctx, benchEmail, benchPassword)
	if err != nil {
		return c, err
	}
	first, err := s.send(ctx, http.MethodGet, strings.TrimPrefix(quotePath, "/api"), token, "") // makes it known
	if err != nil || first.status != http.StatusOK {
		return c, errors.Join(err, fmt.Errorf("the quote: status %d: %s", first.status, first.body))
	}
	b, err := startBare(ctx, first.body)
	if err != nil {
		return c, err
	}
	ours := target{s.url, token, s.cmd.Process.Pid}
	bare := target{b.url, token, b.cmd.Process.Pid}
	for _, t := range []target{ours, bare} { // what the first requests need is nobody's speed
		if _, err := t.load(ctx, 500*time.Millisecond, clients); err != nil {
			return c, errors.Join(err, b.stop())
		}
	}
	before := y.asked()
	for i := range quoteTurns {
		t, sum := ours, &c.ours
		if i%2 == 1 {
			t, sum = bare, &c.bare
		}
		l, err := t.load(ctx, turn, clients)
		if err != nil {
			return c, errors.Join(err, b.stop())
		}
		sum.took = append(sum.took, l.took...)
		sum.length += l.length
		sum.processor += l.processor
	}
	c.upstream, c.bytes = y.asked()-before, len(first.body)
	return c, b.stop()
}

func (c comparison) print(out io.Writer) bool {
	_, _ = fmt.Fprintf(out, "%-18s %10s %12s %10s %10s %16s\n", "", "answers", "answers/s", "median", "p99", "CPU an answer")
	for _, row := range []struct {
		name string
		loaded
	}{{quotePath[4:], c.ours}, {"bare net/http", c.bare}} {
		_, _ = fmt.Fprintf(out, "%-18s %10d %12.0f %8.3fms %8.3fms %14.1fµs\n", row.name[max(0, len(row.name)-18):], len(row.took), row.rate(),
			ms(median(row.took)), ms(percentile(row.took, 99)), float64(row.perRequest())/1e3)
	}
	ratio := c.ours.rate() / c.bare.rate()
	_, _ = fmt.Fprintf(out, "%.1f %% of the bare handler's answers a second, %.3f ms more at the median, %.1f µs of CPU more; %d bytes an answer; %d upstream calls\n",
		100*ratio, ms(median(c.ours.took)-median(c.bare.took)), float64(c.ours.perRequest()-c.bare.perRequest())/1e3, c.bytes, c.upstream)
	return ratio >= quotesRatio && c.upstream == 0
}

// target is a process that answers.
type target struct {
	url, token string
	pid        int
}

// load asks for the quote over several connections, each as soon as it was answered.
func (t target) load(ctx context.Context, length time.Duration, clients int) (loaded, error) {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	var l loaded
	var failed error
	before, began := processorOf(t.pid), time.Now()
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			var took []time.Duration
			for time.Since(began) < length {
				start := time.Now()
				if err := t.ask(ctx, client); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					break
				}
				took = append(took, time.Since(start))
			}
			mu.Lock()
			defer mu.Unlock()
			l.took = append(l.took, took...)
		})
	}
	all.Wait()
	l.length, l.processor = time.Since(began), processorOf(t.pid)-before
	return l, failed
}

func (t target) ask(ctx context.Context, client *http.Client) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url+quotePath, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+t.token)
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || n == 0) {
		err = fmt.Errorf("status %d with %d bytes", resp.StatusCode, n)
	}
	return err
}

// processorOf is what a process used of the processors until now; 0 where the system does not tell.
func processorOf(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	const utime, stime, tick = 11, 12, 10 * time.Millisecond // behind the name; Linux counts in hundredths for whoever reads
	if len(fields) <= stime {
		return 0
	}
	user, _ := strconv.ParseInt(fields[utime], 10, 64)
	system, _ := strconv.ParseInt(fields[stime], 10, 64)
	return time.Duration(user+system) * tick
}

// bareServer is a process of this program that does nothing but answer with bytes it was given.
type bareServer struct {
	url string
	cmd *exec.Cmd
	in  io.Closer
}

// bareWord is what makes this program such a process.
const bareWord = "bare-handler"

func startBare(ctx context.Context, body []byte) (*bareServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b := &bareServer{cmd: exec.CommandContext(ctx, self, bareWord, string(body))} // #nosec G204 -- this program
	in, err := b.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	b.in = in
	told, err := b.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := b.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(told).ReadString('\n')
	if err != nil {
		return nil, errors.Join(err, b.stop())
	}
	b.url = "http://" + strings.TrimSpace(line)
	return b, nil
}

func (b *bareServer) stop() error { return errors.Join(b.in.Close(), b.cmd.Wait()) }

// serveBare answers everything with the same JSON until its input ends, and says where.
func serveBare(ctx context.Context, body string, in io.Reader, out io.Writer) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	text := []byte(body)
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text) // #nosec G705 -- JSON, from the bench to itself
	})}
	if _, err := fmt.Fprintln(out, l.Addr()); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		_ = server.Close()
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
