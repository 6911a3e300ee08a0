package asvs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// quoted are the pieces of evidence in a cell: what stands in back-quotes.
var quoted = regexp.MustCompile("`([^`]+)`")

// evidence lists what a row points at.
func (r row) evidence() []string {
	var all []string
	for _, match := range quoted.FindAllStringSubmatch(r.shown, -1) {
		all = append(all, match[1])
	}
	return all
}

func TestWhatTheLedgerPointsAtIsThere(t *testing.T) {
	for _, r := range ledger(t) {
		all := r.evidence()
		if r.state == met && len(all) == 0 {
			t.Errorf("%s is met by no test, command or document", r.id)
		}
		for _, one := range all {
			if complaint := check(t, one); complaint != "" {
				t.Errorf("%s points at %s: %s", r.id, one, complaint)
			}
		}
	}
}

// check says what is wrong with a piece of evidence, or nothing. It has one of four forms: .ci/run STEPS, cmd: COMMAND,
// a test as FILE#Name, a document as FILE or FILE#heading.
func check(t *testing.T, evidence string) string {
	t.Helper()
	if steps, ok := strings.CutPrefix(evidence, ".ci/run "); ok {
		return checkSteps(t, strings.Fields(steps))
	}
	if line, ok := strings.CutPrefix(evidence, "cmd: "); ok {
		return checkCommand(t, strings.Fields(line))
	}
	path, part, _ := strings.Cut(evidence, "#")
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
	switch {
	case err != nil:
		return "there is no such file"
	case strings.HasSuffix(path, "_test.go"):
		return checkTest(string(text), part)
	case strings.HasSuffix(path, ".md"):
		return checkHeading(string(text), part)
	}
	return "it is neither a test nor a document"
}

func checkTest(text, name string) string {
	if !strings.HasPrefix(name, "Test") && !strings.HasPrefix(name, "Fuzz") {
		return "it names no test"
	}
	if !strings.Contains(text, "\nfunc "+name+"(") {
		return "there is no such test in that file"
	}
	return ""
}

// notInAnchor are the characters that an anchor leaves out of its heading.
var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

func checkHeading(text, anchor string) string {
	var there []string
	for line := range strings.Lines(text) {
		if heading := strings.TrimLeft(line, "#"); heading != line {
			bare := notInAnchor.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			there = append(there, strings.ReplaceAll(bare, " ", "-"))
		}
	}
	if anchor != "" && !slices.Contains(there, anchor) {
		return fmt.Sprintf("there is no such heading, only %v", there)
	}
	return ""
}

// ciSteps finds the list of steps in .ci/run.
var ciSteps = regexp.MustCompile(`(?m)^every=\(([^)]*)\)`)

func checkSteps(t *testing.T, steps []string) string {
	t.Helper()
	list := ciSteps.FindStringSubmatch(read(t, ".ci/run"))
	for _, step := range steps {
		if list == nil || !slices.Contains(strings.Fields(list[1]), step) {
			return "there is no step " + step
		}
	}
	return ""
}

// checkCommand knows the program's own commands, the benchmarks, and what Go brings along.
func checkCommand(t *testing.T, words []string) string {
	t.Helper()
	line := strings.Join(words, " ")
	switch {
	case len(words) > 1 && words[0] == "jaspers":
		if !strings.Contains(read(t, "main.go"), `{"`+words[1]+`", "`) {
			return "the program has no command " + words[1]
		}
	case len(words) > 3 && strings.HasPrefix(line, "go run ./bench "):
		if !mentions(t, "bench", `"`+words[3]+`"`) {
			return "there is no benchmark " + words[3]
		}
	case !strings.HasPrefix(line, "go version -m ") && !strings.HasPrefix(line, "go mod verify"):
		return "it is no command that is known here"
	}
	return ""
}

// mentions looks for a text in the Go files of a folder.
func mentions(t *testing.T, folder, text string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(path string) bool {
		source, err := os.ReadFile(path)
		return err == nil && strings.Contains(string(source), text)
	})
}
