package chat

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// exchange stores a question and its answer for each status: q0, a0, q1, a1, …
func exchange(t *testing.T, s *Service, sessionID string, statuses ...Status) {
	t.Helper()
	err := s.DB.Tx(t.Context(), func(tx *sql.Tx) error {
		for i, status := range statuses {
			for _, m := range []Message{
				{Role: llm.User, Status: Complete, Content: fmt.Sprint("q", i)},
				{Role: llm.Assistant, Status: status, Content: fmt.Sprint("a", i)},
			} {
				m.SessionID, m.CreatedAt = sessionID, s.Now()
				if _, err := follow(t.Context(), tx, m); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// follow stores a message at the end of the shown branch.
func follow(ctx context.Context, tx *sql.Tx, m Message) (Message, error) {
	head, err := headOf(ctx, tx, m.SessionID)
	if err != nil {
		return m, err
	}
	m.ID = db.NewID()
	if m.ParentID = &head; head == m.SessionID {
		m.ParentID = nil
	}
	if err := insertMessage(ctx, tx, m, nil); err != nil {
		return m, err
	}
	return m, setHead(ctx, tx, m.SessionID, m.ID, db.Time(m.CreatedAt))
}

func TestMessagesComeInPagesTheNewestFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := serviceOn(t, d)
		ada := newUser(t, d)
		session := newSession(t, s, ada)
		exchange(t, s, session.ID, Complete, Complete, Failed)
		exchange(t, s, newSession(t, s, ada).ID, Complete)
		var got []string
		pages, cursor := 0, ""
		for {
			page, next, err := s.Messages(t.Context(), ada, session.ID, 4, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page {
				got = append(got, m.Content)
			}
			pages++
			if cursor = next; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff([]string{"a2", "q2", "a1", "q1", "a0", "q0"}, got); diff != "" || pages != 2 {
			t.Errorf("%d pages (-want +got):\n%s", pages, diff)
		}
	})
}

func TestHistoryIsWhatWasSaidWholeAndBounded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := serviceOn(t, d)
		ada := newUser(t, d)
		for _, c := range []struct {
			statuses []Status
			want     []string
		}{
			{nil, nil},
			{[]Status{Complete, Truncated}, []string{"q0", "a0", "q1", "a1"}},
			{[]Status{Complete, Failed, Interrupted, Complete}, []string{"q0", "a0", "q1", "q2", "q3", "a3"}},
			{[]Status{Refused, Complete, Refused}, []string{"q1", "a1"}},
		} {
			session := newSession(t, s, ada)
			exchange(t, s, session.ID, c.statuses...)
			if diff := cmp.Diff(c.want, history(t, s, session.ID)); diff != "" {
				t.Errorf("history after %v (-want +got):\n%s", c.statuses, diff)
			}
		}
	})
}

func TestWhatWasSaidBeforeAmountsWereHiddenIsNotShownAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := serviceOn(t, d)
		session := newSession(t, s, newUser(t, d))
		exchange(t, s, session.ID, Complete)
		hidden := s.Now()
		c.advance(time.Minute)
		exchange(t, s, session.ID, Complete)
		if got := history(t, s, session.ID); len(got) != 4 {
			t.Fatalf("got %v, want two questions and two answers", got)
		}
		if got := historyFor(t, s, session.ID, user.Relative, hidden); len(got) != 2 {
			t.Errorf("got %v, want the second question and its answer", got)
		}
	})
}

func TestWhatTheBuiltInAnalystWroteIsNotShownToAModelThatSeesFewerAmounts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := serviceOn(t, d)
		person := newUser(t, d)
		session := newSession(t, s, person)
		own := wait(t, post(t, s, person, session.ID, "what do I own?")) // there is no model: it is the built-in analyst's
		exchange(t, s, session.ID, Complete)                             // a model's
		for shown, want := range map[user.Amounts][]string{
			user.Full:     {"what do I own?", own.Content, "q0", "a0"},
			user.Relative: {"what do I own?", "q0", "a0"},
			user.None:     {"what do I own?", "q0", "a0"},
		} {
			if diff := cmp.Diff(want, historyFor(t, s, session.ID, shown, time.Time{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", shown, diff)
			}
		}
	})
}

func TestALongConversationIsShownFromItsEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := serviceOn(t, d)
		ada := newUser(t, d)
		many := newSession(t, s, ada)
		exchange(t, s, many.ID, slices.Repeat([]Status{Complete}, historyMessages)...)
		if got := history(t, s, many.ID); len(got) != historyMessages || got[0] != "q10" {
			t.Errorf("got %d turns from %s, want %d from q10", len(got), got[0], historyMessages)
		}
		long := newSession(t, s, ada)
		exchange(t, s, long.ID, Complete)
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			_, err := follow(t.Context(), tx, Message{
				SessionID: long.ID, Role: llm.Assistant, Status: Complete,
				Content: strings.Repeat("é", historyCharacters-3), CreatedAt: s.Now(),
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		exchange(t, s, long.ID, Failed) // its question fits beside the long answer, which cannot come first
		if diff := cmp.Diff([]string{"q0"}, history(t, s, long.ID)); diff != "" {
			t.Errorf("history (-want +got):\n%s", diff)
		}
	})
}

func history(t *testing.T, s *Service, sessionID string) (texts []string) {
	t.Helper()
	return historyFor(t, s, sessionID, user.Full, time.Time{})
}

func historyFor(t *testing.T, s *Service, sessionID string, shown user.Amounts, since time.Time) (texts []string) {
	t.Helper()
	head, err := headOf(t.Context(), s.DB.Read(), sessionID)
	if err != nil {
		t.Fatal(err)
	}
	turns, err := selectHistory(t.Context(), s.DB.Read(), sessionID, head, shown, since)
	if err != nil {
		t.Fatal(err)
	}
	for _, turn := range turns {
		texts = append(texts, turn.Text)
	}
	return texts
}
