package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// labelled is a question with what it is about.
type labelled struct {
	spoken

	Origin string
	Core   *bool
	Scored []string
	Labels struct {
		Tickers  [][]string
		Optional []string `json:"tickers_optional"`
		Type     string
		Fiscal   *fiscal
		DocType  *string `json:"doc_type"`
		Filters  struct{ Group any }
		Range    *struct {
			From, To   string
			FromAccept []string `json:"from_accept"`
			ToAccept   []string `json:"to_accept"`
		}
	}
}

// share is how many of the questions were understood.
type share struct{ right, all int }

func (s *share) count(ok bool) {
	s.all++
	if ok {
		s.right++
	}
}

// The bars stand below what is reached, so that they tell a step back and not the wind.
func TestQuestionsAreUnderstoodAsOftenAsPromised(t *testing.T) {
	got := map[string]*share{}
	for name := range intentBars {
		got[name] = &share{}
	}
	u, err := readUniverse(sharedtest.Dir(t, "evals/universe"))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range readLabelled(t) {
		p := q.predicted(u)
		for _, field := range q.Scored {
			ok := q.right(field, p)
			for _, name := range q.counts(field) {
				if got[name] != nil {
					got[name].count(ok)
				}
			}
		}
	}
	for name, bar := range intentBars {
		if s := got[name]; s.all == 0 || float64(s.right) < bar*float64(s.all) {
			t.Errorf("%s: %d of %d, want %.0f %%", name, s.right, s.all, 100*bar)
		}
	}
}

var intentBars = map[string]float64{
	"external tickers": 0.97, "external none": 0.97, "external type": 0.98, "external fiscal": 0.98, "external core range": 0.85,
	"own tickers": 0.98, "own type": 0.98, "own range": 0.98, "own filters": 0.95, "own doc_type": 1,
}

// counts are the bars that a field of the question counts towards.
func (q labelled) counts(field string) []string {
	names := []string{q.Origin + " " + field}
	if field == "tickers" && len(q.Labels.Tickers) == 0 {
		names = append(names, q.Origin+" none")
	}
	if q.Core == nil || *q.Core {
		names = append(names, q.Origin+" core "+field)
	}
	return names
}

func readLabelled(t *testing.T) []labelled {
	t.Helper()
	raw, err := os.ReadFile(sharedtest.Dir(t, "evals/questions/dev.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var out []labelled
	for line := range strings.Lines(string(raw)) {
		var q labelled
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			t.Fatal(err)
		}
		out = append(out, q)
	}
	return out
}

// right judges as the scorer beside the questions does.
func (q labelled) right(field string, p prediction) bool {
	switch field {
	case "tickers":
		return q.tickersRight(p.Tickers)
	case "type":
		return string(p.Type) == q.Labels.Type
	case "range":
		if q.Labels.Range == nil || p.Range == nil {
			return q.Labels.Range == nil && p.Range == nil
		}
		r := q.Labels.Range
		return near(p.Range.From, append(r.FromAccept, r.From)) && near(p.Range.To, append(r.ToAccept, r.To))
	case "fiscal":
		return p.Fiscal != nil && p.Fiscal.Year == q.Labels.Fiscal.Year && (q.Labels.Fiscal.Quarter == 0 || p.Fiscal.Quarter == q.Labels.Fiscal.Quarter)
	case "doc_type":
		return p.DocType != nil && *p.DocType == *q.Labels.DocType
	}
	return slices.Equal(groupsOf(p.Filters["group"]), groupsOf(q.Labels.Filters.Group))
}

func (q labelled) tickersRight(symbols []string) bool {
	named := make([]bool, len(q.Labels.Tickers))
	for _, s := range symbols {
		meant := slices.ContainsFunc(q.Labels.Optional, func(o string) bool { return sameSymbol(o, s) })
		for i, mention := range q.Labels.Tickers {
			if slices.ContainsFunc(mention, func(m string) bool { return sameSymbol(m, s) }) {
				named[i], meant = true, true
			}
		}
		if !meant {
			return false
		}
	}
	return !slices.Contains(named, false)
}

func sameSymbol(a, b string) bool {
	plain := strings.NewReplacer(".", "-", "/", "-")
	return strings.EqualFold(plain.Replace(a), plain.Replace(b))
}

// near tells whether a day is one of some, give or take one.
func near(day calendar.Day, accepted []string) bool {
	return slices.ContainsFunc(accepted, func(text string) bool {
		other, err := calendar.ParseDay(text)
		return err == nil && day.Number()-other.Number() >= -1 && day.Number()-other.Number() <= 1
	})
}

func groupsOf(group any) []string {
	var out []string
	switch g := group.(type) {
	case string:
		out = []string{g}
	case []string:
		out = append(out, g...)
	case []any:
		for _, name := range g {
			out = append(out, name.(string))
		}
	}
	slices.Sort(out)
	return out
}

func TestIntentWantsItsThreePlaces(t *testing.T) {
	for _, args := range [][]string{nil, {"questions.jsonl"}, {"questions.jsonl", "--universe", "dir"}, {"--universe", "dir", "--out", "pred"}} {
		if _, _, _, err := intentArgs(args); err == nil {
			t.Errorf("%v: got no error", args)
		}
	}
	file, dir, to, err := intentArgs([]string{"--out", "pred", "questions.jsonl", "--universe", "dir"})
	if err != nil || file != "questions.jsonl" || dir != "dir" || to != "pred" {
		t.Errorf("got %q, %q, %q, %v", file, dir, to, err)
	}
}
