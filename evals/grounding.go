package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// answered is a real answer to a question on filings.
type answered struct {
	ID        string `json:"id"`
	Question  string `json:"question"`
	QID       string `json:"qid"`
	Answer    words  `json:"model_answer"`
	Reasoning string `json:"reasoning"`
	Label     string `json:"label"`
	HasNumber bool   `json:"has_number"`
}

// words are a text, or a number that somebody kept as one.
type words string

// UnmarshalJSON takes either.
func (w *words) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		text = string(raw)
	}
	*w = words(text)
	return nil
}

// evidence are the pages on which a question's answer stands.
type evidence struct {
	QID   string `json:"qid"`
	Pages []struct {
		Page int    `json:"page"`
		Text string `json:"text"`
	} `json:"evidence"`
}

// grounded is what the check says of an answer, as the scorer reads it.
type grounded struct {
	ID        string `json:"id"`
	Supported bool   `json:"supported"`
}

// grounding holds real answers against the pages they should rest on, and works out the derivations of TAT-QA.
func grounding(args []string, out io.Writer) (bool, error) {
	dir, to, shared, err := retrievalArgs(args)
	if err != nil || shared {
		return false, errors.New("grounding takes the folder with the answers, and --out and a file to write")
	}
	pages, answers, err := groundingSet(dir)
	if err != nil {
		return false, err
	}
	said := make([]grounded, len(answers))
	for i, a := range answers {
		said[i] = grounded{a.ID, supported(a.Question, string(a.Answer), pages[a.QID])}
	}
	if err := writeGrounded(to, said); err != nil {
		return false, err
	}
	for half := range uint32(2) {
		tell(out, half, answers, said)
	}
	return derivations(dir, out)
}

func groundingSet(dir string) (map[string]evidence, []answered, error) {
	pages := map[string]evidence{}
	files, err := filepath.Glob(filepath.Join(dir, "evidence_*.jsonl"))
	if err != nil {
		return nil, nil, err
	}
	for _, path := range files {
		read, err := readLines[evidence](path)
		if err != nil {
			return nil, nil, err
		}
		for _, e := range read {
			pages[e.QID] = e
		}
	}
	if files, err = filepath.Glob(filepath.Join(dir, "answers_*.jsonl")); err != nil {
		return nil, nil, err
	}
	var answers []answered
	for _, path := range files {
		read, err := readLines[answered](path)
		if err != nil {
			return nil, nil, err
		}
		answers = append(answers, read...)
	}
	if len(answers) == 0 {
		return nil, nil, fmt.Errorf("no answers in %s", dir)
	}
	return pages, answers, nil
}

func writeGrounded(to string, said []grounded) error {
	var text strings.Builder
	lines := json.NewEncoder(&text)
	for _, s := range said {
		if err := lines.Encode(s); err != nil {
			return err
		}
	}
	return os.WriteFile(to, []byte(text.String()), 0o600)
}

// agreement counts how often the check agreed with people.
type agreement struct{ correct, passed, wrong, flagged int }

func (t *agreement) add(label string, supported bool) {
	switch label {
	case "correct":
		t.correct++
		if supported {
			t.passed++
		}
	case "incorrect":
		t.wrong++
		if !supported {
			t.flagged++
		}
	}
}

// and adds up two of them.
func (t agreement) and(o agreement) agreement {
	return agreement{t.correct + o.correct, t.passed + o.passed, t.wrong + o.wrong, t.flagged + o.flagged}
}

func (t agreement) pass() float64    { return float64(t.passed) / float64(max(1, t.correct)) }
func (t agreement) flag() float64    { return float64(t.flagged) / float64(max(1, t.wrong)) }
func (t agreement) balance() float64 { return (t.pass() + t.flag()) / 2 }

func (t agreement) String() string {
	return fmt.Sprintf("pass %.3f (%d)  flag %.3f (%d)  balance %.3f", t.pass(), t.correct, t.flag(), t.wrong, t.balance())
}

// half parts the answers in two by their names: one to learn from, one to see whether that was right.
func half(id string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	return h.Sum32() >> 7 % 2
}

// agreements are those of all answers and of those that tell what a page says, in one half.
func agreements(which uint32, answers []answered, said []grounded) (all, extraction agreement) {
	for i, a := range answers {
		if !a.HasNumber || half(a.ID) != which {
			continue
		}
		all.add(a.Label, said[i].Supported)
		if a.Reasoning == "Information extraction" {
			extraction.add(a.Label, said[i].Supported)
		}
	}
	return all, extraction
}

func tell(out io.Writer, which uint32, answers []answered, said []grounded) {
	all, extraction := agreements(which, answers, said)
	name := []string{"half to learn from", "other half"}[which]
	_, _ = fmt.Fprintf(out, "%-20s all                     %s\n%-20s information extraction  %s\n", name, all, "", extraction)
}
