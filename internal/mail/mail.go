// Package mail sends plain-text mail: through an SMTP server, or in the demo onto the screen.
package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Message is one mail to one person. Nothing in it may be what a stranger wrote: whoever can put words into a mail to
// somebody else can make us send their spam.
type Message struct {
	// ID is the same when a mail is sent again because nobody knows whether it went out; letters, digits, "-" and ".".
	ID      string
	To      string // a bare address
	Subject string
	Text    string
}

// Sender sends mail. Send returns when somebody else is responsible for it: an ErrRefused will never be taken, any other
// error may heal with time. No error shows the address or the text.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// ErrRefused is the error of a mail that its server will not take, however often it is asked.
var ErrRefused = errors.New("the mail was refused")

// Printer writes mails out for a person to read, as the demo does.
type Printer struct {
	Out io.Writer

	mu sync.Mutex
}

// Send prints the mail whole, never in pieces between those of others.
func (p *Printer) Send(_ context.Context, m Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err := fmt.Fprintf(p.Out, "\n---- a mail to %s: %s\n\n%s----\n", m.To, m.Subject, m.Text)
	return err
}

// checkLine refuses what would end a header and begin another.
func checkLine(what, text string) error {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return fmt.Errorf("%w: its %s has a control character", ErrRefused, what)
	}
	return nil
}

// checkAddress refuses what is no bare address.
func checkAddress(address string) error {
	parsed, err := mail.ParseAddress(address)
	if err != nil || parsed.Address != address || strings.ContainsFunc(address, unicode.IsSpace) {
		return fmt.Errorf("%w: it has no address to go to", ErrRefused)
	}
	return checkLine("address", address)
}

// encode writes a mail as it goes over the wire, from and to the addresses given.
func encode(m Message, from mail.Address, now time.Time) ([]byte, error) {
	if err := errors.Join(checkAddress(m.To), checkLine("subject", m.Subject), checkLine("id", m.ID)); err != nil {
		return nil, err
	}
	_, domain, _ := strings.Cut(from.Address, "@")
	var b bytes.Buffer
	for _, header := range [][2]string{
		{"From", from.String()},
		{"To", "<" + m.To + ">"},
		{"Subject", mime.QEncoding.Encode("utf-8", m.Subject)},
		{"Date", now.UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + m.ID + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"}, // keeps holiday notices away (RFC 3834)
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		b.WriteString(header[0] + ": " + header[1] + "\r\n")
	}
	b.WriteString("\r\n")
	body := quotedprintable.NewWriter(&b) // ends lines as mail wants it
	if _, err := io.WriteString(body, m.Text); err != nil {
		return nil, err
	}
	err := body.Close()
	return b.Bytes(), err
}
