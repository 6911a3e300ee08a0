package researchtools

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/research"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// findInput is the input of the tool that finds instruments.
type findInput struct {
	Query string `json:"query" jsonschema:"A symbol, or part of a name" minLength:"1" maxLength:"100"`
}

// findData is what was found.
type findData struct {
	Matches []match `json:"matches"`
}

type match struct {
	Symbol     string `json:"symbol"`
	Name       string `json:"name"`
	AssetClass string `json:"assetClass"`
	Exchange   string `json:"exchange"`
	Source     string `json:"source"`
}

// mostMatches are shown, the best.
const mostMatches = 15

// FindInstrument finds the symbol of what somebody means.
func FindInstrument(r *research.Service) tool.Tool {
	return tool.New("find_instrument",
		"Finds stocks, funds, indices, currencies and crypto by part of a name or symbol, the best match first.",
		func(ctx context.Context, _ tool.Asker, in findInput) (tool.Result, error) {
			matches, warnings, err := r.Search(ctx, in.Query)
			if err != nil {
				return tool.Result{}, named(err)
			}
			data, names := findData{Matches: []match{}}, []string{}
			for _, m := range matches[:min(len(matches), mostMatches)] {
				data.Matches, names = append(data.Matches, match(m)), append(names, m.Source)
			}
			if len(matches) == 0 {
				warnings = append(warnings, "Nothing is called so; try a shorter part of the name.")
			}
			return tool.Result{Data: data, Warnings: warnings, Source: tool.Source{Name: joined(names), Title: "Instruments: " + line(in.Query, 60)}}, nil
		})
}
