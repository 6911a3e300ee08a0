package app_test

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"
)

// The frames of HTTP/2 (RFC 9113, 6) that a test has to know.
const (
	frameHeaders  = 1
	frameReset    = 3
	frameSettings = 4
	frameGoAway   = 7
)

func writeFrame(t *testing.T, w io.Writer, kind, flags byte, stream uint32, payload []byte) {
	t.Helper()
	head := append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind)), flags)
	head = binary.BigEndian.AppendUint32(head, stream)
	if _, err := w.Write(append(head, payload...)); err != nil {
		t.Fatal(err)
	}
}

// literal is a header field as HPACK writes it without any table (RFC 7541, 6.2.2).
func literal(name, value string) []byte {
	field := append([]byte{0, byte(len(name))}, name...)
	return append(append(field, byte(len(value))), value...)
}

// overHTTP2 asks for a path that anybody may ask for, with one more header field, and tells the first byte of the
// answer's fields, which is the status; 0 where the request was refused as none.
func overHTTP2(t *testing.T, address, name, value string) byte {
	t.Helper()
	conn, err := (&tls.Dialer{
		NetDialer: &net.Dialer{Timeout: 5 * time.Second},
		Config:    &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}, // the test's own certificate
	}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	writeFrame(t, conn, frameSettings, 0, 0, nil)
	var fields []byte
	for _, field := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":authority", "x"}, {":path", "/api/health/live"}, {name, value}} {
		fields = append(fields, literal(field[0], field[1])...)
	}
	const endOfStreamAndHeaders = 0x5
	writeFrame(t, conn, frameHeaders, endOfStreamAndHeaders, 1, fields)
	for in := bufio.NewReader(conn); ; {
		head := make([]byte, 9)
		if _, err := io.ReadFull(in, head); err != nil {
			t.Fatalf("%s: %q: %v, want an answer or a refusal", name, value, err)
		}
		payload := make([]byte, binary.BigEndian.Uint32(append([]byte{0}, head[:3]...)))
		if _, err := io.ReadFull(in, payload); err != nil {
			t.Fatal(err)
		}
		switch head[3] {
		case frameHeaders:
			return payload[0]
		case frameReset, frameGoAway:
			return 0
		}
	}
}

func TestHTTP2TakesNoHeadersOfTheConnectionAndNoLineBreaks(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		server := httptest.NewUnstartedServer(s.app.Handler)
		server.EnableHTTP2 = true
		server.StartTLS()
		defer server.Close()
		address := server.Listener.Addr().String()
		const ok, bad = 0x80 | 8, 0x80 | 12 // 200 and 400 in HPACK's table
		if got := overHTTP2(t, address, "x-ordinary", "value"); got != ok {
			t.Fatalf("got %#x for an ordinary request: what follows would prove nothing", got)
		}
		for _, field := range [][2]string{
			{"connection", "close"}, {"proxy-connection", "close"}, {"keep-alive", "1"}, {"transfer-encoding", "chunked"}, {"upgrade", "h2c"},
			{"te", "gzip"}, {"x-odd", "a\r\nx-more: b"}, {"x-odd", "a\nb"}, {"x-odd", "a\rb"}, {"x-odd", "a\x00b"}, {"x-odd\r\nx-more", "b"}, {"X-Upper", "a"},
		} {
			if got := overHTTP2(t, address, field[0], field[1]); got != 0 && got != bad {
				t.Errorf("%q: %q: got %#x, want it refused", field[0], field[1], got)
			}
		}
	})
}
