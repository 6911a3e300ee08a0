package asvs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

const (
	root       = "../.."
	ledgerFile = "docs/security/asvs.md"
	policyFile = "SECURITY.md"
)

// The states of a requirement. One whose feature does not exist is notBuilt: nothing is claimed of it.
const (
	met      = "met"
	open     = "open"
	notBuilt = "not built"
)

// row is a line of the ledger.
type row struct {
	id    string
	level int
	words string // what is asked, shortly
	state string
	shown string // what meets it, what is there of an open one, or the feature that is not built
}

// requirement is one that was selected for this kind of server.
type requirement struct {
	ID      string `json:"id"`
	Level   int    `json:"level"`
	Applies string `json:"applies"` // yes, conditional, or adopted from level 3
}

// read is a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ledger reads the rows: every line of a table that begins with an id.
func ledger(t *testing.T) []row {
	t.Helper()
	var rows []row
	for line := range strings.Lines(read(t, ledgerFile)) {
		if !strings.HasPrefix(line, "| V") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) != 5 {
			t.Fatalf("%q has %d cells, want id, level, words, state and what shows it", line, len(cells))
		}
		level, err := strconv.Atoi(cells[1])
		if err != nil {
			t.Fatalf("%s: got the level %q", cells[0], cells[1])
		}
		rows = append(rows, row{cells[0], level, cells[2], cells[3], cells[4]})
	}
	return rows
}

// selected is what has to stand in the ledger. The file stays beside the project: its text is not ours.
func selected(t *testing.T) map[string]requirement {
	t.Helper()
	text, err := os.ReadFile(sharedtest.Dir(t, "security/asvs5-jaspers.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Selected []requirement }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	all := map[string]requirement{}
	for _, r := range file.Selected {
		all[r.ID] = r
	}
	if len(all) != len(file.Selected) || len(all) < 200 {
		t.Fatalf("got %d requirements of %d entries, want each once and over 200", len(all), len(file.Selected))
	}
	return all
}

func TestEveryRequirementStandsInTheLedgerOnce(t *testing.T) {
	want, seen := selected(t), map[string]bool{}
	for _, r := range ledger(t) {
		asked, ok := want[r.id]
		switch {
		case !ok:
			t.Errorf("%s stands in the ledger, and was not selected", r.id)
		case seen[r.id]:
			t.Errorf("%s stands in the ledger twice", r.id)
		case r.level != asked.Level:
			t.Errorf("%s: got level %d, want %d", r.id, r.level, asked.Level)
		case r.words == "" || r.shown == "":
			t.Errorf("%s has an empty cell", r.id)
		case !slices.Contains([]string{met, open, notBuilt}, r.state):
			t.Errorf("%s: got the state %q, want met, open or not built", r.id, r.state)
		case r.state == notBuilt && asked.Applies == "yes":
			t.Errorf("%s applies whatever is built: it is met or open", r.id)
		}
		seen[r.id] = true
	}
	for id := range want {
		if !seen[id] {
			t.Errorf("%s is missing in the ledger", id)
		}
	}
}

// openEntry is a line of the list of what is open: an id in bold, and the reason.
var openEntry = regexp.MustCompile(`^- \*\*(V[\d.]+)\*\* (.{20,})$`)

func TestWhatIsOpenIsListedFirstWithItsReason(t *testing.T) {
	text := read(t, ledgerFile)
	start, end := strings.Index(text, "\n## Open\n"), strings.Index(text, "\n## V1")
	if start < 0 || end < start {
		t.Fatal("the ledger has no list of what is open before its first chapter")
	}
	var listed, want []string
	for line := range strings.Lines(text[start:end]) {
		if entry := openEntry.FindStringSubmatch(strings.TrimSpace(line)); entry != nil {
			listed = append(listed, entry[1])
		}
	}
	for _, r := range ledger(t) {
		if r.state == open {
			want = append(want, r.id)
		}
	}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("the list of what is open differs from the rows (-rows +list):\n%s", diff)
	}
}

func TestThePolicyCountsWhatTheLedgerSays(t *testing.T) {
	applies := selected(t)
	counts := map[string]map[string]int{}
	names := []string{"level 1", "level 2", "level 3, adopted"}
	for _, name := range names {
		counts[name] = map[string]int{}
	}
	unmet := 0
	for _, r := range ledger(t) {
		counts[names[r.level-1]][r.state]++
		if r.state == open && applies[r.id].Applies == "yes" {
			unmet++
		}
	}
	policy := read(t, policyFile)
	for _, name := range names {
		c := counts[name]
		if line := fmt.Sprintf("| %s | %d | %d | %d |", name, c[met], c[open], c[notBuilt]); !strings.Contains(policy, line+"\n") {
			t.Errorf("%s has no line %q", policyFile, line)
		}
	}
	if words := fmt.Sprintf("%d requirements of levels 1 and 2 that apply to this server in any case are open", unmet); !strings.Contains(policy, words) {
		t.Errorf("%s does not say: %s", policyFile, words)
	}
}
