package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// mutations are all shapes of requests, in a fixed order.
func mutations() []mutation {
	all := []mutation{{"right", func(*generator, *shot) {}}, {"right again", func(*generator, *shot) {}}}
	return slices.Concat(all, fieldMutations(), bodyMutations(), headerMutations(), targetMutations())
}

// object is the shot's body as an object; nil where it has none.
func (s *shot) object() map[string]any {
	var object map[string]any
	if s.body == nil || json.Unmarshal(s.body, &object) != nil {
		return nil
	}
	return object
}

// onField changes one property that is described, or, where there is no body, one parameter of the query.
func onField(name string, wrong func(g *generator, name string, schema *openapi3.Schema) any) mutation {
	return mutation{name, func(g *generator, s *shot) {
		object := s.object()
		if object == nil {
			values, _ := url.ParseQuery(s.query)
			for _, p := range s.Parameters {
				if p.Value.In == openapi3.ParameterInQuery && g.IntN(2) == 0 {
					values.Set(p.Value.Name, g.text(wrong(g, p.Value.Name, p.Value.Schema.Value)))
				}
			}
			s.query = values.Encode()
			return
		}
		properties := s.operation.body().Properties
		names := slices.Sorted(keysOf(properties))
		if len(names) == 0 {
			return
		}
		field := names[g.IntN(len(names))]
		object[field] = wrong(g, field, properties[field].Value)
		s.body = g.json(object)
	}}
}

func fieldMutations() []mutation {
	return []mutation{
		onField("too long", func(g *generator, _ string, schema *openapi3.Schema) any {
			longest := 10_000
			if schema.MaxLength != nil {
				longest = int(*schema.MaxLength) + 1
			}
			if schema.MaxItems != nil {
				return slices.Repeat([]any{g.canary}, int(*schema.MaxItems)+1)
			}
			return g.canary + strings.Repeat([]string{"x", "é", "🦆"}[g.IntN(3)], longest)
		}),
		onField("empty", func(g *generator, _ string, schema *openapi3.Schema) any {
			if schema.Type.Includes("array") {
				return []any{}
			}
			return []string{"", " ", "\t\n", "\u00a0", "\u200b"}[g.IntN(5)]
		}),
		onField("out of range", func(g *generator, _ string, _ *openapi3.Schema) any {
			return []any{-1, 0, 1 << 31, 1<<53 + 1, json.Number("9223372036854775808"), json.Number("1e400"), json.Number("-1e-400"), 1.5, json.Number("-0")}[g.IntN(9)]
		}),
		onField("another type", func(g *generator, _ string, _ *openapi3.Schema) any {
			return []any{nil, true, 1, []any{g.canary}, map[string]any{g.canary: g.canary}, []any{nil}, []any{[]any{}}, g.canary}[g.IntN(8)]
		}),
		onField("none of those allowed", func(g *generator, _ string, _ *openapi3.Schema) any { return g.canary }),
		onField("not storable", func(g *generator, _ string, _ *openapi3.Schema) any {
			return g.canary + []string{"\x00", "\u0001\u0002", "\ufffe", "\u2028\u2029", "\x1b[2J", "\u0085"}[g.IntN(6)]
		}),
		onField("odd text", func(g *generator, _ string, _ *openapi3.Schema) any { return g.canary + tails[g.IntN(len(tails))] }),
		onField("as SQL", func(g *generator, _ string, _ *openapi3.Schema) any { return g.canary + "' or 1=1; --" }),
		onField("a very long list", func(g *generator, _ string, _ *openapi3.Schema) any { return slices.Repeat([]any{g.canary}, 2000) }),
	}
}

// onBody rewrites a body; requests without one get one.
func onBody(name string, rewrite func(g *generator, body []byte) []byte) mutation {
	return mutation{name, func(g *generator, s *shot) {
		if s.body == nil {
			s.body = []byte("{}")
		}
		s.body = rewrite(g, s.body)
	}}
}

