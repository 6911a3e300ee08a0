package app_test

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// mark makes a text of 128 random bits that stands nowhere else.
func mark() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return "mark" + hex.EncodeToString(b[:])
}

// texts reads one column.
func (s *site) texts(query string, args ...any) []string {
	s.t.Helper()
	var all []string
	for _, row := range s.query(query, args...) {
		all = append(all, row[0])
	}
	return all
}

// lines are the whole database as text: a line for every value, with its table and column.
func (s *site) lines() []string {
	s.t.Helper()
	var lines []string
	for name, t := range s.tables() {
		for _, row := range s.query("select " + strings.Join(quoted(t.columns), ", ") + " from " + name) {
			for i, value := range row {
				lines = append(lines, name+"."+t.columns[i]+" = "+value)
			}
		}
	}
	return lines
}

// write changes the server's database behind its back.
func (s *site) write(query string, args ...any) int {
	s.t.Helper()
	var n int64
	err := s.db.Tx(s.t.Context(), func(tx *sql.Tx) error {
		res, err := tx.ExecContext(s.t.Context(), query, args...)
		if err == nil {
			n, err = res.RowsAffected()
		}
		return err
	})
	if err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
	return int(n)
}

// theirs are the tables that hold a person's things, each with the condition that finds them, $1 being the person. The
// first column that may be marked is named where there is one of text.
var theirs = []struct{ table, where, text string }{
	{"user_settings", "user_id = $1", "locale"},
	{"auth_sessions", "user_id = $1", "end_reason"},
	{"api_keys", "user_id = $1", "name"},
	{"account_links", "user_id = $1", "email"},
	{"recovery_codes", "user_id = $1", ""},
	{"second_factor_failures", "user_id = $1", ""},
	{"refresh_tokens", "session_id in (select id from auth_sessions where user_id = $1)", ""},
	{"brokerage_connections", "user_id = $1", "error_message"},
	{"brokerage_authorizations", "user_id = $1", "code_verifier"},
	{"brokerage_accounts", "connection_id in (select id from brokerage_connections where user_id = $1)", "status"},
	{"portfolio_holdings", "user_id = $1", "name"},
	{"portfolio_snapshots", "user_id = $1", "reasons"},
	{"syncs", "user_id = $1", ""},
	{"sync_connections", "sync_id in (select id from syncs where user_id = $1)", "error_message"},
	{"transactions", "user_id = $1", "description"},
	{"chat_sessions", "user_id = $1", "title"},
	{"chat_messages", "session_id in (select id from chat_sessions where user_id = $1)", "content"},
	{"message_tool_calls", "message_id in (select m.id from chat_messages m join chat_sessions s on s.id = m.session_id where s.user_id = $1)", "output"},
	{"chat_texts", "session_id in (select id from chat_sessions where user_id = $1)", ""},
	{"chat_run_events", "message_id in (select m.id from chat_messages m join chat_sessions s on s.id = m.session_id where s.user_id = $1)", "data"},
	{"idempotency_keys", "user_id = $1", "response"},
	{"audit_logs", "user_id = $1", "user_agent"},
}

// owner is somebody who has one of everything.
func owner(s *site, name, customer string) (p *person, session string) {
	s.t.Helper()
	p = s.register(name + "-" + mark())
	p.do(http.MethodPatch, "/auth/me", map[string]any{"firstName": mark(), "lastName": mark()}).status(http.StatusOK)
	p.do(http.MethodPatch, "/users/settings", map[string]any{"baseCurrency": "EUR"}).status(http.StatusOK)
	p.traded(p.connect(customer).ID, mark())
	p.syncAll()
	p.snapshot("2026-11-17", "[]")
	p.begin("paper")
	p.newKey(map[string]any{"name": mark(), "scopes": []string{"read"}, "password": p.password})
	chat := p.newSession(map[string]any{"title": mark()})
	p.post("/chat/sessions/"+chat.ID+"/messages", map[string]any{"content": "What is my portfolio worth? " + mark()},
		header("Idempotency-Key", mark())).status(http.StatusOK)
	return p, chat.ID
}

