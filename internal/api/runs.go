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

type postMessageInput struct {
	ByID
	Accept string `header:"Accept" doc:"text/event-stream for a stream of events, anything else for the finished message."`
	Body   struct {
		Content  string  `json:"content" minLength:"1" maxLength:"8000"`
		Replaces *string `json:"replaces,omitempty" maxLength:"36" doc:"The id of a question of mine in the conversation: this one is asked in its place, on a branch of its own, which is shown from now on. The other stays." example:"01999999-0000-7000-8000-000000000000"`
	}
}

func (in *postMessageInput) accept() string { return in.Accept }

// ByMessage is the input of routes on one message of a conversation.
type ByMessage struct {
	ByID
	MessageID string `path:"messageId" format:"uuid" doc:"The answer's id." example:"01999999-0000-7000-8000-000000000000"`
}

type regenerateInput struct {
	ByMessage
	Accept string `header:"Accept" doc:"text/event-stream for a stream of events, anything else for the finished message."`
}

func (in *regenerateInput) accept() string { return in.Accept }

type attachInput struct {
	ByID
	MessageID   string `query:"messageId" format:"uuid" doc:"The answer; without it, the conversation's newest."`
	LastEventID int64  `header:"Last-Event-ID" minimum:"0" doc:"The number of the last event that was received; what follows it is sent."`
	LastSeen    int64  `query:"lastEventId" minimum:"0" doc:"The same, where no header can be sent. The header goes before it."`
}

// runRoutes registers what begins, follows and ends answers.
func (r *router) runRoutes(tag string) {
	begun := []fault.Kind{fault.NotFound, fault.Conflict, fault.RateLimited, fault.Overloaded}
	const events = "Answers with the analyst's message once it is written or, asked for text/event-stream, with the events " +
		"run, intent, tool, delta, figure, citation, usage, error and done, numbered from 1 upwards without gaps; done holds the stored message. The answer is " +
		"written and stored whether or not anybody stays to listen: attach to it to hear the rest. A stream that ends without done, or " +
		"with an error that has no id, says nothing of the answer: attach again. "
	runRoute(r, "/api/chat/sessions/{id}/messages", func(ctx context.Context, in *postMessageInput) (*chat.Run, error) {
		if in.Body.Replaces != nil {
			return r.Chat.Rewrite(ctx, identity(ctx).UserID, in.ID, *in.Body.Replaces, in.Body.Content)
		}
		return r.Chat.Post(ctx, identity(ctx).UserID, in.ID, in.Body.Content)
	}, doc{id: "postMessage", tag: tag, scope: auth.ScopeChat, idempotent: true, limit: sendChat, summary: "Ask the analyst",
		detail: events + "An answer that failed, was refused, stopped or cut is a message with that status.", errors: begun})

	runRoute(r, "/api/chat/sessions/{id}/messages/{messageId}/regenerate", func(ctx context.Context, in *regenerateInput) (*chat.Run, error) {
		return r.Chat.Regenerate(ctx, identity(ctx).UserID, in.ID, in.MessageID)
	}, doc{id: "regenerateMessage", tag: tag, scope: auth.ScopeChat, idempotent: true, limit: sendChat, summary: "Have the last question answered anew",
		detail: events + "The question is the last of the branch that is shown, and the message an answer to it, however that ended. " +
			"The new answer is another version of it, which is shown from now on; the others stay.",
		errors: begun})

	post(r, "/api/chat/sessions/{id}/messages/{messageId}/stop", func(ctx context.Context, in *ByMessage) (result[chat.Message], error) {
		return answer(r.Chat.Stop(ctx, identity(ctx).UserID, in.ID, in.MessageID))
	}, doc{id: "stopMessage", tag: tag, scope: auth.ScopeChat, summary: "Stop an answer that is being written",
		detail: "What there is of it stands, with the status stopped. An answer that is over stays as it is. One that is still running in the answer " +
			"ends as soon as the server that writes it learns of this.",
		errors: []fault.Kind{fault.NotFound, fault.Overloaded}})

	r.attachRoute(doc{id: "attachToMessage", tag: tag, scope: auth.ScopeChat, summary: "Listen to an answer",
		detail: "The events of the answer that is being written, or of the newest that was, from the first or from the one after Last-Event-ID. " +
			"They are, to the byte, those that any other listener receives. 204 when the last event is all there is: do not ask again.",
		errors: []fault.Kind{fault.NotFound, fault.RateLimited, fault.Overloaded}})
}

// streamContent describes server-sent events.
func streamContent() *huma.MediaType {
	return &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Description: "Server-sent events; id is the number, data is JSON."}}
}

// runRoute registers a route that begins an answer. It has two forms of answer, which huma cannot describe from a Go type.
func runRoute[In any, P interface {
	*In
	accept() string
}](r *router, path string, begin func(ctx context.Context, in *In) (*chat.Run, error), d doc) {
	op := operation[In](r, http.MethodPost, path, d)
	schema := r.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[envelope[chat.Message]](), true, "")
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{
		"application/json": {Schema: schema}, eventStream: streamContent(),
	}}
	ask := limited(r, d.limit, func(ctx context.Context, in *In) (*huma.StreamResponse, error) {
		if !wantsStream(P(in).accept()) {
			return waitFor(ctx, in, begin)
		}
		leave, err := r.listeners.enter(identity(ctx).UserID)
		if err != nil {
			return nil, err
		}
		run, err := begin(ctx, in)
		if err != nil {
			leave()
			return nil, err
		}
		return r.stream(run.Stream(), 0, leave), nil
	})
	huma.Register(r.api, op, func(ctx context.Context, in *In) (*huma.StreamResponse, error) {
		res, err := ask(ctx, in)
		if err != nil {
			return nil, newStatusError(ctx, r.report(ctx, err))
		}
		return res, nil
	})
}

// waitFor is the answer to who asks for the finished message.
func waitFor[In any](ctx context.Context, in *In, begin func(ctx context.Context, in *In) (*chat.Run, error)) (*huma.StreamResponse, error) {
	run, err := begin(ctx, in)
	if err != nil {
		return nil, err
	}
	message, err := run.Wait(ctx)
	if err != nil {
		visitOf(ctx).unsure = true // it was asked, and goes on
		return nil, err
	}
	return writeResult(envelope[chat.Message]{Success: true, Data: message, Meta: Meta{CorrelationID: correlationID(ctx)}}), nil
}

// attachRoute registers the route to an answer's stream.
func (r *router) attachRoute(d doc) {
	op := operation[attachInput](r, http.MethodGet, "/api/chat/sessions/{id}/messages/stream", d)
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{eventStream: streamContent()}}
	op.Responses["204"] = &huma.Response{Description: "There are no more events"}
	huma.Register(r.api, op, func(ctx context.Context, in *attachInput) (*huma.StreamResponse, error) {
		res, err := r.attach(ctx, in)
		if err != nil {
			return nil, newStatusError(ctx, r.report(ctx, err))
		}
		return res, nil
	})
}

func (r *router) attach(ctx context.Context, in *attachInput) (*huma.StreamResponse, error) {
	seq := in.LastEventID
	if seq == 0 {
		seq = in.LastSeen
	}
	who := identity(ctx).UserID
	leave, err := r.listeners.enter(who)
	if err != nil {
		return nil, err
	}
	stream, err := r.Chat.Attach(ctx, who, in.ID, in.MessageID, seq)
	switch {
	case err != nil:
		leave()
		return nil, err
	case stream == nil:
		leave()
		return writeNothing(), nil
	}
	return r.stream(stream, seq, leave), nil
}
