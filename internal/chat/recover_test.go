package chat

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/analyst"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/prose"
)

// abandon leaves behind what a process that died in the middle of an answer does.
func abandon(t *testing.T, s *Service, sessionID string) (messageID string, call analyst.ToolCall) {
	t.Helper()
	now := db.Time(s.Now())
	lease := now.Add(leaseTime)
	message := Message{ID: db.NewID(), SessionID: sessionID, Role: llm.Assistant, Status: Running, CreatedAt: now}
	call = analyst.ToolCall{
		ID: db.NewID(), Handle: "t1", Round: 1, Name: "get_stock_quotes", Input: []byte(`{"symbols":["AAPL"]}`),
		Output: []byte(`{"handle":"t1"}`), Started: now, Duration: 20 * time.Millisecond,
	}
	run := &Run{MessageID: message.ID}
	for _, e := range []analyst.Event{
		{Tool: &call}, // which has ended
		{Citation: &prose.Citation{Index: 1, Handle: "t1", ToolCallID: call.ID, Tool: call.Name, Source: "yahoo"}},
		{Delta: "Apple is at "}, {Delta: "250 [1] & "}, // which waited together and became one
		{Usage: &analyst.Usage{Usage: llm.Usage{Input: 10, Output: 2}, Cost: decimal.RequireFromString("0.00004"), Model: "m"}},
		{Delta: "rising"},
	} {
		run.draft(e, now)
	}
	if said, err := run.takePart(); !said || err != nil {
		t.Fatalf("got %t, %v, want something to store", said, err)
	}
	err := s.DB.Tx(t.Context(), func(tx *sql.Tx) error {
		if err := insertMessage(t.Context(), tx, message, &lease); err != nil {
			return err
		}
		if err := setHead(t.Context(), tx, sessionID, message.ID, now); err != nil {
			return err
		}
		if err := insertToolCalls(t.Context(), tx, message.ID, run.part.calls); err != nil {
			return err
		}
		return s.insertEvents(t.Context(), tx, run.part.lines(message.ID))
	})
	if err != nil {
		t.Fatal(err)
	}
	return message.ID, call
}

func TestAnAnswerWhoseProcessDiedIsInterruptedWithWhatHadArrived(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := serviceOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		id, call := abandon(t, s, session.ID)
		if n, err := s.Recover(t.Context()); n != 0 || err != nil {
			t.Fatalf("got %d, %v, want nothing while the lease lasts", n, err)
		}
		began := c.now()
		c.advance(leaseTime + time.Second)
		if n, err := s.Recover(t.Context()); n != 1 || err != nil {
			t.Fatalf("got %d, %v, want 1", n, err)
		}
		want := []Message{{
			ID: id, SessionID: session.ID, Versions: []string{id}, Role: llm.Assistant, Status: Interrupted, Content: "Apple is at 250 [1] & rising",
			Error:   &Problem{Code: "canceled", Message: "the server stopped while it wrote this answer; ask again"},
			Figures: []prose.Figure{}, Citations: []prose.Citation{{Index: 1, Handle: "t1", ToolCallID: call.ID, Tool: call.Name, Source: "yahoo"}},
			ToolCalls: []ToolCall{{ID: call.ID, Handle: "t1", Name: call.Name, Input: call.Input, Output: call.Output, StartedAt: began, DurationMs: 20}},
			Usage: &Usage{
				Usage: llm.Usage{Input: 10, Output: 2}, CostUSD: decimal.RequireFromString("0.00004"), Model: "m",
				DurationMs: (leaseTime + time.Second).Milliseconds(),
			},
			CreatedAt: began, FinishedAt: new(c.now()),
		}}
		got, _, err := s.Messages(t.Context(), user, session.ID, 10, "")
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("messages: %v (-want +got):\n%s", err, diff)
		}
		if types := eventTypes(t, s, id); types != "tool citation delta usage delta error done" {
			t.Errorf("got events %s, want an error and the end after them", types)
		}
	})
}

func TestALeaseIsRenewedWhileNothingIsSaid(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := serviceOn(t, d)
		id, _ := abandon(t, s, newSession(t, s, newUser(t, d)).ID)
		ctx, cancel := context.WithCancelCause(t.Context())
		run := &Run{MessageID: id, leased: c.now(), cancel: cancel}
		for range 10 {
			c.advance(leaseEvery)
			if err := s.storeRound(t.Context(), []*Run{run}); err != nil || ctx.Err() != nil {
				t.Fatal(err, context.Cause(ctx))
			}
		}
		if n, err := s.Recover(t.Context()); n != 0 || err != nil {
			t.Errorf("got %d, %v, want nothing to recover", n, err)
		}
		c.advance(leaseTime + time.Second)
		if n, err := s.Recover(t.Context()); n != 1 || err != nil {
			t.Errorf("got %d, %v, want the answer recovered when its lease is over", n, err)
		}
		c.advance(leaseEvery)
		if err := s.storeRound(t.Context(), []*Run{run}); err != nil || !errors.Is(context.Cause(ctx), errLost) {
			t.Errorf("got %v, %v, want the run to learn that it lost its answer", err, context.Cause(ctx))
		}
	})
}

func TestOfManyProcessesOneRecoversAnAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := serviceOn(t, d)
		user := newUser(t, d)
		const answers = 5
		for range answers {
			abandon(t, s, newSession(t, s, user).ID)
		}
		c.advance(time.Minute)
		var total atomic.Int64
		var processes sync.WaitGroup
		for range 4 {
			processes.Go(func() {
				other := &Service{DB: d, Now: s.Now, Log: s.Log, Keys: s.Keys}
				n, err := other.Recover(context.WithoutCancel(t.Context()))
				if err != nil {
					t.Error(err)
				}
				total.Add(int64(n))
			})
		}
		processes.Wait()
		if total.Load() != answers {
			t.Errorf("got %d recoveries, want %d", total.Load(), answers)
		}
	})
}

// eventTypes are the types of the stored events, which have to be numbered without a gap.
func eventTypes(t *testing.T, s *Service, messageID string) (types string) {
	t.Helper()
	events, err := selectEvents(t.Context(), s.DB.Read(), messageID, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		if n := int64(i + 1); e.Seq != n {
			t.Errorf("got event %d at place %d, want no gap", e.Seq, n)
		}
		if i > 0 {
			types += " "
		}
		types += e.Type
	}
	return types
}
