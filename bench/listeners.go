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
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Aims of the listeners.
const (
	listenerSize = 64 << 10         // bytes of the server's memory for each
	quietTime    = 20 * time.Second // in which every stream has to say that it is alive
)

// listening attaches many streams to one answer whose model has fallen silent, and measures what each costs the server that
// they are attached to: the one that writes the answer, or another on the same database.
func listening(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) (bool, error) {
	n := flags.Int("n", 5000, "streams, at most 9000")
	engine := flags.String("engine", "sqlite", "sqlite or postgres")
	elsewhere := flags.Bool("replica", false, "attach to another server than the one that writes the answer")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	count := min(max(*n, 1), 9000)
	if err := checkFiles(count); err != nil {
		return false, err
	}
	silent := &talker{every: time.Second}
	if err := silent.open(ctx); err != nil {
		return false, err
	}
	defer silent.close()
	c, err := newCrowd(ctx, *engine)
	if err != nil {
		return false, err
	}
	q, err := silent.quiet(ctx, c, count, *elsewhere)
	if err := errors.Join(err, c.drop()); err != nil {
		return false, err
	}
	each := q.growth / int64(count)
	_, _ = fmt.Fprintf(out, "%s, %d streams attached in %.1f s, replica %v: %d alive after %.0f s of silence, %d dropped\n",
		*engine, count, q.attaching.Seconds(), *elsewhere, q.alive, quietTime.Seconds(), q.dropped)
	_, _ = fmt.Fprintf(out, "memory %d to %d MiB, %.1f KiB a stream; %.2f s of CPU in the silence\n",
		q.before>>20, (q.before+q.growth)>>20, float64(each)/1024, q.cpu.Seconds())
	return each <= listenerSize && q.dropped == 0 && q.alive == int64(count), nil
}

// checkFiles refuses what the system would not let us open.
func checkFiles(n int) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur < uint64(n)+200 { // #nosec G115 -- between 1 and 9000
		return fmt.Errorf("a process may open %d files here: allow more (ulimit -n) or ask for fewer streams", limit.Cur)
	}
	return nil
}

// quietness is what silent streams cost.
type quietness struct {
	attaching      time.Duration
	before, growth int64
	alive, dropped int64
	cpu            time.Duration
}

func (t *talker) quiet(ctx context.Context, c *crowd, n int, elsewhere bool) (q quietness, err error) {
	settings := append(append(c.settings(), t.settings()...), "JASPERS_LIMIT_STREAMS=10000", "JASPERS_LIMIT_REQUESTS=1000000")
	s, err := startServer(ctx, settings...)
	if err != nil {
		return q, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	s.client.Timeout = 0
	token, err := s.register(ctx, benchEmail, benchPassword)
	if err != nil {
		return q, err
	}
	chat, err := s.newChat(ctx, token)
	if err != nil {
		return q, err
	}
	talking, err := s.open(ctx, http.MethodPost, chat, token, `{"content":"`+question(0)+`"}`)
	if err != nil {
		return q, err
	}
	defer func() { _ = talking.Body.Close() }()
	at := s
	if elsewhere {
		if at, err = startServer(ctx, settings...); err != nil {
			return q, err
		}
		defer func() { err = errors.Join(err, at.stop()) }()
	}
	return at.hold(ctx, chat, token, n)
}

// hold attaches n streams and keeps them until each has said that it is alive.
func (s *server) hold(ctx context.Context, chat, token string, n int) (q quietness, err error) {
	one, err := s.open(ctx, http.MethodGet, chat+"/stream", token, "") // what the first needs is no growth
	if err != nil {
		return q, err
	}
	defer func() { _ = one.Body.Close() }()
	q.before = s.memory()
	began := time.Now()
	ears, err := s.attachAll(ctx, chat, token, n)
	if err != nil {
		return q, err
	}
	q.attaching = time.Since(began)
	used := s.ticks()
	time.Sleep(quietTime)
	q.cpu = s.ticks() - used
	q.growth = s.memory() - q.before
	for _, e := range ears {
		q.alive += min(e.beats.Load(), 1)
		q.dropped += e.ended.Load()
		_ = e.conn.Close()
	}
	return q, nil
}

// ear is a client that costs little: a connection on which a stream comes.
type ear struct {
	conn         net.Conn
	beats, ended atomic.Int64
}

func (s *server) attachAll(ctx context.Context, chat, token string, n int) ([]*ear, error) {
	ears, errs := make([]*ear, n), make([]error, n)
	places := make(chan struct{}, 64)
	var all sync.WaitGroup
	for i := range n {
		places <- struct{}{}
		all.Go(func() {
			ears[i], errs[i] = s.attachOne(ctx, chat, token)
			<-places
		})
	}
	all.Wait()
	return ears, errors.Join(errs...)
}

// attachOne returns when the answer's first event has come.
func (s *server) attachOne(ctx context.Context, chat, token string) (*ear, error) {
	addr := strings.TrimPrefix(s.url, "http://")
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(conn, "GET /api%s/stream HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nAccept: %s\r\n\r\n", chat, addr, token, "text/event-stream")
	if err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(conn, 512)
	for {
		line, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("attach: %w", err)
		}
		if bytes.HasPrefix(line, []byte("id: ")) {
			break
		}
	}
	e := &ear{conn: conn}
	go e.hear(in)
	return e, nil
}

func (e *ear) hear(in *bufio.Reader) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			e.ended.Add(1)
			return
		}
		if bytes.HasPrefix(line, []byte(":")) {
			e.beats.Add(1)
		}
	}
}
