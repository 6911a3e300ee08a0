package chat

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/analyst"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
)

// shown are the messages of the shown branch, the oldest first.
func shown(t *testing.T, s *Service, user, session string) []Message {
	t.Helper()
	messages, next, err := s.Messages(t.Context(), user, session, 200, "")
	if err != nil || next != "" {
		t.Fatalf("got %q, %v", next, err)
	}
	slices.Reverse(messages)
	return messages
}

// questions are a branch's questions, the oldest first.
func questions(messages []Message) string {
	var all []string
	for _, m := range messages {
		if m.Role == llm.User {
			all = append(all, m.Content)
		}
	}
	return strings.Join(all, " ")
}

func rewrite(t *testing.T, s *Service, user, session, replaces, content string) *Run {
	t.Helper()
	run, err := s.Rewrite(t.Context(), user, session, replaces, content)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestAQuestionAskedInAnothersPlaceBeginsABranch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user).ID
		for _, q := range []string{"one", "two", "three"} {
			wait(t, post(t, s, user, session, q))
		}
		old := shown(t, s, user, session)
		wait(t, rewrite(t, s, user, session, old[2].ID, "two-again"))
		now := shown(t, s, user, session)
		if questions(now) != "one two-again" || len(now) != 4 {
			t.Errorf("got %q, want the new branch to end with the new answer", questions(now))
		}
		if got := history(t, s, session); len(got) != 4 || got[2] != "two-again" {
			t.Errorf("the model is shown %q, want the branch's words only", got)
		}
		want := []string{old[2].ID, now[2].ID}
		if diff := gocmp.Diff(want, now[2].Versions); diff != "" || *now[2].ParentID != old[1].ID || now[0].ParentID != nil {
			t.Errorf("versions (-want +got):\n%s", diff)
		}
		if got := now[3].Versions; len(got) != 1 || got[0] != now[3].ID {
			t.Errorf("got the versions %v of an answer that is the only one", got)
		}
		before, next, err := s.Branch(t.Context(), user, session, old[2].ID, 200, "")
		if slices.Reverse(before); err != nil || next != "" || questions(before) != "one two three" {
			t.Errorf("got %q, %v, want the old branch to be readable", questions(before), err)
		}
		back, err := s.Update(t.Context(), user, session, Changes{Head: &old[2].ID})
		if err != nil || back.HeadID == nil || *back.HeadID != old[5].ID || questions(shown(t, s, user, session)) != "one two three" {
			t.Errorf("got %+v, %v, want the old branch to be shown to its end", back, err)
		}
		wait(t, rewrite(t, s, user, session, old[0].ID, "one-again"))
		if got := shown(t, s, user, session); questions(got) != "one-again" || len(got[0].Versions) != 2 || got[0].ParentID != nil {
			t.Errorf("got %+v, want another beginning", got)
		}
		wait(t, post(t, s, user, session, "four"))
		if got := questions(shown(t, s, user, session)); got != "one-again four" {
			t.Errorf("got %q, want a question to follow the shown branch", got)
		}
	})
}

func TestAnotherAnswerStandsUnderTheSameQuestion(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := serviceOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		exchange(t, s, session.ID, Complete, Complete)
		first := shown(t, s, user, session.ID)
		again := func(run *Run) (analyst.Question, error) {
			return s.begin(t.Context(), run, func(ctx context.Context, tx *sql.Tx, _ Session, _ time.Time) (Message, error) {
				return findQuestion(ctx, tx, session.ID, first[3].ID)
			})
		}
		run := &Run{SessionID: session.ID, userID: user}
		asked, err := again(run)
		got := []string{asked.Text}
		for _, turn := range asked.History {
			got = append(got, turn.Text)
		}
		if diff := gocmp.Diff([]string{"q1", "q0", "a0"}, got); diff != "" || err != nil {
			t.Fatalf("%v (-want +got):\n%s", err, diff)
		}
		now := shown(t, s, user, session.ID)
		if diff := gocmp.Diff([]string{first[3].ID, run.MessageID}, now[3].Versions); diff != "" || now[3].Status != Running || len(now) != 4 {
			t.Errorf("versions of the answer (-want +got):\n%s", diff)
		}
		if _, err := again(&Run{SessionID: session.ID, userID: user}); !fault.Is(err, fault.Conflict) {
			t.Errorf("got %v, want one answer written at a time", err)
		}
	})
}

