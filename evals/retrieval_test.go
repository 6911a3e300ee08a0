package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// goldPages are a question's, with where its answer stands.
type goldPages struct {
	ID       string
	Doc      string
	GoldDocs []string `json:"gold_docs"`
	Evidence []struct {
		Doc  string
		Page int
	}
}

// rankings runs the suite and reads what it wrote.
func rankings(t *testing.T, args ...string) map[string][]place {
	t.Helper()
	to := filepath.Join(t.TempDir(), "ranked.jsonl")
	if passed, err := retrieval(append(args, "--out", to), io.Discard); err != nil || !passed {
		t.Fatalf("got %t, %v", passed, err)
	}
	return readRankings(t, to)
}

func readRankings(t *testing.T, path string) map[string][]place {
	t.Helper()
	lines, err := readLines[struct {
		ID     string
		Ranked [][2]any
	}](path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]place{}
	for _, line := range lines {
		for _, r := range line.Ranked {
			all[line.ID] = append(all[line.ID], place{r[0].(string), int(r[1].(float64))})
		}
	}
	return all
}

// recall is the share of the pages with the answers that are among the first k, and how often the first page is of the
// right filing.
func recall(questions []goldPages, ranked map[string][]place, k int) (pages, right float64) {
	for _, q := range questions {
		first := ranked[q.ID][:min(k, len(ranked[q.ID]))]
		for _, e := range q.Evidence {
			if slices.Contains(first, place{e.Doc, e.Page}) {
				pages += 1 / float64(len(q.Evidence))
			}
		}
		if len(first) > 0 && first[0].doc == q.Doc {
			right++
		}
	}
	return pages / float64(len(questions)), right / float64(len(questions))
}

