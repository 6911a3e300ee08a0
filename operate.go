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

const backupUsage = `Usage: jaspers backup [-keys FILE] FILE
Writes the SQLite database into a new file, whether the server runs or not: one moment of it, found sound.
-keys copies the file of generated keys, too, in the same state. Keep the two apart.
`

const restoreUsage = `Usage: jaspers restore FILE
Puts the database of a backup in the place of the one there is, which is kept aside. The server must not run, and the
keys from when the backup was made must be where the settings say.
`

// word reads the one word that a command takes, and the flags around it. Where some are known, it has to be one of them.
func (p process) word(usage string, known ...string) (string, error) {
	p.flags.Usage = func() { _, _ = io.WriteString(p.errOut, usage) }
	words, err := p.words()
	if err != nil {
		return "", err
	}
	if len(words) != 1 || len(known) > 0 && !slices.Contains(known, words[0]) {
		p.flags.Usage()
		return "", errUsage
	}
	return words[0], nil
}

func backup(ctx context.Context, p process) error {
	keysTo := p.flags.String("keys", "", "a new file for the generated keys")
	to, err := p.word(backupUsage)
	if err != nil {
		return err
	}
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	return app.Backup(ctx, cfg, to, *keysTo, p.out)
}

func restore(ctx context.Context, p process) error {
	from, err := p.word(restoreUsage)
	if err != nil {
		return err
	}
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	return app.Restore(ctx, cfg, from, p.out)
}

func health(ctx context.Context, p process) error {
	ready := p.flags.Bool("ready", false, "ask whether it can serve requests")
	if err := p.parse(0); err != nil {
		return err
	}
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	return app.Probe(ctx, cfg, *ready)
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
