package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	"github.com/jaspers-ai/jaspers/internal/app"
)

// word reads the one word that says what a command is to do, and the flags around it.
func (p process) word(words string) (string, error) {
	switch err := p.flags.Parse(p.args); {
	case errors.Is(err, flag.ErrHelp):
		return "", err
	case err != nil:
		return "", errUsage
	case p.flags.NArg() == 0:
		_, _ = fmt.Fprintf(p.errOut, "%s takes one of: %s\n", p.flags.Name(), words)
		return "", errUsage
	}
	word := p.flags.Arg(0)
	p.args = p.flags.Args()[1:]
	return word, p.parse(0)
}

func auditLog(ctx context.Context, p process) error {
	noted := p.flags.String("head", "", "the head that an earlier verify printed, to make sure that nothing up to it is gone")
	word, err := p.word("verify")
	if err != nil {
		return err
	}
	if word != "verify" {
		return fmt.Errorf("audit takes verify")
	}
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	return app.VerifyAudit(ctx, cfg, *noted, p.out)
}

func keys(ctx context.Context, p process) error {
	word, err := p.word("status, rotate")
	if err != nil {
		return err
	}
	cfg, err := p.settings()
	if err != nil {
		return err
	}
	switch word {
	case "status":
		return app.KeyStatus(ctx, cfg, p.out)
	case "rotate":
		return app.RotateKeys(ctx, cfg, p.out)
	}
	return fmt.Errorf("keys takes status or rotate")
}
