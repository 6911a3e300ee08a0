package db_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

func TestADatabaseAnswersByItsConnectionsAndByANewOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for name, probe := range map[string]func(context.Context) error{"those there are": d.Probe, "a new one": d.ProbeAnew} {
			if err := probe(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := d.Stats(); got.MaxOpenConnections == 0 {
			t.Errorf("got %+v, want how many connections there may be", got)
		}
	})
}

func TestWhereAllConnectionsAreInUseANewOneStillAnswers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		release, held := make(chan struct{}), make(chan struct{})
		most := d.Stats().MaxOpenConnections
		done := make(chan error, most)
		for range most {
			go func() {
				done <- d.TxFirst(t.Context(), func(tx *sql.Tx) error {
					_, err := tx.ExecContext(t.Context(), "select 1")
					held <- struct{}{}
					<-release
					return err
				})
			}()
		}
		for range most {
			<-held
		}
		brief, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := d.Probe(brief); err == nil {
			t.Error("it answers by a connection that nobody has")
		}
		if err := d.ProbeAnew(t.Context()); err != nil {
			t.Errorf("got %v by a new connection", err)
		}
		close(release)
		for range most {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestADatabaseThatTakesNoWritesIsNone(t *testing.T) {
	address := dbtest.Address(t, db.Postgres)
	d, err := db.Open(t.Context(), address+"&default_transaction_read_only=on")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "no writes") {
		t.Errorf("got %v, want to hear that it takes no writes", err)
	}
}

// wantOverloaded wants words that are safe to show, and a time after which to try again.
func wantOverloaded(t *testing.T, err error, full bool) {
	t.Helper()
	f := fault.From(err)
	if err == nil || f.Kind != fault.Overloaded || f.RetryAfter == 0 || strings.Contains(f.Message, "127.0.0.1") || db.IsFull(err) != full {
		t.Errorf("got %v, want it %s, to be tried again, full: %v", err, fault.Overloaded, full)
	}
}

func TestAServerWithoutAConnectionLeftIsOverloaded(t *testing.T) {
	address := dbtest.Address(t, db.Postgres)
	admin, err := db.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	role := "poor_" + strings.ReplaceAll(db.NewID(), "-", "_")
	if _, err := admin.Read().ExecContext(t.Context(), "create role "+role+" login connection limit 1"); err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = admin.Read().ExecContext(context.WithoutCancel(t.Context()), "drop role "+role) }()
	d, err := db.Open(t.Context(), strings.Replace(address, "//postgres@", "//"+role+"@", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	err = d.Tx(t.Context(), func(*sql.Tx) error {
		_, err := d.Read().ExecContext(t.Context(), "select 1") // by a second connection
		wantOverloaded(t, err, true)
		wantOverloaded(t, d.ProbeAnew(t.Context()), true)
		return d.Tx(t.Context(), func(*sql.Tx) error { return nil })
	})
	wantOverloaded(t, err, true)
}

func TestAServerThatCannotBeReachedIsOverloaded(t *testing.T) {
	address, err := url.Parse(dbtest.Address(t, db.Postgres))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address.Host = l.Addr().String()
	_ = l.Close()
	_, err = db.Open(t.Context(), address.String())
	wantOverloaded(t, err, false)
}

func TestAnSQLiteThatSomebodyElseWritesToIsBusy(t *testing.T) {
	address := dbtest.Address(t, db.SQLite)
	var two [2]*db.DB
	for i := range two {
		d, err := db.Open(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = d.Close() }()
		two[i] = d
	}
	if err := two[0].Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := two[1].Tx(t.Context(), func(*sql.Tx) error { // takes the lock
		if err := two[0].Probe(t.Context()); !db.IsBusy(err) || !db.IsUnavailable(err) || db.IsReadOnly(err) {
			t.Errorf("got %v, want it busy", err)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestWhatADatabaseCannotDoJustNowIsToldFromWhatIsWrong(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		want bool
	}{
		"a connection that was closed":    {fmt.Errorf("begin: %w", pgconn.ErrConnClosed), true},
		"one that broke":                  {&net.OpError{Op: "read", Err: errors.New("reset")}, true},
		"an answer that broke off":        {io.ErrUnexpectedEOF, true},
		"no room":                         {&pgconn.PgError{Code: "53100"}, true},
		"no writes":                       {&pgconn.PgError{Code: "25006"}, true},
		"a statement that is no SQL":      {&pgconn.PgError{Code: "42601"}, false},
		"a row that would be there twice": {&pgconn.PgError{Code: "23505"}, false},
		"nothing of a database":           {errors.New("x"), false},
	} {
		if got := db.IsUnavailable(tc.err); got != tc.want {
			t.Errorf("%s: got %v", name, got)
		}
	}
}
