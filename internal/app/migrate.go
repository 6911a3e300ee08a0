package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// Migrate moves the schema "up" to the newest version, "down" by one step, or tells its "status".
func Migrate(ctx context.Context, cfg Config, direction string, out io.Writer) (err error) {
	database, err := db.Open(ctx, string(cfg.Database.URL))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	switch direction {
	case "up":
		err = database.Migrate(ctx)
	case "down":
		err = database.MigrateDown(ctx)
	case "status":
	default:
		return fmt.Errorf("migrate takes up, down or status")
	}
	if err != nil {
		return err
	}
	all, err := database.Migrations(ctx)
	if err != nil {
		return err
	}
	for _, m := range all {
		state := "to come"
		if !m.AppliedAt.IsZero() {
			state = "applied " + m.AppliedAt.UTC().Format("2006-01-02 15:04:05")
		}
		if _, err := fmt.Fprintf(out, "%03d  %-22s  %s\n", m.Version, state, m.Name); err != nil {
			return err
		}
	}
	return nil
}
