package tool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// schema is a tool's input as it is described and checked.
type schema struct {
	text     json.RawMessage
	resolved *jsonschema.Resolved
}

func schemaOf[In any]() schema {
	t := reflect.TypeFor[In]()
	root, err := jsonschema.ForType(t, &jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[calendar.Day](): {Type: "string", Format: "date", Pattern: `^\d{4}-\d{2}-\d{2}$`},
	}})
	must(t, err)
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		property := root.Properties[name]
		if property == nil {
			must(t, fmt.Errorf("field %s has no name in JSON", f.Name))
		}
		notNull(property)
		limit(property, f.Tag)
	}
	text, err := json.Marshal(root)
	must(t, err)
	resolved, err := root.Resolve(nil)
	must(t, err)
	return schema{text, resolved}
}

func must(t reflect.Type, err error) {
	if err != nil {
		panic(fmt.Sprintf("tool: input %s has no schema: %v", t, err))
	}
}

// notNull takes null out of the types that lists and pointers have: whoever means nothing leaves the property out.
func notNull(s *jsonschema.Schema) {
	if types := slices.DeleteFunc(slices.Clone(s.Types), func(t string) bool { return t == "null" }); len(types) == 1 {
		s.Type, s.Types = types[0], nil
	}
}

// limit takes over what the tags say. Those that are about texts are about the texts of a list, too.
func limit(s *jsonschema.Schema, tag reflect.StructTag) {
	of := s
	if s.Items != nil {
		of = s.Items
	}
	for _, value := range strings.FieldsFunc(tag.Get("enum"), func(r rune) bool { return r == ',' }) {
		of.Enum = append(of.Enum, value)
	}
	if pattern := tag.Get("pattern"); pattern != "" {
		of.Pattern = pattern
	}
	if format := tag.Get("format"); format != "" {
		of.Format = format
	}
	whole := func(name string) *int {
		n, err := strconv.Atoi(tag.Get(name))
		if err != nil {
			return nil
		}
		return &n
	}
	real := func(name string) *float64 {
		n, err := strconv.ParseFloat(tag.Get(name), 64)
		if err != nil {
			return nil
		}
		return &n
	}
	of.MinLength, of.MaxLength, s.MinItems, s.MaxItems = whole("minLength"), whole("maxLength"), whole("minItems"), whole("maxItems")
	of.Minimum, of.Maximum = real("minimum"), real("maximum")
}

// decode takes exactly what the schema allows; anything else is an Invalid with words for who wrote it.
func (s schema) decode(input json.RawMessage, into any) error {
	if len(bytes.TrimSpace(input)) == 0 {
		input = json.RawMessage(`{}`)
	}
	var value any
	if err := json.Unmarshal(input, &value); err != nil {
		return wrongInput("is not JSON")
	}
	if _, ok := value.(map[string]any); !ok {
		return wrongInput("must be a JSON object")
	}
	if err := s.resolved.Validate(value); err != nil {
		return wrongInput(explain(err))
	}
	if err := json.Unmarshal(input, into); err != nil { // what a schema cannot say, such as the 30th of February
		return wrongInput("holds a value that cannot be read; days have the form YYYY-MM-DD")
	}
	return nil
}

// explain is what the validator found wrong, without its account of the way there.
func explain(err error) string {
	const most = 300
	text := err.Error()
	if at := strings.LastIndex(text, "validating "); at >= 0 {
		text = text[at+len("validating "):]
	}
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

func wrongInput(message string) error {
	f := fault.InvalidField("input", message)
	f.Message = "the input does not fit the tool's schema"
	return f
}
