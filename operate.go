package main

import (
	"context"
	"io"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/app"
)

const auditUsage = `Usage: jaspers audit verify [-head HEAD]
  verify  tell whether the audit log is as it was written
-head takes the end that an earlier verify printed, to make sure that nothing up to it is gone.
`

const keysUsage = `Usage: jaspers keys ACTION
  status  which keys there are, what is sealed with each, and what to do next
  rotate  seal everything with a new key while the server runs, and take the old one away
The keys seal brokerage credentials, second factors, and answers kept for requests that are sent again.
`

// word reads the one word that says what a command is to do, and the flags around it.
func (p process) word(usage string, known ...string) (string, error) {
	p.flags.Usage = func() { _, _ = io.WriteString(p.errOut, usage) }
	words, err := p.words()
	if err != nil {
		return "", err
	}
	if len(words) != 1 || !slices.Contains(known, words[0]) {
		p.flags.Usage()
		return "", errUsage
	}
	return words[0], nil
}

func auditLog(ctx context.Context, p process) error {
	noted := p.flags.String("head", "", "the head that an earlier verify printed")
	if _, err := p.word(auditUsage, "verify"); err != nil {
		return err
	}
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	return app.VerifyAudit(ctx, cfg, *noted, p.out)
}

func keys(ctx context.Context, p process) error {
	word, err := p.word(keysUsage, "status", "rotate")
	if err != nil {
		return err
	}
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	if word == "status" {
		return app.KeyStatus(ctx, cfg, p.out)
	}
	return app.RotateKeys(ctx, cfg, p.out)
}
