package items_test

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/items"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// label is what is known of a filing whose items were marked by others.
type label struct {
	ID, File, Form, Class string
	Items                 map[string]labelled
	Absent                []string
}

type labelled struct {
	StartsWith   string   `json:"starts_with"`
	EndsWith     string   `json:"ends_with"`
	Start        int      `json:"sq_start"`
	End          int      `json:"sq_end"`
	OtherEnd     int      `json:"sq_end_alt"`
	EndScored    *bool    `json:"end_scored"`
	CombinedWith []string `json:"combined_with"`
}

// mislabelled are filings whose labels are wrong, each for its reason.
var mislabelled = map[string]string{
	"1341439_8-K_2014-06-19_0001193125-14-242424": "the rows of its table of contents are marked as the items",
}

// bars are the shares of items whose beginning and end must be right, and of filings of which all must be.
var bars = map[string]struct{ items, filings float64 }{
	"10-K": {.99, .93}, "10-Q": {.99, .93}, "8-K": {.995, .99}, "20-F": {.95, 0}, "xref": {.8, 0},
}

// tally counts what was right.
type tally struct{ items, right, filings, perfect int }

func TestLabelledFilings(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(sharedtest.Dir(t, "evals/edgar/dev"), "*", "*.gold.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no labels: %v", err)
	}
	tallies := map[string]*tally{}
	for _, path := range paths {
		l := readLabel(t, path)
		if mislabelled[l.ID] != "" {
			continue
		}
		class := l.Form
		if l.Class != "" {
			class = l.Class
		}
		class, _, _ = strings.Cut(class, "405")
		if tallies[class] == nil {
			tallies[class] = &tally{}
		}
		tallies[class].add(t, l, textsOf(t, filepath.Join(filepath.Dir(path), l.File), l.Form))
	}
	for class, bar := range bars {
		got := tallies[class]
		if got == nil {
			t.Errorf("%s: no filing", class)
			continue
		}
		right, perfect := float64(got.right)/float64(got.items), float64(got.perfect)/float64(got.filings)
		t.Logf("%s: %d of %d items, %d of %d filings", class, got.right, got.items, got.perfect, got.filings)
		if right < bar.items || perfect < bar.filings {
			t.Errorf("%s: got %.4f of the items and %.3f of the filings right, want %.3f and %.2f", class, right, perfect, bar.items, bar.filings)
		}
	}
}

func readLabel(t *testing.T, path string) label {
	t.Helper()
	raw, err := os.ReadFile(path) // #nosec G304 -- the shared data
	if err != nil {
		t.Fatal(err)
	}
	var l label
	if err := json.Unmarshal(raw, &l); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return l
}

// textsOf cuts a filing and returns its items' texts by key.
func textsOf(t *testing.T, path, form string) map[string]string {
	t.Helper()
	file, err := os.Open(path) // #nosec G304 -- the shared data
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	packed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := flat.Read(packed)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	found := items.Find(form, doc)
	sound(t, doc, found)
	texts := map[string]string{}
	for _, it := range found {
		for _, key := range append([]string{it.Key}, it.Also...) {
			texts[key] = doc.Text[it.Start:it.End]
		}
	}
	return texts
}

// add counts a filing's items.
func (y *tally) add(t *testing.T, l label, texts map[string]string) {
	t.Helper()
	y.filings++
	right := 0
	for key, want := range l.Items {
		got := texts[key]
		for _, other := range want.CombinedWith {
			if got == "" {
				got = texts[other]
			}
		}
		if wrong := want.differs(got); wrong != "" {
			t.Logf("%s %s: %s", l.ID, key, wrong)
			continue
		}
		right++
	}
	for _, key := range l.Absent {
		if texts[key] != "" {
			t.Errorf("%s: item %s was made up", l.ID, key)
		}
	}
	y.items += len(l.Items)
	y.right += right
	if right == len(l.Items) {
		y.perfect++
	}
}

// differs tells what is wrong with an item. Letters and digits are compared; a beginning may be off by the line of the
// part above it, an end by a page's foot.
func (want labelled) differs(text string) string {
	got, start := letters(text), letters(want.StartsWith)
	if got == "" {
		return "missing"
	}
	length := want.End - want.Start
	start = start[:min(len(start), 30, max(length, 1))]
	at := strings.Index(got[:min(len(got), len(start)+60)], start)
	if at < 0 {
		return "begins with " + got[:min(len(got), 60)]
	}
	if want.EndScored != nil && !*want.EndScored {
		return ""
	}
	slack := max(min(150, max(40, length/2)), length/100)
	near := func(end int) bool { return end > 0 && abs(len(got)-at-(end-want.Start)) <= slack }
	if !slices.ContainsFunc([]int{want.End, want.OtherEnd}, near) {
		return "ends with " + got[max(0, len(got)-60):]
	}
	return ""
}

func abs(n int) int { return max(n, -n) }

// letters are the lower-case letters and digits of a text.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, s)
}
