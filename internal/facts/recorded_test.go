package facts_test

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/facts"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// plainFact is a report as the recording has it, read without the package's help.
type plainFact struct {
	start, end, filed, accession, value string
}

// plainFacts reads a companyfacts file loosely: by concept and unit.
func plainFacts(t *testing.T, raw []byte) map[string]map[string][]plainFact {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var body map[string]any
	if err := decoder.Decode(&body); err != nil {
		t.Fatal(err)
	}
	text := func(v any) string { s, _ := v.(string); return s }
	all := map[string]map[string][]plainFact{}
	for taxonomy, tags := range body["facts"].(map[string]any) {
		for tag, about := range tags.(map[string]any) {
			units := map[string][]plainFact{}
			for unit, rows := range about.(map[string]any)["units"].(map[string]any) {
				for _, row := range rows.([]any) {
					f := row.(map[string]any)
					units[unit] = append(units[unit], plainFact{
						text(f["start"]), text(f["end"]), text(f["filed"]), text(f["accn"]), f["val"].(json.Number).String(),
					})
				}
			}
			all[taxonomy+":"+tag] = units
		}
	}
	return all
}

func recordings(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for folder, pattern := range map[string]string{"upstreams/fixtures/dev/edgar": "companyfacts-*.json", "evals/edgar/facts": "*.json.gz"} {
		paths, err := filepath.Glob(filepath.Join(sharedtest.Dir(t, folder), pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no files like %s (%v)", pattern, err)
		}
		for _, path := range paths {
			files[filepath.Base(path)] = content(t, path)
		}
	}
	return files
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(path, ".gz") {
		return raw
	}
	packed, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	raw, err = io.ReadAll(packed)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestOfEveryRecordedPeriodTheLastFiledValueHolds(t *testing.T) {
	for name, raw := range recordings(t) {
		c, err := facts.Read(raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		c = again(t, c)
		checked := 0
		for concept, units := range plainFacts(t, raw) {
			for unit, rows := range units {
				checked += checkConcept(t, c, concept, unit, rows)
			}
		}
		if checked == 0 {
			t.Errorf("%s: nothing was checked", name)
		}
		t.Logf("%s: %d periods", name, checked)
	}
}

// again writes a company and reads it, as whoever keeps it does.
func again(t *testing.T, c *facts.Company) *facts.Company {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	back, err := facts.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if before, after := c.Figures(), back.Figures(); !reflect.DeepEqual(before, after) {
		t.Fatalf("got the figures %v, want %v as before", after, before)
	}
	return back
}

func checkConcept(t *testing.T, c *facts.Company, concept, unit string, rows []plainFact) int {
	t.Helper()
	byPeriod := map[[2]string][]plainFact{}
	for _, row := range rows {
		key := [2]string{row.start, row.end}
		byPeriod[key] = append(byPeriod[key], row)
	}
	values, err := c.Values(concept, "", unit)
	if err != nil {
		t.Fatalf("%s in %s: %v", concept, unit, err)
	}
	got := map[[2]string]facts.Value{}
	for _, v := range values {
		if v.Derived != "" {
			continue
		}
		key := [2]string{"", v.End.String()}
		if v.Start != nil {
			key[0] = v.Start.String()
		}
		got[key] = v
	}
	for key, told := range byPeriod {
		slices.SortStableFunc(told, func(a, b plainFact) int {
			return cmp.Or(cmp.Compare(a.filed, b.filed), cmp.Compare(a.accession, b.accession))
		})
		last, v := told[len(told)-1], got[key]
		if v.Value.String() != decimal.RequireFromString(last.value).String() || v.Filing != last.accession || v.FiledOn.String() != last.filed {
			t.Errorf("%s in %s of %v: got %s of %s, want %s of %s", concept, unit, key, v.Value, v.Filing, last.value, last.accession)
		}
		changes := 1
		for i := range told[1:] {
			if told[i].value != told[i+1].value {
				changes++
			}
		}
		if len(v.History) != changes || v.Restated() != (changes > 1) {
			t.Errorf("%s in %s of %v: got %d values in its history, want %d", concept, unit, key, len(v.History), changes)
		}
	}
	if len(got) != len(byPeriod) {
		t.Errorf("%s in %s: got %d periods, want %d", concept, unit, len(got), len(byPeriod))
	}
	return len(byPeriod)
}

// numeric is a fact that was read from a filing's inline tags.
type numeric struct {
	CIK, Filing, Concept, Start, End, Value, Unit string
}

// TestTaggedFactsOfFilingsAreTheirCompanysFacts holds what stands in the filings themselves against what is answered. A
// later filing may have restated a period: then the value of the filing must be in its history.
func TestTaggedFactsOfFilingsAreTheirCompanysFacts(t *testing.T) {
	companies := map[string]*facts.Company{}
	for name, raw := range recordings(t) {
		c, err := facts.Read(raw)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		companies[strings.TrimLeft(c.CIK, "0")] = c
	}
	file, err := os.Open(sharedtest.Dir(t, "evals/edgar/numeric/dev.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	checked := map[string]int{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var n numeric
		if err := json.Unmarshal(lines.Bytes(), &n); err != nil {
			t.Fatal(err)
		}
		c, ok := companies[n.CIK]
		if !ok {
			continue
		}
		values, err := c.Values(n.Concept, n.End, "")
		if err != nil {
			continue // tagged since the facts were recorded
		}
		for _, v := range values {
			if v.Start != nil && v.Start.String() != n.Start || v.Start == nil && n.Start != "" || v.Derived != "" {
				continue
			}
			checked[n.CIK]++
			if !slices.ContainsFunc(v.History, func(f facts.Filed) bool { return f.Value.Equal(decimal.RequireFromString(n.Value)) }) {
				t.Errorf("%s of %s to %s: got %s, want %s", n.Concept, n.Start, n.End, v.Value, n.Value)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(checked) == 0 {
		t.Error("nothing was checked")
	}
	t.Log(slices.Sorted(maps.Keys(checked)), checked)
}
