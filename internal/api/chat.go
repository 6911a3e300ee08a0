package api

import (
	"context"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

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

type postMessageInput struct {
	ByID
	Accept string `header:"Accept" doc:"text/event-stream for a stream of events, anything else for the finished message."`
	Body   struct {
		Content  string  `json:"content" minLength:"1" maxLength:"8000"`
		Replaces *string `json:"replaces,omitempty" maxLength:"36" doc:"The id of a question of mine in the conversation: this one is asked in its place, on a branch of its own, which is shown from now on. The other stays." example:"01999999-0000-7000-8000-000000000000"`
	}
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

	r.postMessageRoute(doc{id: "postMessage", tag: tag, scope: auth.ScopeChat, idempotent: true, limit: sendChat, summary: "Ask the analyst",
		detail: "Answers with the analyst's message once it is written or, asked for text/event-stream, with the events " +
			"run, intent, tool, delta, citation, usage, error and done, numbered from 1 upwards; done holds the stored message. The answer is " +
			"written and stored whether or not anybody stays to listen. An answer that failed, was refused or cut is a message " +
			"with that status.",
		errors: []fault.Kind{fault.NotFound, fault.Conflict, fault.RateLimited, fault.Overloaded}})
}

// postMessageRoute registers the one route with two forms of answer, which huma cannot describe from a Go type.
func (r *router) postMessageRoute(d doc) {
	op := operation[postMessageInput](r, http.MethodPost, "/api/chat/sessions/{id}/messages", d)
	schema := r.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[envelope[chat.Message]](), true, "")
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
		"application/json": {Schema: schema},
		eventStream:        {Schema: &huma.Schema{Type: huma.TypeString, Description: "Server-sent events; id is the number, data is JSON."}},
	}}
	ask := limited(r, d.limit, func(ctx context.Context, in *postMessageInput) (*chat.Run, error) {
		if in.Body.Replaces != nil {
			return r.Chat.Rewrite(ctx, identity(ctx).UserID, in.ID, *in.Body.Replaces, in.Body.Content)
		}
		return r.Chat.Post(ctx, identity(ctx).UserID, in.ID, in.Body.Content)
	})
	huma.Register(r.api, op, func(ctx context.Context, in *postMessageInput) (*huma.StreamResponse, error) {
		run, err := ask(ctx, in)
		if err != nil {
			return nil, newStatusError(ctx, r.report(ctx, err))
		}
		if wantsStream(in.Accept) {
			return r.stream(run), nil
		}
		message, err := run.Wait(ctx)
		if err != nil {
			return nil, newStatusError(ctx, r.report(ctx, err))
		}
		return writeResult(envelope[chat.Message]{Success: true, Data: message, Meta: Meta{CorrelationID: correlationID(ctx)}}), nil
	})
}
