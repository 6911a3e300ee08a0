package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/files"
	"github.com/jaspers-ai/jaspers/internal/keys"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// errPostgresBackup is what to do with the other engine.
var errPostgresBackup = errors.New("the database is PostgreSQL, whose own programs do this while the server runs: " +
	"pg_dump --format=custom --file=FILE, and pg_restore --single-transaction --exit-on-error --no-owner into an empty database; " +
	"see docs/operations/backup.md")

// sqlitePath is the file of the database, which only SQLite has.
func (c *Config) sqlitePath() (string, error) {
	path, is := strings.CutPrefix(string(c.Database.URL), "sqlite:")
	if !is {
		return "", errPostgresBackup
	}
	return path, nil
}

// Backup writes a copy of the database into a new file while the server runs or not, and tells out what opens it. The
// keys are never in it: where keysTo is not empty their file is copied to that, in the same state.
func Backup(ctx context.Context, cfg Config, to, keysTo string, out io.Writer) (err error) {
	path, err := cfg.sqlitePath()
	if err != nil {
		return err
	}
	database, version, _, err := cfg.openThere(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	if keysTo != "" {
		unlock, err := cfg.holdKeys(ctx, keysTo)
		if err != nil {
			return err
		}
		defer unlock()
	}
	if err := database.Backup(ctx, to); err != nil {
		return err
	}
	if keysTo != "" {
		if err := copyFile(cfg.keysFile, keysTo); err != nil {
			return fmt.Errorf("the database is in %s, but its keys could not be copied: %w", to, err)
		}
	}
	info, err := os.Stat(to)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s is in %s: schema %d, %d bytes, found sound\n%s\n", path, to, version, info.Size(), cfg.whatOpens(ctx, to, keysTo))
	return err
}

// holdKeys makes sure that there is a file of keys to copy to a new one, and keeps rotations away from it until unlock:
// what opens a backup must not be retired before it is copied.
func (c *Config) holdKeys(ctx context.Context, keysTo string) (unlock func(), err error) {
	if err := files.Absent(keysTo); err != nil {
		return nil, err
	}
	if err := c.findSecrets(); err != nil {
		return nil, err
	}
	if c.keysFile == "" {
		return nil, fmt.Errorf("%s is set, so there is no file of keys to copy: keep the settings", keySetting)
	}
	return files.Lock(ctx, c.keysFile+rotateLock)
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from) // #nosec G304 -- in the operator's data folder
	if err != nil {
		return err
	}
	return files.New(to, func(part string) error { return os.WriteFile(part, text, 0o600) }) // #nosec G703 -- the operator names the file
}

// whatOpens says where the keys to a backup are, which is made whether they are there or not.
func (c *Config) whatOpens(ctx context.Context, to, keysTo string) string {
	found := c.findSecrets()
	made, err := db.OpenFile(ctx, to)
	if err == nil {
		err = errors.Join(c.fits(ctx, made), made.Close())
	}
	switch {
	case err != nil:
		return fmt.Sprintf("The keys to it are not in it, and not here either: %v", err)
	case found != nil:
		return "It needs no keys."
	case keysTo != "":
		return fmt.Sprintf("The keys to it are in %s. Keep the two apart: together they open every brokerage connection.", keysTo)
	case c.keysFile != "":
		return fmt.Sprintf("The keys to it are not in it: keep a copy of %s as it is now, apart from it.", c.keysFile)
	}
	return fmt.Sprintf("The keys to it are not in it: keep %s and %s as they are set now, apart from it.", keySetting, hashKeySetting)
}

// fits makes sure, as a server does at its start, that the keys which are set open what is sealed in a database of any
// version, and that its audit log can go on with them. One that holds nothing of the kind needs none.
func (c *Config) fits(ctx context.Context, d *db.DB) error {
	var sealed []vault.Column
	for _, column := range sealedColumns() {
		held, err := holds(ctx, d, column)
		if err != nil {
			return err
		}
		if held {
			sealed = append(sealed, column)
		}
	}
	logged, err := holds(ctx, d, vault.Column{Table: "audit_logs", Column: "mac"})
	if err != nil || len(sealed) == 0 && !logged {
		return err
	}
	chained, err := holds(ctx, d, vault.Column{Table: "audit_head", Column: "mac"})
	if err != nil {
		return err
	}
	if err := c.findSecrets(); err != nil {
		return err
	}
	keyring, err := c.keyring()
	if err != nil {
		return err
	}
	log, err := audit.New(d, time.Now, []byte(c.Auth.HashKey))
	if err != nil {
		return err
	}
	err = (&keys.Service{DB: d, Keyring: keyring, Columns: sealed, Audit: log}).Check(ctx)
	if err == nil && chained {
		err = log.Check(ctx)
	}
	if err != nil {
		return fmt.Errorf("%w; %s", err, lostForGood)
	}
	return nil
}

// Restore puts the database of a backup in the place of the one there is, which is kept aside. It puts there only what
// this version of the program can start upon with the keys that are set; one of an older version is migrated then.
func Restore(ctx context.Context, cfg Config, from string, out io.Writer) error {
	path, err := cfg.sqlitePath()
	if err != nil {
		return err
	}
	var version, newest int64
	aside, err := db.Restore(ctx, from, path, func(made *db.DB) (err error) {
		version, newest, err = made.Schema(ctx)
		switch {
		case err != nil:
			return err
		case version == 0:
			return fmt.Errorf("%s holds no database of this program", from)
		case version > newest:
			return fmt.Errorf("%s is of a newer version of this program (schema %d; this one knows %d): use that one", from, version, newest)
		}
		return cfg.fits(ctx, made)
	})
	if errors.Is(err, db.ErrInUse) {
		return fmt.Errorf("%s is in use: stop the server, and whatever else has it open", path)
	}
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%s is as %s has it (schema %d).\n", path, from, version)
	if version < newest {
		text += fmt.Sprintf("It is of an older version: the server brings it to schema %d when it starts.\n", newest)
	}
	if aside != "" {
		text += fmt.Sprintf("What was there is kept in %s.\n", aside)
	}
	text += "Sessions and API keys that were ended since the backup hold again: see docs/operations/backup.md.\n"
	_, err = io.WriteString(out, text)
	return err
}
