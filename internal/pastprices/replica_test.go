package pastprices_test

import (
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

func TestWhatAReplicaLacksIsReadOfThePrimaryBeforeASourceIsAsked(t *testing.T) {
	pair := dbtest.NewPair(t)
	d, err := db.Open(t.Context(), pair.Primary.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	p := newPast()
	closes(t, process(t, d, p), "2026-01-05", "AAPL")
	wantAsked(t, p, "AAPL 2024-01-01")
	if err := d.AddReplica(pair.Standby.Address); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if s, _ := d.Replica(); s.Current() && s.Lag == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the replica is never used")
		}
	}
	pair.Standby.Pause() // which it takes a while to notice
	closes(t, process(t, d, p), "2026-01-05", "AAPL")
	wantAsked(t, p)
	p.set(func() { p.now = evening.AddDate(0, 0, 3) })
	closes(t, process(t, d, p), "2026-01-05", "AAPL", "BRK.B")
	wantAsked(t, p, "AAPL 2026-11-10", "BRK.B 2024-01-01")
	got, warnings := closes(t, process(t, d, p), "2026-01-05", "AAPL", "BRK.B") // of which it has one outdated and the other not at all
	wantNoWarnings(t, warnings)
	wantAsked(t, p)
	wantTruth(t, p, "2026-01-05", got["AAPL"])
	wantTruth(t, p, "2026-01-05", got["BRK.B"])
}
