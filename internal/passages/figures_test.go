package passages_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/items"
	"github.com/jaspers-ai/jaspers/internal/passages"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// tagged is a figure that a filer tagged in its filing.
type tagged struct {
	Filing, Form, Label, End, Display string
	Current                           bool
}

func taggedFigures(t *testing.T) map[string][]tagged {
	t.Helper()
	text, err := os.ReadFile(sharedtest.Dir(t, "evals/edgar/numeric/dev.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]tagged{}
	for decoder := json.NewDecoder(bytes.NewReader(text)); ; {
		var one tagged
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		known := slices.ContainsFunc(all[one.Filing], func(other tagged) bool { return other.Label == one.Label })
		if one.Current && len(one.Display) > 3 && !known { // shorter ones stand anywhere
			all[one.Filing] = append(all[one.Filing], one)
		}
	}
}

// realDocument is a filing of the shared data; false where it is not there.
func realDocument(t *testing.T, name, form string) (passages.Document, bool) {
	t.Helper()
	paths, _ := filepath.Glob(filepath.Join(sharedtest.Dir(t, "evals/edgar/dev"), form, name+".*.gz"))
	if len(paths) == 0 {
		return passages.Document{}, false
	}
	file, err := os.Open(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := flat.Read(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return passages.Document{Accession: name, CIK: 1, Form: form, FiledOn: *day("2025-01-01"), Text: d.Text, Items: items.Find(form, d)}, true
}

func TestFiguresOfRealFilingsStandInThePassagesThatAreFound(t *testing.T) {
	figures := taggedFigures(t)
	var names []string
	for name := range figures {
		names = append(names, name)
	}
	slices.Sort(names)
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, asked, found := service(d), 0, 0
		for i := 0; i < len(names); i += 8 {
			doc, ok := realDocument(t, names[i], figures[names[i]][0].Form)
			if !ok {
				continue
			}
			ensure(t, s, doc)
			for _, figure := range figures[names[i]] {
				asked++
				hits := search(t, s, passages.Query{Text: fmt.Sprintf("What was %s in FY%s?", figure.Label, figure.End[:4]), Accession: doc.Accession, Limit: 5})
				if slices.ContainsFunc(hits, func(hit passages.Hit) bool { return strings.Contains(hit.Text, figure.Display) }) {
					found++
				}
			}
		}
		if share := float64(found) / float64(asked); asked < 100 || share < 0.95 {
			t.Errorf("got %d of %d figures among the first five passages, want 95 %%", found, asked)
		}
		t.Logf("%d of %d figures stand among the first five passages", found, asked)
	})
}