// traces mark everything of the person's in the database, and return the marks and the ids that have to go with them.
func (p *person) traces() []string {
	p.t.Helper()
	traces := []string{strings.Split(p.email, "@")[0]}
	user := p.row("users", p.id)
	for _, name := range []string{"first_name", "last_name", "password_hash"} {
		traces = append(traces, strings.Fields(strings.Trim(user[name], "{}"))[0])
	}
	for _, t := range theirs {
		if t.text != "" {
			m := mark()
			traces = append(traces, m)
			if n := p.write("update "+t.table+" set "+t.text+" = $2 where "+t.where, p.id, m); n == 0 {
				p.t.Errorf("%s has no row of somebody's who has one of everything", t.table)
			}
		}
		if t.table != "refresh_tokens" && t.table != "recovery_codes" && t.table != "brokerage_authorizations" && t.table != "user_settings" && t.table != "chat_run_events" && t.table != "chat_texts" && t.table != "audit_logs" && t.table != "sync_connections" {
			traces = append(traces, p.texts("select cast(id as text) from "+t.table+" where "+t.where, p.id)...)
		}
	}
	traces = append(traces, p.texts("select token_hash from refresh_tokens where session_id in (select id from auth_sessions where user_id = $1)", p.id)...)
	traces = append(traces, p.texts("select credentials from brokerage_connections where user_id = $1", p.id)...)
	traces = append(traces, p.texts("select number from brokerage_accounts where connection_id in (select id from brokerage_connections where user_id = $1)", p.id)...)
	return append(traces, p.id)
}

// remains are the lines of a dump that hold a trace, those aside where the audit log names whom and what by id.
func remains(dump, traces []string) []string {
	var found []string
	for _, line := range dump {
		tombstone := strings.HasPrefix(line, "audit_logs.user_id") || strings.HasPrefix(line, "audit_logs.actor_id") || strings.HasPrefix(line, "audit_logs.target")
		if !tombstone && slices.ContainsFunc(traces, func(trace string) bool { return strings.Contains(line, trace) }) {
			found = append(found, line)
		}
	}
	return found
}

func TestWhoLeavesLeavesNothingBehindButTheTombstone(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		admin := s.register("admin")
		p, chat := owner(s, "ada", "alex")
		bob, _ := owner(s, "bob", "blair")
		bobs := bob.get("/portfolio/summary").Body
		_, codes := p.enrol()
		p.leftovers(mark())
		p.signIn("no code").fails(http.StatusUnauthorized, "invalid_code")
		traces := append(p.traces(), p.texts("select code_hash from recovery_codes where user_id = $1", p.id)...)
		traces = append(traces, p.texts("select totp from users where id = $1", p.id)...)
		traces = append(traces, p.texts("select correlation_id from api_usage_logs where user_id = $1 and correlation_id like '%-correlation'", p.id)...)
		s.write(`update jobs set last_error = $1 where unique_key in (select cast(id as text) from brokerage_connections where user_id = $2)`, mark(), p.id)
		if before := remains(s.lines(), traces); len(before) < 40 {
			t.Fatalf("got %d traces before, want many: %v", len(before), before)
		}

		for name, tc := range map[string]struct {
			body   any
			status int
			code   string
		}{
			"no body":              {nil, 400, "malformed_request"},
			"no password":          {map[string]any{}, 422, "validation_failed"},
			"another password":     {map[string]any{"password": "not the password"}, 401, "invalid_credentials"},
			"no text":              {map[string]any{"password": 1}, 422, "validation_failed"},
			"too long a password":  {map[string]any{"password": strings.Repeat("x", 100)}, 422, "validation_failed"},
			"no code":              {map[string]any{"password": p.password}, 401, "second_factor_required"},
			"a wrong code":         {map[string]any{"password": p.password, "totp": canary}, 401, "invalid_code"},
			"somebody else's word": {map[string]any{"password": canary}, 401, "invalid_credentials"},
		} {
			a := p.do(http.MethodDelete, "/users/me", tc.body).fails(tc.status, tc.code)
			if strings.Contains(string(a.Body), canary) {
				t.Errorf("%s: %v repeats the password", name, a)
			}
		}
		p.get("/auth/me").status(http.StatusOK)

		p.do(http.MethodDelete, "/users/me", map[string]any{"password": p.password, "totp": codes[0]}).status(http.StatusNoContent)
		p.get("/auth/me").fails(http.StatusUnauthorized, "unauthenticated")
		p.get("/chat/sessions/"+chat).fails(http.StatusUnauthorized, "unauthenticated")
		p.post("/auth/refresh", map[string]any{"refreshToken": p.refresh}).fails(http.StatusUnauthorized, "unauthenticated")
		p.post("/auth/login", map[string]any{"email": p.email, "password": p.password}).fails(http.StatusUnauthorized, "invalid_credentials")
		if left := remains(s.lines(), traces); len(left) > 0 {
			t.Errorf("left are %d: %v", len(left), left)
		}
		checkTombstone(t, s, p.id)
		checkFile(t, s, traces)

		if got := bob.get("/portfolio/summary").Body; without(answer{Body: got, Header: http.Header{}}) == "" || len(got) != len(bobs) {
			t.Errorf("got %s, want bob's portfolio as it was: %s", got, bobs)
		}
		admin.get("/auth/me").status(http.StatusOK)
	})
}