func bodyMutations() []mutation {
	fixed := func(name, format string) mutation {
		return onBody(name, func(g *generator, _ []byte) []byte { return []byte(strings.ReplaceAll(format, "CANARY", g.canary)) })
	}
	return []mutation{
		{"no body", func(_ *generator, s *shot) { s.body = nil }},
		{"an empty body", func(_ *generator, s *shot) { s.body = []byte{} }},
		fixed("nothing in it", "{}"), fixed("null", "null"), fixed("a list", `["CANARY"]`), fixed("a text", `"CANARY"`), fixed("a number", "1e999"),
		fixed("blanks", " \n\t "), fixed("no JSON", `{"CANARY`), fixed("lone surrogate", `{"title":"CANARY\ud800","content":"\udc00CANARY","firstName":"\ud800"}`),
		onBody("a property missing", func(g *generator, body []byte) []byte {
			var object map[string]any
			if json.Unmarshal(body, &object) != nil || len(object) == 0 {
				return body
			}
			names := slices.Sorted(func(yield func(string) bool) {
				for name := range object {
					if !yield(name) {
						return
					}
				}
			})
			delete(object, names[g.IntN(len(names))])
			return g.json(object)
		}),
		onBody("a property twice", func(g *generator, body []byte) []byte {
			inside := bytes.TrimSuffix(bytes.TrimPrefix(body, []byte("{")), []byte("}"))
			return fmt.Appendf(nil, `{"%s":1,%s,"%s":2}`, g.canary, cmpOr(string(inside), `"x":1`), g.canary)
		}),
		onBody("unknown properties", func(g *generator, body []byte) []byte {
			rest := bytes.TrimPrefix(body, []byte("{"))
			if !bytes.HasPrefix(rest, []byte("}")) {
				rest = append([]byte(","), rest...)
			}
			return fmt.Appendf(nil, `{"%s":{"a":["%s"]},"__proto__":{"role":"admin"},"role":"admin","userId":"%s"%s`, g.canary, g.canary, g.canary, rest)
		}),
		onBody("other case", func(_ *generator, body []byte) []byte { return bytes.ToUpper(body) }),
		onBody("BOM", func(_ *generator, body []byte) []byte { return append([]byte("\xef\xbb\xbf"), body...) }),
		onBody("not UTF-8", func(g *generator, body []byte) []byte {
			return bytes.ReplaceAll(body, []byte(g.canary), []byte(g.canary+"\xff\xfe"))
		}),
		onBody("UTF-16", func(_ *generator, body []byte) []byte {
			wide := []byte{0xff, 0xfe}
			for _, c := range body {
				wide = append(wide, c, 0)
			}
			return wide
		}),
		onBody("something behind it", func(g *generator, body []byte) []byte { return append(body, []byte(` {"`+g.canary+`":1}`)...) }),
		onBody("cut", func(g *generator, body []byte) []byte { return body[:g.IntN(len(body)+1)] }),
		onBody("a byte changed", func(g *generator, body []byte) []byte {
			if len(body) > 0 {
				body[g.IntN(len(body))] = byte(g.IntN(256))
			}
			return body
		}),
		onBody("deep", func(g *generator, _ []byte) []byte {
			n := []int{100, 1000, 9999, 20_000}[g.IntN(4)]
			return []byte(`{"` + g.canary + `":` + strings.Repeat("[", n) + strings.Repeat("]", n) + "}")
		}),
		onBody("deep objects", func(g *generator, _ []byte) []byte {
			return []byte(strings.Repeat(`{"a":`, 5000) + `"` + g.canary + `"` + strings.Repeat("}", 5000))
		}),
		onBody("large", func(g *generator, _ []byte) []byte {
			return []byte(`{"` + g.canary + `":"` + strings.Repeat("x", 70_000) + `"}`)
		}),
		onBody("many properties", func(g *generator, _ []byte) []byte {
			var b strings.Builder
			for i := range 4000 {
				fmt.Fprintf(&b, `,"%s%d":1`, g.canary[:4], i)
			}
			return []byte("{" + b.String()[1:] + "}")
		}),
		{"in chunks", func(_ *generator, s *shot) { s.chunked = s.body != nil }},
	}
}

