package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/outage"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

type shownPart struct {
	Name, Status, Reason string
	Figures              map[string]float64
}

type shownHealth struct {
	Status string
	Parts  []shownPart
}

func (h shownHealth) part(name string) shownPart {
	for _, p := range h.Parts {
		if p.Name == name {
			return p
		}
	}
	return shownPart{}
}

// shows is how soon a change has to be seen, and patience how long who asks for health waits at most, whatever is the matter: a
// look into memory takes nothing, but this machine may be busy.
const (
	shows    = 15 * time.Second
	patience = 2 * time.Second
)

// health asks how everything is below a path, wants the status to be as the words, and the answer at once.
func (p *person) health(path string) shownHealth {
	p.t.Helper()
	began := time.Now()
	a := p.get("/health" + path)
	if took := time.Since(began); took > patience {
		p.t.Errorf("%v took %s", a, took)
	}
	h := data[shownHealth](a)
	if (h.Status == "down") != (a.Status == http.StatusServiceUnavailable) || h.Status != "down" && a.Status != http.StatusOK {
		p.t.Errorf("got the status %d for %q", a.Status, h.Status)
	}
	return h
}

// soon waits until a part of those below a path is as it should be, for as long as a change may take to show.
func (p *person) soon(path, part, want string) shownPart {
	p.t.Helper()
	var got shownHealth
	for end := time.Now().Add(shows); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if got = p.health(path); got.part(part).Status == want {
			return got.part(part)
		}
	}
	p.t.Errorf("got %+v after %s, want %s to be %s", got, shows, part, want)
	return shownPart{}
}

func TestStrangersHearWordsOfHealthPeopleReasonsAndAdminsFigures(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		admin := s.register("ada") // the first person
		member := s.register("bob")
		admin.soon("", "database", "ok")
		s.sim.Faults.Set(sim.ProviderYahoo, sim.Fault{Kind: sim.FaultServerError})
		member.get("/stocks/quote/AAPL")
		admin.soon("/external-apis", "yahoo", "down")
		reader := s.withKey(member.newKey(map[string]any{"name": "r", "scopes": []string{"read"}}).Key)
		chatter := s.withKey(member.newKey(map[string]any{"name": "c", "scopes": []string{"chat"}}).Key)
		for name, c := range map[string]struct {
			by                       *person
			names, reasons, measures bool
		}{
			"a stranger":              {by: s.stranger()},
			"a key for conversations": {by: chatter},
			"a person":                {by: member, names: true, reasons: true},
			"a key that reads":        {by: reader, names: true, reasons: true},
			"an admin":                {by: admin, names: true, reasons: true, measures: true},
		} {
			all, apis := c.by.health(""), c.by.health("/external-apis")
			database := data[shownPart](c.by.get("/health/database").status(http.StatusOK))
			if all.Status != "degraded" || apis.Status != "degraded" || database.Status != "ok" || all.part("jobs").Status == "" {
				t.Errorf("%s: got %+v, %+v, %+v, want what is the matter", name, all, apis, database)
			}
			if got := apis.part("yahoo").Name != ""; got != c.names {
				t.Errorf("%s: got %+v, want the names of the upstreams to be told: %v", name, apis, c.names)
			}
			if got := all.part("externalApis").Reason != ""; got != c.reasons || c.names && (apis.part("yahoo").Reason != "") != c.reasons {
				t.Errorf("%s: got %+v, want reasons to be told: %v", name, all, c.reasons)
			}
			if got := len(database.Figures) > 0; got != c.measures || (len(all.part("jobs").Figures) > 0) != c.measures {
				t.Errorf("%s: got %+v, want figures to be told: %v", name, database, c.measures)
			}
		}
		for _, path := range []string{"", "/database", "/external-apis"} {
			s.stranger().get("/health"+path, header("Authorization", "Bearer x")).fails(http.StatusUnauthorized, "unauthenticated")
			for _, by := range []*person{s.stranger(), member, admin} {
				s.wantNoAddress(by.get("/health" + path))
			}
		}
	})
}

