package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// contract checks answers against the description that the server itself serves.
type contract struct {
	doc    *openapi3.T
	router routers.Router
}

// newContract reads the served description. It is checked as it is, and then made stricter: the description allows
// further properties, as the server does when it reads, but no answer may hold one that is not described.
func newContract(t *testing.T, url string) *contract {
	t.Helper()
	resp, err := http.Get(url + "/api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	router, err := legacy.NewRouter(doc) // validates the description
	if err != nil {
		t.Fatal(err)
	}
	for _, schema := range doc.Components.Schemas {
		schema.Value.AdditionalProperties = openapi3.BoolSchema{Has: new(false)}
	}
	return &contract{doc, router}
}

// options make the validator look at everything. It validates OpenAPI 3.1 by JSON Schema 2020-12, formats included; only
// those of ids and addresses it has to be told.
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
	plain := &http.Request{Method: req.Method, URL: req.URL, Header: http.Header{}}
	if req.Method == http.MethodHead {
		plain.Method = http.MethodGet
	}
	route, params, err := c.router.FindRoute(plain)
	if err != nil {
		return c.checkOutside(status, header, body)
	}
	if req.Method == http.MethodHead {
		if len(body) > 0 {
			return fmt.Errorf("an answer to HEAD with a body of %d bytes", len(body))
		}
		body = []byte("null")
	}
	options := c.options()
	options.ExcludeResponseBody = req.Method == http.MethodHead || isStream(header)
	err = openapi3filter.ValidateResponse(req.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: plain, PathParams: params, Route: route},
		Status:                 status, Header: header, Body: io.NopCloser(bytes.NewReader(body)), Options: options,
	})
	switch {
	case err != nil:
		return err
	case status == http.StatusNoContent && len(body) > 0:
		return fmt.Errorf("a 204 with a body of %d bytes", len(body))
	case status >= http.StatusBadRequest && req.Method != http.MethodHead:
		return checkCode(route.Operation.Responses.Status(status).Value, body)
	}
	return nil
}

func isStream(header http.Header) bool {
	return strings.HasPrefix(header.Get("Content-Type"), "text/event-stream")
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
	var failed struct{ Error struct{ Code string } }
	if err := json.Unmarshal(body, &failed); err != nil {
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
func (c *contract) operations() []operation {
	var all []operation
	paths := c.doc.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		byMethod := paths[path].Operations()
		for _, method := range slices.Sorted(maps.Keys(byMethod)) {
			all = append(all, operation{method, path, byMethod[method]})
		}
	}
	return all
}
