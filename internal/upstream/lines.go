package upstream

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
)

// lines are the connections to a vendor. One that stops ends all of its own, which shows before anybody asks it again.
type lines struct {
	dialer *net.Dialer

	mu    sync.Mutex
	ends  map[string]int // how many are open, by the address they lead to
	ended string         // where the vendor ended the last one there was; empty for nowhere
}

func newLines(dialer *net.Dialer) *lines {
	return &lines{dialer: dialer, ends: map[string]int{}}
}

// open is for http.Transport.
func (l *lines) open(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := l.dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ends[address]++
	if l.ended == address {
		l.ended = ""
	}
	return &line{Conn: conn, of: l, address: address}, nil
}

// close notes that a line is over, and whether it was the vendor who ended it.
func (l *lines) close(address string, byVendor bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ends[address]--; l.ends[address] > 0 {
		return
	}
	delete(l.ends, address)
	if byVendor {
		l.ended = address
	}
}

// line is one connection.
type line struct {
	net.Conn
	of      *lines
	address string
	over    sync.Once
}

// Read is always under way, also while nothing is asked, so that it is what sees the end.
func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrDeadlineExceeded) {
		l.over.Do(func() { l.of.close(l.address, true) })
	}
	return n, err
}

func (l *line) Close() error {
	l.over.Do(func() { l.of.close(l.address, false) })
	return l.Conn.Close()
}

// Reach tries to connect to where the vendor ended the last connection there was, and asks nothing. UpstreamDown or
// UpstreamTimeout when nobody takes the connection; nil when somebody does, and when there is no such place.
func (c *Client) Reach(ctx context.Context) error {
	c.lines.mu.Lock()
	address := c.lines.ended
	c.lines.mu.Unlock()
	if address == "" {
		return nil
	}
	conn, err := c.lines.open(ctx, "tcp", address)
	if err != nil {
		return c.connectionFault(ctx, err)
	}
	return conn.Close()
}
