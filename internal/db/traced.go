package db

import (
	"context"
	"database/sql"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/trace"
)

// traced has a span for each query, until its first rows are there. What is asked does not stand in it.
type traced struct{ Querier }

func (t traced) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx, span := trace.Start(ctx, "db read")
	rows, err := t.Querier.QueryContext(ctx, query, args...)
	span.End(fault.NameOf(err))
	return rows, err
}

func (t traced) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx, span := trace.Start(ctx, "db read")
	defer span.End("")
	return t.Querier.QueryRowContext(ctx, query, args...)
}