// wantNoAddress wants nothing in an answer by which something could be found or opened.
func (s *site) wantNoAddress(a answer) {
	s.t.Helper()
	for _, secret := range append([]string{"127.0.0.1", "localhost", "postgres", "sqlite", "://", "/tmp", "jaspers.db", "go1."}, s.secrets...) {
		if strings.Contains(strings.ToLower(string(a.Body)), secret) {
			s.t.Errorf("got %v, which tells %q", a, secret)
		}
	}
}

func TestARedisThatIsKilledHangsOrIsSomethingElseShowsAndHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	way := outage.To(t, "127.0.0.1:"+redis.port)
	s := startSite(t, db.SQLite, setup{settings: []string{"JASPERS_REDIS_URL=redis://" + way.Address}})
	p := s.register("ada")
	p.soon("", "redis", "ok")
	serves := func(when string) {
		t.Helper()
		began := time.Now()
		p.get("/auth/me").status(http.StatusOK)
		if took := time.Since(began); took > patience {
			t.Errorf("%s: a request took %s", when, took)
		}
		if got := p.health(""); got.Status != "degraded" {
			t.Errorf("%s: got %+v, want the whole degraded", when, got)
		}
	}
	redis.kill()
	p.soon("", "redis", "down")
	serves("killed")
	redis.start()
	p.soon("", "redis", "ok")
	if err := redis.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	p.soon("", "redis", "down")
	serves("stopped")
	if err := redis.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	p.soon("", "redis", "ok")
	way.Slow(300 * time.Millisecond)
	p.soon("", "redis", "degraded")
	serves("slow")
	way.Set(outage.Open)
	p.soon("", "redis", "ok")
	for name, is := range map[string]outage.Condition{"cut off": outage.Cut, "silent": outage.Silent, "babbling": outage.Babbling} {
		way.Set(is)
		p.soon("", "redis", "down")
		serves(name)
		way.Set(outage.Open)
		p.soon("", "redis", "ok")
	}
}

// behindAWay is a server whose database is reached over a way that can be disturbed.
func behindAWay(t *testing.T) (s *site, disturbed *outage.Way) {
	t.Helper()
	s = startSite(t, db.Postgres, setup{database: func(t *testing.T, address string) (over string) {
		disturbed, over = outage.Through(t, address)
		return over
	}})
	return s, disturbed
}

func TestADatabaseThatIsCutOffHangsOrIsSomethingElseIsDown(t *testing.T) {
	t.Parallel()
	s, way := behindAWay(t)
	s.mayFail = true // what the background cannot do is an error
	p := s.register("ada")
	p.soon("", "database", "ok")
	for _, is := range []outage.Condition{outage.Cut, outage.Silent, outage.Babbling} {
		way.Set(is)
		stranger := s.stranger()
		stranger.soon("", "database", "down")
		if got := stranger.health(""); got.Status != "down" {
			t.Errorf("got %+v, want the whole down", got)
		}
		if got := p.health(""); got.part("database").Reason != "" {
			t.Errorf("got %+v of somebody whom nobody knows now, want what strangers hear", got)
		}
		if got := data[shownPart](stranger.get("/health/database").status(http.StatusServiceUnavailable)); got.Status != "down" {
			t.Errorf("got %+v, want it down", got)
		}
		stranger.get("/health/live").status(http.StatusOK)
		stranger.get("/health/ready").fails(http.StatusServiceUnavailable, "overloaded")
		if is == outage.Cut {
			a := p.get("/auth/me").fails(http.StatusServiceUnavailable, "overloaded")
			if a.Header.Get("Retry-After") == "" {
				t.Errorf("got %v, want to be told when to ask again", a)
			}
		}
		way.Set(outage.Open)
		p.soon("", "database", "ok")
		p.get("/auth/me").status(http.StatusOK)
	}
}

func TestADatabaseThatSaysNothingHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	s, way := behindAWay(t)
	s.mayFail = true
	p := s.register("ada")
	p.soon("", "database", "ok")
	s.sim.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultLatency, Delay: time.Minute})
	heard := p.ask(p.newSession(map[string]any{}).ID, "What is a dividend?")
	begun := heard.until("run")
	way.Set(outage.Silent)
	for _, when := range []string{"under way when it fell silent", "begun since"} {
		a := p.get("/portfolio/summary").fails(http.StatusServiceUnavailable, "overloaded")
		if a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: got %v, want to be told when to ask again", when, a)
		}
	}
	p.get("/health/live").status(http.StatusOK)
	if got := p.health("").part("database").Status; got != "down" {
		t.Errorf("the database is %s", got)
	}
	way.Set(outage.Open)
	p.soon("", "database", "ok")
	p.get("/portfolio/summary").status(http.StatusOK)
	s.sim.Faults.Clear(sim.ProviderClaude)
	if rest := heard.rest(); rest[len(rest)-1].Type != "done" {
		t.Errorf("got %v after %v, want the answer that was being heard to its end", rest, begun)
	}
}

func TestAReplicaThatIsBehindOrGoneShowsAndNoRequestFails(t *testing.T) {
	t.Parallel()
	pair := dbtest.NewPair(t)
	s := startSite(t, db.Postgres, setup{
		database: func(*testing.T, string) string { return pair.Primary.Address },
		settings: []string{"JASPERS_DATABASE_REPLICA_URL=" + pair.Standby.Address},
	})
	admin := s.register("ada") // the first person
	serves := func(when, want, reason string, figures bool) {
		t.Helper()
		admin.soon("", "database", "ok") // or nobody is known
		replica := admin.soon("", "replica", want)
		if !strings.Contains(replica.Reason, reason) || (len(replica.Figures) == 2) != figures {
			t.Errorf("%s: got %+v, want %q and figures: %v", when, replica, reason, figures)
		}
		t.Logf("%s: %+v", when, replica)
		database := data[struct {
			shownPart
			Replica *shownPart
		}](admin.get("/health/database").status(http.StatusOK))
		if database.Status != "ok" || database.Replica == nil || database.Replica.Name != "replica" {
			t.Errorf("%s: got %+v, want the database ok and its replica beside it", when, database)
		}
		if got := admin.health(""); want == "degraded" && got.Status != want {
			t.Errorf("%s: got %+v, want the whole %s", when, got, want)
		}
		s.wantNoAddress(admin.get("/health"))
		if got := data[struct{ DelaySeconds float64 }](admin.get("/analytics/usage").status(http.StatusOK)); got.DelaySeconds != 6 {
			t.Errorf("%s: got usage as of %v s ago, want it to be said that a replica may be asked", when, got.DelaySeconds)
		}
	}
	serves("at first", "ok", "", true)
	pair.Standby.Pause()
	s.register("bob") // or nothing would be missing there
	serves("replay paused", "degraded", "seconds behind; reads go to the primary", true)
	pair.Standby.Resume()
	serves("caught up", "ok", "", true)
	pair.Standby.Stop()
	serves("stopped", "degraded", "does not answer; reads go to the primary", false)
	pair.Standby.Start()
	serves("started again", "ok", "", true)
}

// asPoor has the server reach its database as somebody who may be refused connections.
func asPoor(t *testing.T, address string) string {
	t.Helper()
	role := "poor_" + strings.ReplaceAll(db.NewID(), "-", "_")
	admin, err := db.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	do := func(statements ...string) {
		t.Helper()
		for _, one := range statements {
			if _, err := admin.Read().ExecContext(t.Context(), one); err != nil {
				t.Fatal(err)
			}
		}
	}
	do("create role "+role+" login", "grant all on schema public to "+role, "grant all on all tables in schema public to "+role)
	t.Cleanup(func() { // after the server's
		for _, one := range []string{"drop owned by " + role, "drop role " + role} {
			if _, err := admin.Read().ExecContext(context.Background(), one); err != nil {
				t.Error(err)
			}
		}
		_ = admin.Close()
	})
	return strings.Replace(address, "//postgres@", "//"+role+"@", 1)
}

