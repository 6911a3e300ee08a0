package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
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

// ErrNotInstalled is when there is nothing to operate where the settings say.
var ErrNotInstalled = errors.New("there is no installation")

// openInstalled opens the database of an installation and finds its secrets. It makes neither files nor secrets nor tables.
func (c *Config) openInstalled(ctx context.Context) (*db.DB, error) {
	database, version, newest, err := c.openThere(ctx)
	if err != nil {
		return nil, err
	}
	if version < newest {
		err = fmt.Errorf("the database at %s is of an older version of this program: use that one, or update the server first", c.where())
	} else {
		err = c.findSecrets()
	}
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	return database, nil
}

// openThere opens the database of an installation, whichever version of the program it is of, and tells the version of its
// schema beside the newest one there is.
func (c *Config) openThere(ctx context.Context) (database *db.DB, version, newest int64, err error) {
	none := fmt.Errorf("%w at %s: set JASPERS_DATA_DIR or JASPERS_DATABASE_URL as the server has them; jaspers serve and jaspers user add make a new one",
		ErrNotInstalled, c.where())
	if path, is := strings.CutPrefix(string(c.Database.URL), "sqlite:"); is {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, 0, 0, none
		}
	}
	if database, err = db.Open(ctx, string(c.Database.URL)); err != nil {
		return nil, 0, 0, err
	}
	version, newest, err = database.Schema(ctx)
	if err == nil && version == 0 {
		err = none
	}
	if err != nil {
		return nil, 0, 0, errors.Join(err, database.Close())
	}
	return database, version, newest, nil
}

// where names the database without its password.
func (c *Config) where() string {
	if path, is := strings.CutPrefix(string(c.Database.URL), "sqlite:"); is {
		return path
	}
	return "the address in JASPERS_DATABASE_URL"
}

// Operate has work done by an operator with the parts of the server, whether that runs or not. It is ErrNotInstalled where
// there is no installation.
func Operate(ctx context.Context, cfg Config, opts Options, work func(context.Context, *App) error) error {
	database, err := cfg.openInstalled(ctx)
	if err != nil {
		return err
	}
	a, err := assemble(ctx, cfg, opts, database)
	if err != nil {
		return err
	}
	return a.operate(ctx, work)
}

// Install makes an installation where there is none, has work done in it as Operate does, and tells where it is.
func Install(ctx context.Context, cfg Config, opts Options, work func(context.Context, *App) error) (where string, err error) {
	a, err := New(ctx, cfg, opts)
	if err != nil {
		return "", err
	}
	return cfg.where(), a.operate(ctx, work)
}

// operate has work done, seals what was recorded, since no server may run that does, and closes a.
func (a *App) operate(ctx context.Context, work func(context.Context, *App) error) error {
	err := work(audit.WithOrigin(ctx, audit.Origin{Actor: audit.Operator}), a)
	_, sealing := a.Audit.Seal(ctx)
	return errors.Join(err, sealing, a.Close())
}

// operate has work done by an operator who needs no more than the database and the keys.
func operate(ctx context.Context, cfg Config, out io.Writer, work func(ctx context.Context, o *operator) error) (err error) {
	database, err := cfg.openInstalled(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	keyring, err := cfg.keyring()
	if err != nil {
		return err
	}
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
		return o.tellAudit(report)
	})
}

// tellAudit prints what is found of the audit log. What only waits is told from what was altered: nobody should look for a
// stranger where no server ran.
func (o *operator) tellAudit(report audit.Report) error {
	for _, f := range report.Findings {
		o.printf("%v", f)
	}
	altered := func(f audit.Finding) bool { return f.Trouble != audit.Late }
	switch {
	case slices.ContainsFunc(report.Findings, altered):
		return fmt.Errorf("of the audit log's %d rows not all is as it was written", report.Rows)
	case len(report.Findings) > 0:
		return fmt.Errorf("none of the audit log's %d rows is altered, but not all have their places in the chain: "+
			"see that the server runs, and verify again", report.Rows+report.Waiting)
	case report.Rows == 0:
		o.printf("0 rows, chain intact: nothing has been sealed yet")
	default:
		o.printf("%d rows, chain intact, head %v", report.Rows, report.Head)
	}
	if report.Waiting > 0 {
		o.printf("%d rows wait for their places in the chain, unaltered: a server that runs gives them within seconds", report.Waiting)
	}
	return nil
}
