package auth_test

import (
	"log/slog"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/job"
)

// The command "user" need not know the mail server that the running server has.
func TestWhatAProcessWithoutAMailServerDoesIsToldByOneThatHasIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d)
		me := authenticate(t, h.Service, register(t, h.Service).Tokens.AccessToken)
		h.enrol(me)
		h.settle()
		trail, err := audit.New(d, h.clock.Now, signingKey)
		wantNoError(t, err)
		command, err := auth.New(auth.Config{
			DB: d, Now: h.clock.Now, Audit: trail, Keys: keyring(t), SigningKey: signingKey, BcryptCost: 4,
			Mails: auth.MailConfig{Jobs: job.New(job.Config{DB: d, Now: h.clock.Now, Log: slog.New(slog.DiscardHandler)})},
		})
		wantNoError(t, err)
		wantNoError(t, command.SetPassword(t.Context(), email, newPassword))
		h.settle()
		wantNoError(t, command.RemoveSecondFactor(t.Context(), email))
		got := h.post.Wait(t, email, 4)[2:] // after those of registering and enrolling
		if got[0].Subject != "Your password was changed" || got[1].Subject != "Your second factor was turned off" {
			t.Errorf("got the mails %q and %q, want what was done", got[0].Subject, got[1].Subject)
		}
	})
}
