package api

import (
	"context"
	"net/http"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/chat"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

type createSessionInput struct {
	Body struct {
		Title *string `json:"title,omitempty" maxLength:"200"`
	}
}

type updateSessionInput struct {
	ByID
	Body struct {
		Title    change[string] `json:"title,omitempty" maxLength:"200" doc:"null gives it back to be made from the first question."`
		Pinned   *bool          `json:"pinned,omitempty"`
		Archived *bool          `json:"archived,omitempty"`
		Head     *string        `json:"head,omitempty" maxLength:"36" doc:"The id of a message: the branch through it is shown, up to the newest that follow." example:"01999999-0000-7000-8000-000000000000"`
	}
}

// changes are what was sent.
func (in *updateSessionInput) changes() chat.Changes {
	body := in.Body
	return chat.Changes{Title: body.Title.To, AutoTitle: body.Title.Sent, Pinned: body.Pinned, Archived: body.Archived, Head: body.Head}
}

type messagesInput struct {
	ByID
	Page
	Branch string `query:"branch" maxLength:"36" doc:"The id of a message: the branch through it, instead of the one that is shown. Not needed with a cursor." example:"01999999-0000-7000-8000-000000000000"`
}

// chatRoutes registers conversations with the analyst.
func (r *router) chatRoutes() {
	const tag = "Chat"
	notFound := []fault.Kind{fault.NotFound}
	post(r, "/api/chat/sessions", func(ctx context.Context, in *createSessionInput) (result[chat.Session], error) {
		return answer(r.Chat.Create(ctx, identity(ctx).UserID, in.Body.Title))
	}, doc{id: "createSession", tag: tag, scope: auth.ScopeChat, idempotent: true, summary: "Begin a conversation", status: http.StatusCreated})

	get(r, "/api/chat/sessions", func(ctx context.Context, in *Page) (result[[]chat.Session], error) {
		sessions, next, err := r.Chat.List(ctx, identity(ctx).UserID, in.Limit, in.Cursor)
		return result[[]chat.Session]{data: sessions, meta: Meta{NextCursor: next}}, err
	}, doc{id: "listSessions", tag: tag, scope: auth.ScopeChat, summary: "My conversations, the one that changed last first"})

	get(r, "/api/chat/sessions/{id}", func(ctx context.Context, in *ByID) (result[chat.Session], error) {
		return answer(r.Chat.Get(ctx, identity(ctx).UserID, in.ID))
	}, doc{id: "getSession", tag: tag, scope: auth.ScopeChat, summary: "One conversation", errors: notFound})

	patch(r, "/api/chat/sessions/{id}", func(ctx context.Context, in *updateSessionInput) (result[chat.Session], error) {
		return answer(r.Chat.Update(ctx, identity(ctx).UserID, in.ID, in.changes()))
	}, doc{id: "updateSession", tag: tag, scope: auth.ScopeChat, summary: "Rename, pin or archive a conversation, or show another branch of it", errors: notFound})

	registerEmpty(r, http.MethodDelete, "/api/chat/sessions/{id}", func(ctx context.Context, in *ByID) error {
		return r.Chat.Delete(ctx, identity(ctx).UserID, in.ID)
	}, doc{id: "deleteSession", tag: tag, scope: auth.ScopeChat, summary: "Delete a conversation with its messages", errors: notFound})

	get(r, "/api/chat/sessions/{id}/messages", func(ctx context.Context, in *messagesInput) (result[[]chat.Message], error) {
		messages, next, err := r.messages(ctx, in)
		return result[[]chat.Message]{data: messages, meta: Meta{NextCursor: next}}, err
	}, doc{id: "listMessages", tag: tag, scope: auth.ScopeChat, summary: "What was said, newest first",
		detail: "The messages of the branch that is shown, or of another. A message with several versions stands where branches part.", errors: notFound})

	r.runRoutes(tag)
}
