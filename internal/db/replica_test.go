package db_test

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

// soon waits until something is so.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came: %s", what)
		}
	}
}

// withReplica opens a database with a replica, until the test is over.
func withReplica(t *testing.T, primary, replica string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), primary)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.AddReplica(replica); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func byPlain(s *dbtest.Server) string {
	return strings.Replace(s.Address, "//postgres@", "//plain@", 1)
}

// seen is what a read found, and where.
type seen struct {
	standby bool
	rows    int
}

func look(t *testing.T, d *db.DB) (s seen) {
	t.Helper()
	if err := d.Aged(t.Context(), func(ctx context.Context, q db.Querier) error {
		return q.QueryRowContext(ctx, "select pg_is_in_recovery(), count(*) from notes").Scan(&s.standby, &s.rows)
	}); err != nil {
		t.Errorf("a read that may be old failed: %v", err)
	}
	return s
}

func state(t *testing.T, d *db.DB) db.ReplicaState {
	t.Helper()
	s, there := d.Replica()
	if !there {
		t.Fatal("there is no replica")
	}
	return s
}

func TestReadsThatMayBeOldGoToTheReplicaAndNeverFailByIt(t *testing.T) {
	pair := dbtest.NewPair(t)
	pair.Primary.Exec("create table notes (id int)")
	pair.Primary.Exec("create role plain login; alter table notes owner to plain; revoke execute on function pg_control_system from public")
	d := withReplica(t, byPlain(pair.Primary), byPlain(pair.Standby)) // who may do no more than the server has to
	if _, there := d.Pools()["replica"]; !there {
		t.Errorf("got the pools %v, want the replica's among them", d.Pools())
	}
	rows := 0
	write := func() {
		t.Helper()
		rows++
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), "insert into notes values (1)")
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	used := func(when string) {
		t.Helper()
		write()
		soon(t, when+", a new row at the standby", func() bool { return look(t, d) == seen{true, rows} })
	}
	used("at first")

	ctx, stop := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	reads := map[bool]int{}
	defer func() {
		stop()
		asking.Wait()
		t.Logf("%d reads meanwhile by the standby, %d by the primary", reads[true], reads[false])
	}()
	asking.Go(func() { // from here on somebody reads all the time, which must never fail
		for ctx.Err() == nil {
			reads[look(t, d).standby]++
			time.Sleep(5 * time.Millisecond)
		}
	})
	asking.Go(func() { answersBesides(t, d, "select pg_sleep(60)") }) // a replica that is too slow

	t.Run("a write there is refused", func(t *testing.T) {
		err := d.Aged(t.Context(), func(ctx context.Context, q db.Querier) error {
			_, err := q.ExecContext(ctx, "insert into notes values (1)")
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "read-only") {
			t.Errorf("got %v, want to be told that it is read-only", err)
		}
	})
	t.Run("what it breaks off is asked of the primary", func(t *testing.T) {
		pair.Primary.Exec("create table passing (id int); alter table passing owner to plain")
		soon(t, "the table at the standby", func() bool {
			return d.Aged(t.Context(), func(ctx context.Context, q db.Querier) error {
				return q.QueryRowContext(ctx, "select 1 / pg_is_in_recovery()::int from (select count(*) from passing) p").Scan(new(int))
			}) == nil
		})
		dropped := sync.OnceFunc(func() { pair.Primary.Exec("drop table passing") }) // which it cannot replay while somebody reads
		answersBesidesDoing(t, d, "select count(*) from passing", dropped)
	})
	t.Run("one that is behind is left alone", func(t *testing.T) {
		pair.Standby.Pause()
		write()
		soon(t, "the new row, by the primary", func() bool { return look(t, d) == seen{false, rows} })
		if s := state(t, d); s.Err != nil || s.Current() || s.Lag <= db.MaxAge {
			t.Errorf("got %+v, want it too far behind", s)
		}
		pair.Standby.Resume()
		used("after it caught up")
	})
	t.Run("one that is gone is left alone", func(t *testing.T) {
		pair.Standby.Stop()
		write()
		if got := look(t, d); got != (seen{false, rows}) {
			t.Errorf("got %+v, want %d rows of the primary", got, rows)
		}
		soon(t, "word that it is gone", func() bool { return state(t, d).Err != nil })
		pair.Standby.Start()
		used("after it came back")
	})
	t.Run("one that was promoted is none any more", func(t *testing.T) {
		pair.Standby.Exec("select pg_promote()")
		soon(t, "word that it is another database", func() bool { return errors.Is(state(t, d).Err, db.ErrNoReplica) })
		write()
		if got := look(t, d); got != (seen{false, rows}) {
			t.Errorf("got %+v, want %d rows of the primary", got, rows)
		}
	})
	t.Run("another database is no replica", func(t *testing.T) {
		for name, address := range map[string]string{
			"another server":                      pair.Standby.Address, // by now
			"another database of the same server": strings.Replace(pair.Primary.Address, "/postgres?", "/template1?", 1),
		} {
			other := withReplica(t, pair.Primary.Address, address)
			soon(t, name+" is found to be none", func() bool { return errors.Is(state(t, other).Err, db.ErrNoReplica) })
			if got := look(t, other); got != (seen{false, rows}) {
				t.Errorf("%s: got %+v, want %d rows of the primary", name, got, rows)
			}
		}
	})
}

