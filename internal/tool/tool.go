// Package tool declares what an answer may read: each tool once, with the input it takes, whose result can be referred to and cited.
package tool

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/reference"
)

// Tool is something that may be read. Tools change nothing, and they take no identity: whose data they read is the
// person who asks.
type Tool struct {
	Name        string
	Description string          // for whoever chooses among tools
	Schema      json.RawMessage // JSON schema of the input, which Run keeps to
	run         func(ctx context.Context, asker Asker, input json.RawMessage) (Result, error)
}

// Asker is who reads.
type Asker struct {
	UserID string
	// Local is whether what is read stays on this server; else it goes to a model's vendor, and tools keep to what the
	// person lets that see.
	Local bool
	// Read is what was read for the answer before, for tools that reckon with it. It does not change while tools run.
	Read *Results
}

// Result is what a tool found.
type Result struct {
	// Data is a struct that prints as JSON, every figure with its unit as package reference reads it. Its longest list
	// is cut when the whole is too large.
	Data     any
	Warnings []string // what has to be told with the figures
	Source   Source   // of all of it
	// Places are the parts that are cited by themselves: news, passages, sections.
	Places []Place
	// Basis is what it was worked out from, where it was not read anywhere; nil where it was.
	Basis *Basis
}

// Basis is what a value was worked out from, through whatever was worked out in between.
type Basis struct {
	Expression string
	Figures    []reference.Figure // that were read
	Numbers    []decimal.Decimal  // that were not: they stand in the expression
}

// Source is where something comes from, as a citation tells it.
type Source struct {
	Name  string    // who says so: portfolio (alpaca), yahoo, SEC EDGAR
	Title string    // what it is
	AsOf  time.Time // of the oldest figure; zero when the source does not say
	URL   string    // at a host we chose; empty where there is none
}

// Place is a part of a result that can be cited by itself.
type Place struct {
	Path   string // of the part in Data, as passages[0]
	Source Source
	// Text is what stands there, so that quoted words can be looked for; empty where nothing is quoted from.
	Text    string
	Passage *Passage // where the text stands, for one of a filing
}

// Passage is where a text stands in a filing.
type Passage struct {
	Accession string `json:"accession"`
	Document  string `json:"document"`
	Section   string `json:"section"` // the item's key; empty outside of all items
	// Start and End are characters of the document's flat text.
	Start  int    `json:"start"`
	End    int    `json:"end"`
	SHA256 string `json:"sha256"` // of the text between them, in hexadecimal
}

// New declares a tool. Its input is a struct whose tags make the schema: json, jsonschema (what it means), and enum,
// pattern, format, minimum, maximum, minItems, maxItems, maxLength. What is not omitempty is required; what is not in the
// schema is refused. A type that has no schema is a mistake of ours, and panics.
func New[In any](name, description string, run func(ctx context.Context, asker Asker, in In) (Result, error)) Tool {
	s := schemaOf[In]()
	return Tool{Name: name, Description: description, Schema: s.text, run: func(ctx context.Context, asker Asker, input json.RawMessage) (Result, error) {
		var in In
		if err := s.decode(input, &in); err != nil {
			return Result{}, err
		}
		return run(ctx, asker, in)
	}}
}

// Sizes in bytes. Results go to the model again with every turn that follows; inputs are a few symbols.
const (
	MaxOutput = 64 << 10
	MaxInput  = 16 << 10
)

// Run runs the tool of that name for a person: what was found, or why not. It is NotFound where there is no such tool,
// TooLarge and Invalid for inputs, and what the tool says. A tool that panics ends nothing but its call.
func Run(ctx context.Context, tools []Tool, asker Asker, name string, input json.RawMessage) (result Result, err error) {
	defer func() {
		if p := recover(); p != nil { // it would end the process, with everybody's answers
			err = fault.Recovered("the tool", p)
		}
	}()
	i := slices.IndexFunc(tools, func(t Tool) bool { return t.Name == name })
	if i < 0 {
		return Result{}, fault.New(fault.NotFound, "there is no tool of this name; use only the tools you were given")
	}
	if len(input) > MaxInput {
		return Result{}, fault.New(fault.TooLarge, "the input is too long")
	}
	return tools[i].run(ctx, asker, input)
}
