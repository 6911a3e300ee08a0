// Package outage leads what tests ask of a server over a way that can be closed, slowed or lied on.
package outage

import (
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Condition is what becomes of what is said on a way.
type Condition int

// The conditions.
const (
	Open     Condition = iota // it arrives
	Cut                       // nobody comes through
	Silent                    // it arrives nowhere, and nobody says so
	Babbling                  // somebody else answers
	Slow                      // what is asked arrives after a delay
)

// Way is a TCP way to a server. It is open at first, and closed when the test is over.
type Way struct {
	// Address is where the way begins, as HOST:PORT.
	Address string

	to    string
	delay atomic.Int64

	mu    sync.Mutex
	is    Condition
	conns []net.Conn
	all   sync.WaitGroup
}

// To makes a way to a server at HOST:PORT.
func To(t *testing.T, server string) *Way {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &Way{Address: l.Addr().String(), to: server}
	w.all.Go(func() { w.accept(l) })
	t.Cleanup(func() {
		_ = l.Close()
		w.Set(Cut)
		w.all.Wait()
	})
	return w
}

// Through makes a way to the server in a URL, and the URL that goes over it.
func Through(t *testing.T, address string) (w *Way, over string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	w = To(t, u.Host)
	u.Host = w.Address
	return w, u.String()
}

// Slow delays everything that is asked from now on.
func (w *Way) Slow(by time.Duration) {
	w.delay.Store(int64(by))
	w.Set(Slow)
}

// Set changes the condition. Silence, babble and slowness come over those who are on an open way; otherwise all have to come
// anew.
func (w *Way) Set(is Condition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.is
	if is == was {
		return
	}
	w.is = is
	if is == Open || is == Cut || was != Open {
		for _, c := range w.conns {
			_ = c.Close()
		}
		w.conns = nil
	}
}

func (w *Way) condition() Condition {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.is
}

func (w *Way) accept(port net.Listener) {
	for {
		from, err := port.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		if w.is == Cut {
			_ = from.Close()
		} else {
			w.conns = append(w.conns, from)
			w.all.Go(func() { w.serve(from) })
		}
		w.mu.Unlock()
	}
}

// serve passes on what is said in either direction, as the condition is at the moment.
func (w *Way) serve(from net.Conn) {
	defer func() { _ = from.Close() }()
	to, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	w.mu.Lock()
	w.conns = append(w.conns, to)
	w.mu.Unlock()
	defer func() { _ = to.Close() }()
	w.all.Go(func() {
		defer func() { _ = from.Close() }()
		w.pass(to, from, nil)
	})
	w.pass(from, to, from)
}

// pass copies; babble goes back to where it was said.
func (w *Way) pass(from io.Reader, to io.Writer, back io.Writer) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		switch is := w.condition(); {
		case is == Open, is == Slow:
			if is == Slow && back != nil {
				time.Sleep(time.Duration(w.delay.Load()))
			}
			_, err = to.Write(buffer[:n])
		case is == Babbling && back != nil:
			_, err = io.WriteString(back, "HTTP/1.1 200 OK\r\n\r\n<html>welcome</html>\r\n")
		}
		if err != nil {
			return
		}
	}
}
