package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// file puts a packed file into a folder.
func file(t *testing.T, dir, name, text string) {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSectionsAreWrittenForEachFiling(t *testing.T) {
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "new")
	file(t, filepath.Join(dir, "a"), "1_10-K_2024-12-31_x.htm.gz", "<html><p>Items 1 and 2. Business and Properties</p><p>Pumps.</p><p>Item 3. Legal Proceedings</p><p>None.</p></html>")
	file(t, filepath.Join(dir, "b"), "2_8-K_2001-01-01_y.txt.gz", "Item 5. Other Events\n\nA mill was bought.\n")
	file(t, filepath.Join(dir, "b"), "named.txt.gz", "Item 5. Other Events\n\nA mill was sold.\n")
	if err := os.WriteFile(filepath.Join(dir, "b", "named.gold.json"), []byte(`{"form":"8-K","items":{"5":{}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var said, wrong bytes.Buffer
	if code := run([]string{"sections", dir, "--out", out}, &said, &wrong); code != 0 {
		t.Fatalf("got exit code %d: %s%s", code, &said, &wrong)
	}
	for id, want := range map[string]map[string]string{
		"1_10-K_2024-12-31_x": {"1": "Items 1 and 2. Business and Properties\nPumps.", "2": "Items 1 and 2. Business and Properties\nPumps.", "3": "Item 3. Legal Proceedings\nNone."},
		"2_8-K_2001-01-01_y":  {"5": "Item 5. Other Events\n\nA mill was bought."},
		"named":               {"5": "Item 5. Other Events\n\nA mill was sold."},
	} {
		raw, err := os.ReadFile(filepath.Join(out, id+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Items map[string]string }
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Items); diff != "" {
			t.Errorf("%s: -want +got\n%s", id, diff)
		}
	}
}

func TestSectionsSaysWhatItNeeds(t *testing.T) {
	for name, args := range map[string][]string{"no folder": {"sections"}, "nowhere to write": {"sections", t.TempDir()}, "no filings": {"sections", t.TempDir(), "-out", t.TempDir()}} {
		var said, wrong bytes.Buffer
		if code := run(args, &said, &wrong); code != 1 || strings.TrimSpace(said.String()+wrong.String()) == "" {
			t.Errorf("%s: got exit code %d, %q and %q, want 1 and a word", name, code, &said, &wrong)
		}
	}
}
