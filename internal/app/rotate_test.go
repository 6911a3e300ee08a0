package app_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/app"
	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/connection"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// rotateIn makes this test binary the command jaspers keys rotate, with the settings it holds, one a line.
const rotateIn = "JASPERS_TEST_ROTATE"

// rotateInstead is the whole program in a process that was started with rotateIn.
func rotateInstead() (code int, is bool) {
	settings := os.Getenv(rotateIn)
	if settings == "" {
		return 0, false
	}
	cfg, err := app.LoadConfig(strings.Split(settings, "\n"), "")
	if err == nil {
		err = app.RotateKeys(context.Background(), cfg, os.Stdout)
	}
	if err != nil {
		fmt.Println(err)
		return 1, true
	}
	return 0, true
}

func rotation(settings []string) (*exec.Cmd, *syncBuffer) {
	out := &syncBuffer{}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), rotateIn+"="+strings.Join(settings, "\n"))
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

// vaultful makes n connections with credentials that open, and returns them with what is sealed in each.
func (s *site) vaultful(user string, n int) (ids []string, sealed map[string]string) {
	s.t.Helper()
	sealed = map[string]string{}
	err := s.db.Tx(s.t.Context(), func(tx *sql.Tx) error {
		for range n {
			id := db.NewID()
			sealed[id] = s.app.Connections.Keys.Seal([]byte(`{"AccessToken":"`+id+`"}`), placeOf(id, user))
			ids = append(ids, id)
			if _, err := tx.ExecContext(s.t.Context(), `insert into brokerage_connections
				(id, user_id, provider, environment, status, credentials, created_at, updated_at) values ($1, $2, 'alpaca', 'live', $3, $4, $5, $5)`,
				id, user, connection.ReauthorizationRequired, sealed[id], s.clock.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return ids, sealed
}

func placeOf(id, user string) vault.Place {
	return vault.Place{Table: "brokerage_connections", Column: "credentials", Row: id, User: user}
}

// reads opens credentials as a sync does, about a hundred times a second, until it is stopped; then it tells how often
// and what failed.
func (s *site) reads(ids []string) (stop func() (int, []error)) {
	ctx, cancel := context.WithCancel(context.Background())
	var done int
	var failed []error
	var work sync.WaitGroup
	work.Go(func() {
		for tick := time.NewTicker(10 * time.Millisecond); ctx.Err() == nil; <-tick.C {
			id := ids[rand.IntN(len(ids))]
			link, err := s.app.Connections.Link(context.Background(), id)
			var creds broker.Credentials
			if err == nil {
				_, creds, err = s.app.Connections.Open(link)
			}
			if err == nil && creds.AccessToken != id {
				err = errors.New("another connection's credentials")
			}
			if done++; err != nil {
				failed = append(failed, err)
			}
		}
	})
	return func() (int, []error) {
		cancel()
		work.Wait()
		return done, failed
	}
}

// version counts the credentials that are sealed with a version.
func (s *site) version(v int) (n int) {
	s.t.Helper()
	err := s.db.Read().QueryRowContext(s.t.Context(), "select count(*) from brokerage_connections where credentials like $1", vault.Prefix(v)+"%").Scan(&n)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

func TestKeysAreRotatedUnderReadsThoughTheRotationIsKilled(t *testing.T) {
	const rows = 10_000
	t.Parallel()
	dir := t.TempDir()
	s := startSite(t, db.SQLite, setup{settings: []string{"JASPERS_DATA_DIR=" + dir, "JASPERS_JWT_SECRET=", "JASPERS_ENCRYPTION_KEY=", "JASPERS_HASH_KEY="}})
	p := s.register("ada")
	ids, old := s.vaultful(p.id, rows)
	key := secretsOf(t, dir)["JASPERS_ENCRYPTION_KEY"]
	settings := []string{"JASPERS_DATA_DIR=" + dir, "JASPERS_DATABASE_URL=" + s.address}
	s.keepSecret(key)

	stop := s.reads(ids)
	cmd, _ := rotation(settings)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the middle of it", func() error {
		if n := s.version(2); n == 0 {
			return errors.New("nothing is sealed anew")
		}
		return nil
	})
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if n := s.version(2); n == 0 || n == rows {
		t.Errorf("killed when %d of %d were sealed anew, want it in the middle", n, rows)
	}
	p.begin("live") // goes on being sealed, with the new key
	cmd, out := rotation(settings)
	if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "Going on with the rotation to v2") {
		t.Errorf("got %v: %s", err, out)
	}
	time.Sleep(1100 * time.Millisecond) // until the server knows that the old key is gone
	done, failed := stop()
	t.Logf("%d reads, %d failed; the second rotation said: %s", done, len(failed), out)
	if len(failed) > 0 || done < 300 {
		t.Errorf("of %d reads %d failed, the first with %v", done, len(failed), failed[:min(1, len(failed))])
	}
	if n := s.version(2); n != rows {
		t.Errorf("%d of %d are sealed with v2", n, rows)
	}
	if _, err := s.app.Connections.Keys.Open(old[ids[0]], placeOf(ids[0], p.id)); !errors.Is(err, vault.ErrSealed) {
		t.Errorf("got %v of what was sealed with the retired key, want %v", err, vault.ErrSealed)
	}
	now := secretsOf(t, dir)
	if now["JASPERS_ENCRYPTION_KEY"][:3] != "v2:" || now["JASPERS_ENCRYPTION_KEYS_OLD"] != "" || strings.Contains(fmt.Sprint(now)+out.String(), key) {
		t.Error("the retired key is still somewhere")
	}
	if strings.Contains(out.String(), now["JASPERS_ENCRYPTION_KEY"][3:]) {
		t.Error("the rotation shows the new key")
	}
	entries, _, err := s.app.Audit.List(t.Context(), audit.Filter{Action: string(audit.RotateKeys)})
	if err != nil || len(entries) != 2 || entries[0].Actor != audit.Operator || entries[0].Details["step"] != "retire" || entries[1].Details["step"] != "begin" {
		t.Errorf("got %+v, %v, want the begin and the end by an operator", entries, err)
	}
}

func TestKeysFromTheEnvironmentAreRotatedByTheirOperator(t *testing.T) {
	const next = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		_, old := s.vaultful(p.id, 5)
		settings := func(current, others string) []string {
			return []string{"JASPERS_DATA_DIR=" + t.TempDir(), "JASPERS_DATABASE_URL=" + s.address, "JASPERS_JWT_SECRET=" + jwtSecret,
				"JASPERS_HASH_KEY=" + hashKey, "JASPERS_ENCRYPTION_KEY=" + current, "JASPERS_ENCRYPTION_KEYS_OLD=" + others}
		}
		run := func(command func(context.Context, app.Config, *bytes.Buffer) error, current, others, want string) {
			t.Helper()
			cfg, err := app.LoadConfig(settings(current, others), "")
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := command(t.Context(), cfg, &out); err != nil {
				fmt.Fprintln(&out, err)
			}
			if got := out.String(); !strings.Contains(got, want) || strings.Contains(got, next) || strings.Contains(got, encryptionKey) {
				t.Errorf("got %s, want %q and no key", got, want)
			}
		}
		status := func(ctx context.Context, cfg app.Config, out *bytes.Buffer) error {
			return app.KeyStatus(ctx, cfg, out)
		}
		rotate := func(ctx context.Context, cfg app.Config, out *bytes.Buffer) error {
			return app.RotateKeys(ctx, cfg, out)
		}
		run(status, encryptionKey, "", "  v1  brokerage_connections.credentials: 5\n")
		run(rotate, encryptionKey, "", "JASPERS_ENCRYPTION_KEYS_OLD=v2:HEX")
		run(status, "v2:"+next, "v1:"+encryptionKey, "Next: jaspers keys rotate")
		if err := startOnce(t, settings("v2:"+next, "")...); err == nil || !strings.Contains(err.Error(), "key v1") || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v of a server without the old key, want one line about it", err)
		}
		run(rotate, "v2:"+next, "v1:"+encryptionKey, "Done: everything is sealed with v2")
		run(status, "v2:"+next, "v1:"+encryptionKey, "take the others out of JASPERS_ENCRYPTION_KEYS_OLD")
		run(status, "v2:"+next, "", "  v2  brokerage_connections.credentials: 5\n")
		run(status, encryptionKey, "", "sealed with a key that is not here")
		if err := startOnce(t, settings("v2:"+next, "")...); err != nil {
			t.Errorf("with the new key alone: %v", err)
		}
		if len(old) != 5 || s.version(1) != 0 {
			t.Errorf("%d are sealed with v1, want none", s.version(1))
		}
	})
}

