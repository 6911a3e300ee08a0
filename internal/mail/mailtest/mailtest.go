// Package mailtest is a real mail server on loopback, which keeps what it is sent and fails as it is told.
package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// The account that may sign in where sign-in is wanted.
const (
	Username = "jaspers"
	Password = "mail-pass-90c3e1f7" // #nosec G101 -- of this server
)

// Options are what a server is like. The zero value speaks in the clear and wants no sign-in.
type Options struct {
	StartTLS bool // offered, and wanted before a sign-in
	TLS      bool // from the first byte
	// Mechanisms are the ways to sign in, PLAIN or LOGIN; one has to be taken before mail is sent.
	Mechanisms []string
	UTF8       bool // addresses beyond ASCII
	// Hosts are what the certificate is for; this machine when empty.
	Hosts []string
}

// Mail is one that was taken.
type Mail struct {
	From, To  string
	Header    mail.Header
	Subject   string
	Text      string
	Encrypted bool
}

// The stages at which a server can be told to fail.
const (
	AtSender  = "sender"
	AtAddress = "address"
	AtMail    = "mail"
)

// ErrDrop and ErrStall are failures that are no answers: the connection ends, or nothing is said any more.
var (
	ErrDrop  = errors.New("drop the connection")
	ErrStall = errors.New("say nothing any more")
)

// Answer is a failure with a code, such as 451 or 550, and words that repeat what a careless server would.
func Answer(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 7, 1}, Message: text}
}

// Server is a running mail server. It ends with its test.
type Server struct {
	Host  string
	Port  int
	Roots *x509.CertPool // who vouches for its certificate

	opts   Options
	server *smtp.Server
	ended  chan struct{}

	mu      sync.Mutex
	mails   []Mail
	failing map[string][]error
	tries   int
}

// Start runs a server.
func Start(t testing.TB, opts Options) *Server {
	t.Helper()
	if len(opts.Hosts) == 0 {
		opts.Hosts = []string{"127.0.0.1"}
	}
	certificate, roots, err := newCertificate(opts.Hosts)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Roots: roots,
		opts: opts, ended: make(chan struct{}), failing: map[string][]error{},
	}
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: c}, nil
	}))
	s.server.Domain, s.server.EnableSMTPUTF8 = "mail.test", opts.UTF8
	s.server.AllowInsecureAuth = !opts.StartTLS
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	if opts.StartTLS {
		s.server.TLSConfig = config
	}
	if opts.TLS {
		listener = tls.NewListener(listener, config)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.server.Serve(listener) }) // ends with Close
	t.Cleanup(func() {
		close(s.ended)
		_ = s.server.Close()
		serving.Wait()
	})
	return s
}

// Fail makes the next mails fail at a stage, one for each error.
func (s *Server) Fail(stage string, with ...error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing[stage] = append(s.failing[stage], with...)
}

// Mails are those that were taken, in their order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Tries is how many mails were begun.
func (s *Server) Tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

// Wait waits until an address got n mails, and returns them.
func (s *Server) Wait(t testing.TB, to string, n int) []Mail {
	t.Helper()
	var got []Mail
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		got = slices.DeleteFunc(s.Mails(), func(m Mail) bool { return m.To != to })
		if len(got) >= n {
			return got
		}
	}
	t.Fatalf("%s got %d mails, want %d", to, len(got), n)
	return nil
}

// failure is what the next mail at a stage fails with.
func (s *Server) failure(stage string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.failing[stage]) == 0 {
		return nil
	}
	next := s.failing[stage][0]
	s.failing[stage] = s.failing[stage][1:]
	return next
}

// session is one connection.
type session struct {
	server   *Server
	conn     *smtp.Conn
	signedIn bool
	from, to string
}

// fail does at a stage what the server was told to.
func (s *session) fail(stage string) error {
	err := s.server.failure(stage)
	switch {
	case errors.Is(err, ErrDrop):
		_ = s.conn.Conn().Close()
	case errors.Is(err, ErrStall):
		<-s.server.ended
	}
	return err
}

// AuthMechanisms are the ways to sign in.
func (s *session) AuthMechanisms() []string { return s.server.opts.Mechanisms }

// Auth signs in.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(username, password string) error {
		s.signedIn = username == Username && password == Password
		if !s.signedIn {
			return smtp.ErrAuthFailed
		}
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, username, password string) error { return check(username, password) }), nil
	case sasl.Login:
		return &login{check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// login asks for a name and a password, one after the other.
type login struct {
	check    func(username, password string) error
	username *string
	asked    bool
}

// Next takes an answer and asks what is still missing.
func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case !l.asked:
		l.asked = true
		return []byte("Username:"), false, nil
	case l.username == nil:
		name := string(response)
		l.username = &name
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(*l.username, string(response))
}

// Mail begins a mail.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.server.mu.Lock()
	s.server.tries++
	s.server.mu.Unlock()
	if len(s.server.opts.Mechanisms) > 0 && !s.signedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return s.fail(AtSender)
}

// Rcpt says to whom it goes.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.fail(AtAddress)
}

// Data takes the mail.
func (s *session) Data(r io.Reader) error {
	if err := s.fail(AtMail); err != nil {
		return err
	}
	m, err := mail.ReadMessage(r)
	if err != nil {
		return Answer(550, "no mail")
	}
	if got := m.Header.Get("Content-Type"); got != "text/plain; charset=utf-8" || m.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
		return Answer(550, "not plain text")
	}
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		return Answer(550, "not quoted-printable")
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return Answer(550, "no subject")
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, Mail{
		From: s.from, To: s.to, Header: m.Header, Subject: subject, Encrypted: encrypted,
		Text: strings.ReplaceAll(string(text), "\r\n", "\n"),
	})
	return nil
}

// Reset forgets the mail that was begun.
func (s *session) Reset() { s.from, s.to = "", "" }

// Logout ends the session.
func (s *session) Logout() error { return nil }

// newCertificate makes a certificate for hosts, and the pool in which it vouches for itself.
func newCertificate(hosts []string) (tls.Certificate, *x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("read our own certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots, nil
}
