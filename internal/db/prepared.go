package db

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"
)

const (
	// maxPrepared is how many statements are kept prepared; the program has fewer that are asked often.
	maxPrepared = 256
	// maxPreparedArgs is how many arguments a statement has that is kept: those with more are lists, of ever other lengths.
	maxPreparedArgs = 8
)

// prepared is SQLite's reading connections, with the statements that were read with before: parsing and planning one
// takes longer than what most of them do. PostgreSQL's driver does the same by itself.
type prepared struct {
	*sql.DB
	kept sync.Map // SQL → *sql.Stmt
	n    atomic.Int32
}

// QueryContext is as sql.DB has it.
func (p *prepared) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := p.of(ctx, query, len(args)); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return p.DB.QueryContext(ctx, query, args...)
}

// QueryRowContext is as sql.DB has it.
func (p *prepared) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if stmt := p.of(ctx, query, len(args)); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return p.DB.QueryRowContext(ctx, query, args...)
}

// of gives the prepared statement; nil where it is not to be kept, or cannot be prepared, which asking it will tell.
func (p *prepared) of(ctx context.Context, query string, args int) *sql.Stmt {
	if stmt, ok := p.kept.Load(query); ok {
		return stmt.(*sql.Stmt)
	}
	if args > maxPreparedArgs || p.n.Load() >= maxPrepared {
		return nil
	}
	stmt, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil
	}
	if other, late := p.kept.LoadOrStore(query, stmt); late {
		_ = stmt.Close() // nobody has it
		return other.(*sql.Stmt)
	}
	p.n.Add(1)
	return stmt
}

// Close closes the statements with the connections.
func (p *prepared) Close() error {
	for _, stmt := range p.kept.Range {
		_ = stmt.(*sql.Stmt).Close() // its connections are closed next
	}
	return p.DB.Close()
}
