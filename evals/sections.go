package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/items"
)

// sections cuts each filing below a folder into its items, by the code that serves them, and writes one file for each.
func sections(args []string, out io.Writer) (bool, error) {
	if len(args) == 0 {
		return false, errors.New("say which folder holds the filings")
	}
	flags := flag.NewFlagSet("sections", flag.ContinueOnError)
	flags.SetOutput(out)
	to := flags.String("out", "", "the folder for the sections, one file for each filing")
	if err := flags.Parse(args[1:]); err != nil {
		return false, err
	}
	if *to == "" {
		return false, fmt.Errorf("say where the sections go: sections %s -out FOLDER", args[0])
	}
	if err := os.MkdirAll(*to, 0o750); err != nil {
		return false, err
	}
	filings, cut := 0, 0
	err := filepath.WalkDir(args[0], func(path string, entry fs.DirEntry, err error) error { // #nosec G703 -- the operator names the folder
		id := filingID(path)
		if err != nil || id == "" || entry.IsDir() {
			return err
		}
		found, err := cutFiling(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		filings++
		cut += len(found)
		return writeSections(filepath.Join(*to, id+".json"), found)
	})
	if err != nil {
		return false, err
	}
	_, err = fmt.Fprintf(out, "%d filings, %d items\n", filings, cut)
	return filings > 0, err
}

// filingID is the filing's name when the path is that of a filed document.
func filingID(path string) string {
	name := filepath.Base(path)
	for _, end := range []string{".htm.gz", ".txt.gz"} {
		if id, ok := strings.CutSuffix(name, end); ok {
			return id
		}
	}
	return ""
}

// formOf is the form: the second word of the name, or what the labels beside the filing say.
func formOf(path string) string {
	labels, err := os.ReadFile(filepath.Join(filepath.Dir(path), filingID(path)+".gold.json")) // #nosec G304 -- the operator names the folder
	var known struct{ Form string }
	if err == nil && json.Unmarshal(labels, &known) == nil && known.Form != "" {
		return known.Form
	}
	words := strings.Split(filingID(path), "_")
	if len(words) < 2 {
		return ""
	}
	return words[1]
}

// cutFiling reads a filing and returns the text of each item by its key.
func cutFiling(path string) (map[string]string, error) {
	file, err := os.Open(path) // #nosec G304 -- the operator names the folder
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	packed, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	doc, err := flat.Read(packed)
	if err != nil && !fault.Is(err, fault.FilingTooLarge) {
		return nil, err
	}
	found := map[string]string{}
	for _, it := range items.Find(formOf(path), doc) {
		for _, key := range append([]string{it.Key}, it.Also...) {
			found[key] = doc.Text[it.Start:it.End]
		}
	}
	return found, nil
}

func writeSections(path string, found map[string]string) error {
	text, err := json.Marshal(map[string]any{"items": found})
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}
