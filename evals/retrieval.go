package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/ranking"
)

// asked is a question of a retrieval set, with the filing it is about.
type asked struct {
	ID       string   `json:"id"`
	Question string   `json:"question"`
	Doc      string   `json:"doc"`
	GoldDocs []string `json:"gold_docs"`
}

// filedDoc is a filing of a retrieval set: what is told of it, and its pages.
type filedDoc struct {
	Name    string `json:"doc"`
	Company string `json:"company"`
	Kind    string `json:"doc_type"`
	Period  int    `json:"doc_period"`

	pages []filedPage
}

type filedPage struct {
	Page int    `json:"page"`
	Text string `json:"text"`
}

// place is one page of a filing, as the scorer reads it.
type place struct {
	doc  string
	page int
}

func (p place) MarshalJSON() ([]byte, error) { return json.Marshal([]any{p.doc, p.page}) }

// ranked is the answer to a question.
type ranked struct {
	ID     string  `json:"id"`
	Ranked []place `json:"ranked"`
}

// longestRanking is how many pages are told of each question.
const longestRanking = 50

// retrieval ranks the pages of filings for each question of a folder with the ranking that the server uses.
func retrieval(args []string, out io.Writer) (bool, error) {
	dir, to, shared, err := retrievalArgs(args)
	if err != nil {
		return false, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return false, err
	}
	sets, questions, missing := map[string][]ranked{}, 0, 0
	for _, path := range files {
		answers, err := rankSet(dir, path, shared)
		if err != nil {
			return false, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		sets[filepath.Base(path)] = answers
		questions += len(answers)
		for _, a := range answers {
			if len(a.Ranked) == 0 {
				missing++
				_, _ = fmt.Fprintf(out, "%s: there are no pages of its filing\n", a.ID)
			}
		}
	}
	if questions == 0 {
		return false, fmt.Errorf("no questions in %s", dir)
	}
	_, _ = fmt.Fprintf(out, "%d questions ranked\n", questions-missing)
	return missing == 0, writeSets(to, sets)
}

// retrievalArgs reads the arguments, the folder before or after the others.
func retrievalArgs(args []string) (dir, to string, shared bool, err error) {
	flags := flag.NewFlagSet("retrieval", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&to, "out", "", "")
	flags.BoolVar(&shared, "shared", false, "")
	var dirs []string
	for rest := args; ; {
		if flags.Parse(rest) != nil || flags.NArg() == 0 {
			break
		}
		dirs, rest = append(dirs, flags.Arg(0)), flags.Args()[1:]
	}
	if len(dirs) != 1 || to == "" {
		return "", "", false, errors.New("retrieval takes the folder with the questions, --out and a file or folder to write and, if you like, --shared")
	}
	return dirs[0], to, shared, nil
}

// writeSets writes all answers into one file, or into a folder those of each set under its name.
func writeSets(to string, sets map[string][]ranked) error {
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		for name, answers := range sets {
			if len(answers) == 0 {
				continue
			}
			if err := writeLines(filepath.Join(to, name), answers); err != nil {
				return err
			}
		}
		return nil
	}
	var all []ranked
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		all = append(all, sets[name]...)
	}
	return writeLines(to, all)
}

// rankSet answers the questions of one file; a file of something else has none.
func rankSet(dir, path string, shared bool) ([]ranked, error) {
	questions, err := readLines[asked](path)
	if err != nil {
		return nil, err
	}
	questions = slices.DeleteFunc(questions, func(q asked) bool { return q.Question == "" })
	if len(questions) == 0 {
		return nil, nil
	}
	if questions[0].Doc == "" {
		docs, err := readDocs(filepath.Join(dir, "kgrag_pages"), nil)
		if err != nil {
			return nil, err
		}
		return rankAll(questions, docs, quartersAsked), nil
	}
	about, err := readLines[filedDoc](filepath.Join(dir, "docs.jsonl"))
	if err != nil {
		return nil, err
	}
	docs, err := readDocs(filepath.Join(dir, "pages"), about)
	if err != nil {
		return nil, err
	}
	if shared {
		return rankAll(questions, docs, filingsAsked), nil
	}
	return rankAll(questions, docs, nil), nil
}

// rankAll answers questions. Where nobody says which filing they are about, choose tells it from their words.
func rankAll(questions []asked, docs []filedDoc, choose func(question string, docs []filedDoc) []place) []ranked {
	var answers []ranked
	for _, q := range questions {
		pages := []place{}
		if i := slices.IndexFunc(docs, func(d filedDoc) bool { return d.Name == q.Doc }); choose != nil {
			pages = choose(q.Question, docs)
		} else if i >= 0 {
			pages = rankPages(ranking.Understand(q.Question), docs[i])
		}
		answers = append(answers, ranked{q.ID, pages})
	}
	return answers
}

// rankPages ranks the pages of some filings as one.
func rankPages(q ranking.Question, docs ...filedDoc) []place {
	var units []ranking.Unit
	var at []place
	pages := []place{}
	for _, d := range docs {
		for _, p := range d.pages {
			at = append(at, place{d.Name, p.Page})
			units = append(units, ranking.Unit{Text: p.Text})
		}
	}
	for _, p := range ranking.Rank(q, units) {
		pages = append(pages, at[p.Index])
	}
	return pages[:min(len(pages), longestRanking)]
}

// readDocs reads the pages of all filings of a folder; about is what is told of them.
func readDocs(dir string, about []filedDoc) ([]filedDoc, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl.gz"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no pages in %s", dir)
	}
	var docs []filedDoc
	for _, path := range files {
		doc := filedDoc{Name: strings.TrimSuffix(filepath.Base(path), ".jsonl.gz")}
		if i := slices.IndexFunc(about, func(d filedDoc) bool { return d.Name == doc.Name }); i >= 0 {
			doc = about[i]
		}
		if doc.pages, err = readLines[filedPage](path); err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	return docs, nil
}

// readLines reads a file of one JSON value a line, packed or not.
func readLines[T any](path string) ([]T, error) {
	file, err := os.Open(path) // #nosec G304 -- who runs the command names the folder
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var in io.Reader = bufio.NewReader(file)
	if strings.HasSuffix(path, ".gz") {
		if in, err = gzip.NewReader(in); err != nil {
			return nil, err
		}
	}
	var all []T
	for decoder := json.NewDecoder(in); ; {
		var one T
		switch err := decoder.Decode(&one); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, one)
	}
}

func writeLines[T any](path string, all []T) error {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	for _, one := range all {
		if err := encoder.Encode(one); err != nil {
			return err
		}
	}
	return os.WriteFile(path, []byte(text.String()), 0o600) // #nosec G306 -- the path is who runs the command's
}