func TestADatabaseThatTakesNoMoreConnectionsIsDegradedAndItsRequestsComeAgain(t *testing.T) {
	t.Parallel()
	s := startSite(t, db.Postgres, setup{database: asPoor})
	s.mayFail = true
	p := s.register("ada")
	p.soon("", "database", "ok")
	role := s.query("select usename from pg_stat_activity where usename like 'poor_%' and datname = current_database() limit 1")[0][0]
	leave := func(limit int) {
		s.write(fmt.Sprintf("alter role %s connection limit %d", role, limit))
		s.query("select cast(pg_terminate_backend(pid) as text) from pg_stat_activity where usename = $1", role)
	}
	leave(0)
	p.soon("", "database", "degraded")
	a := p.get("/auth/me").fails(http.StatusServiceUnavailable, "overloaded")
	if a.Header.Get("Retry-After") == "" {
		t.Errorf("got %v, want to be told when to ask again", a)
	}
	leave(-1)
	p.soon("", "database", "ok")
	p.get("/auth/me").status(http.StatusOK)
}

func TestAFullDiskUnderTheDatabaseIsDown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("no disk of the test's own can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 0) })
	s := startSite(t, db.SQLite, setup{settings: []string{"JASPERS_DATABASE_URL=sqlite:" + filepath.Join(dir, "jaspers.db")}})
	s.mayFail = true
	p := s.stranger()
	p.soon("", "disk", "ok")
	fill, err := os.Create(filepath.Join(dir, "fill"))
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 64<<10); err == nil; {
		_, err = fill.Write(block)
	}
	_ = fill.Close()
	p.soon("", "disk", "down")
	if got := p.health(""); got.Status != "down" {
		t.Errorf("got %+v, want the whole down: nothing can be stored", got)
	}
	if err := os.Remove(fill.Name()); err != nil {
		t.Fatal(err)
	}
	p.soon("", "disk", "ok")
}

func TestJobsThatNobodyDoesShow(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		s.mayFail = true
		p := s.stranger()
		p.soon("", "jobs", "ok")
		held, release := make(chan struct{}), make(chan struct{})
		var holding sync.WaitGroup
		holding.Go(func() { // the one who may write, and does not end
			err := s.db.Tx(t.Context(), func(tx *sql.Tx) error {
				var err error
				if s.db.Engine == db.Postgres {
					_, err = tx.ExecContext(t.Context(), "lock table jobs, job_slots in access exclusive mode")
				}
				close(held)
				<-release
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		<-held
		s.clock.Advance(16 * time.Minute) // something is due
		p.soon("", "jobs", "down")
		if got := p.health(""); got.Status == "ok" {
			t.Errorf("got %+v, want the whole not ok", got)
		}
		close(release)
		holding.Wait()
		p.soon("", "jobs", "ok")
	})
}

func TestAModelThatFailsOrIsSpentShowsAndTheBuiltInAnalystAnswers(t *testing.T) {
	eachEngineWith(t, setup{settings: []string{"JASPERS_BUDGET_USD=5"}}, func(t *testing.T, s *site) {
		p := s.register("ada")
		p.soon("", "model", "ok")
		chat := p.newSession(map[string]any{})
		s.sim.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultStreamCut})
		p.say(chat.ID, "What is a dividend?")
		if got := p.soon("", "model", "degraded"); !strings.Contains(got.Reason, "built-in analyst") {
			t.Errorf("got %+v, want to be told who answers", got)
		}
		s.sim.Faults.Clear(sim.ProviderClaude)
		for range 3 {
			p.say(chat.ID, "What is a dividend?")
		}
		p.soon("", "model", "ok")
		s.write(`update model_months set usd = '5'`)
		if got := p.soon("", "model", "degraded"); !strings.Contains(got.Reason, "budget") {
			t.Errorf("got %+v, want to be told that the budget is spent", got)
		}
	})
}
