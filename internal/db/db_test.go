package db_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

func insertUser(t *testing.T, q db.Querier, id, email string, at time.Time) error {
	t.Helper()
	_, err := q.ExecContext(t.Context(), `insert into users (id, email, password_hash, created_at, updated_at)
		values ($1, $2, 'x', $3, $3)`, id, email, at)
	return err
}

func TestTxCommitsOrLeavesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		boom := errors.New("boom")
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			if err := insertUser(t, tx, db.NewID(), "a@example.com", time.Now()); err != nil {
				t.Fatal(err)
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatalf("got %v, want the function's own error", err)
		}
		if got := count(t, d.Read(), "users"); got != 0 {
			t.Errorf("got %d users after a rollback, want 0", got)
		}
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			return insertUser(t, tx, db.NewID(), "a@example.com", time.Now())
		}); err != nil {
			t.Fatal(err)
		}
		if got := count(t, d.Read(), "users"); got != 1 {
			t.Errorf("got %d users after a commit, want 1", got)
		}
	})
}

func TestUniqueViolationsAreRecognised(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			if err := insertUser(t, tx, db.NewID(), "a@example.com", time.Now()); err != nil {
				t.Fatal(err)
			}
			return insertUser(t, tx, db.NewID(), "a@example.com", time.Now())
		})
		if !db.IsUniqueViolation(err) {
			t.Errorf("got %v, want a unique violation", err)
		}
		if db.IsUniqueViolation(sql.ErrNoRows) {
			t.Error("no rows is not a unique violation")
		}
	})
}

func TestTimesComeBackInUTCAndCompareAcrossOffsets(t *testing.T) {
	zone := time.Local
	time.Local = time.FixedZone("here", 3*3600)
	defer func() { time.Local = zone }()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		zone := time.FixedZone("east", 5*3600)
		at := time.Date(2026, 3, 8, 1, 30, 0, 123456789, zone)
		id := db.NewID()
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			return insertUser(t, tx, id, "a@example.com", db.Time(at))
		}); err != nil {
			t.Fatal(err)
		}
		var got time.Time
		row := d.Read().QueryRowContext(t.Context(), `select created_at from users
			where created_at < $1 and created_at > $2`, at.Add(time.Second), at.Add(-time.Second).In(time.FixedZone("west", -7*3600)))
		if err := row.Scan(&got); err != nil {
			t.Fatal(err)
		}
		if want := at.UTC().Truncate(time.Microsecond); got.Format(time.RFC3339Nano) != want.Format(time.RFC3339Nano) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestDecimalsKeepEveryDigit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		want := decimal.RequireFromString("-12345678901234567890.123456789012345678")
		var got decimal.Decimal
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			user, connection := db.NewID(), db.NewID()
			if err := insertUser(t, tx, user, "a@example.com", time.Now()); err != nil {
				return err
			}
			if _, err := tx.ExecContext(t.Context(), `insert into brokerage_connections
				(id, user_id, provider, environment, status, credentials, created_at, updated_at)
				values ($1, $2, 'p', 'paper', 'active', '', $3, $3)`, connection, user, time.Now()); err != nil {
				return err
			}
			return tx.QueryRowContext(t.Context(), `insert into brokerage_accounts
				(id, connection_id, external_id, number, status, currency, cash, as_of)
				values ($1, $2, 'e', 'n', 'ACTIVE', 'USD', $3, $4) returning cash`,
				db.NewID(), connection, want, time.Now()).Scan(&got)
		})
		if err != nil {
			t.Fatal(err)
		}
		if !got.Equal(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestReadersCannotWriteOnSQLite(t *testing.T) {
	d, err := db.Open(t.Context(), dbtest.Address(t, db.SQLite))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if err := insertUser(t, d.Read(), db.NewID(), "a@example.com", time.Now()); err == nil {
		t.Error("a read connection wrote a row")
	}
}

func TestMigrationsGoDownAndUpAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		before := schema(t, d)
		list, err := d.Migrations(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range list {
			if err := d.MigrateDown(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if left := schema(t, d); len(left) != 0 {
			t.Errorf("got tables %v after going all the way down, want none", left)
		}
		if err := d.MigrateDown(t.Context()); err != nil {
			t.Errorf("going down from the bottom: %v", err)
		}
		if err := d.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, schema(t, d)); diff != "" {
			t.Errorf("schema after down and up (-before +after):\n%s", diff)
		}
	})
}

