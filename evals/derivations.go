package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

// table is one of TAT-QA, with its questions.
type table struct {
	Questions []struct {
		UID        string          `json:"uid"`
		Answer     json.RawMessage `json:"answer"`
		Derivation string          `json:"derivation"`
		Type       string          `json:"answer_type"`
		Scale      string          `json:"scale"`
	} `json:"questions"`
}

// leastEqual is the share of derivations that have to come to the answer.
const leastEqual = 0.97

// derivations works out each derivation of the arithmetic questions in the folder's tables.
func derivations(dir string, out io.Writer) (bool, error) {
	files, err := filepath.Glob(filepath.Join(dir, "tatqa_*.json.gz"))
	if err != nil {
		return false, err
	}
	equal, all := 0, 0
	for _, path := range files {
		tables, err := readTables(path)
		if err != nil {
			return false, fmt.Errorf("%s: %w", filepath.Base(path), err)
		}
		for _, t := range tables {
			for _, q := range t.Questions {
				if q.Type != "arithmetic" || q.Derivation == "" {
					continue
				}
				all++
				if comesTo(q.Derivation, string(q.Answer), q.Scale) {
					equal++
					continue
				}
				_, _ = fmt.Fprintf(out, "%s: %s is not %s %s\n", q.UID, q.Derivation, q.Answer, q.Scale)
			}
		}
	}
	share := float64(equal) / float64(max(1, all))
	_, _ = fmt.Fprintf(out, "derivations          %d of %d equal, %.4f\n", equal, all, share)
	return all == 0 || share >= leastEqual, nil
}

func readTables(path string) ([]table, error) {
	file, err := os.Open(path) //nolint:gosec // the folder is the operator's word
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	var tables []table
	return tables, json.NewDecoder(plain).Decode(&tables)
}

// shifts are the powers of ten of the words by which answers are scaled.
var shifts = map[string]int32{"thousand": 3, "million": 6, "billion": 9}

// comesTo tells whether an expression gives the answer, to the two places that answers have. An answer in percent comes
// of a ratio, or of cells in percent; one in thousands or millions is as large as its cells, unless the expression says
// their scale itself.
func comesTo(expression, answer, scale string) bool {
	want, err := decimal.NewFromString(strings.Trim(answer, `"`))
	if err != nil {
		return false
	}
	got, err := calculate.Evaluate(expression, nil)
	if err != nil {
		return false
	}
	readings := []decimal.Decimal{got.Amount}
	switch {
	case scale == "percent" && got.Unit != calculate.Percent:
		readings = append(readings, got.Amount.Shift(2))
	case strings.Contains(expression, "illion") || strings.Contains(expression, "thousand"):
		readings = []decimal.Decimal{got.Amount.Shift(-shifts[scale])}
	}
	return slices.ContainsFunc(readings, func(d decimal.Decimal) bool {
		return d.Sub(want).Abs().LessThanOrEqual(decimal.New(5, -3))
	})
}
