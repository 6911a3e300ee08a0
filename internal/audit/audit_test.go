package audit_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

var key = []byte("a key of the audit log, 32 bytes!")

func newLog(t testing.TB, d *db.DB, now func() time.Time) *audit.Log {
	t.Helper()
	l, err := audit.New(d, now, key)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func record(t testing.TB, d *db.DB, l *audit.Log, events ...audit.Event) {
	t.Helper()
	ctx := audit.WithOrigin(telemetry.WithCorrelation(t.Context(), "request-1"), audit.Origin{
		Actor: audit.Person, ActorID: db.NewID(), Address: "192.0.2.7", UserAgent: "curl/8",
	})
	if err := d.Tx(ctx, func(tx *sql.Tx) error {
		for _, e := range events {
			if err := l.Record(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func seal(t testing.TB, l *audit.Log) int {
	t.Helper()
	n, err := l.Seal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func verify(t testing.TB, l *audit.Log, noted audit.Head) audit.Report {
	t.Helper()
	r, err := l.Verify(t.Context(), noted)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// tamper changes the database as somebody could who has it, but not the key.
func tamper(t testing.TB, d *db.DB, query string, args ...any) {
	t.Helper()
	if err := d.Tx(context.WithoutCancel(t.Context()), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), query, args...)
		return err
	}); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// logins are n events about one person.
func logins(n int) []audit.Event {
	user := db.NewID()
	events := make([]audit.Event, n)
	for i := range events {
		events[i] = audit.Event{Action: audit.Login, UserID: user, Target: db.NewID(), Details: map[string]string{"n": fmt.Sprint(i)}}
	}
	return events
}

func TestWhatIsRecordedIsSealedOnceAndVerifies(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d, time.Now)
		if r := verify(t, l, audit.Head{}); r.Rows != 0 || r.Findings != nil {
			t.Errorf("got %+v of an empty log, want no findings", r)
		}
		if err := l.Check(t.Context()); err != nil {
			t.Errorf("an empty log does not go on: %v", err)
		}
		record(t, d, l, logins(3)...)
		if r := verify(t, l, audit.Head{}); r.Rows != 0 || r.Findings != nil {
			t.Errorf("got %+v before sealing, want no findings", r)
		}
		if n := seal(t, l); n != 3 {
			t.Errorf("sealed %d, want 3", n)
		}
		first := verify(t, l, audit.Head{})
		if first.Rows != 3 || first.Head.Seq != 3 || first.Findings != nil {
			t.Errorf("got %+v, want 3 rows and no findings", first)
		}
		record(t, d, l, logins(1200)...) // more than a batch
		if n := seal(t, l) + seal(t, l); n != 1200 {
			t.Errorf("sealed %d, want 1200", n)
		}
		if r := verify(t, l, first.Head); r.Rows != 1203 || r.Findings != nil {
			t.Errorf("got %+v, want 1203 rows and the noted head among them", r)
		}
	})
}

func TestAFailingTransactionLeavesNoEvent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d, time.Now)
		boom := errors.New("boom")
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			return errors.Join(l.Record(t.Context(), tx, logins(1)[0]), boom)
		})
		entries, _, listErr := l.List(t.Context(), audit.Filter{})
		if !errors.Is(err, boom) || listErr != nil || len(entries) != 0 || seal(t, l) != 0 {
			t.Errorf("got %v, %v and %d entries, want none", err, listErr, len(entries))
		}
	})
}

func TestWritersDoNotWaitForEachOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if d.Engine == db.SQLite {
			t.Skip("SQLite has one writer by nature")
		}
		l := newLog(t, d, time.Now)
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			if err := l.Record(t.Context(), tx, logins(1)[0]); err != nil {
				return err
			}
			record(t, d, l, logins(1)...) // on another connection, while ours is open
			if n := seal(t, l); n != 1 {
				t.Errorf("sealed %d meanwhile, want the one that was committed", n)
			}
			return nil
		})
		if err != nil || seal(t, l) != 1 {
			t.Errorf("got %v, or the first one was not sealed after the second", err)
		}
		if r := verify(t, l, audit.Head{}); r.Rows != 2 || r.Findings != nil {
			t.Errorf("got %+v, want 2 rows in the order in which they were committed", r)
		}
	})
}

