package chat

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// alter changes a value in the database as nobody but its owner can.
func alter(t *testing.T, d *db.DB, query string, args ...any) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), query, args...)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// sealedTexts are the columns of texts behind a receipt, by table: with the part that each belongs to, and how its row is
// found from the answer's id.
var sealedTexts = []struct{ table, column, part, row string }{
	{"chat_messages", "content", "answer", "id = $1"},
	{"chat_messages", "citations", "answer", "id = $1"},
	{"chat_messages", "figures", "answer", "id = $1"},
	{"chat_messages", "intent", "answer", "id = $1"},
	{"chat_messages", "model", "answer", "id = $1"},
	{"chat_messages", "stop_reason", "answer", "id = $1"},
	{"chat_messages", "prompt_version", "answer", "id = $1"},
	{"chat_messages", "receipt", "seal", "id = $1"},
	{"chat_messages", "content", "question", "id = (select parent_id from chat_messages where id = $1)"},
	{"message_tool_calls", "name", "t1", "message_id = $1"},
	{"message_tool_calls", "input", "t1", "message_id = $1"},
	{"message_tool_calls", "output", "t1", "message_id = $1"},
}

func TestAnyAlteredByteOfAReceiptIsFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		m := wait(t, post(t, s, user, session.ID, "What is AAPL trading at?"))
		if len(m.ToolCalls) != 1 || len(m.Citations) == 0 {
			t.Fatalf("got %+v, want an answer with a tool call and a citation", m)
		}
		genuine := func(when string) Receipt {
			t.Helper()
			r, err := s.Receipt(t.Context(), user, m.ID)
			if err != nil || r.Genuine == nil || !*r.Genuine || len(r.Prints) != 3 || r.Question.Content != "What is AAPL trading at?" {
				t.Fatalf("%s: got %+v, %v, want a genuine receipt of three parts", when, r, err)
			}
			return r
		}
		genuine("as it was written")
		for _, c := range sealedTexts {
			var text string
			if err := d.Read().QueryRowContext(t.Context(), fmt.Sprintf("select %s from %s where %s", c.column, c.table, c.row), m.ID).Scan(&text); err != nil {
				t.Fatal(err)
			}
			set := fmt.Sprintf("update %s set %s = $2 where %s", c.table, c.column, c.row)
			for at := 0; at < len(text); at += 1 + len(text)/40 {
				changed := []byte(text)
				changed[at] ^= 1
				if changed[at] < ' ' || changed[at] > '~' {
					continue // would be no text
				}
				alter(t, d, set, m.ID, string(changed))
				rows, err := readRested(t.Context(), d.Read(), m.ID)
				if err != nil {
					t.Fatal(err)
				}
				r := Receipt{Changed: []string{}}
				if err := s.verify(&r, rows); err != nil || *r.Genuine || !slices.Equal(r.Changed, []string{c.part}) {
					t.Errorf("%s.%s at byte %d: got %v, %v, want %s named", c.table, c.column, at, r.Changed, err, c.part)
				}
			}
			alter(t, d, set, m.ID, text)
		}
		for _, number := range []string{"input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "verified", "derived", "unverified", "invented"} {
			alter(t, d, "update chat_messages set "+number+" = "+number+" + 1 where id = $1", m.ID)
			if r, err := s.Receipt(t.Context(), user, m.ID); err != nil || *r.Genuine {
				t.Errorf("%s: got %+v, %v, want it found", number, r.Changed, err)
			}
			alter(t, d, "update chat_messages set "+number+" = "+number+" - 1 where id = $1", m.ID)
		}
		genuine("put back")
		alter(t, d, "delete from message_tool_calls where message_id = $1", m.ID)
		if r, err := s.Receipt(t.Context(), user, m.ID); err != nil || *r.Genuine || !slices.Equal(r.Changed, []string{"t1"}) {
			t.Errorf("without its tool call: got %+v, %v, want t1 named", r.Changed, err)
		}
	})
}

func TestAReceiptIsOfAnAnswerOfOnesOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := serviceOn(t, d)
		ann, bob := newUser(t, d), newUser(t, d)
		m := wait(t, post(t, s, ann, newSession(t, s, ann).ID, "hello"))
		for _, c := range []struct{ user, message string }{{bob, m.ID}, {ann, *m.ParentID}, {ann, db.NewID()}, {ann, "x"}} {
			if r, err := s.Receipt(t.Context(), c.user, c.message); !fault.Is(err, fault.NotFound) {
				t.Errorf("got %+v, %v, want NotFound", r, err)
			}
		}
	})
}