func TestPagesThatAnswerAreAmongTheFirst(t *testing.T) {
	dir := sharedtest.Dir(t, "evals/retrieval")
	questions, err := readLines[goldPages](filepath.Join(dir, "financebench_dev.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	single, shared := rankings(t, dir), rankings(t, dir, "--shared")
	for k, want := range map[int]float64{5: 0.85, 10: 0.90} {
		got, _ := recall(questions, single, k)
		all, right := recall(questions, shared, k)
		if got < want {
			t.Errorf("recall@%d within the filing: got %.3f, want %.2f", k, got, want)
		}
		if all < got-0.03 || right < 0.90 {
			t.Errorf("among all filings: got recall@%d %.3f, within the filing %.3f; the first is of the right filing in %.3f", k, all, got, right)
		}
	}
}

func TestQuestionsOverQuartersLookIntoEachOfThem(t *testing.T) {
	dir := sharedtest.Dir(t, "evals/retrieval")
	questions, err := readLines[goldPages](filepath.Join(dir, "kgrag_dev.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	ranked, found := rankings(t, dir), 0.0
	for _, q := range questions {
		docs := map[string]bool{}
		for _, p := range ranked[q.ID][:5] {
			docs[p.doc] = true
		}
		for _, doc := range q.GoldDocs {
			if docs[doc] {
				found += 1 / float64(len(q.GoldDocs))
			}
		}
	}
	if found /= float64(len(questions)); found < 0.72 {
		t.Errorf("got %.3f of the filings among the first five pages, want 0.72", found)
	}
}

// pagesFile packs pages as the sets have them.
func pagesFile(t *testing.T, texts ...string) string {
	t.Helper()
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	for i, text := range texts {
		if err := json.NewEncoder(zip).Encode(filedPage{i, text}); err != nil {
			t.Fatal(err)
		}
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

// kiteSet is a set of two companies' filings, and two quarterly reports.
func kiteSet(t *testing.T) string {
	t.Helper()
	dir := write(t, map[string]string{
		"asked.jsonl": `{"id": "one", "question": "What were Acme's inventories in FY2024?", "doc": "ACME_2024_10K"}
			{"id": "two", "question": "Who is the competition of Beta Gliders in FY2024?", "doc": "BETA_2024_10K"}`,
		"quarters.jsonl": `{"id": "three", "question": "How much cash and cash equivalents were there at the end of Q2 2024?", "gold_docs": ["2024_Q2_ACME"]}`,
		"docs.jsonl": `{"doc": "ACME_2023_10K", "company": "Acme", "doc_type": "10k", "doc_period": 2023}
			{"doc": "ACME_2024_10K", "company": "Acme", "doc_type": "10k", "doc_period": 2024}
			{"doc": "BETA_2024_10K", "company": "Beta Gliders", "doc_type": "10k", "doc_period": 2024}`,
	})
	for name, text := range map[string]string{
		"pages/ACME_2023_10K.jsonl.gz":      pagesFile(t, "Acme in 2023", "Inventories  12  11"),
		"pages/ACME_2024_10K.jsonl.gz":      pagesFile(t, "Acme in 2024", "Nothing to see", "Inventories  15  12"),
		"pages/BETA_2024_10K.jsonl.gz":      pagesFile(t, "Competition\nWe compete with makers of kites.", "Beta Gliders"),
		"kgrag_pages/2024_Q1_ACME.jsonl.gz": pagesFile(t, "Acme, first quarter", "Cash and cash equivalents  5"),
		"kgrag_pages/2024_Q2_ACME.jsonl.gz": pagesFile(t, "Acme, second quarter", "Cash and cash equivalents  6"),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTheFilingIsTakenFromTheRowOrToldFromTheWords(t *testing.T) {
	dir := kiteSet(t)
	for what, ranked := range map[string]map[string][]place{"row": rankings(t, dir), "words": rankings(t, "--shared", dir)} {
		for id, want := range map[string]place{"one": {"ACME_2024_10K", 2}, "two": {"BETA_2024_10K", 0}, "three": {"2024_Q2_ACME", 1}} {
			if len(ranked[id]) == 0 || ranked[id][0] != want {
				t.Errorf("from the %s, %s: got %v, want %v first", what, id, ranked[id], want)
			}
		}
	}
}

func TestAFolderHasAFileForEachSet(t *testing.T) {
	dir, to := kiteSet(t), t.TempDir()
	if passed, err := retrieval([]string{dir, "--out", to}, io.Discard); err != nil || !passed {
		t.Fatalf("got %t, %v", passed, err)
	}
	if got := readRankings(t, filepath.Join(to, "asked.jsonl")); len(got) != 2 {
		t.Errorf("got %v", got)
	}
	if got := readRankings(t, filepath.Join(to, "quarters.jsonl")); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

func TestAFilingWithoutPagesFailsAndIsNamed(t *testing.T) {
	dir := kiteSet(t)
	if err := os.Remove(filepath.Join(dir, "pages/BETA_2024_10K.jsonl.gz")); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	to := filepath.Join(t.TempDir(), "ranked.jsonl")
	if passed, err := retrieval([]string{dir, "--out", to}, &out); err != nil || passed || !strings.Contains(out.String(), "two: there are no pages") {
		t.Errorf("got %t, %v, %s", passed, err, &out)
	}
	if got := readRankings(t, to); len(got["one"]) != 3 {
		t.Errorf("got %v", got)
	}
}

func TestRetrievalSaysWhatItNeeds(t *testing.T) {
	to := filepath.Join(t.TempDir(), "ranked.jsonl")
	for what, args := range map[string][]string{
		"nothing": {}, "no output": {t.TempDir()}, "no folder": {"--out", to}, "an unknown word": {t.TempDir(), "--out", to, "--best"},
		"two folders": {t.TempDir(), t.TempDir(), "--out", to}, "a folder without questions": {t.TempDir(), "--out", to},
	} {
		if passed, err := retrieval(args, io.Discard); err == nil || passed {
			t.Errorf("%s: got %t, %v", what, passed, err)
		}
	}
}