// checkTombstone wants what was done to be told still, and nothing of from where.
func checkTombstone(t *testing.T, s *site, id string) {
	t.Helper()
	actions := s.texts("select action from audit_logs where user_id = $1 order by id", id)
	if !slices.Contains(actions, "account.register") || actions[len(actions)-1] != "account.delete" {
		t.Errorf("got %v, want all that was done, the deletion last", actions)
	}
	if personal := s.texts(`select id from audit_logs where user_id = $1
		and (address is not null or user_agent is not null or details is not null)`, id); len(personal) > 0 {
		t.Errorf("%d events still say from where", len(personal))
	}
}

// checkFile looks for traces in the bytes of SQLite's files, where what was deleted could still be read.
func checkFile(t *testing.T, s *site, traces []string) {
	t.Helper()
	if s.db.Engine != db.SQLite {
		return
	}
	path := s.texts("select file from pragma_database_list where name = 'main'")[0]
	for _, file := range []string{path, path + "-wal"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, trace := range traces {
			// Ids stand in the tombstone.
			if !db.IsID(trace) && bytes.Contains(content, []byte(trace)) {
				t.Errorf("%s still holds %q", file, trace)
			}
		}
	}
}

func TestAnAnswerUnderWayEndsWithItsAccount(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, _ := owner(s, "ada", "alex")
		chat := p.newSession(map[string]any{})
		s.sim.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultStreamHang, Count: 1}) // it would never end by itself
		heard := p.ask(chat.ID, "What is a dividend?")
		heard.until("delta")
		p.do(http.MethodDelete, "/users/me", map[string]any{"password": p.password}).status(http.StatusNoContent)
		for {
			if _, err := heard.read(); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("got %v, want the stream to end between two events", err)
			}
		}
		eventually(t, "nothing is stored any more", func() error {
			if left := remains(s.lines(), []string{p.id, chat.ID}); len(left) > 0 {
				return fmt.Errorf("left are %v", left)
			}
			return nil
		})
	})
}

func TestTheOnlyAdminStaysUntilThereIsAnotherOrNobody(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		admin, bob := s.register("admin"), s.register("bob")
		leave := func(p *person) answer {
			return p.do(http.MethodDelete, "/users/me", map[string]any{"password": p.password})
		}
		if a := leave(admin).fails(http.StatusConflict, "conflict"); !strings.Contains(a.failure().Error.Message, "jaspers user make-admin") {
			t.Errorf("got %v, want what to do", a)
		}
		s.write(`update users set role = 'admin', disabled_at = created_at where id = $1`, bob.id)
		leave(admin).fails(http.StatusConflict, "conflict") // an admin who cannot sign in is none
		s.write(`update users set disabled_at = null where id = $1`, bob.id)
		leave(admin).status(http.StatusNoContent)
		leave(bob).status(http.StatusNoContent)
		next := data[struct{ User struct{ Role string } }](s.stranger().post("/auth/register",
			map[string]any{"email": "eve@example.com", "password": password}).status(http.StatusCreated))
		if next.User.Role != "admin" {
			t.Errorf("got %s, want the first person of an empty installation to be its admin", next.User.Role)
		}
	})
}

