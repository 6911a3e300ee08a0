package main

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// crowd is a database with many people in it, each with a connection, which a server under measurement works on.
type crowd struct {
	address string
	db      *db.DB
	keys    *vault.Keyring
	key     string // of keys, in hex
	close   func() error
}

// loopbackPostgres is where a PostgreSQL for measurements may be; JASPERS_TEST_POSTGRES names another.
const loopbackPostgres = "postgres://postgres@127.0.0.1:5432/postgres?sslmode=disable"

// newCrowd makes an empty, migrated database on an engine; drop takes it away.
func newCrowd(ctx context.Context, engine string) (*crowd, error) {
	c := &crowd{key: strings.Repeat("0f1e2d3c4b5a6978", 4)}
	key, err := hex.DecodeString(c.key)
	if err != nil {
		return nil, err
	}
	if c.keys, err = vault.New(map[int][]byte{1: key}); err != nil {
		return nil, err
	}
	switch engine {
	case "sqlite":
		dir, err := os.MkdirTemp("", "jaspers-crowd")
		if err != nil {
			return nil, err
		}
		c.address, c.close = "sqlite:"+filepath.Join(dir, "crowd.db"), func() error { return os.RemoveAll(dir) }
	case "postgres":
		if err := c.createPostgres(ctx); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("there is no engine %q: sqlite or postgres", engine)
	}
	if c.db, err = db.Open(ctx, c.address); err != nil {
		return nil, errors.Join(err, c.close())
	}
	if err := c.db.Migrate(ctx); err != nil {
		return nil, errors.Join(err, c.drop())
	}
	return c, nil
}

func (c *crowd) createPostgres(ctx context.Context) error {
	server := cmp.Or(os.Getenv("JASPERS_TEST_POSTGRES"), loopbackPostgres)
	address, err := url.Parse(server)
	if err != nil {
		return errors.New("JASPERS_TEST_POSTGRES is no address")
	}
	admin, err := sql.Open("pgx", server)
	if err != nil {
		return err
	}
	name := "jaspers_bench_" + strings.ReplaceAll(db.NewID(), "-", "")
	if _, err := admin.ExecContext(ctx, "create database "+name); err != nil {
		return errors.Join(err, admin.Close())
	}
	address.Path = "/" + name
	c.address = address.String()
	c.close = func() error {
		_, err := admin.ExecContext(context.WithoutCancel(ctx), "drop database if exists "+name+" with (force)")
		return errors.Join(err, admin.Close())
	}
	return nil
}

func (c *crowd) drop() error { return errors.Join(c.db.Close(), c.close()) }

// settings are those of a server on the crowd's database.
func (c *crowd) settings() []string {
	return []string{
		"JASPERS_DATABASE_URL=" + c.address, "JASPERS_ENCRYPTION_KEY=" + c.key,
		"JASPERS_JWT_SECRET=" + strings.Repeat("6a1f0c9be27d4853", 4), "JASPERS_HASH_KEY=" + strings.Repeat("c3a7e51d90b2f486", 4),
	}
}

// link is a connection of the crowd's.
type link struct {
	account string // the brokerage's id of the only one
	token   string
	status  string
	read    sql.NullTime
}

// join adds people in batches, each with the link that make gives for their number.
func (c *crowd) join(ctx context.Context, n int, made time.Time, make func(i int) link) error {
	const batch = 500
	for first := 0; first < n; first += batch {
		err := c.db.Tx(ctx, func(tx *sql.Tx) error {
			for i := first; i < min(first+batch, n); i++ {
				if err := c.add(ctx, tx, i, db.Time(made), make(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// add makes one person with a connection, an account in it, and three holdings.
func (c *crowd) add(ctx context.Context, tx db.Querier, i int, made time.Time, l link) error {
	user, connection, account := db.NewID(), db.NewID(), db.NewID()
	place := vault.Place{Table: "brokerage_connections", Column: "credentials", Row: connection, User: user}
	sealed := c.keys.Seal([]byte(`{"environment":"live","accessToken":"`+l.token+`"}`), place)
	for _, s := range []struct {
		text string
		args []any
	}{
		{"insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, '', $3, $3)",
			[]any{user, fmt.Sprintf("crowd%d@example.com", i), made}},
		{`insert into brokerage_connections (id, user_id, provider, environment, status, credentials, created_at, updated_at, last_sync_at)
			values ($1, $2, 'alpaca', 'live', $3, $4, $5, $5, $6)`, []any{connection, user, l.status, sealed, made, l.read}},
		{`insert into brokerage_accounts (id, connection_id, external_id, number, status, currency, cash, as_of)
			values ($1, $2, $3, $3, 'ACTIVE', 'USD', '100', $4)`, []any{account, connection, l.account, made}},
	} {
		if _, err := tx.ExecContext(ctx, s.text, s.args...); err != nil {
			return err
		}
	}
	for _, symbol := range []string{"A", "B", "C"} {
		if _, err := tx.ExecContext(ctx, `insert into portfolio_holdings (id, user_id, connection_id, account_id, instrument_id, symbol, name,
				asset_class, exchange, currency, quantity, multiplier, cost_basis, price, previous_close, market_value, as_of)
			values ($1, $2, $3, $4, $5, $5, '', 'equity', 'NYSE', 'USD', '10', '1', '80', '9', '9', '90', $6)`,
			db.NewID(), user, connection, account, symbol, made); err != nil {
			return err
		}
	}
	return nil
}

func (c *crowd) count(ctx context.Context, query string) (n int, err error) {
	return n, c.db.Read().QueryRowContext(ctx, query).Scan(&n)
}
