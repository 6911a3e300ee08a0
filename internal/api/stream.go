package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jaspers-ai/jaspers/internal/chat"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

const eventStream = "text/event-stream"

// streamPath is how the path ends of what answers with a stream whatever is accepted.
const streamPath = "/messages/stream"

const (
	// eventPatience is how long a client may take to accept what is sent at once. Who is slower is dropped: nothing is
	// lost, the answer is stored.
	eventPatience = 10 * time.Second
	// maxSent is about how many bytes are sent at once.
	maxSent = 64 << 10
	// checkEvery is how often it is asked whether who listens still may: a session that ends, ends its streams.
	checkEvery = 3 * time.Second
	// checkTime is how long that may take: meanwhile the stream says nothing.
	checkTime = 2 * time.Second
	// retryMs is after how many milliseconds a client is to attach again to a stream that ended before its answer did.
	retryMs = 1000
)

// stream writes an answer's events after the one numbered seq as server-sent events, and a heartbeat when there are none.
// The listener's place is given back at the end.
func (r *router) stream(s *chat.Stream, seq int64, leave func()) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		defer leave()
		defer s.Leave()
		defer r.Metrics.Listening()()
		req, w := humago.Unwrap(hctx)
		hctx = huma.WithContext(hctx, req.Context())
		w.Header().Set("Content-Type", eventStream+"; charset=utf-8")
		w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
		if req.Method == http.MethodHead || send(w, nil) != nil {
			return
		}
		beat, check := time.NewTicker(r.Heartbeat), time.NewTicker(checkEvery)
		defer beat.Stop()
		defer check.Stop()
		for {
			over, more, err := r.sendEvents(w, s, &seq)
			if over || err != nil {
				return
			}
			select {
			case <-more:
			case <-req.Context().Done():
				return
			case <-beat.C:
				if send(w, []byte(": still here\n\n")) != nil {
					return // the client has left
				}
			case <-check.C:
				if err := r.mayStillListen(hctx); err != nil {
					_ = send(w, appendEvent(nil, chat.NoticeOf(err)))
					return
				}
			}
		}
	}}
}

// sendEvents writes what there is of a stream after the event numbered seq, and moves seq on.
func (r *router) sendEvents(w http.ResponseWriter, s *chat.Stream, seq *int64) (over bool, more <-chan struct{}, err error) {
	events, over, more := s.After(*seq)
	r.Metrics.Streamed(len(events))
	var text []byte
	for i, e := range events {
		text = appendEvent(text, e)
		*seq = max(*seq, e.Seq)
		if len(text) < maxSent && i < len(events)-1 {
			continue
		}
		if err := send(w, text); err != nil {
			return over, more, err
		}
		text = text[:0]
	}
	return over, more, nil
}

// appendEvent prints an event. One that is not of the answer has no id, so that clients keep the last they have; it
// tells them when to attach again.
func appendEvent(text []byte, e chat.Event) []byte {
	if e.Seq > 0 {
		return fmt.Appendf(text, "id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Type, e.Data)
	}
	return fmt.Appendf(text, "retry: %d\nevent: %s\ndata: %s\n\n", retryMs, e.Type, e.Data)
}

// mayStillListen asks again who is asking: an error when the session has ended, the token's time is over or the key was
// revoked. A database that does not answer ends nobody's stream.
func (r *router) mayStillListen(ctx huma.Context) error {
	bounded, cancel := context.WithTimeout(ctx.Context(), checkTime)
	defer cancel()
	_, err := r.findCaller(huma.WithContext(ctx, bounded))
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.TokenExpired) {
		return err
	}
	return nil
}

// send writes through to the client, or fails when that takes too long.
func send(w http.ResponseWriter, text []byte) error {
	c := http.NewResponseController(w)
	if err := c.SetWriteDeadline(time.Now().Add(eventPatience)); err != nil {
		return err
	}
	if len(text) > 0 {
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return c.Flush()
}

// writeResult is an ordinary answer on a route that may also stream.
func writeResult(body any) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		_, w := humago.Unwrap(hctx)
		writeJSON(w, http.StatusOK, body)
	}}
}

// writeNothing says that there is nothing to say, and no reason to ask again.
func writeNothing() *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		_, w := humago.Unwrap(hctx)
		w.WriteHeader(http.StatusNoContent)
	}}
}
