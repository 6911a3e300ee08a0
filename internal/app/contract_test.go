package app_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// contract checks answers against the description that the server itself serves.
type contract struct {
	doc *openapi3.T
	all []operation
	// right are answers that are as described. Most are given again and again, and a look at one takes longer than the
	// answer.
	right sync.Map
}

// described is the description as the first server serves it: those of all tests serve the same one.
var described struct {
	sync.Mutex
	*contract
}

// newContract reads the served description, or remembers it.
func newContract(t *testing.T, url string) *contract {
	t.Helper()
	described.Lock()
	defer described.Unlock()
	if described.contract != nil {
		return described.contract
	}
	resp, err := http.Get(url + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	doc := readContract(t, text)
	described.contract = &contract{doc: doc, all: operationsOf(doc)}
	return described.contract
}

// readContract checks a description as it is. Then two things are changed for the checks to come.
// The description allows further properties, as the server does when it reads, but no answer may hold one that is not
// described. And the validator takes schemas that refer to others, and have none of a few newer keywords, by the rules of
// OpenAPI 3.0, where the empty schema is not for null: it has to be told what 3.1 says.
func readContract(t *testing.T, text []byte) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, schema := range doc.Components.Schemas {
		schema.Value.AdditionalProperties = openapi3.BoolSchema{Has: new(false)}
		for _, property := range schema.Value.Properties {
			if property.Value.IsEmpty() {
				property.Value.Type = &openapi3.Types{"object", "array", "string", "number", "boolean", "null"}
			}
		}
	}
	return doc
}

// options make the validator look at everything. Formats are checked, but those of ids and addresses it has to be told.
func (c *contract) options() *openapi3filter.Options {
	return &openapi3filter.Options{
		IncludeResponseStatus: true, MultiError: true,
		SchemaValidationOptions: []openapi3.SchemaValidationOption{
			openapi3.WithStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC9562)),
			openapi3.WithStringFormatValidator("email", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForEmail)),
		},
	}
}

// check says what of an answer is not as described, nil when all of it is. A stream's body is not looked at: its
// description says no more than that it is text.
func (c *contract) check(req *http.Request, status int, header http.Header, body []byte) error {
	if err := checkCorrelation(status, header, body); err != nil {
		return err
	}
	o, found := c.find(req)
	if found && o.Responses.Status(status) == nil {
		return fmt.Errorf("the status %d, which %v does not describe", status, o)
	}
	if req.Method == http.MethodHead || status == http.StatusNoContent {
		if len(body) > 0 {
			return fmt.Errorf("a body of %d bytes, where there is none", len(body))
		}
		return nil
	}
	if !found {
		return c.checkOutside(status, header, body)
	}
	known := again(o, status, header, body)
	if _, ok := c.right.Load(known); ok {
		return nil
	}
	options := c.options()
	options.ExcludeResponseBody = isStream(header)
	rules := &openapi3.T{OpenAPI: "3.0.3"} // of 3.1, it would make a validator for each answer, and then not use it: see readContract
	err := openapi3filter.ValidateResponse(req.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: req, Route: &routers.Route{Spec: rules, Path: o.path, Method: o.method, Operation: o.Operation},
		},
		Status: status, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Options: options,
	})
	if err == nil && status >= http.StatusBadRequest {
		err = checkCode(o.Responses.Status(status).Value, body)
	}
	if err == nil {
		c.right.Store(known, true)
	}
	return err
}

// again names an answer, but for what differs each time it is given: its correlation id and the values of its headers.
func again(o operation, status int, header http.Header, body []byte) [sha256.Size]byte {
	names := fmt.Sprint(o, status, header.Get("Content-Type"), slices.Sorted(maps.Keys(header)))
	return sha256.Sum256(append([]byte(names), bytes.ReplaceAll(body, []byte(header.Get("X-Correlation-ID")), nil)...))
}

// find tells which operation a request is for. The validator's own routers take an empty segment for a parameter, which
// the server does not.
func (c *contract) find(req *http.Request) (operation, bool) {
	var best operation
	if whole := req.URL.EscapedPath(); path.Clean(whole) != whole {
		return best, false // a path with dots or doubled slashes is nobody's
	}
	asked := strings.Split(req.URL.EscapedPath(), "/")
	for _, o := range c.all {
		segments := strings.Split(o.path, "/")
		if o.method != req.Method || len(segments) != len(asked) {
			continue
		}
		fits := true
		for i, segment := range segments {
			fits = fits && (segment == asked[i] || strings.HasPrefix(segment, "{") && asked[i] != "")
		}
		if fits && (best.Operation == nil || strings.Count(o.path, "{") < strings.Count(best.path, "{")) {
			best = o
		}
	}
	return best, best.Operation != nil
}

