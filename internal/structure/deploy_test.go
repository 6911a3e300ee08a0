package structure

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// builder is the Go that the image is built with.
var builder = regexp.MustCompile(`(?m)^ARG GO_VERSION=(\S+)$`)

func TestTheImageIsBuiltWithTheGoThatReleasesAre(t *testing.T) {
	released, err := os.ReadFile(filepath.Join(root, ".go-version"))
	if err != nil {
		t.Fatal(err)
	}
	dockerfile, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	if found := builder.FindSubmatch(dockerfile); found == nil || string(found[1]) != strings.TrimSpace(string(released)) {
		t.Errorf("the Dockerfile has %q, .go-version %s", found, released)
	}
}

// action is one that a workflow uses, pinned is how.
var (
	action = regexp.MustCompile(`(?m)^\s*-?\s*uses: ([^.\s]\S*)`)
	pinned = regexp.MustCompile(`^[\w.-]+/[\w.-]+@[0-9a-f]{40}$`)
)

func TestWorkflowsPinEveryActionByItsCommitAndGrantNothingByDefault(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), "\npermissions: {}\n") {
			t.Errorf("%s does not begin with permissions: {}", file)
		}
		for _, found := range action.FindAllSubmatch(text, -1) {
			if !pinned.Match(found[1]) {
				t.Errorf("%s uses %s, want it by its commit", file, found[1])
			}
		}
	}
}
