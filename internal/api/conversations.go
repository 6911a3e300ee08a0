package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/chat"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/transcript"
)

type searchChatInput struct {
	Page
	Query string `query:"q" required:"true" minLength:"1" maxLength:"200" doc:"Words, of which the last may be only begun." example:"dividend"`
}

type exportChatInput struct {
	ByID
	Format transcript.Format `query:"format" enum:"markdown,json" default:"markdown" doc:"markdown is to be read, json is complete."`
}

// conversationRoutes registers what is done with whole conversations: finding them, and taking one along.
func (r *router) conversationRoutes() {
	const tag = "Chat"
	get(r, "/api/chat/search", func(ctx context.Context, in *searchChatInput) (result[[]chat.Found], error) {
		found, next, err := r.Chat.Search(ctx, identity(ctx).UserID, in.Query, in.Limit, in.Cursor)
		return result[[]chat.Found]{data: found, meta: Meta{NextCursor: next}}, err
	}, doc{id: "searchChat", tag: tag, scope: auth.ScopeChat, summary: "Messages and titles of mine that have all of these words, newest first",
		detail: "Case and accents do not matter, and no sign in the query means anything. Messages on all branches are found, answers " +
			"once they ended, and titles that were given; one that was made is in the words of its question."})

	get(r, "/api/chat/messages/{id}/receipt", func(ctx context.Context, in *ByID) (result[chat.Receipt], error) {
		return answer(r.Chat.Receipt(ctx, identity(ctx).UserID, in.ID))
	}, doc{id: "getReceipt", tag: tag, scope: auth.ScopeChat, summary: "Everything an answer rests on, and whether that is still as it was",
		detail: "With the answer were sealed the fingerprints of its question, of every tool call with its input and output, and of the answer " +
			"itself with its figures, sources, model, tokens and cost. Whatever was changed since is named.",
		errors: []fault.Kind{fault.NotFound, fault.Conflict}})

	r.exportChatRoute(doc{id: "exportSession", tag: tag, scope: auth.ScopeChat, summary: "A conversation as a file to keep",
		detail: "All messages of the branch that is shown, with their sources, tool calls and costs. The property format of the JSON file " +
			"names its form, " + transcript.JSONFormat + ", whose messages are as in listMessages. A file that breaks off is not whole.",
		errors: []fault.Kind{fault.NotFound}})
}

// messages lists the shown branch of a conversation or another.
func (r *router) messages(ctx context.Context, in *messagesInput) ([]chat.Message, string, error) {
	if in.Branch != "" {
		return r.Chat.Branch(ctx, identity(ctx).UserID, in.ID, in.Branch, in.Limit, in.Cursor)
	}
	return r.Chat.Messages(ctx, identity(ctx).UserID, in.ID, in.Limit, in.Cursor)
}

// exportChatRoute registers a route that answers with a file of one of two kinds.
func (r *router) exportChatRoute(d doc) {
	op := operation[exportChatInput](r, http.MethodGet, "/api/chat/sessions/{id}/export", d)
	file := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
		"text/markdown": file, "application/json": {Schema: &huma.Schema{Type: huma.TypeObject}},
	}}
	// What is read while it is written is bound to the request, not to the time an answer may take.
	begin := limited(r, d.limit, func(ctx context.Context, in *exportChatInput) (func(context.Context) transcript.Conversation, error) {
		session, messages, err := r.Chat.Whole(ctx, identity(ctx).UserID, in.ID)
		return func(ctx context.Context) transcript.Conversation {
			return transcript.Conversation{Session: session, Messages: messages(ctx), At: r.Now()}
		}, err
	})
	huma.Register(r.api, op, func(ctx context.Context, in *exportChatInput) (*huma.StreamResponse, error) {
		read, err := begin(ctx, in)
		if err != nil {
			return nil, newStatusError(ctx, r.report(ctx, err))
		}
		return &huma.StreamResponse{Body: func(hctx huma.Context) {
			req, w := humago.Unwrap(hctx)
			conversation := read(req.Context())
			w.Header().Set("Content-Type", in.Format.MediaType())
			w.Header().Set("Content-Disposition", conversation.Disposition(in.Format))
			if err := conversation.Write(patient{w}, in.Format); err != nil {
				r.Log.WarnContext(req.Context(), "an export of a conversation broke off", "error", err)
				panic(http.ErrAbortHandler) // so that the client sees that this is not the end
			}
		}}, nil
	})
}
