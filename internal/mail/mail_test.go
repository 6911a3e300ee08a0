package mail_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/mail"
	"github.com/jaspers-ai/jaspers/internal/mail/mailtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func now() time.Time { return time.Date(2026, time.November, 18, 16, 0, 0, 0, time.UTC) }

// sender speaks to a test's server.
func sender(t *testing.T, s *mailtest.Server, changes ...func(*mail.SMTPConfig)) *mail.SMTP {
	t.Helper()
	cfg := mail.SMTPConfig{
		Host: s.Host, Port: s.Port, From: "Jaspers AI <jaspers@example.com>", Encryption: mail.Clear, Roots: s.Roots, Now: now,
	}
	for _, change := range changes {
		change(&cfg)
	}
	m, err := mail.NewSMTP(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func encrypted(e mail.Encryption) func(*mail.SMTPConfig) {
	return func(c *mail.SMTPConfig) { c.Encryption = e }
}

func signingIn(password string) func(*mail.SMTPConfig) {
	return func(c *mail.SMTPConfig) { c.Username, c.Password = mailtest.Username, password }
}

var hello = mail.Message{
	ID: "0199-1", To: "ada@example.com", Subject: "Grüße aus Zürich, 株",
	Text: "Dear reader,\n\n.a line that begins with a dot, and a long one: " + strings.Repeat("https://example.com/ü ", 20) + "\nFrom here on: = and ü.\n",
}

func TestAMailArrivesAsItWasWrittenOverEveryKindOfConnection(t *testing.T) {
	for name, tc := range map[string]struct {
		server  mailtest.Options
		changes []func(*mail.SMTPConfig)
		secure  bool
	}{
		"in the clear":       {mailtest.Options{}, nil, false},
		"STARTTLS":           {mailtest.Options{StartTLS: true}, []func(*mail.SMTPConfig){encrypted(mail.StartTLS)}, true},
		"TLS":                {mailtest.Options{TLS: true}, []func(*mail.SMTPConfig){encrypted(mail.TLS)}, true},
		"signed in by PLAIN": {mailtest.Options{StartTLS: true, Mechanisms: []string{"LOGIN", "PLAIN"}}, []func(*mail.SMTPConfig){encrypted(mail.StartTLS), signingIn(mailtest.Password)}, true},
		"signed in by LOGIN": {mailtest.Options{TLS: true, Mechanisms: []string{"LOGIN"}}, []func(*mail.SMTPConfig){encrypted(mail.TLS), signingIn(mailtest.Password)}, true},
		"on this machine":    {mailtest.Options{Mechanisms: []string{"PLAIN"}}, []func(*mail.SMTPConfig){signingIn(mailtest.Password)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.Start(t, tc.server)
			if err := sender(t, server, tc.changes...).Send(t.Context(), hello); err != nil {
				t.Fatal(err)
			}
			all := server.Mails()
			if len(all) != 1 {
				t.Fatalf("got %d mails, want 1", len(all))
			}
			got := all[0]
			if got.From != "jaspers@example.com" || got.To != hello.To || got.Subject != hello.Subject || got.Encrypted != tc.secure {
				t.Errorf("got %+v, want the addresses, the subject and encrypted %v", got, tc.secure)
			}
			if diff := cmp.Diff(hello.Text, got.Text); diff != "" {
				t.Errorf("the text (-written +arrived):\n%s", diff)
			}
			for header, want := range map[string]string{
				"From": `"Jaspers AI" <jaspers@example.com>`, "Message-Id": "<0199-1@example.com>", "Date": "Wed, 18 Nov 2026 16:00:00 +0000",
				"Auto-Submitted": "auto-generated", "To": "<ada@example.com>",
			} {
				if value := got.Header.Get(header); value != want {
					t.Errorf("got %s: %q, want %q", header, value, want)
				}
			}
		})
	}
}

func TestNothingIsSentWhereTheConnectionIsNotWhatWasAskedFor(t *testing.T) {
	for name, tc := range map[string]struct {
		server  mailtest.Options
		changes []func(*mail.SMTPConfig)
		want    string
	}{
		"no STARTTLS":           {mailtest.Options{}, []func(*mail.SMTPConfig){encrypted(mail.StartTLS)}, "no STARTTLS"},
		"another host's":        {mailtest.Options{StartTLS: true, Hosts: []string{"other.example"}}, []func(*mail.SMTPConfig){encrypted(mail.StartTLS)}, "certificate"},
		"another host's at TLS": {mailtest.Options{TLS: true, Hosts: []string{"other.example"}}, []func(*mail.SMTPConfig){encrypted(mail.TLS)}, "certificate"},
		"nobody vouches": {mailtest.Options{TLS: true}, []func(*mail.SMTPConfig){encrypted(mail.TLS), func(c *mail.SMTPConfig) {
			c.Roots = nil
		}}, "certificate"},
		"a wrong password": {mailtest.Options{StartTLS: true, Mechanisms: []string{"PLAIN"}}, []func(*mail.SMTPConfig){encrypted(mail.StartTLS), signingIn("wrong")}, "535 5.7.8"},
		"a wrong password by LOGIN": {
			mailtest.Options{StartTLS: true, Mechanisms: []string{"LOGIN"}}, []func(*mail.SMTPConfig){encrypted(mail.StartTLS), signingIn("wrong")}, "535 5.7.8",
		},
		"no way to sign in": {mailtest.Options{StartTLS: true}, []func(*mail.SMTPConfig){encrypted(mail.StartTLS), signingIn("x")}, "PLAIN or LOGIN"},
	} {
		t.Run(name, func(t *testing.T) {
			server := mailtest.Start(t, tc.server)
			err := sender(t, server, tc.changes...).Send(t.Context(), hello)
			if err == nil || errors.Is(err, mail.ErrRefused) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want %q, which the operator can mend", err, tc.want)
			}
			if got := server.Mails(); len(got) != 0 {
				t.Errorf("got %d mails, want none", len(got))
			}
		})
	}
}

func TestRefusalsForNowAndForEverAreToldApartAndShowNothingOfTheMail(t *testing.T) {
	secret := "https://example.com/#token=c4n4ry for ada@example.com"
	for _, stage := range []string{mailtest.AtSender, mailtest.AtAddress, mailtest.AtMail} {
		for code, forEver := range map[int]bool{421: false, 450: false, 452: false, 550: true, 554: true} {
			server := mailtest.Start(t, mailtest.Options{})
			server.Fail(stage, mailtest.Answer(code, secret))
			err := sender(t, server).Send(t.Context(), hello)
			if err == nil || errors.Is(err, mail.ErrRefused) != forEver {
				t.Errorf("%d at the %s: got %v, want a refusal for ever: %v", code, stage, err, forEver)
			}
			if err != nil && (strings.Contains(err.Error(), "c4n4ry") || strings.Contains(err.Error(), "ada@")) {
				t.Errorf("%d at the %s: the error repeats the mail: %v", code, stage, err)
			}
			if err := sender(t, server).Send(t.Context(), hello); err != nil {
				t.Errorf("%d at the %s: got %v at the next try, want the mail to be sent", code, stage, err)
			}
		}
	}
}

func TestABrokenOrSilentServerFailsInTime(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{})
	quick := func(c *mail.SMTPConfig) { c.Timeout = 200 * time.Millisecond }
	for _, stage := range []string{mailtest.AtSender, mailtest.AtAddress, mailtest.AtMail} {
		server.Fail(stage, mailtest.ErrDrop, mailtest.ErrStall)
		if err := sender(t, server).Send(t.Context(), hello); err == nil || errors.Is(err, mail.ErrRefused) {
			t.Errorf("dropped at the %s: got %v, want an error that may heal", stage, err)
		}
		if err := sender(t, server, quick).Send(t.Context(), hello); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, mail.ErrRefused) {
			t.Errorf("silent at the %s: got %v, want that it took too long", stage, err)
		}
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	for _, e := range []mail.Encryption{mail.Clear, mail.TLS, mail.StartTLS} {
		m := sender(t, server, quick, encrypted(e), func(c *mail.SMTPConfig) { c.Port = silent.Addr().(*net.TCPAddr).Port })
		if err := m.Send(t.Context(), hello); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("silent from the start, %s: got %v, want that it took too long", e, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	server.Fail(mailtest.AtMail, mailtest.ErrStall)
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := sender(t, server).Send(ctx, hello); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want it to end with its context", err)
	}
	if got := server.Mails(); len(got) != 0 {
		t.Errorf("got %d mails, want none", len(got))
	}
}

func TestNoHeaderCanBeSmuggledIntoAMail(t *testing.T) {
	server := mailtest.Start(t, mailtest.Options{UTF8: true})
	s := sender(t, server)
	for name, m := range map[string]mail.Message{
		"a subject of two lines": {ID: "1", To: hello.To, Subject: "Hello\r\nBcc: eve@example.com"},
		"a lone line feed":       {ID: "1", To: hello.To, Subject: "Hello\nBcc: eve@example.com"},
		"a NUL":                  {ID: "1", To: hello.To, Subject: "Hello\x00"},
		"an address of two":      {ID: "1", To: "ada@example.com, eve@example.com", Subject: "x"},
		"an address with a name": {ID: "1", To: "Eve <eve@example.com>", Subject: "x"},
		"an address of lines":    {ID: "1", To: "ada@example.com\r\nRCPT TO:<eve@example.com>", Subject: "x"},
		"no address":             {ID: "1", To: "", Subject: "x"},
		"an id of two lines":     {ID: "1>\r\nBcc: <eve@example.com", To: hello.To, Subject: "x"},
	} {
		if err := s.Send(t.Context(), m); !errors.Is(err, mail.ErrRefused) {
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
	if got := server.Mails(); len(got) != 0 {
		t.Errorf("got %v, want no mail", got)
	}
	text := "\r\n.\r\nMAIL FROM:<eve@example.com>\r\n.\n"
	if err := s.Send(t.Context(), mail.Message{ID: "1", To: hello.To, Subject: "x", Text: text}); err != nil {
		t.Fatal(err)
	}
	if got := server.Mails(); len(got) != 1 || server.Tries() != 1 || !strings.Contains(got[0].Text, "\n.\nMAIL FROM:<eve@example.com>\n.\n") {
		t.Errorf("got %v, want the text as one mail", got)
	}
}

func TestAddressesBeyondASCIIGoOnlyWhereTheyAreKnown(t *testing.T) {
	m := hello
	m.To = "jörg@bücher.example"
	server := mailtest.Start(t, mailtest.Options{UTF8: true})
	if err := sender(t, server).Send(t.Context(), m); err != nil || server.Mails()[0].To != m.To {
		t.Errorf("got %v and %v, want it sent", err, server.Mails())
	}
	old := mailtest.Start(t, mailtest.Options{})
	if err := sender(t, old).Send(t.Context(), m); !errors.Is(err, mail.ErrRefused) {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestSettingsThatCannotWorkAreRefused(t *testing.T) {
	good := mail.SMTPConfig{Host: "mail.example.com", From: "jaspers@example.com"}
	for name, tc := range map[string]struct {
		change func(*mail.SMTPConfig)
		want   string
	}{
		"as they should be":     {func(*mail.SMTPConfig) {}, ""},
		"with a name":           {func(c *mail.SMTPConfig) { c.From = "Jaspers AI <jaspers@example.com>" }, ""},
		"clear to this machine": {func(c *mail.SMTPConfig) { c.Host, c.Encryption = "localhost", mail.Clear }, ""},
		"clear to another":      {func(c *mail.SMTPConfig) { c.Encryption = mail.Clear }, "this machine only"},
		"clear by another name": {func(c *mail.SMTPConfig) { c.Host, c.Encryption = "localhost.example.com", mail.Clear }, "this machine only"},
		"another encryption":    {func(c *mail.SMTPConfig) { c.Encryption = "ssl" }, "starttls, tls or none"},
		"no sender":             {func(c *mail.SMTPConfig) { c.From = "" }, "sender"},
		"a sender of two lines": {func(c *mail.SMTPConfig) { c.From = "\"a\r\nBcc: x\" <jaspers@example.com>" }, "sender"},
		"a host with a path":    {func(c *mail.SMTPConfig) { c.Host = "mail.example.com/x" }, "host name"},
		"a port too high":       {func(c *mail.SMTPConfig) { c.Port = 70000 }, "65535"},
		"a password alone":      {func(c *mail.SMTPConfig) { c.Password = "x" }, "username"},
	} {
		cfg := good
		tc.change(&cfg)
		_, err := mail.NewSMTP(cfg)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
}

func TestAPrinterPrintsMailsOneAfterTheOther(t *testing.T) {
	var out bytes.Buffer
	p := &mail.Printer{Out: &out}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_ = p.Send(t.Context(), mail.Message{To: "ada@example.com", Subject: "Hello", Text: "One.\nTwo.\n"})
		})
	}
	all.Wait()
	if want := strings.Repeat("\n---- a mail to ada@example.com: Hello\n\nOne.\nTwo.\n----\n", 20); out.String() != want {
		t.Errorf("got %q, want each mail whole", out.String())
	}
}
