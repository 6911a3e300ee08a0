package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

const devVectors = "evals/calc/dev"

// devSets are the published vectors, of each topic that is known here.
func devSets(t *testing.T) []*vectors {
	t.Helper()
	dir := sharedtest.Dir(t, devVectors)
	var sets []*vectors
	for _, name := range slices.Sorted(maps.Keys(topics())) {
		set, err := load(filepath.Join(dir, name+".json"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		sets = append(sets, set)
	}
	return sets
}

func TestPublishedVectorsPass(t *testing.T) {
	total := tally{name: "sum"}
	for _, set := range devSets(t) {
		got := set.run()
		total.add(got)
		if got.failed > 0 {
			t.Errorf("%s: %d of %d failed:\n%s", set.Topic, got.failed, len(set.Cases), strings.Join(got.lines, "\n"))
		}
	}
	if total.tooManyLeftOut() {
		t.Errorf("got %+v: too many are not applicable", total)
	}
}

// spoil puts one value in the place of an input, of one case.
func spoil(v vector, key string, value string) vector {
	var inputs map[string]json.RawMessage
	if json.Unmarshal(v.Inputs, &inputs) != nil {
		return v
	}
	inputs[key] = json.RawMessage(value)
	v.Inputs, _ = json.Marshal(inputs) // of raw messages that are JSON each
	return v
}

func TestSpoiltInputsFailTheirVectorAndNothingElse(t *testing.T) {
	for _, set := range devSets(t) {
		for _, v := range set.Cases[:min(40, len(set.Cases))] {
			var inputs map[string]json.RawMessage
			if err := json.Unmarshal(v.Inputs, &inputs); err != nil {
				t.Fatal(err)
			}
			for key := range inputs {
				for _, value := range []string{"null", "[]", "[[]]", "[null]", "{}", `"x"`, "-1", "1e300", `[["2020-01-01",null]]`, `[["2020-13-01",1]]`} {
					spoilt := spoil(v, key, value)
					spoilt.datasets = set.Datasets
					r := newResult(&spoilt)
					r.run(topics()[set.Topic])
					if len(r.failures) > 0 && strings.HasPrefix(r.failures[0], "panic") {
						t.Errorf("%s %s with %s %s: %s", set.Topic, v.ID, key, value, r.failures[0])
					}
				}
			}
		}
	}
}

// write puts files into a folder of their own.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const oneCase = `{"topic":"twr","cases":[{"id":"a","inputs":{"kind":"link","returns":[0.1,null,0.1]},"expected":EXPECTED,"tolerance":{"abs":1e-9}}]}`

func TestTheExitCodeTellsWhetherAllIsWell(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		code  int
		says  string
	}{
		{"right", map[string]string{"a.json": strings.Replace(oneCase, "EXPECTED", `{"twr":0.21}`, 1)}, 0, "1 of    1 passed"},
		{"wrong", map[string]string{"a.json": strings.Replace(oneCase, "EXPECTED", `{"twr":0.2100001}`, 1)}, 1, "FAIL  twr  a  twr: got 0.21, want 0.2100001"},
		{"a word for none", map[string]string{"a.json": strings.Replace(oneCase, "EXPECTED", `{"twr":"undefined"}`, 1)}, 1, "want undefined"},
		{"a fact nobody checks", map[string]string{"a.json": strings.Replace(oneCase, "EXPECTED", `{"twr":0.21,"mood":1}`, 1)}, 1, "mood: nothing here says"},
		{"nothing expected", map[string]string{"a.json": strings.Replace(oneCase, "EXPECTED", `{}`, 1)}, 1, "nothing is expected"},
		{"an input nobody knows", map[string]string{"a.json": strings.NewReplacer("EXPECTED", `{"twr":0.21}`, `"kind"`, `"sort":1,"kind"`).Replace(oneCase)}, 1, `unknown field "sort"`},
		{"a kind nobody knows", map[string]string{"a.json": strings.NewReplacer("EXPECTED", `{"twr":0.21}`, `"link"`, `"chain"`).Replace(oneCase)}, 1, `no kind "chain"`},
		{"a topic nobody knows", map[string]string{"a.json": `{"topic":"tarot","cases":[{}]}`}, 1, `topic "tarot"`},
		{"no JSON", map[string]string{"a.json": `{"topic":`}, 1, "BAD FILE  a.json"},
		{"another shape", map[string]string{"a.json": `[1]`}, 1, "BAD FILE  a.json"},
		{"no cases", map[string]string{"a.json": `{"topic":"twr"}`}, 1, "no cases"},
		{"a wrong count", map[string]string{"a.json": `{"count":2,` + strings.Replace(oneCase, "EXPECTED", `{"twr":0.21}`, 1)[1:]}, 1, "counts 2 cases and has 1"},
		{"no files", nil, 1, "no *.json"},
	} {
		var out strings.Builder
		code := run([]string{"calc", write(t, test.files)}, &out, &out)
		if code != test.code || !strings.Contains(out.String(), test.says) {
			t.Errorf("%s: got %d and %q, want %d and %q", test.name, code, out.String(), test.code, test.says)
		}
	}
}

func TestWithoutASuiteTheUsageIsShown(t *testing.T) {
	for _, args := range [][]string{nil, {"tarot"}} {
		var out strings.Builder
		if code := run(args, &out, &out); code != 2 || !strings.Contains(out.String(), "calc DIR") {
			t.Errorf("%v: got %d and %q, want 2 and the usage", args, code, out.String())
		}
	}
	var out strings.Builder
	if code := run([]string{"calc"}, &out, &out); code != 1 || !strings.Contains(out.String(), "one argument") {
		t.Errorf("no folder: got %d and %q", code, out.String())
	}
}

func TestFlowsWithoutTheirAmountsAreInvalid(t *testing.T) {
	for _, inputs := range []string{
		`{"flows":[["2020-01-01",-1],["2021-01-01"]]}`,
		`{"flows":[["2020-01-01",-1],["2021-01-01",null]]}`,
		`{"dates":["2020-01-01","2021-01-01"],"amounts":[-1]}`,
		`{"flows":[]}`,
	} {
		v := vector{Inputs: json.RawMessage(inputs), Expected: facts{named: map[string]json.RawMessage{"status": json.RawMessage(`"invalid"`)}}}
		r := newResult(&v)
		r.run(xirrTopic)
		if len(r.failures) > 0 {
			t.Errorf("%s: got %v, want it invalid", inputs, r.failures)
		}
	}
}
