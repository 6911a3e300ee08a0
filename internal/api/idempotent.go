package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/idempotency"
)

const (
	keyHeader      = "Idempotency-Key"
	replayedHeader = "Idempotent-Replayed"
	// keepTime bounds how long storing an answer may take.
	keepTime = 5 * time.Second
)

// idempotencyErrors are what a key can be refused for.
var idempotencyErrors = []fault.Kind{fault.Invalid, fault.Conflict, fault.IdempotencyReused}

// keyParameter documents the header.
func keyParameter() *huma.Param {
	return &huma.Param{
		Name: keyHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString},
		Description: "Any text of up to 255 characters, best a UUID, quoted or not. Sent again with the same request within 24 hours, it " +
			"gets the same answer and has no further effect; with another request it is refused. Only success is kept: what was " +
			"refused can be sent again under the same key.",
	}
}

// idempotent is the middleware that carries out a request under a key once. Once begun, it is carried out whether or not
// the client stays, so that whoever lost the answer finds it.
func (r *router) idempotent(d doc) func(ctx huma.Context, next func(huma.Context)) {
	if r.limits[d.limit].failures && (d.guess == "" || !slices.Equal(r.limits[d.limit].by, []subject{byUser})) {
		panic(fmt.Sprintf("%s: a guess under an Idempotency-Key must count and be recorded", d.id))
	}
	return func(ctx huma.Context, next func(huma.Context)) { r.once(ctx, next, d) }
}

// once does what idempotent says.
func (r *router) once(ctx huma.Context, next func(huma.Context), d doc) {
	req, w := humago.Unwrap(ctx)
	sent := req.Header.Values(keyHeader)
	if len(sent) == 0 {
		next(ctx)
		return
	}
	key, ok := readKey(sent)
	if !ok {
		r.writeError(w, req, fault.InvalidField("header."+keyHeader, "must be one text of 1 to 255 visible ASCII characters, quoted or not"))
		return
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyPatience)) // a test's recorder has none
	body, whole := readAhead(req, ctx.Operation().MaxBodyBytes)
	if !whole { // it will be refused, and nothing happens
		next(ctx)
		return
	}
	claim, kept, err := r.begin(ctx.Context(), d, idempotency.Request{
		UserID: identity(ctx.Context()).UserID, Operation: ctx.Operation().OperationID, Key: key,
		Parts: []string{req.Method, req.URL.RequestURI(), streamOrNot(req), string(body)},
	})
	switch {
	case err != nil:
		r.writeError(w, req, err)
	case kept != nil:
		r.replay(w, req, *kept)
	default:
		r.carryOut(ctx, next, claim)
	}
}

// begin claims a key. Where a password is asked for, the answer of who knows the first request proves it as its own route
// does, and what is another request may have been a guess: it counts as one, and leaves the trace of one.
func (r *router) begin(ctx context.Context, d doc, sent idempotency.Request) (*idempotency.Claim, *idempotency.Answer, error) {
	own := r.limits[d.limit]
	if !own.failures {
		return r.Idempotency.Begin(ctx, sent)
	}
	taken, err := r.takeAll(ctx, own, nil)
	if err != nil {
		return nil, nil, err
	}
	claim, kept, err := r.Idempotency.Begin(ctx, sent)
	if fault.Is(err, fault.IdempotencyReused) {
		return nil, nil, r.Auth.Refuse(ctx, audit.Event{Action: d.guess, UserID: sent.UserID}, fault.From(err))
	}
	for _, t := range taken {
		r.Limiter.GiveBack(ctx, t)
	}
	return claim, kept, err
}

// bodyPatience is how long a body may take to come, here as where huma reads it.
const bodyPatience = 5 * time.Second

// streamOrNot tells the two forms of one answer apart.
func streamOrNot(req *http.Request) string {
	if wantsStream(req.Header.Get("Accept")) {
		return eventStream
	}
	return "application/json"
}

// readAhead reads a body and puts it back. It is not whole when it is too long or broke off.
func readAhead(req *http.Request, most int64) (body []byte, whole bool) {
	if most == 0 {
		most = defaultMaxBody
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, most+1))
	rest := req.Body
	if err == nil && int64(len(body)) <= most {
		req.Body = readCloser{bytes.NewReader(body), rest}
		return body, true
	}
	req.Body = readCloser{io.MultiReader(bytes.NewReader(body), rest), rest}
	return nil, false
}

type readCloser struct {
	io.Reader
	io.Closer
}