func TestEachTamperingIsFoundForWhatItIs(t *testing.T) {
	const at = " where log_id = (select log_id from audit_chain where seq = 3)"
	const row = " where id = (select log_id from audit_chain where seq = 3)"
	tests := map[string]struct {
		queries []string
		want    map[audit.Trouble]int64
	}{
		"the end of both cut off":   {[]string{"delete from audit_logs where id in (select log_id from audit_chain where seq > 4)", "delete from audit_chain where seq > 4"}, map[audit.Trouble]int64{audit.Unchained: 2}},
		"a row taken out":           {[]string{"delete from audit_logs" + row}, map[audit.Trouble]int64{audit.Removed: 1}},
		"a row and its place taken": {[]string{"delete from audit_logs" + row, "delete from audit_chain where seq = 3"}, map[audit.Trouble]int64{audit.Unchained: 1}},
		"a place taken out":         {[]string{"delete from audit_chain where seq = 3"}, map[audit.Trouble]int64{audit.Unchained: 1, audit.Stray: 1}},
		"a link rewritten":          {[]string{"update audit_chain set link = 'x'" + at}, map[audit.Trouble]int64{audit.Misplaced: 2}},
		"two rows swapped": {[]string{
			"drop table if exists held", "create table held as select seq, log_id from audit_chain where seq in (3, 5)", "delete from audit_chain where seq in (3, 5)",
			"insert into audit_chain (seq, log_id, link) select 8 - seq, log_id, 'x' from held",
		}, map[audit.Trouble]int64{audit.Misplaced: 4}},
		"a row put in": {[]string{`insert into audit_logs (id, at, action, outcome, actor, correlation_id, personal_mac, mac)
			select '01999999-0000-7000-8000-000000000000', at, action, outcome, actor, correlation_id, personal_mac, mac from audit_logs` + row}, map[audit.Trouble]int64{audit.Stray: 1}},
		"a row put in to be sealed": {[]string{`insert into audit_logs (id, at, action, outcome, actor, correlation_id, personal_mac, mac)
			select '01999999-0000-7000-8000-000000000000', at, action, outcome, actor, correlation_id, personal_mac, mac from audit_logs` + row,
			"insert into audit_outbox (log_id) values ('01999999-0000-7000-8000-000000000000')"}, map[audit.Trouble]int64{audit.Edited: 1}},
		"the end set back":              {[]string{"update audit_head set seq = 4, link = (select link from audit_chain where seq = 4)"}, map[audit.Trouble]int64{audit.BadHead: 1, audit.Stray: 2}},
		"the end taken away":            {[]string{"delete from audit_head"}, map[audit.Trouble]int64{audit.BadHead: 1, audit.Stray: 6}},
		"a row emptied":                 {[]string{"update audit_logs set address = null, user_agent = null, details = null" + row}, map[audit.Trouble]int64{audit.Erased: 1}},
		"a row in the outbox, not here": {[]string{"insert into audit_outbox (log_id) values ('01999999-0000-7000-8000-000000000000')"}, map[audit.Trouble]int64{audit.Lost: 1}},
		"a sealed row put out again":    {[]string{"insert into audit_outbox (log_id) select log_id from audit_chain where seq = 3"}, nil},
	}
	for column, value := range map[string]string{
		"at": "'2026-01-01 00:00:00+00:00'", "action": "'account.logout'", "outcome": "'failure'", "user_id": "null", "actor": "'system'",
		"actor_id": "null", "target": "''", "correlation_id": "'x'", "address": "null", "user_agent": "''", "details": "'{}'",
		"personal_mac": "'x'", "mac": "'x'",
	} {
		tests["the column "+column] = struct {
			queries []string
			want    map[audit.Trouble]int64
		}{[]string{"update audit_logs set " + column + " = " + value + row}, map[audit.Trouble]int64{audit.Edited: 1}}
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d, time.Now)
		record(t, d, l, logins(6)...)
		seal(t, l)
		before := verify(t, l, audit.Head{})
		for name, tc := range tests {
			t.Run(name, func(t *testing.T) {
				keep(t, d)
				defer restore(t, d)
				for _, q := range tc.queries {
					tamper(t, d, q)
				}
				got := map[audit.Trouble]int64{}
				for _, f := range verify(t, l, before.Head).Findings {
					if got[f.Trouble] = f.Count; f.First == "" && f.Trouble != audit.BadHead && f.Trouble != audit.NotNoted {
						t.Errorf("%v names no row", f)
					}
				}
				if _, noted := tc.want[audit.Unchained]; noted {
					delete(got, audit.NotNoted) // seen twice where the end is gone
				}
				if diff := cmp.Diff(tc.want, got); diff != "" && (len(tc.want) > 0 || len(got) > 0) {
					t.Errorf("findings (-want +got):\n%s", diff)
				}
				record(t, d, l, logins(1)...)
				_, err := l.Seal(t.Context()) // goes on, save where nobody knows any more where the end is
				if _, lost := tc.want[audit.BadHead]; (err != nil) != (lost && name != "the end taken away") {
					t.Errorf("sealing goes on with %v", err)
				}
			})
		}
	})
}

