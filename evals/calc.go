package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// topics are the calculations there are vectors of, by the name in their files.
func topics() map[string]topic {
	return map[string]topic{
		"allocation":      allocationTopic,
		"dietz":           dietzTopic,
		"irr_portfolio":   moneyWeightedTopic,
		"lots_fifo":       lotsTopic,
		"portfolio_cases": casesTopic,
		"risk":            riskTopic,
		"twr":             twrTopic,
		"xirr":            xirrTopic,
	}
}

// topic maps a vector's inputs to calls of the production code and tells the result what came of them. An error says
// that the inputs cannot be understood; it fails the vector.
type topic func(v *vector, r *result) error

// vectors is one file.
type vectors struct {
	Topic    string             `json:"topic"`
	Count    *int               `json:"count"`
	Datasets map[string]dataset `json:"datasets"`
	Cases    []vector           `json:"cases"`

	name string
}

// dataset is a table of series that vectors refer to.
type dataset struct {
	Dates   []string              `json:"dates"`
	Columns map[string][]*float64 `json:"columns"`
}

// vector is one published example.
type vector struct {
	ID        string          `json:"id"`
	Inputs    json.RawMessage `json:"inputs"`
	Expected  facts           `json:"expected"`
	Tolerance struct {
		Abs      float64 `json:"abs"`
		Rel      float64 `json:"rel"`
		MoneyAbs float64 `json:"money_abs"`
	} `json:"tolerance"`
	Conventions map[string]any  `json:"conventions"`
	Tags        []string        `json:"tags"`
	Reproduced  json.RawMessage `json:"reproduced"`
	Recomputed  json.RawMessage `json:"recomputed"`

	datasets map[string]dataset
}

// facts are what a vector expects, by name. Where a file has a list of them, list holds it for the topic to read.
type facts struct {
	named map[string]json.RawMessage
	list  []json.RawMessage
}

func (f *facts) UnmarshalJSON(raw []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		return json.Unmarshal(raw, &f.list)
	}
	return json.Unmarshal(raw, &f.named)
}

// read decodes the inputs. A key that into does not know is an error: what it means would be left out of the result.
func (v *vector) read(into any) error {
	decoder := json.NewDecoder(bytes.NewReader(v.Inputs))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fmt.Errorf("inputs: %w", err)
	}
	return nil
}

// sourceWrong tells whether the source's own answer was found to be wrong; such a vector fails nobody.
func (v *vector) sourceWrong() bool { return string(v.Reproduced) == `"source_wrong"` }

// mostNotApplicable is the share of the vectors that may be left out, each for its reason.
const mostNotApplicable = 0.02

// calc runs all vectors of a folder.
func calc(args []string, out io.Writer) (bool, error) {
	if len(args) != 1 {
		return false, errors.New("calc takes one argument: the folder with the vectors")
	}
	files, err := filepath.Glob(filepath.Join(args[0], "*.json"))
	if err != nil || len(files) == 0 {
		return false, fmt.Errorf("no *.json in %s", args[0])
	}
	slices.Sort(files)
	total, sound := tally{name: "sum"}, true
	var lines []string
	var tallies []tally
	for _, path := range files {
		set, err := load(path)
		if err != nil {
			lines, sound = append(lines, fmt.Sprintf("BAD FILE  %s: %v", filepath.Base(path), err)), false
			continue
		}
		t := set.run()
		tallies, lines = append(tallies, t), append(lines, t.lines...)
		total.add(t)
	}
	for _, t := range append(tallies, total) {
		t.print(out)
	}
	for _, line := range lines {
		_, _ = fmt.Fprintln(out, line)
	}
	if total.tooManyLeftOut() {
		_, _ = fmt.Fprintf(out, "more than %g %% are not applicable\n", 100*mostNotApplicable)
		sound = false
	}
	return sound && total.failed == 0 && total.passed > 0, nil
}

// load reads a file and checks that it is what it says.
func load(path string) (*vectors, error) {
	text, err := os.ReadFile(path) // #nosec G304 G703 -- who runs the command names the folder
	if err != nil {
		return nil, err
	}
	set := vectors{name: filepath.Base(path)}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	switch {
	case topics()[set.Topic] == nil:
		return nil, fmt.Errorf("nothing is known of the topic %q", set.Topic)
	case len(set.Cases) == 0:
		return nil, errors.New("there are no cases in it")
	case set.Count != nil && *set.Count != len(set.Cases):
		return nil, fmt.Errorf("it counts %d cases and has %d", *set.Count, len(set.Cases))
	}
	return &set, nil
}

func (s *vectors) run() tally {
	t := tally{name: s.Topic}
	for i := range s.Cases {
		v := &s.Cases[i]
		v.datasets = s.Datasets
		r := newResult(v)
		r.run(topics()[s.Topic])
		t.count(r)
	}
	return t
}

// tally counts how vectors and their facts came out.
type tally struct {
	name                          string
	passed, failed, notApplicable int
	facts, factsNotApplicable     int
	lines                         []string
}

func (t *tally) add(other tally) {
	t.passed += other.passed
	t.failed += other.failed
	t.notApplicable += other.notApplicable
	t.facts += other.facts
	t.factsNotApplicable += other.factsNotApplicable
}

func (t *tally) count(r *result) {
	t.facts += r.facts
	t.factsNotApplicable += r.factsNotApplicable
	word := "FAIL"
	switch {
	case len(r.failures) == 0 && r.facts == 0:
		t.notApplicable++
	case len(r.failures) == 0:
		t.passed++
	case r.vector.sourceWrong():
		t.passed++
		word = "SOURCE WRONG"
	default:
		t.failed++
	}
	for _, failure := range r.failures {
		t.lines = append(t.lines, fmt.Sprintf("%-4s  %s  %s  %s", word, t.name, r.vector.ID, failure))
	}
	for _, note := range r.notes {
		t.lines = append(t.lines, fmt.Sprintf("%-4s  %s  %s  %s", "N/A", t.name, r.vector.ID, note))
	}
}

func (t *tally) tooManyLeftOut() bool {
	cases := t.passed + t.failed + t.notApplicable
	return float64(t.notApplicable) > mostNotApplicable*float64(cases) ||
		float64(t.factsNotApplicable) > mostNotApplicable*float64(t.facts+t.factsNotApplicable)
}

func (t *tally) print(out io.Writer) {
	_, _ = fmt.Fprintf(out, "%-16s %4d of %4d passed", t.name, t.passed, t.passed+t.failed+t.notApplicable)
	_, _ = fmt.Fprintf(out, ", %d not applicable, %d facts checked, %d not applicable\n", t.notApplicable, t.facts, t.factsNotApplicable)
}
