package job

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// Forget deletes the jobs that name one of the words in their arguments, key or error, whatever their state. A worker
// that is at one of them finds that it is no longer its own, and what it did is not stored.
func (q *Queue) Forget(ctx context.Context, tx db.Querier, words ...string) error {
	for _, word := range words {
		if word == "" { // every text holds that
			continue
		}
		quoted, err := json.Marshal(word) // as it stands in arguments
		if err != nil {
			return err
		}
		inJSON := string(quoted[1 : len(quoted)-1])
		// replace() instead of like: nothing in a word is a pattern, and both engines have it.
		_, err = tx.ExecContext(ctx, `delete from jobs where replace(args, $2, '') <> args
			or replace(coalesce(unique_key, ''), $1, '') <> coalesce(unique_key, '')
			or replace(coalesce(last_error, ''), $1, '') <> coalesce(last_error, '')`, word, inJSON)
		if err != nil {
			return fmt.Errorf("forget jobs: %w", err)
		}
	}
	return nil
}
