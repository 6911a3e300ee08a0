package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// writeObjects writes lines of JSON into a file.
func writeObjects(t *testing.T, path string, lines ...any) {
	t.Helper()
	var text bytes.Buffer
	for _, line := range lines {
		if err := json.NewEncoder(&text).Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAnswersAreSupportedByTheirPagesOrNot(t *testing.T) {
	type object = map[string]any
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "said.jsonl")
	asks := "How much did the mill earn in 2020? Answer in USD millions."
	writeObjects(t, filepath.Join(dir, "evidence_x.jsonl"), object{"qid": "q", "evidence": []object{{"page": 3, "text": "(in millions)\nSales\n$\n1,250\n$\n1,000\nCosts\n(900\n)\n(800\n)\nWe acquired a press for $12 million."}}})
	said := map[string]struct {
		question string
		answer   any
		want     bool
	}{
		"exact":      {asks, "It earned $1,250 million.", true},
		"rounded":    {asks, "It earned $1.3 billion.", true},
		"other":      {asks, "It earned $1,350 million.", false},
		"bare":       {asks, 1250, true},
		"derived":    {asks, "Sales of $1,250 million less costs of $900 million are $350 million.", true},
		"miscounted": {asks, "Sales less costs are 1,250 - 900 = 1,000.", false},
		"none":       {asks, "It earned well in 2020.", false},
		"gives up":   {asks, "Of $1,250 million we cannot determine it.", false},
		"aside":      {"What did the mill acquire?", "A press, in 2020, with 7 wheels.", true},
		"denied":     {"What has the mill acquired?", "There is no mention of anything acquired in 2020.", false},
	}
	var answers []any
	for id, a := range said {
		answers = append(answers, object{"id": id, "qid": "q", "question": a.question, "model_answer": a.answer, "label": "correct", "has_number": true})
	}
	writeObjects(t, filepath.Join(dir, "answers_x.jsonl"), answers...)
	if passed, err := grounding([]string{dir, "--out", to}, io.Discard); err != nil || !passed {
		t.Fatalf("got %t, %v", passed, err)
	}
	lines, err := readLines[grounded](to)
	if err != nil {
		t.Fatal(err)
	}
	if len(lines) != len(said) {
		t.Errorf("got %d lines, want %d", len(lines), len(said))
	}
	for _, line := range lines {
		if line.Supported != said[line.ID].want {
			t.Errorf("%s: got supported %t, want %t", line.ID, line.Supported, said[line.ID].want)
		}
	}
}

func TestDerivationsComeToTheirAnswers(t *testing.T) {
	for _, c := range []struct {
		derivation, answer, scale string
		want                      bool
	}{
		{"(1,200-1,000)/1,000", "20", "percent", true},
		{"(2% + 4%) / 2", "3", "percent", true},
		{"$1,407 + 93", "1500", "thousand", true},
		{"1 million + 500 thousand", "1500", "thousand", true},
		{"2/3", "0.67", "", true},
		{"2/3", "0.66", "", false},
		{"7 - 2", "6", "million", false},
		{"7 -", "7", "", false},
	} {
		if got := comesTo(c.derivation, c.answer, c.scale); got != c.want {
			t.Errorf("%s is %s %s: got %t, want %t", c.derivation, c.answer, c.scale, got, c.want)
		}
	}
}

func TestGroundingSaysWhatItTakes(t *testing.T) {
	for _, args := range [][]string{{}, {t.TempDir()}, {t.TempDir(), "--out", "x"}} {
		if _, err := grounding(args, io.Discard); err == nil {
			t.Errorf("%v: got no error", args)
		}
	}
}

func TestRealAnswersAreJudgedAsPeopleJudgedThem(t *testing.T) {
	dir := sharedtest.Dir(t, "evals/grounding")
	to := filepath.Join(t.TempDir(), "said.jsonl")
	var out strings.Builder
	if passed, err := grounding([]string{dir, "--out", to}, &out); err != nil || !passed {
		t.Fatalf("got %t, %v\n%s", passed, err, out.String())
	}
	_, answers, err := groundingSet(dir)
	if err != nil {
		t.Fatal(err)
	}
	said, err := readLines[grounded](to)
	if err != nil {
		t.Fatal(err)
	}
	all, extraction := agreements(0, answers, said)
	all2, extraction2 := agreements(1, answers, said)
	all, extraction = all.and(all2), extraction.and(extraction2)
	if all.balance() < 0.75 {
		t.Errorf("all: got %s, want a balance of 0.75", all)
	}
	if extraction.pass() < 0.95 || extraction.flag() < 0.70 {
		t.Errorf("information extraction: got %s, want 0.95 passed and 0.70 flagged", extraction)
	}
}