func TestACutOffEndWithAnOldRecordOfItIsFoundByANotedHead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d, time.Now)
		record(t, d, l, logins(3)...)
		seal(t, l)
		tamper(t, d, "create table kept as select * from audit_head")
		record(t, d, l, logins(2)...)
		seal(t, l)
		noted := verify(t, l, audit.Head{}).Head
		tamper(t, d, "delete from audit_logs where id in (select log_id from audit_chain where seq > 3)")
		tamper(t, d, "delete from audit_chain where seq > 3")
		tamper(t, d, "update audit_head set seq = kept.seq, link = kept.link, mac = kept.mac from kept")
		if r := verify(t, l, audit.Head{}); r.Findings != nil {
			t.Errorf("got %v; an older state of everything cannot be told from the truth", r.Findings)
		}
		if r := verify(t, l, noted); len(r.Findings) != 1 || r.Findings[0].Trouble != audit.NotNoted {
			t.Errorf("got %v, want that the noted end is gone", r.Findings)
		}
		parsed, err := audit.ParseHead(noted.String())
		if err != nil || parsed != noted {
			t.Errorf("got %v, %v, want %v", parsed, err, noted)
		}
		for _, bad := range []string{"", "1", "x:" + noted.Link, "0:" + noted.Link, "1:abc"} {
			if _, err := audit.ParseHead(bad); err == nil {
				t.Errorf("%q is a head", bad)
			}
		}
	})
}

func TestErasingAPersonKeepsTheChainAndLeavesATombstone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d, time.Now)
		events := logins(3)
		gone := events[0].UserID
		record(t, d, l, append(events, logins(1)...)...)
		seal(t, l)
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			return errors.Join(l.Record(t.Context(), tx, audit.Event{Action: audit.DeleteAccount, UserID: gone}), l.Erase(t.Context(), tx, gone))
		}); err != nil {
			t.Fatal(err)
		}
		for _, when := range []string{"before", "after"} {
			if r := verify(t, l, audit.Head{}); r.Findings != nil {
				t.Errorf("%s the deletion is sealed: got %v, want no findings", when, r.Findings)
			}
			seal(t, l)
		}
		entries, _, err := l.List(t.Context(), audit.Filter{})
		if err != nil || len(entries) != 5 {
			t.Fatalf("got %d entries, %v, want all 5", len(entries), err)
		}
		for _, e := range entries {
			erased := e.Address == nil && e.UserAgent == nil && e.Details == nil
			if want := *e.UserID == gone; erased != want {
				t.Errorf("got erased %v of %+v, want %v", erased, e, want)
			}
		}
	})
}

func TestRowsThatWaitWhileOthersAreWrittenAreNamedAndAQuietLogIsAsGoodLaterAsItWas(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Now()
		l := newLog(t, d, func() time.Time { return now })
		record(t, d, l, logins(3)...)
		seal(t, l)
		record(t, d, l, logins(2)...)
		now = now.Add(30 * 24 * time.Hour) // a backup that was restored, or a server that was killed
		if r := verify(t, l, audit.Head{}); r.Findings != nil || r.Rows != 3 || r.Waiting != 2 {
			t.Errorf("got %+v a month later, want 3 rows, 2 that wait and no findings", r)
		}
		record(t, d, l, logins(1)...) // by a server that does not seal
		want := []audit.Finding{{Trouble: audit.Late, Count: 2}}
		got := verify(t, l, audit.Head{})
		if diff := cmp.Diff(want, got.Findings, cmpopts.IgnoreFields(audit.Finding{}, "First")); diff != "" || got.Waiting != 3 {
			t.Errorf("got %+v, want 3 rows that wait, and 2 of them too long (-want +got):\n%s", got, diff)
		}
	})
}

func TestARowWithoutProofMakesNoOtherLateAndNoneInTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Now()
		l := newLog(t, d, func() time.Time { return now })
		record(t, d, l, logins(2)...)
		tamper(t, d, "update audit_logs set at = '2020-01-01 00:00:00+00:00' where cast(id as text) = (select min(cast(id as text)) from audit_logs)")
		r := verify(t, l, audit.Head{})
		if len(r.Findings) != 2 || r.Findings[0].Trouble != audit.Edited || r.Findings[1].Trouble != audit.Late || r.Findings[1].Count != 1 {
			t.Errorf("got %v, want one that was edited to an old day, and is late by that", r.Findings)
		}
		tamper(t, d, "update audit_logs set at = '2036-01-01 00:00:00+00:00' where at < '2021-01-01 00:00:00+00:00'")
		if r := verify(t, l, audit.Head{}); len(r.Findings) != 1 || r.Findings[0].Trouble != audit.Edited {
			t.Errorf("got %v, want one that was edited, and the other in time", r.Findings)
		}
		now = now.Add(-24 * time.Hour) // the clock was set right
		if r := verify(t, l, audit.Head{}); len(r.Findings) != 1 {
			t.Errorf("got %v, want nobody late by a clock that was wrong", r.Findings)
		}
	})
}

func TestAnotherKeyProvesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d, time.Now)
		record(t, d, l, logins(2)...)
		seal(t, l)
		other, err := audit.New(d, time.Now, []byte(strings.Repeat("another key ", 4)))
		if err != nil {
			t.Fatal(err)
		}
		if r := verify(t, other, audit.Head{}); len(r.Findings) == 0 {
			t.Error("the log verifies with any key")
		}
		record(t, d, l, logins(1)...)
		if _, err := other.Seal(t.Context()); err == nil {
			t.Error("a server with another key goes on with the chain")
		}
		if err := other.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "JASPERS_HASH_KEY") {
			t.Errorf("got %v of another key, want to be told which setting it is", err)
		}
		if err := l.Check(t.Context()); err != nil {
			t.Errorf("with the right key: %v", err)
		}
		if _, err := audit.New(d, time.Now, key[:31]); err == nil {
			t.Error("31 bytes are a key")
		}
	})
}

func TestWhatAClientCallsItselfStaysOneLineOfPlainText(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d, time.Now)
		agent := "curl\r\n2026-11-25 admin.user_add\x1b[2J\x00\u202e\u2028" + strings.Repeat("é", 200) + "\xff"
		ctx := audit.WithOrigin(t.Context(), audit.Origin{Address: "192.0.2.7\n", UserAgent: agent})
		if err := d.Tx(ctx, func(tx *sql.Tx) error {
			return l.Record(ctx, tx, audit.Event{Action: audit.Login, Details: map[string]string{"a\n": "\x1b\x00\xff"}})
		}); err != nil {
			t.Fatal(err)
		}
		seal(t, l)
		entries, _, err := l.List(t.Context(), audit.Filter{})
		if err != nil || len(entries) != 1 {
			t.Fatalf("got %v, %v", entries, err)
		}
		got := *entries[0].UserAgent
		if !strings.HasPrefix(got, "curl  2026-11-25 admin.user_add [2J") || len(got) > 200 || strings.ContainsAny(got, "\r\n\x1b\x00\u202e\u2028") {
			t.Errorf("got %q", got)
		}
		if *entries[0].Address != "192.0.2.7" {
			t.Errorf("got %q", *entries[0].Address)
		}
		if r := verify(t, l, audit.Head{}); r.Findings != nil {
			t.Errorf("got %v", r.Findings)
		}
	})
}

// sealAddress makes this test binary a process that seals until it is killed.
const sealAddress = "JASPERS_TEST_SEAL"

func TestMain(m *testing.M) {
	address := os.Getenv(sealAddress)
	if address == "" {
		os.Exit(m.Run())
	}
	ctx := context.Background()
	d, err := db.Open(ctx, address)
	if err != nil {
		panic(err)
	}
	l, err := audit.New(d, time.Now, key)
	if err != nil {
		panic(err)
	}
	for {
		if _, err := l.Seal(ctx); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

func TestSealersThatAreKilledLeaveAWholeChain(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			address := dbtest.Address(t, engine)
			d, err := db.Open(t.Context(), address)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			l := newLog(t, d, time.Now)
			const rounds, each = 6, 700
			for range rounds {
				record(t, d, l, logins(each)...)
				sealer := exec.Command(os.Args[0])
				sealer.Env = append(os.Environ(), sealAddress+"="+address)
				if err := sealer.Start(); err != nil {
					t.Fatal(err)
				}
				for range 200 { // until it is in the middle of it, or has been
					var n int
					if err := d.Read().QueryRowContext(t.Context(), "select count(*) from audit_outbox").Scan(&n); err != nil {
						t.Fatal(err)
					}
					if n%each != 0 {
						break
					}
					time.Sleep(5 * time.Millisecond)
				}
				_ = sealer.Process.Kill()
				_ = sealer.Wait()
				if r := verify(t, l, audit.Head{}); r.Findings != nil {
					t.Fatalf("after a kill: %v", r.Findings)
				}
			}
			seal(t, l)
			if r := verify(t, l, audit.Head{}); r.Rows != rounds*each || r.Findings != nil {
				t.Errorf("got %+v, want %d rows and no findings", r, rounds*each)
			}
		})
	}
}

func BenchmarkVerify100000Rows(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			d, err := db.Open(b.Context(), dbtest.Address(b, engine))
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = d.Close() }()
			l := newLog(b, d, time.Now)
			for range 100 {
				record(b, d, l, logins(1000)...)
			}
			began := time.Now()
			seal(b, l)
			b.ReportMetric(time.Since(began).Seconds(), "s-to-seal")
			for b.Loop() {
				if r := verify(b, l, audit.Head{}); r.Rows != 100_000 || r.Findings != nil {
					b.Fatalf("got %+v", r)
				}
			}
		})
	}
}
