package audit_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

// tampering is something done to a row by its place, of which there are n. Each changes something.
var tampering = []func(seq, n int) string{
	func(seq, _ int) string { return "update audit_logs set " + byPlace("actor = actor || 'x'", seq) },
	func(seq, _ int) string { return "update audit_logs set " + byPlace("user_id = null", seq) },
	func(seq, _ int) string { return "update audit_logs set " + byPlace("details = details || ' '", seq) },
	func(seq, _ int) string { return "update audit_logs set " + byPlace("address = ''", seq) },
	func(seq, _ int) string {
		return "update audit_logs set " + byPlace("at = '2020-02-02 02:02:02+00:00'", seq)
	},
	func(seq, _ int) string {
		return "update audit_logs set " + byPlace("address = null, user_agent = null, details = null", seq)
	},
	func(seq, _ int) string {
		return fmt.Sprintf("delete from audit_logs where id = (select log_id from audit_chain where seq = %d)", seq)
	},
	func(seq, _ int) string { return fmt.Sprintf("delete from audit_chain where seq = %d", seq) },
	func(seq, n int) string {
		return fmt.Sprintf("update audit_chain set seq = %d where seq = %d", n+seq, seq)
	},
	func(seq, _ int) string { return fmt.Sprintf("delete from audit_chain where seq >= %d", seq) },
	func(seq, _ int) string {
		return fmt.Sprintf("update audit_chain set link = '%064d' where seq = %d", seq, seq)
	},
	func(seq, _ int) string { return fmt.Sprintf("update audit_head set seq = %d", seq-1) },
	func(_, n int) string { return fmt.Sprintf("update audit_head set seq = %d", n+1) },
	func(seq, _ int) string {
		return fmt.Sprintf(`insert into audit_logs (id, at, action, outcome, user_id, actor, actor_id, target, correlation_id, address, user_agent, details, personal_mac, mac)
			select '%s', at, action, outcome, user_id, actor, actor_id, target, correlation_id, address, user_agent, details, personal_mac, mac
			from audit_logs where id = (select log_id from audit_chain where seq = %d)`, db.NewID(), seq)
	},
}

func byPlace(set string, seq int) string {
	return fmt.Sprintf("%s where id = (select log_id from audit_chain where seq = %d)", set, seq)
}

func TestVerifyFindsAnyTamperingAndNeverCriesWolf(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		l := newLog(t, d, time.Now)
		rows := int64(0)
		rapid.Check(t, func(rt *rapid.T) {
			rows += writeAtOnce(t, d, l, rapid.SliceOfN(rapid.IntRange(1, 5), 1, 4).Draw(rt, "writers"))
			if _, err := l.Seal(t.Context()); err != nil {
				rt.Fatal(err)
			}
			if r := verify(t, l, audit.Head{}); r.Rows != rows || r.Findings != nil {
				rt.Fatalf("got %+v of %d rows nobody touched", r, rows)
			}
			seq := rapid.IntRange(1, int(rows)).Draw(rt, "row")
			what := tampering[rapid.IntRange(0, len(tampering)-1).Draw(rt, "tampering")](seq, int(rows))
			keep(t, d)
			tamper(t, d, what)
			if r := verify(t, l, audit.Head{}); r.Findings == nil {
				rt.Fatalf("nothing is found of: %s", what)
			}
			restore(t, d)
		})
	})
}

// writeAtOnce has writers record in transactions of their own while the log is sealed and verified, which may find
// nothing.
func writeAtOnce(t *testing.T, d *db.DB, l *audit.Log, writers []int) (rows int64) {
	var work sync.WaitGroup
	for _, n := range writers {
		rows += int64(n)
		work.Go(func() {
			for range n {
				record(t, d, l, logins(1)...)
			}
		})
	}
	for range 2 {
		work.Go(func() {
			if _, err := l.Seal(t.Context()); err != nil {
				t.Error(err)
			}
			if r, err := l.Verify(t.Context(), audit.Head{}); err != nil || r.Findings != nil {
				t.Errorf("got %+v, %v while it is written", r, err)
			}
		})
	}
	work.Wait()
	return rows
}

var tables = []string{"audit_logs", "audit_chain", "audit_head", "audit_outbox"}

// keep copies the log, and restore brings the copy back.
func keep(t *testing.T, d *db.DB) {
	t.Helper()
	for _, table := range tables {
		tamper(t, d, "create table kept_"+table+" as select * from "+table)
	}
}

func restore(t *testing.T, d *db.DB) {
	t.Helper()
	for _, table := range tables {
		tamper(t, d, "delete from "+table)
		tamper(t, d, "insert into "+table+" select * from kept_"+table)
		tamper(t, d, "drop table kept_"+table)
	}
}