func TestOnlyAQuestionOfTheConversationCanBeReplaced(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		user, other := newUser(t, d), newUser(t, d)
		session, theirs, elsewhere := newSession(t, s, user), newSession(t, s, other), newSession(t, s, user)
		for _, of := range []Session{session, theirs, elsewhere} {
			exchange(t, s, of.ID, Complete)
		}
		mine := shown(t, s, user, session.ID)
		before := counted(t, d)
		for what, id := range map[string]string{
			"an answer": mine[1].ID, "nothing": "", "no id": "' or 1=1 --", "unknown": db.NewID(), "the session": session.ID,
			"somebody else's": shown(t, s, other, theirs.ID)[0].ID, "of another conversation": shown(t, s, user, elsewhere.ID)[0].ID,
		} {
			_, err := s.Rewrite(t.Context(), user, session.ID, id, "again")
			if f := fault.From(err); f.Kind != fault.Invalid || f.Fields[0].Path != "body.replaces" {
				t.Errorf("%s: got %v, want an Invalid of body.replaces", what, err)
			}
			if id == mine[1].ID {
				continue // a branch may be chosen by any of its messages
			}
			_, err = s.Update(t.Context(), user, session.ID, Changes{Head: &id})
			if f := fault.From(err); f.Kind != fault.Invalid || f.Fields[0].Path != "body.head" {
				t.Errorf("%s: got %v, want an Invalid of body.head", what, err)
			}
			if _, _, err := s.Branch(t.Context(), user, session.ID, id, 10, ""); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: got %v, want no such branch", what, err)
			}
			cursor := writeCursor(s.Now(), cmp.Or(id, "x"))
			if _, _, err := s.Messages(t.Context(), user, session.ID, 10, cursor); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: got %v, want an Invalid of the cursor", what, err)
			}
		}
		if _, err := s.Rewrite(t.Context(), other, session.ID, mine[0].ID, "mine"); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v, want a stranger to find no such conversation", err)
		}
		if after := counted(t, d); after != before {
			t.Errorf("got %d messages, want the %d of before", after, before)
		}
	})
}

func counted(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	if err := d.Read().QueryRowContext(t.Context(), `select count(*) from chat_messages`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestVersionsOfAQuestionAreBounded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		exchange(t, s, session.ID, Complete)
		first := shown(t, s, user, session.ID)[0]
		if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			for range maxVersions - 1 {
				m := first
				m.ID = db.NewID()
				if err := insertMessage(t.Context(), tx, m, nil); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Rewrite(t.Context(), user, session.ID, first.ID, "once more"); !fault.Is(err, fault.Conflict) {
			t.Errorf("got %v, want a Conflict after %d versions", err, maxVersions)
		}
		wait(t, post(t, s, user, session.ID, "what else"))
	})
}

func TestPagesGoOnAlongTheirBranchWhenAnotherIsShown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		exchange(t, s, session.ID, Complete, Complete, Complete)
		old := shown(t, s, user, session.ID)
		page, next, err := s.Messages(t.Context(), user, session.ID, 2, "")
		if err != nil || len(page) != 2 || next == "" {
			t.Fatalf("got %v, %q, %v", page, next, err)
		}
		wait(t, rewrite(t, s, user, session.ID, old[0].ID, "anew"))
		rest, next, err := s.Messages(t.Context(), user, session.ID, 10, next)
		if err != nil || next != "" || len(rest) != 4 || rest[0].ID != old[3].ID {
			t.Errorf("got %d messages, %q, %v, want the other four", len(rest), next, err)
		}
	})
}

// unplaced makes all messages look like those of a version that knew no branches.
func unplaced(t *testing.T, d *db.DB) {
	t.Helper()
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		for _, query := range []string{
			`update chat_messages set parent_id = null, findable = false`, `update chat_sessions set head_id = null, findable = false`, `delete from chat_texts`,
		} {
			if _, err := tx.ExecContext(t.Context(), query); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAnEarlierVersionWroteIsPlacedAndFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := serviceOn(t, d)
		user := newUser(t, d)
		var sessions []Session
		for range 3 {
			session, err := s.Create(t.Context(), user, new("Old talk"))
			if err != nil {
				t.Fatal(err)
			}
			sessions = append(sessions, session)
			exchange(t, s, session.ID, Complete, Failed)
			c.advance(time.Minute)
		}
		unplaced(t, d)
		for range 2 { // the second time there is nothing to do
			if err := s.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		for _, session := range sessions {
			if got := shown(t, s, user, session.ID); questions(got) != "q0 q1" || len(got) != 4 || got[0].ParentID != nil || *got[3].ParentID != got[2].ID {
				t.Errorf("got %+v, want all in a row", got)
			}
		}
		for query, want := range map[string]int{"q1": 3, "a0": 3, "old talk": 3} {
			if found, _, err := s.Search(t.Context(), user, query, 50, ""); err != nil || len(found) != want {
				t.Errorf("%s: got %v, %v, want %d", query, found, err, want)
			}
		}
	})
}

func TestAQuestionFollowsWhatAnEarlierVersionWrote(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		exchange(t, s, session.ID, Complete)
		unplaced(t, d)
		wait(t, post(t, s, user, session.ID, "next"))
		if got := questions(shown(t, s, user, session.ID)); got != "q0 next" {
			t.Errorf("got %q, want the question behind what there was", got)
		}
	})
}

func TestAWholeConversationIsReadInItsOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := serviceOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		exchange(t, s, session.ID, slices.Repeat([]Status{Complete}, wholeAtOnce+5)...)
		want := shown(t, s, user, session.ID)
		var got []Message
		_, read, err := s.Whole(t.Context(), user, session.ID)
		if err != nil {
			t.Fatal(err)
		}
		for m, err := range read(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, m)
		}
		if diff := gocmp.Diff(want, got); diff != "" || len(got) != 2*(wholeAtOnce+5) {
			t.Errorf("got %d messages (-want +got):\n%s", len(got), diff)
		}
		if err := s.Delete(t.Context(), user, session.ID); err != nil {
			t.Fatal(err)
		}
		for _, err := range read(t.Context()) {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("got %v, want the conversation to be gone", err)
			}
		}
		if _, _, err := s.Whole(t.Context(), newUser(t, d), session.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("got %v, want none", err)
		}
	})
}
