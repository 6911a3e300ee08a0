package health

import (
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/outage"
)

// opens opens a database until the test is over.
func opens(t *testing.T, address string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestADatabaseThatIsOnlySlowIsDegraded(t *testing.T) {
	way, address := outage.Through(t, dbtest.Address(t, db.Postgres))
	check := Database(opens(t, address), NewGate())
	way.Slow(0)
	for _, tc := range []struct {
		late   time.Duration
		status Status
		reason string
	}{{0, OK, ""}, {databaseSlow + 100*time.Millisecond, Degraded, "answers slowly"}, {0, OK, ""}} {
		way.Slow(tc.late)
		f := check.Look(t.Context())
		if f.Status != tc.status || f.Reason != tc.reason || f.Figures["latencyMs"] < Milliseconds(tc.late) {
			t.Errorf("%s late: got %+v, want %s: %q", tc.late, f, tc.status, tc.reason)
		}
	}
}

func TestAReplicaThatIsOfNoUseShowsAndSaysWhoAnswers(t *testing.T) {
	address := dbtest.Address(t, db.Postgres)
	other, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	nobody := *other
	other.Path = "/postgres"
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	nobody.Host = closed.Addr().String()
	for name, tc := range map[string]struct {
		address string
		status  Status
		reason  string
	}{
		"the primary itself": {address, OK, ""},
		"another database":   {other.String(), Degraded, "is another database, or no copy of ours any more; reads go to the primary"},
		"nobody":             {nobody.String(), Degraded, "does not answer; reads go to the primary"},
	} {
		t.Run(name, func(t *testing.T) {
			d := opens(t, address)
			if err := d.AddReplica(tc.address); err != nil {
				t.Fatal(err)
			}
			check := Replica(d)
			if check.Vital {
				t.Error("the server is down without it")
			}
			var f Finding
			for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
				if f = check.Look(t.Context()); f.Status == tc.status && f.Reason == tc.reason {
					return
				}
			}
			t.Errorf("got %+v, want %s: %q", f, tc.status, tc.reason)
		})
	}
}
