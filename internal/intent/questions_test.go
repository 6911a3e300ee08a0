package intent_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/when"
)

// labelled is a question and what it means.
type labelled struct {
	query   string
	today   calendar.Day
	exact   bool
	symbols string
	kind    string
	days    string
	fiscal  string
}

// labelledQuestions are those of testdata/questions.txt, which tells how it is written.
func labelledQuestions(t *testing.T) []labelled {
	t.Helper()
	raw, err := os.ReadFile("testdata/questions.txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []labelled
	var today calendar.Day
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "@"):
			today = mustDay(t, strings.TrimPrefix(line, "@ "))
		default:
			text, exact := strings.CutPrefix(line, "! ")
			parts := append(strings.Split(text, " | "), "?", "?", "?", "?")
			out = append(out, labelled{parts[0], today, exact, parts[1], parts[2], parts[3], parts[4]})
		}
	}
	return out
}

func mustDay(t *testing.T, text string) calendar.Day {
	t.Helper()
	day, err := calendar.ParseDay(text)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

// judged is what of a question was read right, by what was asked of it.
func (q labelled) judged(t *testing.T, in intent.Intent) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	if q.symbols != "?" {
		what := "symbols"
		if q.symbols == "-" {
			what = "none named"
		}
		var got []string
		for _, m := range in.Symbols {
			got = append(got, m.Symbol)
		}
		want := strings.Fields(strings.Trim(q.symbols, "-"))
		slices.Sort(got)
		slices.Sort(want)
		out[what] = slices.Equal(got, want)
	}
	if q.kind != "?" {
		out["type"] = string(in.Type) == q.kind
	}
	if q.days != "?" {
		out["days"] = q.within(t, in.Range)
	}
	if q.fiscal != "?" {
		out["fiscal"] = len(in.Fiscal) > 0 && q.fiscal == in.Fiscal[0].String()
	}
	return out
}

// within tells whether a range is one of those that will do, give or take a day.
func (q labelled) within(t *testing.T, got *when.Range) bool {
	t.Helper()
	if q.days == "-" || got == nil {
		return q.days == "-" && got == nil
	}
	near := func(a, b calendar.Day) bool { d := a.Number() - b.Number(); return d >= -1 && d <= 1 }
	for option := range strings.SplitSeq(q.days, ",") {
		first, last, _ := strings.Cut(option, "..")
		from, to := mustDay(t, first), mustDay(t, last)
		if near(from, got.From) && (near(to, got.To) || to == q.today && to.Before(got.To)) {
			return true
		}
	}
	return false
}

func TestQuestionsOfManyMannersAreUnderstood(t *testing.T) {
	u := intent.NewUniverse(allListed(t))
	right, all := map[string]int{}, map[string]int{}
	for _, q := range labelledQuestions(t) {
		in := u.Parse(q.query, intent.Context{Today: q.today})
		for what, ok := range q.judged(t, in) {
			all[what]++
			if ok {
				right[what]++
				continue
			}
			if q.exact {
				t.Errorf("%q: %s: got %+v", q.query, what, in)
			}
			t.Logf("%q: %s is not what is meant: %v %s %v %v", q.query, what, in.Symbols, in.Type, in.Range, in.Fiscal)
		}
	}
	for what, least := range map[string]float64{"symbols": 0.95, "none named": 0.98, "type": 0.94, "days": 0.95, "fiscal": 0.95} {
		if share := float64(right[what]) / float64(all[what]); share < least {
			t.Errorf("%s: %d of %d are right, want %.0f %%", what, right[what], all[what], 100*least)
		}
		t.Logf("%s: %d of %d", what, right[what], all[what])
	}
}
