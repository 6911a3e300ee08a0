package analyst

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// symbolsInput is the input of a tool that takes stock symbols and nothing else: {"symbols": ["AAPL"]}. Its schema and
// its check come from the same numbers.
type symbolsInput struct {
	about    string // what the symbols mean, for the model
	min, max int    // how many there may be
	required bool
}

var symbolForm = regexp.MustCompile(market.SymbolPattern)

// schema is the JSON schema of the input.
func (in symbolsInput) schema() json.RawMessage {
	type list struct {
		Type        string            `json:"type"`
		Description string            `json:"description"`
		Items       map[string]string `json:"items"`
		MinItems    int               `json:"minItems"`
		MaxItems    int               `json:"maxItems"`
	}
	object := struct {
		Type       string          `json:"type"`
		Properties map[string]list `json:"properties"`
		Required   []string        `json:"required,omitempty"`
		Additional bool            `json:"additionalProperties"`
	}{Type: "object", Properties: map[string]list{
		"symbols": {"array", in.about, map[string]string{"type": "string", "pattern": market.SymbolPattern}, in.min, in.max},
	}}
	if in.required {
		object.Required = []string{"symbols"}
	}
	schema, err := json.Marshal(object)
	if err != nil {
		panic("analyst: a schema of plain values does not print: " + err.Error())
	}
	return schema
}

// decode takes exactly what the schema allows; anything else is an Invalid with words for the model.
func (in symbolsInput) decode(input json.RawMessage) ([]string, error) {
	var object map[string]json.RawMessage
	if json.Unmarshal(input, &object) != nil || object == nil {
		return nil, wrongInput("input", "must be a JSON object")
	}
	list, there := object["symbols"]
	if others := len(object); others > 1 || others == 1 && !there {
		return nil, wrongInput("input", `has properties this tool does not take; the only one is "symbols"`)
	}
	if !there {
		if in.required {
			return nil, wrongInput("input.symbols", "is missing")
		}
		return nil, nil
	}
	var symbols []*string // a null among them would print as an empty text
	if json.Unmarshal(list, &symbols) != nil || symbols == nil {
		return nil, wrongInput("input.symbols", "must be a list of texts")
	}
	if n := len(symbols); n < in.min || n > in.max {
		return nil, wrongInput("input.symbols", fmt.Sprintf("must hold %d to %d symbols", in.min, in.max))
	}
	out := make([]string, 0, len(symbols))
	for i, s := range symbols {
		if s == nil || !symbolForm.MatchString(*s) {
			return nil, wrongInput(fmt.Sprintf("input.symbols[%d]", i), "is not a stock symbol, such as AAPL or BRK.B")
		}
		out = append(out, *s)
	}
	return out, nil
}

func wrongInput(path, message string) error {
	f := fault.InvalidField(path, message)
	f.Message = "the input does not fit the tool's schema"
	return f
}
