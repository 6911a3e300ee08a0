package api

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

const (
	// maxURL is the longest address that is answered, in bytes.
	maxURL = 16 << 10
	// maxHead is how many bytes of headers are. The server reads half as many more, so that the refusal can be ours.
	maxHead = 64 << 10
)

// tooLargeHead refuses a request whose address or headers are larger than anything meant.
func tooLargeHead(req *http.Request) error {
	if len(req.RequestURI) > maxURL {
		return fault.New(fault.URLTooLong, "the address is longer than 16 KiB; send less in it")
	}
	size := len(req.Host)
	for name, values := range req.Header {
		for _, v := range values {
			size += len(name) + len(v) + len(": \r\n")
		}
	}
	if size > maxHead {
		return fault.New(fault.HeadersTooLarge, "the headers are larger than 64 KiB; send fewer or shorter ones")
	}
	return nil
}

// readable is the middleware of routes that take something: what is no text in a query is refused before anybody reads it.
// A database may not take it.
func (r *router) readable(ctx huma.Context, next func(huma.Context)) {
	req, w := humago.Unwrap(ctx)
	if fields := unreadable(req.URL, ctx.Operation().Parameters); len(fields) > 0 {
		r.writeError(w, req, &fault.Error{Kind: fault.Invalid, Message: "the request has wrong fields", Fields: fields})
		return
	}
	next(ctx)
}

// unreadable names the parameters of a query whose values are no text. A name that we do not know is not repeated.
func unreadable(u *url.URL, known []*huma.Param) []fault.Field {
	if !strings.ContainsFunc(u.RawQuery, func(c rune) bool { return c == '%' || c >= utf8.RuneSelf }) {
		return nil // most have nothing to decode
	}
	var wrong []fault.Field
	query := u.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.ContainsFunc(query[name], func(v string) bool { return !utf8.ValidString(v) || strings.ContainsRune(v, 0) }) {
			continue
		}
		path := "query"
		if slices.ContainsFunc(known, func(p *huma.Param) bool { return p.In == "query" && p.Name == name }) {
			path += "." + name
		}
		wrong = append(wrong, fault.Field{Path: path, Message: "must be text in UTF-8 without NUL characters"})
	}
	return wrong
}
