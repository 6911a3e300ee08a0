package user

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// SettingsOf is Settings for packages that have a connection at hand. Who is unknown has the defaults, and owns nothing
// that they could matter to.
func SettingsOf(ctx context.Context, q db.Querier, id string) (Settings, error) {
	row, err := findSettings(ctx, q, id)
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return row.settings(), err
}
