package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Cacheable is the input of reads whose answers a client may keep. It is exported because huma looks into exported embedded
// structs only.
type Cacheable struct {
	IfNoneMatch string `header:"If-None-Match" doc:"The ETag of an answer that is at hand: 304 when it still holds."`
}

// keeps is such an input.
type keeps interface{ has(tag string) bool }

// has tells whether the client has the answer of the tag. Proxies that compress make a tag a weak one.
func (in *Cacheable) has(tag string) bool {
	for one := range strings.SplitSeq(in.IfNoneMatch, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}

// lastingOutput is an answer with what a client needs to keep it.
type lastingOutput[T any] struct {
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	Body         envelope[T]
}

// lastingControl lets the client keep an answer for a day, and nobody between: it was given to somebody with a token.
const lastingControl = "private, max-age=86400"

// getLasting is get for what is nobody's own and hardly changes. An answer that is lasting may be kept, and asked for by its
// tag.
func getLasting[In any, P interface {
	*In
	keeps
}, Out any](r *router, path string, h handler[In, Out], d doc) {
	h = limited(r, d.limit, h)
	op := operation[In](r, http.MethodGet, path, d)
	op.Responses["304"] = &huma.Response{Description: "Not Modified: the answer of the tag still holds"}
	huma.Register(r.api, op, func(ctx context.Context, in *In) (*lastingOutput[Out], error) {
		res, err := h(ctx, in)
		if err != nil {
			return nil, newStatusError(ctx, r.report(ctx, err))
		}
		out := &lastingOutput[Out]{Body: envelope[Out]{Success: true, Data: res.data, Meta: res.meta}}
		if res.lasting {
			if out.ETag, err = tagOf(out.Body); err != nil {
				return nil, newStatusError(ctx, r.report(ctx, err))
			}
			out.CacheControl = lastingControl
			if P(in).has(out.ETag) {
				return nil, notModified(out.ETag)
			}
		}
		out.Body.Meta.CorrelationID = correlationID(ctx)
		return out, nil
	})
}

// tagOf names an answer by what it says.
func tagOf(body any) (string, error) {
	text, err := json.Marshal(body)
	sum := sha256.Sum256(text)
	return `"` + hex.EncodeToString(sum[:16]) + `"`, err
}

// notModified is the answer to who has it already.
func notModified(tag string) *statusError {
	return &statusError{status: http.StatusNotModified, header: http.Header{"Etag": {tag}, "Cache-Control": {lastingControl}}}
}
