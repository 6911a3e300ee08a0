package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Encryption is how a connection to a mail server is protected.
type Encryption string

// The encryptions. Whichever is asked for has to be had: nothing is sent in the clear because a server offers no better.
const (
	StartTLS Encryption = "starttls" // begins in the clear, and goes on only when TLS was agreed on; port 587
	TLS      Encryption = "tls"      // TLS from the first byte; port 465
	Clear    Encryption = "none"     // only to a server on this machine; port 25
)

// ports are the usual ones.
var ports = map[Encryption]int{StartTLS: 587, TLS: 465, Clear: 25}

// SMTPConfig says which mail server takes our mail. Zero values take the defaults named.
type SMTPConfig struct {
	Host string
	// Port is the usual one of the encryption.
	Port int
	// Username and Password are sent once the connection is encrypted; no username, no sign-in.
	Username, Password string
	// From is the sender: an address, or a name with one in angle brackets.
	From string
	// Encryption is StartTLS.
	Encryption Encryption
	// Roots are who may vouch for the server's certificate: the system's.
	Roots *x509.CertPool
	// Timeout is how long one mail may take; 30 s.
	Timeout time.Duration
	// Now dates mails.
	Now func() time.Time
}

const defaultTimeout = 30 * time.Second

// SMTP sends mail through one server, over a connection for each mail. Make it with NewSMTP.
type SMTP struct {
	cfg  SMTPConfig
	from mail.Address
}

// NewSMTP makes a sender; it refuses settings that cannot work or would send passwords and links in the clear.
func NewSMTP(cfg SMTPConfig) (*SMTP, error) {
	if cfg.Encryption == "" {
		cfg.Encryption = StartTLS
	}
	port, known := ports[cfg.Encryption]
	from, err := mail.ParseAddress(cfg.From)
	switch {
	case !known:
		return nil, errors.New("the encryption of mail is starttls, tls or none")
	case cfg.Encryption == Clear && !isLoopback(cfg.Host):
		return nil, errors.New("without encryption mail goes to a server on this machine only; use starttls or tls")
	case cfg.Host == "" || strings.ContainsAny(cfg.Host, " /\r\n") || cfg.Port < 0 || cfg.Port > 65535:
		return nil, errors.New("the mail server needs a host name, and a port up to 65535")
	case err != nil || checkAddress(from.Address) != nil || checkLine("name", from.Name) != nil:
		return nil, errors.New(`the sender of mail must be an address, such as jaspers@example.com or "Jaspers AI <jaspers@example.com>"`)
	case cfg.Username == "" && cfg.Password != "":
		return nil, errors.New("the password of the mail server needs a username")
	}
	if cfg.Port == 0 {
		cfg.Port = port
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	return &SMTP{cfg, *from}, nil
}

// isLoopback tells whether a host is this machine, by its name alone: nothing is looked up.
func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send hands a mail to the server. Only what the server says of this mail and its address can be an ErrRefused: a
// password it does not take, say, is the operator's to mend, and the mail waits for that.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	text, err := encode(m, s.from, s.cfg.Now())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	conn, err := s.dial(ctx)
	if err != nil {
		return fmt.Errorf("connect to the mail server: %w", err)
	}
	defer func() { _ = conn.Close() }() // after Quit it is closed already
	hangUp := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer hangUp()
	err = s.converse(conn, m.To, text)
	if ctx.Err() != nil && err != nil {
		return fmt.Errorf("the mail server took too long: %w", context.Cause(ctx))
	}
	return err
}

func (s *SMTP) dial(ctx context.Context) (net.Conn, error) {
	address := net.JoinHostPort(s.cfg.Host, strconv.Itoa(s.cfg.Port))
	if s.cfg.Encryption == TLS {
		return (&tls.Dialer{Config: s.tlsConfig()}).DialContext(ctx, "tcp", address)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

// tlsConfig always checks the certificate.
func (s *SMTP) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.cfg.Host, RootCAs: s.cfg.Roots, MinVersion: tls.VersionTLS12}
}

