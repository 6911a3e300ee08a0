package app_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// condition is what becomes of what is said on a way.
type condition int

const (
	open    condition = iota // it arrives
	cut                      // nobody comes through
	silent                   // it arrives nowhere, and nobody says so
	babbles                  // somebody else answers
	slow                     // it arrives after a delay
)

// way is a TCP way to a server, which can be closed and left by all who are on it.
type way struct {
	t     *testing.T
	to    string
	delay time.Duration // of what is slow
	port  net.Listener

	mu    sync.Mutex
	is    condition
	conns []net.Conn
	all   sync.WaitGroup
}

func newWay(t *testing.T, to string) *way {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &way{t: t, to: to, port: l}
	w.all.Go(w.accept)
	t.Cleanup(func() {
		_ = l.Close()
		w.set(cut)
		w.all.Wait()
	})
	return w
}

// through leads the address of a database over a way.
func through(t *testing.T, address string) (*way, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	w := newWay(t, u.Host)
	u.Host = w.port.Addr().String()
	return w, u.String()
}

// set changes the condition. Silence and babble come over those who are on the way; otherwise they have to come anew.
func (w *way) set(is condition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.is
	w.is = is
	if is == open || is == cut || was != open {
		for _, c := range w.conns {
			_ = c.Close()
		}
		w.conns = nil
	}
}

func (w *way) condition() condition {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.is
}

func (w *way) accept() {
	for {
		from, err := w.port.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		if w.is == cut {
			_ = from.Close()
		} else {
			w.conns = append(w.conns, from)
			w.all.Go(func() { w.serve(from) })
		}
		w.mu.Unlock()
	}
}

// serve passes on what is said in either direction, as the condition is at the moment.
func (w *way) serve(from net.Conn) {
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
func (w *way) pass(from io.Reader, to io.Writer, back io.Writer) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		switch is := w.condition(); {
		case is == open, is == slow:
			if is == slow && back != nil {
				time.Sleep(w.delay)
			}
			_, err = to.Write(buffer[:n])
		case is == babbles && back != nil:
			_, err = io.WriteString(back, "HTTP/1.1 200 OK\r\n\r\n<html>welcome</html>\r\n")
		}
		if err != nil {
			return
		}
	}
}
