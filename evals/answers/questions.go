package answers

import (
	_ "embed" // for the questions
	"encoding/json"
	"fmt"
	"strings"
)

// question is a line of questions.jsonl.
type question struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Person   string   `json:"person"`
	Question string   `json:"question"`
	Want     []string `json:"want"`   // the figures an answer has to have, as expressions over the world
	Source   string   `json:"source"` // the tool that they come from
	Multi    bool     `json:"multi"`  // whether it takes more than one figure
	Symbol   string   `json:"symbol"` // whose filing or news has to be cited
	Form     string   `json:"form"`   // of the filing, whose day has to be told
	Query    string   `json:"query"`  // by which passages are looked for
}

//go:embed questions.jsonl
var questionLines string

func readQuestions() ([]question, error) {
	var all []question
	for line := range strings.Lines(questionLines) {
		var q question
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			return nil, fmt.Errorf("question %d: %w", len(all)+1, err)
		}
		all = append(all, q)
	}
	return all, nil
}
