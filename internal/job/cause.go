package job

import (
	"context"
	"encoding/json"

	"github.com/jaspers-ai/jaspers/internal/telemetry"
	"github.com/jaspers-ai/jaspers/internal/trace"
)

// cause is what added a job: the correlation id and the span it was done under. It is kept beside the arguments, so that
// the lines and the spans of a job are found with those of the request that wanted it, whichever process works on it.
type cause struct {
	Correlation string `json:"correlationId,omitempty"`
	Parent      string `json:"traceparent,omitempty"`
}

// withCause is JSON of arguments with the cause among them, under a name that no arguments have.
func withCause(ctx context.Context, args any) (json.RawMessage, error) {
	raw, err := json.Marshal(args)
	why := cause{telemetry.Correlation(ctx), trace.Parent(ctx)}
	if err != nil || len(raw) == 0 || raw[0] != '{' || why == (cause{}) {
		return raw, err
	}
	c, err := json.Marshal(struct {
		Cause cause `json:"_cause"`
	}{why})
	if err != nil || string(raw) == "{}" {
		return c, err
	}
	return append(append(raw[:len(raw)-1:len(raw)-1], ','), c[1:]...), nil
}

// causeOf finds the cause among arguments; that of a job which an earlier version added is empty.
func causeOf(args json.RawMessage) cause {
	var found struct {
		Cause cause `json:"_cause"`
	}
	_ = json.Unmarshal(args, &found) // what cannot be read the handler refuses
	return found.Cause
}