// isStream tells what the validator cannot read, files included.
func isStream(header http.Header) bool {
	kind := header.Get("Content-Type")
	return strings.HasPrefix(kind, "text/event-stream") || strings.HasPrefix(kind, "text/markdown") || kind == "application/zip"
}

// checkOutside is for what no operation describes: paths and methods there are none of, and the description itself.
func (c *contract) checkOutside(status int, header http.Header, body []byte) error {
	if status < http.StatusBadRequest {
		return nil
	}
	if got := header.Get("Content-Type"); got != "application/json" {
		return fmt.Errorf("an error as %q", got)
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	return c.doc.Components.Schemas["Failure"].Value.VisitJSON(value, append(c.options().SchemaValidationOptions, openapi3.EnableJSONSchema2020())...)
}

// checkCorrelation wants the id that leads to the log in the header and, of JSON, in the body.
func checkCorrelation(status int, header http.Header, body []byte) error {
	id := header.Get("X-Correlation-ID")
	var answer struct {
		Meta *struct{ CorrelationID string }
	}
	if id == "" {
		return fmt.Errorf("status %d without X-Correlation-ID", status)
	}
	if json.Unmarshal(body, &answer) == nil && answer.Meta != nil && answer.Meta.CorrelationID != id {
		return fmt.Errorf("correlation id %q in the header and %q in the body", id, answer.Meta.CorrelationID)
	}
	return nil
}

// checkCode wants the error's code among those that the operation announces for the status.
func checkCode(response *openapi3.Response, body []byte) error {
	var failed struct {
		Success bool // a report of what is down, as its schema has it
		Error   struct{ Code string }
	}
	if err := json.Unmarshal(body, &failed); err != nil || failed.Success {
		return err
	}
	codes, _ := response.Extensions["x-error-codes"].([]any)
	if !slices.Contains(codes, any(failed.Error.Code)) {
		return fmt.Errorf("the code %s, where %v are described", failed.Error.Code, codes)
	}
	return nil
}

// operation is one thing the server can be asked, as it describes it.
type operation struct {
	method, path string
	*openapi3.Operation
}

func (o operation) String() string { return o.method + " " + o.path }

// needsToken tells whether the operation is for people who are signed in.
func (o operation) needsToken() bool { return o.Security != nil && len(*o.Security) > 0 }

// operations lists everything that is described, in a fixed order.
func (c *contract) operations() []operation { return slices.Clone(c.all) }

func operationsOf(doc *openapi3.T) []operation {
	var all []operation
	paths := doc.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		byMethod := paths[path].Operations()
		for _, method := range slices.Sorted(maps.Keys(byMethod)) {
			all = append(all, operation{method, path, byMethod[method]})
		}
	}
	return all
}

func TestTheContractNoticesWhatIsNotDescribed(t *testing.T) {
	oneEngine(t, setup{}, func(t *testing.T, s *site) {
		p := s.register("ada")
		req := p.request(http.MethodGet, "/auth/me", nil)
		me, refused := p.get("/auth/me"), p.get("/auth/me", header("Authorization", ""))
		if err := s.contract.check(req, me.Status, me.Header, me.Body); err != nil {
			t.Fatalf("the answer as it came: %v", err)
		}
		for name, tc := range map[string]struct {
			answer   answer
			status   int
			old, new string
		}{
			"a further property":    {me, 200, `"email":`, `"passwordHash":"x","email":`},
			"a property inside":     {me, 200, `"correlationId":`, `"trace":"x","correlationId":`},
			"a missing property":    {me, 200, `"firstName":null,`, ``},
			"another type":          {me, 200, `"firstName":null`, `"firstName":1`},
			"null":                  {me, 200, `"id":"` + p.id + `"`, `"id":null`},
			"no id":                 {me, 200, p.id, "x"},
			"no time":               {me, 200, `"createdAt":"2026-`, `"createdAt":"`},
			"another status":        {me, 201, ``, ``},
			"another code":          {refused, 401, `unauthenticated`, `not_found`},
			"another correlation":   {me, 200, me.Header.Get("X-Correlation-ID"), "x"},
			"an error as a success": {refused, 200, ``, ``},
		} {
			body := strings.Replace(string(tc.answer.Body), tc.old, tc.new, 1)
			if err := s.contract.check(req, tc.status, tc.answer.Header, []byte(body)); err == nil {
				t.Errorf("%s passed: %s", name, body)
			}
		}
	})
}
