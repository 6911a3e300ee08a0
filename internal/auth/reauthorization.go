package auth

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/job"
	"github.com/jaspers-ai/jaspers/internal/mail"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// reauthorizationMail is the job that tells a person that a brokerage lets us in no more. Nothing of their account there is
// in it.
type reauthorizationMail struct {
	User       string
	Connection string
	Brokerage  string // as people know it
	At         time.Time
}

// Kind names the job.
func (reauthorizationMail) Kind() string { return "auth.reauthorization" }

// TellReauthorization has a person told when the transaction commits that a brokerage lets us in no more since at, if they
// want to be.
func (s *Service) TellReauthorization(ctx context.Context, tx db.Querier, userID, connectionID, brokerage string, at time.Time) error {
	if s.mails.Jobs == nil {
		return nil
	}
	settings, err := user.SettingsOf(ctx, tx, userID)
	if err != nil || !slices.Contains(settings.Notifications, user.Reauthorization) {
		return err
	}
	_, err = s.mails.Jobs.Add(ctx, tx, reauthorizationMail{userID, connectionID, brokerage, at}, job.Attempts(mailAttempts))
	return err
}

func (s *Service) sendReauthorization(ctx context.Context, args reauthorizationMail) error {
	known, err := findCredentialsByID(ctx, s.db.Read(), args.User)
	if err != nil || known.userID == "" {
		return err
	}
	return s.mails.send(ctx, mail.Message{
		ID: fmt.Sprintf("reauthorization-%s-%d", args.Connection, args.At.UnixMicro()), To: known.email, Subject: "A brokerage needs you to let the server in again",
		Text: s.mails.fill(reauthorizationText, "{{brokerage}}", args.Brokerage, "{{connection}}", args.Connection, "{{at}}", clock(args.At)),
	})
}

const reauthorizationText = `Your accounts at {{brokerage}} could not be read by {{server}} any more at {{at}}: it is not let in there. What
was read before is still shown, with its age.

Connect it again there, under its number

    {{connection}}

or, if it is read through a gateway, have somebody sign in at the gateway: it is then read again by itself.

These mails can be turned off in your settings.
`