func TestAnExportHasEverythingOfOnesOwnAndOpensNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, chat := owner(s, "ada", "alex")
		bob, _ := owner(s, "bob", "blair")
		hidden := s.texts(`select token_hash from refresh_tokens union all select password_hash from users
			union all select credentials from brokerage_connections union all select state_hash from brokerage_authorizations
			union all select browser_hash from brokerage_authorizations union all select code_verifier from brokerage_authorizations
			union all select mac from audit_logs union all select personal_mac from audit_logs`)
		a := p.get("/users/export").status(http.StatusOK)
		if got := a.Header.Get("Content-Disposition"); got != `attachment; filename="jaspers-export-2026-11-18.zip"` || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %v, want a file to keep, and not in a cache", a.Header)
		}
		files := unzip(t, a.Body)
		for _, secret := range hidden {
			for name, text := range files {
				if strings.Contains(text, secret) {
					t.Errorf("%s holds a secret", name)
				}
			}
		}
		all := fmt.Sprint(files)
		for _, want := range []string{p.id, p.email, chat, "account.export", `"baseCurrency":"EUR"`, "get_portfolio_holdings"} {
			if !strings.Contains(all, want) {
				t.Errorf("the export does not hold %q", want)
			}
		}
		for _, not := range []string{bob.id, bob.email} {
			if strings.Contains(all, not) {
				t.Errorf("the export holds %q of somebody else", not)
			}
		}
		checkHoldings(t, p, files["holdings.json"])
	})
}

func unzip(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range reader.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(text)
		if f.Name != "README.txt" && !json.Valid(text) {
			t.Errorf("%s is no JSON: %s", f.Name, text)
		}
		if f.Name != "README.txt" && !strings.Contains(files["README.txt"], f.Name) {
			t.Errorf("README.txt does not tell of %s", f.Name)
		}
	}
	return files
}

// checkHoldings wants the amounts as numbers, exactly those that the API shows.
func checkHoldings(t *testing.T, p *person, text string) {
	t.Helper()
	var rows []struct {
		Symbol   string
		Quantity json.Number
		AsOf     string
	}
	if err := json.Unmarshal([]byte(text), &rows); err != nil || len(rows) == 0 {
		t.Fatalf("got %s, %v, want holdings", text, err)
	}
	for _, row := range rows {
		shown := data[struct {
			Sources []struct{ Quantity json.Number }
		}](p.get("/portfolio/holdings/" + strings.ReplaceAll(row.Symbol, "/", "-")).status(http.StatusOK))
		if shown.Sources[0].Quantity != row.Quantity || !strings.HasSuffix(row.AsOf, "Z") {
			t.Errorf("got %+v, want %v in UTC", row, shown)
		}
	}
}

func TestRequestsThatMeetADeletionAreNotOurFailures(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		s.register("admin")
		for i := range 2 {
			p := s.register(fmt.Sprintf("ada-%d", i))
			chat := p.newSession(map[string]any{})
			begin := make(chan struct{})
			var all sync.WaitGroup
			for name, do := range map[string]func() answer{
				"session": func() answer { return p.post("/chat/sessions", map[string]any{}) },
				"key":     func() answer { return p.post("/chat/sessions", map[string]any{}, underKey(mark())) },
				"message": func() answer {
					return p.post("/chat/sessions/"+chat.ID+"/messages", map[string]any{"content": "What is a dividend?"})
				},
				"settings": func() answer { return p.do(http.MethodPatch, "/users/settings", map[string]any{"locale": "fr"}) },
				"connect": func() answer {
					return p.post("/brokerages/connect", map[string]any{"provider": "alpaca", "environment": "paper"})
				},
				"login":   func() answer { return p.post("/auth/login", map[string]any{"email": p.email, "password": p.password}) },
				"refresh": func() answer { return p.post("/auth/refresh", map[string]any{"refreshToken": p.refresh}) },
				"export":  func() answer { return p.get("/users/export") },
			} {
				for range 2 {
					all.Go(func() {
						<-begin
						for range 4 {
							if a := do(); a.Status == http.StatusInternalServerError {
								t.Errorf("%s: got %v, want no failure of ours", name, a)
							}
						}
					})
				}
			}
			close(begin)
			var left answer
			for range 20 { // the queue of those who sign in may be full
				if left = p.do(http.MethodDelete, "/users/me", map[string]any{"password": p.password}); left.Status != http.StatusServiceUnavailable {
					break
				}
			}
			left.status(http.StatusNoContent)
			all.Wait()
			if left := remains(s.lines(), []string{p.id, p.email}); len(left) > 0 {
				t.Errorf("left are %v", left)
			}
		}
	})
}