// answersBesides wants the primary to answer a read that the replica does not bring to an end.
func answersBesides(t *testing.T, d *db.DB, endless string) {
	t.Helper()
	answersBesidesDoing(t, d, endless, func() {})
}

// answersBesidesDoing does something that keeps the replica from answering once it has begun to.
func answersBesidesDoing(t *testing.T, d *db.DB, query string, meanwhile func()) {
	t.Helper()
	var asked []bool
	err := d.Aged(t.Context(), func(ctx context.Context, q db.Querier) error {
		var standby bool
		if err := q.QueryRowContext(ctx, "select pg_is_in_recovery()").Scan(&standby); err != nil {
			return err
		}
		if asked = append(asked, standby); !standby {
			return nil
		}
		for {
			if _, err := q.ExecContext(ctx, query); err != nil {
				return err
			}
			meanwhile()
		}
	})
	if err != nil || len(asked) != 2 || !asked[0] || asked[1] {
		t.Errorf("got %v from servers that recover: %v, want the standby to be asked and then the primary", err, asked)
	}
}

func TestAReplicaThatDoesNotAnswerIsNotWaitedFor(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	d := withReplica(t, dbtest.Address(t, db.Postgres), "postgres://postgres@"+silent.Addr().String()+"/postgres?sslmode=disable")
	if err := d.Aged(t.Context(), func(ctx context.Context, q db.Querier) error {
		return q.QueryRowContext(ctx, "select count(*) from users").Scan(new(int))
	}); err != nil {
		t.Errorf("got %v, want the primary's answer", err)
	}
	if s := state(t, d); s.Err == nil || s.Current() {
		t.Errorf("got %+v, want it not to be used", s)
	}
}

func TestWithoutAReplicaReadsThatMayBeOldAreOfTheDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if s, there := d.Replica(); there {
			t.Errorf("got the replica %+v", s)
		}
		if err := d.Aged(t.Context(), func(ctx context.Context, q db.Querier) error {
			return q.QueryRowContext(ctx, "select count(*) from users").Scan(new(int))
		}); err != nil {
			t.Error(err)
		}
	})
}

func TestOnlyAPostgreSQLHasAReplicaWhichIsOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for _, address := range []string{"postgres://u:secret@[bad", "postgres://u:secret@host:port/x"} {
			if err := d.AddReplica(address); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v for %s, want it refused and its password untold", err, address)
			}
		}
		if d.Engine == db.SQLite {
			if err := d.AddReplica("postgres://u@127.0.0.1/x"); err == nil {
				t.Error("an SQLite database has a replica")
			}
		}
	})
}
