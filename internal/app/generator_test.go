package app_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// generator makes requests from the description. Everything random comes from its seed.
type generator struct {
	*rand.Rand
	as     victim
	canary string // stands in every text of the request, and in no other request
}

// shot is a request that is made.
type shot struct {
	operation
	shape, method, path, rawPath, query string
	header                              http.Header // in the place of the usual ones; without values, none
	body                                []byte      // nil for none
	chunked                             bool
	canary                              string
}

// signedIn tells whether the request has its person's token.
func (s shot) signedIn() bool { return s.header["Authorization"] == nil }

// asksOutside tells whether the operation is described as one that may fail for somebody else's sake.
func (s shot) asksOutside() bool {
	for _, response := range s.Responses.Map() {
		codes, _ := response.Value.Extensions["x-error-codes"].([]any)
		if slices.Contains(codes, any("upstream_failed")) {
			return true
		}
	}
	return false
}

// mutation is a way in which a request differs from a right one.
type mutation struct {
	name  string
	apply func(g *generator, s *shot)
}

// shot makes a right request for an operation, and then changes it.
func (g *generator) shot(o operation, m mutation) shot {
	s := shot{operation: o, shape: m.name, method: o.method, header: http.Header{}, canary: g.canary}
	ids := db.NewID
	if g.IntN(3) > 0 && (o.method != http.MethodDelete || g.IntN(4) == 0) { // what was taken away has to be made anew
		ids = nil // then they are the person's
	}
	s.setPath("/api" + g.as.fill(g.as.t, o.path, ids))
	values := url.Values{}
	for _, p := range o.Parameters {
		switch value := g.text(g.value(p.Value.Name, p.Value.Schema.Value)); {
		case p.Value.In == openapi3.ParameterInQuery && (p.Value.Required || g.IntN(2) == 0):
			values.Set(p.Value.Name, value)
		case p.Value.In == openapi3.ParameterInHeader && g.IntN(2) == 0:
			s.header.Set(p.Value.Name, strings.Map(printable, value))
		}
	}
	s.query = values.Encode()
	if schema := o.body(); schema != nil {
		s.body = g.json(g.value("", schema))
	}
	m.apply(g, &s)
	return s
}

// body is what an operation takes as JSON, nil when nothing.
func (o operation) body() *openapi3.Schema {
	if o.RequestBody == nil {
		return nil
	}
	return o.RequestBody.Value.Content.Get("application/json").Schema.Value
}

// setPath takes a path as it is written in a request.
func (s *shot) setPath(raw string) {
	path, err := url.PathUnescape(raw)
	if err != nil {
		path = raw // net/http would refuse it before any of our code
	}
	s.path, s.rawPath = path, raw
}

// printable leaves out what no header can hold.
func printable(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

func (g *generator) json(value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		g.as.t.Fatal(err)
	}
	return text
}

// text is a value as it stands in a query.
func (g *generator) text(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return string(g.json(value))
}

// symbols are few, since what no source was asked yet costs a call outside.
var symbols = []string{"AAPL", "msft", "NVDA", "BRK-B", "BTC/USD", "^GSPC", "VOD.L", "ZZZZ1", "ZZZZ2", "ZZZZ3"}

// value is one that the schema allows, as far as it says so.
func (g *generator) value(name string, schema *openapi3.Schema) any {
	if len(schema.AnyOf) > 0 {
		return g.value(name, schema.AnyOf[0].Value)
	}
	switch {
	case len(schema.Enum) > 0:
		return schema.Enum[g.IntN(len(schema.Enum))]
	case schema.Type.Includes("object"):
		object := map[string]any{}
		for _, property := range slices.Sorted(keysOf(schema.Properties)) {
			if slices.Contains(schema.Required, property) || g.IntN(2) == 0 {
				object[property] = g.value(property, schema.Properties[property].Value)
			}
		}
		return object
	case schema.Type.Includes("array"):
		list := []any{}
		for range max(int(schema.MinItems), g.IntN(4)) {
			list = append(list, g.value(strings.TrimSuffix(name, "s"), schema.Items.Value))
		}
		return list
	case schema.Type.Includes("boolean"):
		return g.IntN(2) == 0
	case schema.Type.Includes("integer"), schema.Type.Includes("number"):
		return g.number(schema)
	}
	return g.string(name, schema)
}

func keysOf(properties openapi3.Schemas) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range properties {
			if !yield(name) {
				return
			}
		}
	}
}

func (g *generator) number(schema *openapi3.Schema) any {
	low, high := 0.0, 100.0
	if schema.Min != nil {
		low, high = *schema.Min, *schema.Min+100
	}
	if schema.Max != nil {
		high = *schema.Max
	}
	return int(low) + g.IntN(max(int(high-low), 1))
}

// tails are put behind a text's canary: what a text may hold, however odd.
var tails = []string{"", " ", "  two  blanks ", "é", "日本語", "🦆👩‍👩‍👧", "e\u0301", "\u202ertl", "\u200b", "'; drop table users;--", "<script>alert(1)</script>", "{{7*7}}", "%s%n%00", "\\", `"`, "\t\r\n", "../../etc/passwd", "\ufeff", "\U0010ffff"}

func (g *generator) string(name string, schema *openapi3.Schema) string {
	lower := strings.ToLower(name)
	switch {
	case schema.Format == "uuid":
		return g.as.id
	case schema.Format == "date":
		return "2026-11-18"
	case schema.Format == "date-time":
		return "2026-11-18T16:00:00Z"
	case schema.Format == "email", lower == "email":
		return g.canary + "@example.com"
	case lower == "symbol":
		return symbols[g.IntN(len(symbols))]
	case lower == "provider":
		return "alpaca"
	case lower == "environment":
		return []string{"live", "paper"}[g.IntN(2)]
	case lower == "refreshtoken" && g.IntN(2) == 0:
		return g.as.refresh
	case schema.Pattern != "" && schema.Example != nil:
		text, _ := schema.Example.(string)
		return text
	}
	text := g.canary + tails[g.IntN(len(tails))]
	if longest := schema.MaxLength; longest != nil && uint64(len([]rune(text))) > *longest {
		text = string([]rune(text)[:*longest])
	}
	for uint64(len(text)) < schema.MinLength {
		text += g.canary
	}
	return text
}