// converse is everything said over one connection.
func (s *SMTP) converse(conn net.Conn, to string, text []byte) error {
	client, err := smtp.NewClient(conn, s.cfg.Host)
	if err != nil {
		return fmt.Errorf("greet the mail server: %w", err)
	}
	if err := s.signIn(client); err != nil {
		return err
	}
	if utf8, _ := client.Extension("SMTPUTF8"); !utf8 && !isASCII(to) {
		return fmt.Errorf("%w: the mail server knows no addresses beyond ASCII", ErrRefused)
	}
	if err := client.Mail(s.from.Address); err != nil {
		return answered("the sender", err)
	}
	if err := client.Rcpt(to); err != nil {
		return answered("the address", err)
	}
	w, err := client.Data()
	if err != nil {
		return answered("the mail", err)
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("send the mail: %w", err)
	}
	if err := w.Close(); err != nil {
		return answered("the mail", err)
	}
	_ = client.Quit() // the mail is theirs already
	return nil
}

// signIn says who we are, encrypts and signs in, as the settings want it.
func (s *SMTP) signIn(client *smtp.Client) error {
	_, domain, _ := strings.Cut(s.from.Address, "@")
	if err := client.Hello(domain); err != nil {
		return fmt.Errorf("greet the mail server: %w", err)
	}
	if s.cfg.Encryption == StartTLS {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return errors.New("the mail server offers no STARTTLS, so it gets no mail")
		}
		if err := client.StartTLS(s.tlsConfig()); err != nil {
			return fmt.Errorf("encrypt the connection to the mail server: %w", err)
		}
	}
	if s.cfg.Username == "" {
		return nil
	}
	_, offered := client.Extension("AUTH")
	methods := strings.Fields(strings.ToUpper(offered))
	var method smtp.Auth
	switch {
	case slices.Contains(methods, "PLAIN"):
		method = smtp.PlainAuth("", s.cfg.Username, s.cfg.Password, s.cfg.Host)
	case slices.Contains(methods, "LOGIN"):
		method = &loginAuth{username: s.cfg.Username, password: s.cfg.Password}
	default:
		return errors.New("the mail server offers no sign-in by PLAIN or LOGIN")
	}
	if err := client.Auth(method); err != nil {
		return fmt.Errorf("sign in to the mail server: %w", withoutText(err))
	}
	return nil
}

// loginAuth is the older sign-in that Microsoft's servers still want: it is asked for the name, then for the password.
type loginAuth struct {
	username, password string
	asked              int
}

// Start refuses to speak in the clear, save on this machine.
func (a *loginAuth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS && !isLoopback(server.Name) {
		return "", nil, errors.New("the connection is not encrypted")
	}
	return "LOGIN", nil, nil
}

// Next answers by the order of the questions: servers word them differently.
func (a *loginAuth) Next(_ []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	a.asked++
	switch a.asked {
	case 1:
		return []byte(a.username), nil
	case 2:
		return []byte(a.password), nil
	}
	return nil, errors.New("the mail server asked for more than a name and a password")
}

// answered is what the server said of the sender, the address or the mail: no for ever from 500, no for now below.
func answered(to string, err error) error {
	reply, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return fmt.Errorf("the connection broke at %s: %w", to, err)
	}
	if reply.Code >= 500 {
		return fmt.Errorf("%w: the mail server answered %s with %w", ErrRefused, to, withoutText(err))
	}
	return fmt.Errorf("the mail server answered %s with %w", to, withoutText(err))
}

// withoutText keeps the code of a server's answer. Its words may repeat what it was sent: the address, or the link.
func withoutText(err error) error {
	reply, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return err
	}
	if enhanced := strings.Fields(reply.Msg); len(enhanced) > 0 && isEnhancedCode(enhanced[0]) {
		return fmt.Errorf("%d %s", reply.Code, enhanced[0])
	}
	return fmt.Errorf("%d", reply.Code)
}

// isEnhancedCode tells codes such as 5.1.1 (RFC 3463), which say more than the first number.
func isEnhancedCode(word string) bool {
	return len(word) <= 9 && strings.Count(word, ".") == 2 && strings.Trim(word, "0123456789.") == ""
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 })
}
