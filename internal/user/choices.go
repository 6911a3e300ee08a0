package user

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// SettingsOf is Settings for who has a connection at hand and works for nobody's request.
func SettingsOf(ctx context.Context, q db.Querier, id string) (Settings, error) {
	row, err := findSettings(ctx, q, id)
	return row.settings(), err
}
