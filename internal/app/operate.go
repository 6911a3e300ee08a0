package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/keys"
)

// operator is somebody at the server's machine, who has its settings and works beside it on the same database.
type operator struct {
	Config
	db    *db.DB
	audit *audit.Log
	keys  *keys.Service
	out   io.Writer
}

// operate has work done by an operator. It makes neither secrets nor tables.
func operate(ctx context.Context, cfg Config, out io.Writer, work func(ctx context.Context, o *operator) error) (err error) {
	if err := cfg.findSecrets(); err != nil {
		return err
	}
	keyring, err := cfg.keyring()
	if err != nil {
		return err
	}
	database, err := db.Open(ctx, string(cfg.Database.URL))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	log, err := audit.New(database, time.Now, []byte(cfg.Auth.HashKey))
	if err != nil {
		return err
	}
	ctx = audit.WithOrigin(ctx, audit.Origin{Actor: audit.Operator})
	return work(ctx, &operator{cfg, database, log, &keys.Service{DB: database, Keyring: keyring, Columns: sealedColumns(), Audit: log}, out})
}

// printf writes a line. What nobody reads is no reason to stop half way.
func (o *operator) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(o.out, format+"\n", args...)
}

// VerifyAudit tells whether the audit log is as it was written; its error says that it is not, after out was told how. A
// head that was noted earlier is looked for when it is not empty.
func VerifyAudit(ctx context.Context, cfg Config, noted string, out io.Writer) error {
	var head audit.Head
	if noted != "" {
		var err error
		if head, err = audit.ParseHead(noted); err != nil {
			return err
		}
	}
	return operate(ctx, cfg, out, func(ctx context.Context, o *operator) error {
		report, err := o.audit.Verify(ctx, head)
		if err != nil {
			return err
		}
		if len(report.Findings) == 0 && report.Rows == 0 {
			o.printf("0 rows, chain intact: nothing has been sealed yet")
			return nil
		}
		if len(report.Findings) == 0 {
			o.printf("%d rows, chain intact, head %v", report.Rows, report.Head)
			return nil
		}
		for _, f := range report.Findings {
			o.printf("%v", f)
		}
		return fmt.Errorf("of the audit log's %d rows not all is as it was written", report.Rows)
	})
}