func TestProcessesThatStartTogetherMigrateOnce(t *testing.T) {
	address := "sqlite:" + filepath.Join(t.TempDir(), "new.db")
	var starting sync.WaitGroup
	for range 4 {
		starting.Go(func() {
			d, err := db.Open(t.Context(), address)
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = d.Close() }()
			if err := d.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	starting.Wait()
}

func TestBothEnginesHaveTheSameSchema(t *testing.T) {
	schemas := map[db.Engine]map[string]string{}
	dbtest.Each(t, func(t *testing.T, d *db.DB) { schemas[d.Engine] = schema(t, d) })
	if len(schemas) < 2 {
		t.Skip("only one engine is here")
	}
	if diff := cmp.Diff(schemas[db.SQLite], schemas[db.Postgres]); diff != "" {
		t.Errorf("schemas differ (-sqlite +postgres):\n%s", diff)
	}
}

func TestAddressesOfNoEngineAreRefusedWithoutTheirText(t *testing.T) {
	for _, address := range []string{"", "mysql://root:secret@db", "sqlite:", "postgres://u:secret@[bad"} {
		_, err := db.Open(t.Context(), address)
		if err == nil {
			t.Fatalf("%q was opened", address)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}

func count(t *testing.T, q db.Querier, table string) int {
	t.Helper()
	var n int
	if err := q.QueryRowContext(t.Context(), "select count(*) from "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// neutral maps each engine's type names to one word, so that schemas can be compared.
var neutral = map[string]string{
	"TEXT": "text", "text": "text", "uuid": "text", "numeric": "text",
	"timestamp": "time", "timestamp with time zone": "time",
	"INTEGER": "integer", "integer": "integer", "bigint": "integer",
	"BLOB": "bytes", "bytea": "bytes",
	"boolean": "boolean",
}

// isWordIndex tells whether a table is made differently on each engine, or is one in which SQLite keeps what is in such.
func isWordIndex(table string) bool {
	return strings.HasPrefix(table, "passage_words") || strings.HasPrefix(table, "chat_words")
}

// schema is "table.column" → "type, null or not", and "index NAME" → its table.
func schema(t *testing.T, d *db.DB) map[string]string {
	t.Helper()
	columns := `select table_name, column_name, data_type, is_nullable = 'YES' from information_schema.columns where table_schema = 'public'`
	indexes := `select indexname, tablename from pg_indexes where schemaname = 'public' and indexname not like '%_pkey' and indexname not like '%_key'`
	if d.Engine == db.SQLite {
		columns = `select m.name, c.name, c.type, not (c."notnull" or c.pk > 0) from sqlite_master m, pragma_table_info(m.name) c where m.type = 'table'`
		indexes = `select name, tbl_name from sqlite_master where type = 'index' and name not like 'sqlite_autoindex%'`
	}
	all := map[string]string{}
	rows, err := d.Read().QueryContext(t.Context(), columns)
	_, err = db.Collect(rows, err, func(scan func(...any) error) (string, error) {
		var table, column, kind string
		var null bool
		err := scan(&table, &column, &kind, &null)
		if table != "goose_db_version" && table != "sqlite_sequence" && !isWordIndex(table) {
			word, ok := neutral[kind]
			if !ok {
				return "", fmt.Errorf("%s.%s has the unknown type %q", table, column, kind)
			}
			all[table+"."+column] = fmt.Sprintf("%s null=%t", word, null)
		}
		return "", err
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, err = d.Read().QueryContext(t.Context(), indexes)
	_, err = db.Collect(rows, err, func(scan func(...any) error) (string, error) {
		var name, table string
		err := scan(&name, &table)
		if !isWordIndex(table) {
			all["index "+name] = table
		}
		return "", err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
