package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/mail"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// MailConfig is how accounts' mails are written and sent.
type MailConfig struct {
	// Jobs do what mails need after the transaction of their cause; nil for a service that never mails.
	Jobs *job.Queue
	// Sender sends them; nil where this process has no mail server: what is to be told then waits for one that has, and
	// goes unsaid where none has.
	Sender mail.Sender
	// Key makes the tokens in links: 32 bytes or more.
	Key []byte
	// PublicURL is the server that links lead to, without a slash behind it.
	PublicURL string
}

// mailer writes mails.
type mailer struct {
	MailConfig
	warn func(context.Context)
}

func newMailer(cfg MailConfig, log *slog.Logger) (*mailer, error) {
	if cfg.Sender != nil && (len(cfg.Key) < minSigningKey || cfg.Jobs == nil) {
		return nil, fmt.Errorf("mail needs a queue, and a key of at least %d bytes for its links", minSigningKey)
	}
	var once sync.Once
	return &mailer{cfg, func(ctx context.Context) {
		once.Do(func() {
			log.WarnContext(ctx, "somebody is to get a mail, but no mail server is configured: set JASPERS_SMTP_HOST, or help people with jaspers user reset-password")
		})
	}}, nil
}

// mailAttempts lets a mail wait out a server that makes strangers come back later (greylisting): 42 minutes, less than
// the life of any link.
const mailAttempts = 12

// linkMail is the job that sends the mail of a link.
type linkMail struct{ Link string }

// Kind names the job.
func (linkMail) Kind() string { return "auth.link_mail" }

// notice is what a person is told of by mail, since somebody else may have done it.
type notice string

const (
	passwordChanged notice = "password_changed"
	factorOn        notice = "second_factor_on"
	factorOff       notice = "second_factor_off"
	keyMade         notice = "api_key_made"
)

// noticeMail is the job that tells a person what was done to their account.
type noticeMail struct {
	User string
	What notice
	At   time.Time
}

// Kind names the job.
func (noticeMail) Kind() string { return "auth.notice" }

// resetRequest is the job that decides about a request for a reset. It is the same for everybody who asks, so that the
// asking takes the same time: User is a made-up id where the address is nobody's.
type resetRequest struct {
	ID     string // of the link, when one is made
	User   string
	Origin audit.Origin // of the request
}

// Kind names the job.
func (resetRequest) Kind() string { return "auth.reset_request" }

// RegisterJobs registers what does the jobs of accounts.
func (s *Service) RegisterJobs() {
	job.Handle(s.mails.Jobs, s.sendLink)
	job.Handle(s.mails.Jobs, s.sendNotice)
	job.Handle(s.mails.Jobs, s.sendReauthorization)
	job.Handle(s.mails.Jobs, s.decideReset)
}

// mailLink makes a link and has it sent when the transaction commits. Without a mail server it makes none.
func (s *Service) mailLink(ctx context.Context, tx db.Querier, userID, email string, p purpose, id string, now time.Time) error {
	if s.mails.Sender == nil {
		return nil
	}
	l := link{id: id, userID: userID, email: email, purpose: p, expiresAt: now.Add(lives[p])}
	if err := insertLink(ctx, tx, l, vault.Hash(prove(s.mails.Key, id, p)), now); err != nil {
		return err
	}
	_, err := s.mails.Jobs.Add(ctx, tx, linkMail{id}, job.Attempts(mailAttempts))
	return err
}

// passwordChanged makes reset links that lie about worthless, and has the person told.
func (s *Service) passwordChanged(ctx context.Context, tx db.Querier, userID string, now time.Time) error {
	if err := killLinks(ctx, tx, userID, resetPassword, now); err != nil {
		return err
	}
	return s.notify(ctx, tx, userID, passwordChanged, now)
}

// notify has a person told when the transaction commits. Whether there is a mail server shows when the mail is sent: that
// may be done by another process than this one, which may be a command.
func (s *Service) notify(ctx context.Context, tx db.Querier, userID string, what notice, now time.Time) error {
	if s.mails.Jobs == nil {
		return nil
	}
	_, err := s.mails.Jobs.Add(ctx, tx, noticeMail{userID, what, now}, job.Attempts(mailAttempts))
	return err
}

