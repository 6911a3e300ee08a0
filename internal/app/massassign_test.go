package app_test

import (
	"database/sql"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// row reads one row of the database, by column.
func (s *site) row(table, id string) map[string]string {
	s.t.Helper()
	rows, err := s.db.Read().QueryContext(s.t.Context(), "select * from "+table+" where id = $1", id)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	if err != nil || !rows.Next() {
		s.t.Fatalf("no row %s in %s: %v", id, table, err)
	}
	values := make([]any, len(names))
	for i := range values {
		values[i] = new(sql.NullString)
	}
	if err := rows.Scan(values...); err != nil {
		s.t.Fatal(err)
	}
	row := map[string]string{}
	for i, name := range names {
		row[name] = fmt.Sprint(*values[i].(*sql.NullString))
	}
	return row
}

// intrusions are properties that no body has, in all the spellings that a careless server may take for its own.
func (s *site) intrusions(table, id string) map[string]any {
	s.t.Helper()
	all := map[string]any{"role": "admin", "isAdmin": true, "admin": true, "user": map[string]any{"id": canary}, "__proto__": map[string]any{"role": "admin"}}
	for column := range s.row(table, id) {
		words := strings.Split(column, "_")
		for i := 1; i < len(words); i++ {
			words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
		}
		camel := strings.Join(words, "")
		for _, name := range []string{column, camel, strings.ToUpper(camel[:1]) + camel[1:], strings.ToUpper(camel)} {
			all[name] = canary
		}
	}
	return all
}

// with adds properties to an intrusion, which may be overridden.
func with(intrusions map[string]any, properties map[string]any) map[string]any {
	all := maps.Clone(intrusions)
	maps.Copy(all, properties)
	return all
}

func TestPropertiesThatARouteDoesNotKnowChangeNothing(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		chat := p.newSession(map[string]any{})
		user, talk := s.intrusions("users", p.id), s.intrusions("chat_sessions", chat.ID)
		for _, known := range []string{"firstName", "lastName", "email", "password"} {
			delete(user, known)
		}
		for _, known := range []string{"title", "pinned", "archived"} {
			delete(talk, known)
		}
		tests := map[string]struct {
			table, id string
			do        func() answer
		}{
			"my name":      {"users", p.id, func() answer { return p.do(http.MethodPatch, "/auth/me", user) }},
			"conversation": {"chat_sessions", chat.ID, func() answer { return p.do(http.MethodPatch, "/chat/sessions/"+chat.ID, talk) }},
		}
		for _, name := range slices.Sorted(maps.Keys(tests)) {
			tc := tests[name]
			before := s.row(tc.table, tc.id)
			tc.do().status(http.StatusOK).wantNoEcho()
			if diff := cmp.Diff(before, s.row(tc.table, tc.id)); diff != "" {
				t.Errorf("%s: the row changed (-before +after):\n%s", name, diff)
			}
		}

		made := data[signedIn](p.post("/auth/register", with(user, map[string]any{"email": "bob@example.com", "password": password})).status(http.StatusCreated))
		if row := fmt.Sprint(s.row("users", made.User.ID)); made.User.Email != "bob@example.com" || strings.Contains(row, canary) {
			t.Errorf("got %v as %s, want nothing but the address that was given", made.User, row)
		}
		begun := p.newSession(with(talk, map[string]any{"title": "mine"}))
		if row := fmt.Sprint(s.row("chat_sessions", begun.ID)); begun.Title != "mine" || begun.Pinned || strings.Contains(row, canary) {
			t.Errorf("got %v as %s, want nothing but the title that was given", begun, row)
		}
	})
}

func TestAMessageIsThePersonsWhateverElseIsSent(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		chat := p.newSession(map[string]any{})
		p.post("/chat/sessions/"+chat.ID+"/messages", map[string]any{
			"content": "What is a dividend?", "CONTENT": canary, "role": "assistant", "status": "failed", "id": canary,
			"sessionId": canary, "citations": []any{canary}, "toolCalls": []any{canary}, "model": canary, "system": canary, "userId": canary,
		}).status(http.StatusOK).wantNoEcho()
		m := p.messages(chat.ID)
		if len(m) != 2 || m[0].Role != "user" || m[0].Content != "What is a dividend?" || m[1].Role != "assistant" || m[1].Status != "complete" {
			t.Errorf("got %v, want the question and its answer", m)
		}
	})
}
