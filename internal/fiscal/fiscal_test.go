package fiscal

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/words"
)

func TestPeriodsAreFoundHoweverTheyAreWritten(t *testing.T) {
	tests := map[string]string{
		"FY2019 vs FY'20": "2019 2020",
		"fiscal year 2021, FYE 2022 and the financial year 23": "2021 2022 2023",
		"Q2 of FY2023":                      "2023Q2",
		"third quarter of fiscal 2022":      "2022Q3",
		"second fiscal quarter of 2025":     "2025Q2",
		"fourth-quarter 2024":               "2024Q4",
		"2Q23, 23Q4, Q22023, Q3 2023":       "2023Q2 2023Q4 2023Q2 2023Q3",
		"in 2024, 10-K, Q5 2023, a quarter": "",
	}
	for text, want := range tests {
		var got []string
		for _, p := range Find(words.Split(text)).Periods {
			got = append(got, p.String())
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %v, want %s", text, got, want)
		}
	}
}

func TestOnlyWhatSaysItIsFiscalIsNoDate(t *testing.T) {
	text := words.Split("FY2023 and Q3 2022")
	got := Find(text)
	for i, w := range text {
		if fiscal := w.Text == "fy" || w.Text == "2023"; got.Covers(i) != fiscal || (got.Masked(text)[i].Text == "") != fiscal {
			t.Errorf("%q: covered %v, want %v", w.Text, got.Covers(i), fiscal)
		}
	}
}

func TestDocumentsAreCalledAsEDGARDoes(t *testing.T) {
	tests := map[string][]string{
		"what did it say in its last 10-Q":           {"10-Q"},
		"the 10K and the latest 8k":                  {"10-K", "8-K"},
		"according to its 20-F":                      {"20-F"},
		"its latest annual report":                   {"10-K"},
		"quarterly filing and proxy statement":       {"10-Q", "DEF 14A"},
		"annual report on form 10-K":                 {"10-K"},
		"I am 10 kilometres from 8 kings of 20 fine": nil,
	}
	for query, want := range tests {
		if diff := cmp.Diff(want, Forms(words.Split(query))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
}
