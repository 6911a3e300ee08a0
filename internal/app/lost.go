package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// lostForGood ends every message about a key that does not fit.
const lostForGood = `if it is lost for good, see "When keys are lost" in docs/operations/deploy.md`

// checkNew refuses to make a secret where the database, which is in a file, holds what needs the one there was.
func (c *Config) checkNew(ctx context.Context, made map[string]string) (err error) {
	path := strings.TrimPrefix(string(c.Database.URL), "sqlite:")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	needs := map[string][]vault.Column{keySetting: sealedColumns(), hashKeySetting: {{Table: "audit_logs", Column: "mac"}}}
	database, err := db.Open(ctx, string(c.Database.URL))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	for _, s := range c.secrets() {
		for _, column := range needs[s.name] {
			if made[s.name] == "" || *s.value != "" {
				continue
			}
			held, err := holds(ctx, database, column)
			if err != nil {
				return err
			}
			if held {
				return fmt.Errorf("%s has no %s, and %s holds what was written with it (%v), so none is made: bring back the %s that belongs to this database; %s",
					c.secretsPath(), s.name, path, column, secretsFile, lostForGood)
			}
		}
	}
	return nil
}

// holds tells whether there is anything in a column of an SQLite database, which need not have it yet.
func holds(ctx context.Context, database *db.DB, c vault.Column) (bool, error) {
	var there bool
	err := database.Read().QueryRowContext(ctx, "select count(*) > 0 from pragma_table_info($1) where name = $2", c.Table, c.Column).Scan(&there)
	if err != nil || !there {
		return false, err
	}
	query := fmt.Sprintf("select exists (select 1 from %s where %s is not null)", c.Table, c.Column) // #nosec G201 -- names from our own list
	err = database.Read().QueryRowContext(ctx, query).Scan(&there)
	return there, err
}
