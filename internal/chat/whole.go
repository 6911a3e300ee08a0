package chat

import (
	"context"
	"iter"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// wholeAtOnce is how many messages of a whole conversation are in memory at a time.
const wholeAtOnce = 50

// Whole finds a session with the branch that it shows, which yields, under a context of its own, all messages, the first first,
// some at a time, and ends with the first error: NotFound where the session is deleted meanwhile.
func (s *Service) Whole(ctx context.Context, userID, sessionID string) (Session, func(context.Context) iter.Seq2[Message, error], error) {
	session, err := findSession(ctx, s.DB.Read(), userID, sessionID)
	if err != nil {
		return session, nil, err
	}
	ids, err := branchIDs(ctx, s.DB.Read(), session.ID, session.head())
	if err != nil {
		return session, nil, err
	}
	return session, func(ctx context.Context) iter.Seq2[Message, error] {
		return func(yield func(Message, error) bool) { s.yield(ctx, ids, yield) }
	}, nil
}

// yield reads messages some at a time.
func (s *Service) yield(ctx context.Context, ids []string, yield func(Message, error) bool) {
	for some := range slices.Chunk(ids, wholeAtOnce) {
		messages, err := loadMessages(ctx, s.DB.Read(), some)
		if err != nil {
			yield(Message{}, err)
			return
		}
		for _, m := range messages {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// loadMessages reads whole messages in the order of their ids here; NotFound where one is gone.
func loadMessages(ctx context.Context, q db.Querier, ids []string) ([]Message, error) {
	order := map[string]int{}
	for i, id := range ids {
		order[id] = i
	}
	rows, err := q.QueryContext(ctx, `select `+messageColumns+` from chat_messages where id in (`+db.Placeholders(1, len(ids))+`)`, anys(ids)...)
	messages, err := db.Collect(rows, err, scanMessage)
	if err != nil {
		return nil, err
	}
	if len(messages) != len(ids) {
		return nil, fault.New(fault.NotFound, "there is no such conversation")
	}
	slices.SortFunc(messages, func(a, b Message) int { return order[a.ID] - order[b.ID] })
	return messages, complete(ctx, q, messages)
}