// isSealed is how a sealed value looks: at least a nonce and a tag.
var isSealed = regexp.MustCompile(`^v\d+:[A-Za-z0-9+/]{38,}$`)

// columns are all of the database that hold text, as table.column.
func (s *site) columns() (all [][2]string) {
	s.t.Helper()
	query := "select table_name, column_name from information_schema.columns where table_schema = 'public' and data_type in ('text', 'character varying')"
	if s.db.Engine == db.SQLite {
		query = "select m.name, p.name from sqlite_master m join pragma_table_info(m.name) p where m.type = 'table' and lower(p.type) in ('text', '')"
	}
	rows, err := s.db.Read().QueryContext(s.t.Context(), query)
	all, err = db.Collect(rows, err, func(scan func(...any) error) (c [2]string, err error) { return c, scan(&c[0], &c[1]) })
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func TestEverySealedColumnIsOnTheListOfThoseThatAreRotated(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		v := newVictim(s)
		v.begin("paper") // leaves an attempt with its verifier
		listed := map[string]bool{}
		for _, c := range app.SealedColumns() {
			listed[c.String()] = false
		}
		for _, c := range s.columns() {
			name := c[0] + "." + c[1]
			rows, err := s.db.Read().QueryContext(t.Context(), fmt.Sprintf("select %s from %s where %s like 'v%%:%%'", c[1], c[0], c[1]))
			values, err := db.Collect(rows, err, func(scan func(...any) error) (v string, err error) { return v, scan(&v) })
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(values, isSealed.MatchString) {
				continue
			}
			if _, known := listed[name]; !known {
				t.Errorf("%s holds sealed values, but is not on the list: add it to sealedColumns in keys.go", name)
			}
			listed[name] = true
		}
		for name, seen := range listed {
			if !seen {
				t.Errorf("%s is on the list, and nothing sealed was found in it", name)
			}
		}
	})
}
