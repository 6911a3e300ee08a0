package app

import (
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/mail"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

// MailConfig switches mail on when the host is there.
type MailConfig struct {
	Host     string           `env:"JASPERS_SMTP_HOST" doc:"The mail server that takes our mail; without one nobody can be sent a link to verify an address or to set a new password."`
	Port     int              `env:"JASPERS_SMTP_PORT" doc:"587 with starttls, 465 with tls, 25 with none when empty."`
	Username string           `env:"JASPERS_SMTP_USERNAME" doc:"How to sign in there; empty where no sign-in is wanted."`
	Password telemetry.Secret `env:"JASPERS_SMTP_PASSWORD" doc:"Its password."`
	From     string           `env:"JASPERS_SMTP_FROM" doc:"The sender: jaspers@example.com, or Jaspers AI <jaspers@example.com>."`
	TLS      mail.Encryption  `env:"JASPERS_SMTP_TLS" envDefault:"starttls" doc:"starttls, tls, or none, which only a mail server on this machine may have."`
}

// check refuses settings with which no mail would go out.
func (c MailConfig) check() error {
	_, err := c.sender(Options{Now: time.Now})
	return err
}

// sender sends mail: what the options bring or, where it is configured, the mail server; nil where nothing does.
func (c MailConfig) sender(opts Options) (mail.Sender, error) {
	if opts.Mail != nil {
		return opts.Mail, nil
	}
	if c.Host == "" {
		return nil, nil
	}
	s, err := mail.NewSMTP(mail.SMTPConfig{
		Host: c.Host, Port: c.Port, Username: c.Username, Password: string(c.Password), From: c.From, Encryption: c.TLS, Now: opts.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("the settings JASPERS_SMTP_…: %w", err)
	}
	return s, nil
}
