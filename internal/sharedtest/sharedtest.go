// Package sharedtest finds the recordings and labelled data that stand beside the project, for tests that read them in place.
package sharedtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Dir is the path of a folder or file in the shared data. Where the data is not there the test is skipped with the
// reason, or fails when JASPERS_TEST_REQUIRE asks for "shared".
func Dir(t testing.TB, path string) string {
	t.Helper()
	root := os.Getenv("JASPERS_SHARED")
	if root == "" {
		root = filepath.Join(moduleRoot(t), "..", "shared")
	}
	full := filepath.Join(root, path)
	if _, err := os.Stat(full); err != nil {
		Missing(t, "shared", "no shared data here: set JASPERS_SHARED to the folder that holds "+path)
	}
	return full
}

// Missing skips the test because something it needs is not there, or fails it when JASPERS_TEST_REQUIRE, a comma list, names it.
func Missing(t testing.TB, what, reason string) {
	t.Helper()
	for required := range strings.SplitSeq(os.Getenv("JASPERS_TEST_REQUIRE"), ",") {
		if strings.TrimSpace(required) == what {
			t.Fatalf("%s is required here: %s", what, reason)
		}
	}
	t.Skip(reason)
}

// moduleRoot climbs from the test's folder to the one with go.mod.
func moduleRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = parent
	}
}
