package health

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/outage"
)

func TestAGateIsShutWhileItsPartIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var finding atomic.Pointer[Finding]
		finding.Store(&Finding{Status: Down}) // says no, and says it
		gate := NewGate()
		runs(t, New([]Check{{Name: "database", Gate: gate, Look: func(context.Context) Finding { return *finding.Load() }}}, nil, quietLog()))
		time.Sleep(time.Millisecond) // so that no look comes at the moments below
		inside, leave, err := gate.Enter(t.Context())
		if err != nil || inside.Err() != nil {
			t.Fatalf("got %v, %v, want an open gate before a part that answers", inside, err)
		}
		defer leave()
		finding.Store(&Finding{Status: Down, Silent: true})
		time.Sleep(every)
		if why := context.Cause(inside); !fault.Is(why, fault.Overloaded) {
			t.Errorf("got %v for who is inside, want to be told why it is over", why)
		}
		if _, _, err := gate.Enter(t.Context()); fault.From(err).Kind != fault.Overloaded || fault.From(err).RetryAfter == 0 {
			t.Errorf("got %v, want to be told when to come again", err)
		}
		finding.Store(&Finding{Status: OK})
		time.Sleep(soon)
		if _, leave, err := gate.Enter(t.Context()); err != nil {
			t.Errorf("got %v, want the gate open as soon as the part was looked at again", err)
		} else {
			leave()
		}
		if inside.Err() == nil {
			t.Error("what was given up goes on")
		}
	})
}

func TestAGateIsShutWhileALookComesToNoEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := NewGate()
		var looked atomic.Bool
		runs(t, New([]Check{{Name: "database", Gate: gate, Look: func(context.Context) Finding {
			if !looked.Swap(true) {
				time.Sleep(time.Minute)
			}
			return Finding{Status: OK}
		}}}, nil, quietLog()))
		time.Sleep(within + grace + time.Millisecond)
		if _, _, err := gate.Enter(t.Context()); err == nil {
			t.Error("it is open")
		}
		time.Sleep(time.Minute)
		_, leave, err := gate.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leave()
	})
}

func TestWhoLeftAGateIsToldNothingOfIt(t *testing.T) {
	gate := NewGate()
	inside, leave, err := gate.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	leave()
	gate.set(false)
	if why := context.Cause(inside); why != context.Canceled {
		t.Errorf("got %v, want it to end for having left", why)
	}
}

func TestOnlyADatabaseThatAnswersNobodyIsSilent(t *testing.T) {
	way, address := outage.Through(t, dbtest.Address(t, db.Postgres))
	check := Database(opens(t, address), NewGate())
	for name, tc := range map[string]struct {
		is     outage.Condition
		status Status
		silent bool
	}{
		"open": {outage.Open, OK, false}, "cut off": {outage.Cut, Down, true}, "silent": {outage.Silent, Down, true},
	} {
		way.Set(tc.is)
		if f := check.Look(t.Context()); f.Status != tc.status || f.Silent != tc.silent {
			t.Errorf("%s: got %+v, want %s and silent %v", name, f, tc.status, tc.silent)
		}
		way.Set(outage.Open)
	}
	if f := Database(opens(t, address+"&default_transaction_read_only=on"), NewGate()).Look(t.Context()); f.Status != Down || f.Reason != "takes no writes" || f.Silent {
		t.Errorf("got %+v of a database that takes no writes, want it down, and read all the same", f)
	}
}
