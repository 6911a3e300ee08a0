package tool_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

type anyInput struct {
	Symbols []string      `json:"symbols,omitempty" pattern:"^[A-Z]{1,5}$" maxItems:"3"`
	Form    string        `json:"form,omitempty" enum:"10-K,10-Q"`
	Limit   int           `json:"limit,omitempty" minimum:"1" maximum:"9"`
	Since   *calendar.Day `json:"since,omitempty"`
}

type neededInput struct {
	Symbols []string `json:"symbols" jsonschema:"some" pattern:"^[A-Z]{1,5}$" minItems:"1" maxItems:"3"`
}

func echo[In any](name string) tool.Tool {
	return tool.New(name, "", func(_ context.Context, _ tool.Asker, in In) (tool.Result, error) { return tool.Result{Data: in}, nil })
}

var tools = []tool.Tool{echo[anyInput]("any"), echo[neededInput]("needed")}

// allowed tells what a validator of somebody else's makes of the input.
func allowed(t interface{ Fatal(...any) }, text json.RawMessage, input string) bool {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("input.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := compiler.Compile("input.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(input))
	return err == nil && compiled.Validate(value) == nil
}

func TestInputsAreTakenExactlyWhenTheirSchemaAllowsThem(t *testing.T) {
	inputs := []string{
		`{}`, `{"symbols":[]}`, `{"symbols":["AAPL"]}`, `{"symbols":["A","B","C"]}`, `{"symbols":["A","B","C","D"]}`,
		`{"symbols":null}`, `{"symbols":[null]}`, `{"symbols":"AAPL"}`, `{"symbols":[1]}`, `{"symbols":[""]}`, `{"symbols":["A B"]}`,
		`{"symbols":["AAPL; drop table users"]}`, `{"symbols":["../../etc/passwd"]}`, `{"Symbols":["AAPL"]}`, `{"SYMBOLS":[]}`,
		`{"symbols":["AAPL"],"userId":"someone"}`, `{"userId":"someone"}`, `null`, `[]`, `"AAPL"`, `7`, `{`, `{"symbols":["A"]} {}`,
		`{"form":"10-K"}`, `{"form":"10-k"}`, `{"form":null}`, `{"limit":9}`, `{"limit":10}`, `{"limit":0}`, `{"limit":1.5}`, `{"limit":"1"}`,
		`{"since":"2026-11-30"}`, `{"since":"yesterday"}`, `{"since":null}`, `{"since":7}`, `{"symbols":["AAPL\n"]}`,
	}
	for _, one := range tools {
		for _, input := range inputs {
			_, err := tool.Run(t.Context(), tools, tool.Asker{}, one.Name, json.RawMessage(input))
			if want := allowed(t, one.Schema, input); (err == nil) != want {
				t.Errorf("%s, %s: got error %v, want taken %t", one.Name, input, err, want)
			}
			if err != nil && !fault.Is(err, fault.Invalid) {
				t.Errorf("%s, %s: got %v, want an Invalid", one.Name, input, err)
			}
		}
	}
	if _, err := tool.Run(t.Context(), tools, tool.Asker{}, "any", json.RawMessage(`{"since":"2026-02-30"}`)); !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v of a day that never was, want Invalid", err)
	}
}

func TestAnyJSONIsTakenExactlyWhenTheSchemaAllowsIt(t *testing.T) {
	value := rapid.SampledFrom([]any{"AAPL", "brk.b", "", "A B", 1, nil, true, []any{}, map[string]any{}, "10-K"})
	key := rapid.SampledFrom([]string{"symbols", "Symbols", "form", "limit", "userId", ""})
	rapid.Check(t, func(t *rapid.T) {
		object := map[string]any{}
		for range rapid.IntRange(0, 2).Draw(t, "keys") {
			object[key.Draw(t, "key")] = rapid.OneOf(rapid.Map(rapid.SliceOfN(value, 0, 4), func(s []any) any { return s }), value).Draw(t, "value")
		}
		input, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range tools {
			_, err := tool.Run(context.Background(), tools, tool.Asker{}, one.Name, input)
			if want := allowed(t, one.Schema, string(input)); (err == nil) != want {
				t.Fatalf("%s, %s: got error %v, want taken %t", one.Name, input, err, want)
			}
		}
	})
}
