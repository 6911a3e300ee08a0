package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jaspers-ai/jaspers/internal/chat"
)

const eventStream = "text/event-stream"

// eventPatience is how long a client may take to accept one event. Who is slower is dropped: nothing is lost, the answer
// is stored.
const eventPatience = 10 * time.Second

// stream writes a run's events as server-sent events, and a heartbeat when there are none.
func (r *router) stream(run *chat.Run) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		req, w := humago.Unwrap(hctx)
		w.Header().Set("Content-Type", eventStream+"; charset=utf-8")
		w.Header().Set("X-Accel-Buffering", "no") // nginx would hold events back
		ctx, cancel := context.WithCancel(req.Context())
		defer cancel()
		events := make(chan chat.Event)
		go func() {
			defer close(events)
			for e := range run.Events(ctx, 0) {
				select {
				case events <- e:
				case <-ctx.Done():
					return
				}
			}
		}()
		beat := time.NewTicker(r.Heartbeat)
		defer beat.Stop()
		for {
			var text string
			select {
			case e, open := <-events:
				if !open {
					return
				}
				text = fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Type, e.Data)
			case <-beat.C:
				text = ": still here\n\n"
			}
			if send(w, text) != nil {
				return // the client has left
			}
		}
	}}
}

// send writes one event through to the client, or fails when that takes too long.
func send(w http.ResponseWriter, text string) error {
	c := http.NewResponseController(w)
	if err := c.SetWriteDeadline(time.Now().Add(eventPatience)); err != nil {
		return err
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return err
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