// sendLink sends the mail of a link, unless the link opens nothing any more.
func (s *Service) sendLink(ctx context.Context, args linkMail) error {
	l, err := findLinkByID(ctx, s.db.Read(), args.Link, db.Time(s.now()))
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	letter := letters[l.purpose]
	return s.mails.send(ctx, mail.Message{
		ID: l.id, To: l.email, Subject: letter.subject,
		Text: s.mails.fill(letter.text, "{{token}}", prove(s.mails.Key, l.id, l.purpose), "{{until}}", clock(l.expiresAt)),
	})
}

// sendNotice tells a person what was done to their account, at the address they have now.
func (s *Service) sendNotice(ctx context.Context, args noticeMail) error {
	known, err := findCredentialsByID(ctx, s.db.Read(), args.User)
	if err != nil || known.userID == "" {
		return err
	}
	letter := notices[args.What]
	return s.mails.send(ctx, mail.Message{
		ID: fmt.Sprintf("%s-%s-%d", args.What, args.User, args.At.UnixMicro()), To: known.email, Subject: letter.subject,
		Text: s.mails.fill(letter.text+ifItWasNotYou, "{{at}}", clock(args.At)),
	})
}

// send hands a mail over. What no server will take is not tried again.
func (m *mailer) send(ctx context.Context, message mail.Message) error {
	if m.Sender == nil {
		m.warn(ctx)
		return nil
	}
	err := m.Sender.Send(ctx, message)
	if errors.Is(err, mail.ErrRefused) {
		return job.Permanent(err)
	}
	return err
}

// fill puts values into a letter.
func (m *mailer) fill(text string, values ...string) string {
	return strings.NewReplacer(append(values, "{{server}}", m.PublicURL)...).Replace(text)
}

func clock(t time.Time) string { return t.UTC().Format("15:04 UTC on 2 January 2006") }

// letter is the words of a mail. No name of a person is in them: who registers with somebody else's address could make
// us write their words to them.
type letter struct{ subject, text string }

// letters are the mails with links. The token stands behind a #, which browsers send to nobody: no log or Referer has it.
var letters = map[purpose]letter{
	verifyEmail: {"Verify your e-mail address", `Somebody opened an account with this address at {{server}}. If it was you, open

    {{server}}/verify-email#token={{token}}

once before {{until}}. Where that page is missing, this line in a terminal does the same:

    curl {{server}}/api/auth/verify-email -H 'Content-Type: application/json' -d '{"token":"{{token}}"}'

If it was not you, there is nothing to do.
`},
	resetPassword: {"Set a new password", `Somebody asked for a new password for this address at {{server}}. If it was you, open

    {{server}}/reset-password#token={{token}}

once before {{until}}. Where that page is missing, this line in a terminal does the same, with a password of your choice:

    curl {{server}}/api/auth/reset-password -H 'Content-Type: application/json' -d '{"token":"{{token}}","newPassword":"…"}'

It signs you out everywhere, and revokes every API key. If it was not you, there is nothing to do: your password is as it was.
`},
}

// notices are the mails about what was done to an account.
var notices = map[notice]letter{
	passwordChanged: {"Your password was changed", "The password of this address at {{server}} was changed at {{at}}.\n"},
	factorOn:        {"Your second factor was turned on", "Signing in with this address at {{server}} asks for a code of an authenticator app since {{at}}.\n"},
	factorOff:       {"Your second factor was turned off", "Signing in with this address at {{server}} asks for no code any more since {{at}}.\n"},
	keyMade:         {"An API key was made", "A key that opens parts of your account at {{server}} was made at {{at}}. It is in the list of your API keys, where it can be revoked.\n"},
}

const ifItWasNotYou = `
If it was you, there is nothing to do. If not, somebody else can sign in as you: ask for a new password at once, which
signs them out and revokes every API key,

    curl {{server}}/api/auth/forgot-password -H 'Content-Type: application/json' -d '{"email":"…"}'

and tell whoever runs the server.
`
