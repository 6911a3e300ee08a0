package claude

import (
	"cmp"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestTheDocumentedModelsAreThoseOfTheTable compares the rows of docs/models.md by their cells.
func TestTheDocumentedModelsAreThoseOfTheTable(t *testing.T) {
	text, err := os.ReadFile("../../../docs/models.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if id, _, found := strings.Cut(strings.TrimPrefix(line, "| `"), "`"); found && strings.HasPrefix(line, "| `claude-") {
			rows[id] = line
		}
	}
	if len(rows) != len(models()) {
		t.Errorf("got %d models in the page, want %d", len(rows), len(models()))
	}
	for _, s := range models() {
		want := []string{
			s.Price.Input.String() + " / " + s.Price.Output.String(),
			s.Price.CacheRead.String() + " / " + s.Price.CacheWrite.String() + " / " + s.Price.CacheWriteHour.String(),
		}
		if s.Long != nil {
			want = append(want, s.Long.Input.String()+" / "+s.Long.Output.String())
		}
		for _, d := range []day{s.Ends, s.EndsAfter} {
			if !d.IsZero() {
				want = append(want, d.Format("2006-01-02"))
			}
		}
		row := cmp.Or(rows[s.ID], "nothing")
		if i := slices.IndexFunc(want, func(cell string) bool { return !strings.Contains(withoutZeros(row), cell) }); i >= 0 {
			t.Errorf("%s: got %s, want %q in it", s.ID, row, want[i])
		}
	}
}

// withoutZeros writes 2.50 as 2.5, as numbers print.
func withoutZeros(row string) string {
	words := strings.Fields(row)
	for i, w := range words {
		if strings.Contains(w, ".") && !strings.Contains(w, "-") {
			words[i] = strings.TrimRight(strings.TrimRight(w, "0"), ".")
		}
	}
	return strings.Join(words, " ")
}