func cmpOr(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func headerMutations() []mutation {
	one := func(name string, values ...string) mutation {
		return mutation{"header " + name, func(g *generator, s *shot) {
			s.header[http.CanonicalHeaderKey(name)] = []string{strings.ReplaceAll(values[g.IntN(len(values))], "CANARY", g.canary)}
		}}
	}
	long := strings.Repeat("CANARY", 500)
	return []mutation{
		one("Content-Type", "", "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=CANARY", "application/json; charset=utf-16", "application/merge-patch+json", "CANARY/CANARY", "application/cbor", "application/json, text/html"),
		{"no content type", func(_ *generator, s *shot) { s.header["Content-Type"] = nil }},
		one("Accept", "", "*/*", "text/html", "text/event-stream", "text/event-stream;q=0.1, application/json", "CANARY/CANARY", "application/xml;q=0.9", "application/json;q=0", ",,;,", long),
		one("Accept-Encoding", "gzip", "br", "CANARY", "gzip;q=0, *", "identity;q=0"),
		one("Content-Encoding", "gzip", "br", "CANARY"),
		one("Authorization", "", "Bearer", "Bearer CANARY", "Bearer a.b.c", "Basic CANARY", "bearer  ", "CANARY", "Bearer "+long, "Bearer eyJhbGciOiJub25lIn0.e30."),
		one("X-Correlation-ID", "", "sane-1", "CANARY CANARY", "<CANARY>", "CANARY:", long),
		one("Cookie", "CANARY", "session=CANARY; session=CANARY", "jaspers_connect_0=CANARY", "__Host-jaspers=CANARY; jaspers_session=CANARY", "=;=;", long),
		one("Origin", "null", "https://CANARY.example.com", "CANARY", "http://127.0.0.1"),
		one("Sec-Fetch-Site", "cross-site", "same-site", "same-origin", "none", "CANARY"),
		one("X-HTTP-Method-Override", "DELETE", "CANARY"),
		one("X-Forwarded-For", "127.0.0.1", "CANARY", "::1, 10.0.0.1", "999.1.1.1", long),
		one("Forwarded", "for=127.0.0.1;proto=https", "for=\"[::1]:CANARY\"", ";;;"),
		one("X-Forwarded-Host", "CANARY.example.com"),
		one("X-Original-URL", "/api/health/live", "/CANARY"),
		one("Last-Event-ID", "0", "-1", "99999999999999999999", "CANARY", "1.5"),
		one("If-None-Match", "*", `"CANARY"`, "CANARY", `W/"CANARY", "x"`),
		one("If-Modified-Since", "CANARY", "Thu, 01 Jan 1970 00:00:00 GMT"),
		one("Range", "bytes=0-1", "bytes=CANARY", "items=0-5"),
		one("Idempotency-Key", "CANARY", "", long),
		one("Accept-Language", "CANARY", "de;q=5", strings.Repeat("a,", 1000)),
		one("User-Agent", "", "CANARY", "\x80\xff", "CANARY é", long),
		one("Priority", "u=9", "CANARY", ";;"),
	}
}

func targetMutations() []mutation {
	onQuery := func(name string, queries ...string) mutation {
		return mutation{"query " + name, func(g *generator, s *shot) {
			s.query = strings.TrimPrefix(s.query+"&"+strings.ReplaceAll(queries[g.IntN(len(queries))], "CANARY", g.canary), "&")
		}}
	}
	inPath := func(name string, rewrite func(g *generator, segments []string, i int)) mutation {
		return mutation{"path " + name, func(g *generator, s *shot) {
			segments := strings.Split(s.rawPath, "/")
			rewrite(g, segments, 2+g.IntN(len(segments)-2)) // after /api
			s.setPath(strings.Join(segments, "/"))
		}}
	}
	odd := []string{"%00", "%2e%2e", "%2F", "%5c", "%25", "%ff", "%0d%0a", "%E2%80%AE", "%F0%9F%A6%86", "~", ";a=b", "%22", "%3Cscript%3E", "*", ":", "@", "+", "%20"}
	return []mutation{
		onQuery("unknown", "CANARY=CANARY", "a[]=CANARY&a[]=2", "a.b=CANARY", "=CANARY", "&&&"),
		onQuery("broken", "%zzCANARY", "a;b=CANARY", "%", "limit=%FF", "cursor=%00", "a=%F0%28%8C%28"),
		onQuery("twice", "limit=1&limit=2", "cursor=CANARY&cursor=", "limit=1,2&limit=CANARY"),
		onQuery("limit", "limit=0", "limit=-1", "limit=1e9", "limit=1000000000", "limit=CANARY", "limit=", "limit=0x10", "limit=+1", "limit=٣", "limit=1.0"),
		onQuery("cursor", "cursor=CANARY", "cursor=MjAyNi0xMS0xOFQxNjowMDowMFogeA", "cursor=OTk5OTktMDEtMDFUMDA6MDA6MDBaIHg", "cursor=%20", "cursor=AAAA"),
		onQuery("of a redirect", "state=CANARY&code=CANARY", "state=&code=", "error=CANARY&state=CANARY", "error=access_denied", "code=CANARY"),
		onQuery("long", strings.Repeat("CANARY=1&", 300), "x="+strings.Repeat("CANARY", 500)),
		inPath("odd character", func(g *generator, segments []string, i int) { segments[i] = g.canary + odd[g.IntN(len(odd))] }),
		inPath("odd end", func(g *generator, segments []string, i int) { segments[i] += odd[g.IntN(len(odd))] }),
		inPath("upper case", func(_ *generator, segments []string, i int) { segments[i] = strings.ToUpper(segments[i]) }),
		inPath("empty segment", func(_ *generator, segments []string, i int) { segments[i] = "" }),
		inPath("other segment", func(g *generator, segments []string, i int) { segments[i] = g.canary }),
		inPath("long", func(g *generator, segments []string, i int) { segments[i] = strings.Repeat(g.canary, 200) }),
		inPath("dots", func(g *generator, segments []string, i int) {
			segments[i] = []string{"..", ".", "...", "%2e", ".%2e"}[g.IntN(5)]
		}),
		{"path with an end", func(_ *generator, s *shot) { s.setPath(s.rawPath + "/") }},
		{"path goes on", func(g *generator, s *shot) { s.setPath(s.rawPath + "/" + g.canary) }},
		{"another method", func(g *generator, s *shot) {
			s.method = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "FOO", "get"}[g.IntN(11)]
			if s.method == http.MethodDelete {
				s.method = http.MethodPut
			}
		}},
		{"HEAD", func(_ *generator, s *shot) { s.method = http.MethodHead }},
	}
}