// bareKey is a key that is not quoted.
var bareKey = regexp.MustCompile(`^[!#-~]{1,255}$`)

// readKey takes a structured field's string (RFC 9651, 3.3.3), as the header is specified, or the bare text that most
// send. Both forms of one key are the same key.
func readKey(sent []string) (string, bool) {
	text := strings.Trim(sent[0], " \t")
	if len(sent) > 1 {
		return "", false
	}
	inner, quoted := strings.CutPrefix(text, `"`)
	if !quoted {
		return text, bareKey.MatchString(text)
	}
	var key strings.Builder
	for i := 0; i < len(inner); i++ {
		c := inner[i]
		switch {
		case c == '"':
			n := key.Len()
			return key.String(), i == len(inner)-1 && n > 0 && n <= 255
		case c == '\\' && i+1 < len(inner) && (inner[i+1] == '"' || inner[i+1] == '\\'):
			i++
			c = inner[i]
		case c == '\\' || c < ' ' || c > '~':
			return "", false
		}
		key.WriteByte(c)
	}
	return "", false // the closing quote is missing
}

// keptHeaders are the headers that belong to an answer itself; the others are made anew.
var keptHeaders = []string{"Content-Type", "Set-Cookie", "X-Accel-Buffering", correlationHeader}

// replay gives a kept answer again, byte for byte, with the correlation id that leads to the lines of what was done.
func (r *router) replay(w http.ResponseWriter, req *http.Request, a idempotency.Answer) {
	for _, name := range keptHeaders {
		if values, ok := a.Header[name]; ok {
			w.Header()[http.CanonicalHeaderKey(name)] = values
		}
	}
	w.Header().Set(replayedHeader, "true")
	r.Log.InfoContext(req.Context(), "an answer is given again", "first", w.Header().Get(correlationHeader))
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // what cannot be sent any more is kept
}

// carryOut has a request answered and keeps the answer before the client sees its end.
func (r *router) carryOut(ctx huma.Context, next func(huma.Context), claim *idempotency.Claim) {
	req, w := humago.Unwrap(ctx)
	work, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx.Context()), answerTime, errTooLong)
	visitOf(work).bound = work
	defer cancel()
	k := &keeper{to: w, status: http.StatusOK}
	next(humago.NewContext(ctx.Operation(), req.WithContext(work), k))
	keep, stop := context.WithTimeout(context.WithoutCancel(work), keepTime)
	defer stop()
	var err error
	switch {
	case k.status < 300:
		err = claim.Keep(keep, k.answer())
	case visitOf(work).unsure:
		err = claim.Doubt(keep)
	default:
		err = claim.Release(keep)
	}
	if err != nil { // until its lease ends, the key answers that it is in use
		r.Log.WarnContext(req.Context(), "an answer cannot be kept for its Idempotency-Key", "error", err)
	}
	k.finish()
}

// keeper holds an answer back until it is finished, or sends it piece by piece where it is flushed, and keeps all of it.
// A client that leaves is no error: the answer is written to its end, for when they come back.
type keeper struct {
	to     http.ResponseWriter
	status int
	body   bytes.Buffer
	sent   int // bytes of body
	begun  bool
	gone   bool // the client
}

func (k *keeper) Header() http.Header         { return k.to.Header() }
func (k *keeper) WriteHeader(status int)      { k.status = status }
func (k *keeper) Write(b []byte) (int, error) { return k.body.Write(b) }

// SetWriteDeadline is called by http.ResponseController.
func (k *keeper) SetWriteDeadline(at time.Time) error {
	if !k.gone {
		k.gone = http.NewResponseController(k.to).SetWriteDeadline(at) != nil
	}
	return nil
}

// FlushError is called by http.ResponseController.
func (k *keeper) FlushError() error {
	k.finish()
	if !k.gone {
		k.gone = http.NewResponseController(k.to).Flush() != nil
	}
	return nil
}

// finish sends what was not sent yet.
func (k *keeper) finish() {
	if !k.begun {
		k.begun = true
		k.to.WriteHeader(k.status)
	}
	if rest := k.body.Bytes()[k.sent:]; len(rest) > 0 && !k.gone {
		_, err := k.to.Write(rest)
		k.gone = err != nil
	}
	k.sent = k.body.Len()
}

func (k *keeper) answer() idempotency.Answer {
	a := idempotency.Answer{Status: k.status, Header: map[string][]string{}, Body: k.body.Bytes()}
	for _, name := range keptHeaders {
		if values := k.Header().Values(name); len(values) > 0 {
			a.Header[name] = values
		}
	}
	return a
}
