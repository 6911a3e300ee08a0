package db

import (
	"context"
	"net"
	"syscall"
	"time"
)

// A server that is gone without a word, after a failover or behind a network that forgot the connection, is noticed after goneAfter:
// the system would wait for a quarter of an hour for what was sent, and for hours where nothing was.
const (
	goneAfter     = 20 * time.Second
	keepAlive     = 5 * time.Second
	keepAlives    = int(goneAfter/keepAlive) - 1
	connectWithin = 10 * time.Second
)

// dial connects to a PostgreSQL.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{
		Timeout:         connectWithin,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAlive, Interval: keepAlive, Count: keepAlives},
		Control: func(_, _ string, c syscall.RawConn) error {
			return c.Control(func(fd uintptr) { giveUpAfter(fd, goneAfter) })
		},
	}
	return d.DialContext(ctx, network, address)
}
