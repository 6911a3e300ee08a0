package analyst

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// bothInputs are the inputs of the tools.
var bothInputs = map[string]symbolsInput{
	"optional": {about: "some", max: 3},
	"required": {about: "some", min: 1, max: 3, required: true},
}

// allowed tells what a validator of somebody else's makes of the input.
func allowed(t interface{ Fatal(...any) }, in symbolsInput, input string) bool {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(in.schema()))
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
		`{}`, `{"symbols":[]}`, `{"symbols":["AAPL"]}`, `{"symbols":["brk.b","BTC/USD","^GSPC"]}`, `{"symbols":["A","B","C","D"]}`,
		`{"symbols":null}`, `{"symbols":[null]}`, `{"symbols":"AAPL"}`, `{"symbols":[1]}`, `{"symbols":[""]}`, `{"symbols":["A B"]}`,
		`{"symbols":["AAPL; drop table users"]}`, `{"symbols":["../../etc/passwd"]}`, `{"Symbols":["AAPL"]}`, `{"SYMBOLS":[]}`,
		`{"symbols":["AAPL"],"userId":"someone"}`, `{"userId":"someone"}`, `null`, `[]`, `"AAPL"`, `7`, ``, `{`, `{"symbols":["A"]} {}`,
		`{"symbols":["` + strings.Repeat("A", 22) + `"]}`, `{"symbols":["` + strings.Repeat("A", 21) + `"]}`, `{"symbols":["AAPL\n"]}`,
	}
	for name, in := range bothInputs {
		for _, input := range inputs {
			_, err := in.decode(json.RawMessage(input))
			if want := allowed(t, in, input); (err == nil) != want {
				t.Errorf("%s, %s: got error %v, want taken %t", name, input, err, want)
			}
			if err != nil && !fault.Is(err, fault.Invalid) {
				t.Errorf("%s, %s: got %v, want an Invalid", name, input, err)
			}
		}
	}
}

func TestAnyJSONIsTakenExactlyWhenTheSchemaAllowsIt(t *testing.T) {
	value := rapid.SampledFrom([]any{"AAPL", "brk.b", "", "A B", 1, nil, true, []any{}, map[string]any{}, "^X=F"})
	key := rapid.SampledFrom([]string{"symbols", "Symbols", "userId", ""})
	rapid.Check(t, func(t *rapid.T) {
		object := map[string]any{}
		for range rapid.IntRange(0, 2).Draw(t, "keys") {
			object[key.Draw(t, "key")] = rapid.OneOf(rapid.Map(rapid.SliceOfN(value, 0, 4), func(s []any) any { return s }), value).Draw(t, "value")
		}
		input, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		for name, in := range bothInputs {
			symbols, err := in.decode(input)
			if want := allowed(t, in, string(input)); (err == nil) != want {
				t.Fatalf("%s, %s: got error %v, want taken %t", name, input, err, want)
			}
			if list, _ := object["symbols"].([]any); err == nil && len(symbols) != len(list) {
				t.Fatalf("%s, %s: got %v", name, input, symbols)
			}
		}
	})
}

func TestWhatTheModelMayAskForIsASymbolToTheMarket(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		symbol := rapid.StringMatching(market.SymbolPattern).Draw(t, "symbol")
		if normal, err := market.NormalizeSymbol(symbol); err != nil || !symbolForm.MatchString(normal) {
			t.Fatalf("got %q, %v of %q, want a symbol", normal, err, symbol)
		}
	})
}
