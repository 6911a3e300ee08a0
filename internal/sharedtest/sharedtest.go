// Package sharedtest has what the tests of several packages need: the recordings and labelled data that stand beside the project, and addresses to listen on.
package sharedtest

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
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

// Unpack reads a file of the shared data that xz packed; it takes the program of that name to do it.
func Unpack(t testing.TB, path string) []byte {
	t.Helper()
	packed := Dir(t, path)
	xz, err := exec.LookPath("xz")
	if err != nil {
		Missing(t, "shared", "no program xz here to unpack "+path)
	}
	text, err := exec.CommandContext(t.Context(), xz, "-dc", packed).Output()
	if err != nil {
		t.Fatalf("unpack %s: %v", path, err)
	}
	return text
}

// Tar reads the files of an archive of the shared data that xz packed, by name.
func Tar(t testing.TB, path string) map[string][]byte {
	t.Helper()
	in, files := tar.NewReader(bytes.NewReader(Unpack(t, path))), map[string][]byte{}
	for {
		entry, err := in.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatalf("read %s: %v", path, err)
		}
		if files[entry.Name], err = io.ReadAll(in); err != nil {
			t.Fatalf("read %s: %v", path, err)
		}
	}
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
