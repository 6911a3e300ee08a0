package answers

import (
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// some are a dozen questions of all kinds.
func some(t *testing.T) []question {
	t.Helper()
	all, err := readQuestions()
	if err != nil {
		t.Fatal(err)
	}
	var few []question
	for i, q := range all {
		if i%12 == 3 {
			few = append(few, q)
		}
	}
	return few
}

func TestQuestionsAreManyAndTheirFiguresAreOfTheWorld(t *testing.T) {
	t.Parallel()
	all, err := readQuestions()
	if err != nil || len(all) < 120 {
		t.Fatalf("got %d questions, %v", len(all), err)
	}
	texts := map[string]bool{}
	for _, q := range all {
		if texts[q.Question] {
			t.Errorf("%q is asked twice: its scripts would be mixed up", q.Question)
		}
		texts[q.Question] = true
		if len(q.Want) == 0 && q.Symbol == "" {
			t.Errorf("%s: nothing is expected", q.ID)
		}
	}
}

func TestWhatTheSimulatedClaudeSaysTrulyIsFoundAndWhatItAltersIsNotShownAsTrue(t *testing.T) {
	t.Parallel()
	for _, model := range []string{Builtin, Claude, Adversary} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			verdicts, err := ask(model, options{world: firstWorld}, some(t))
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range verdicts {
				v.check(t)
			}
			if model == Adversary && len(verdicts) < 60 {
				t.Errorf("only %d answers say something wrong", len(verdicts))
			}
		})
	}
}

// seen are the alterations that the server sees through whatever the answer. Of the others docs/answers.md tells.
var seen = []string{"unit", "scale", "subject", "subject of a reference", "measure of a reference", "period of a reference", "stale", "typed source", "invented part", "altered quote"}

func (v verdict) check(t *testing.T) {
	t.Helper()
	if v.Invalid > 0 {
		t.Errorf("%s %s %s: citations that lead nowhere: %v", v.Model, v.ID, v.Wrong, v.Misses)
	}
	switch {
	case v.Model == Claude && (v.Found < v.Expected || v.Trusted > 0 || v.Refused):
		t.Errorf("%s: found %d of %d figures: %v\n%s", v.ID, v.Found, v.Expected, v.Misses, v.Content)
	case v.Model == Adversary && v.Trusted > 0 && slices.Contains(seen, v.Wrong):
		t.Errorf("%s %s: %v", v.ID, v.Wrong, v.Misses)
	}
}

func TestNumbersAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	dollars := func(value string) reading { return reading{value: decimal.RequireFromString(value), unit: "USD"} }
	for _, c := range []struct {
		text string
		of   reading
		is   bool
	}{
		{"$1,234.50", dollars("1234.5"), true},
		{"$1,234.60", dollars("1234.5"), false},
		{"1,234.50 USD", dollars("1234.5"), true},
		{"€1,234.50", dollars("1234.5"), false},
		{"about $1,200", dollars("1234.5"), true},
		{"about $1,300", dollars("1234.5"), false},
		{"$1.23 million", dollars("1234567"), true},
		{"$1.23 billion", dollars("1234567"), false},
		{"-$5.00", dollars("5"), false},
		{"12.3%", reading{value: decimal.RequireFromString("12.34"), unit: "%"}, true},
		{"12.3", reading{value: decimal.RequireFromString("12.34"), unit: "%"}, false},
		{"85", reading{value: decimal.RequireFromString("85"), unit: "shares"}, true},
	} {
		found := numbers(c.text)
		if len(found) != 1 || found[0].is(c.of) != c.is {
			t.Errorf("%s as %s %s: got %v of %+v, want %v", c.text, c.of.value, c.of.unit, !c.is, found, c.is)
		}
	}
}

func TestWrongFiguresThatAreShownAsBorneOutAreCounted(t *testing.T) {
	t.Parallel()
	r := reading{value: decimal.RequireFromString("1234.5"), unit: "USD", says: "AAPL is worth %s"}
	for kind, want := range map[string]int{"verified": 1, "derived": 1, "unverified": 0} {
		v := verdict{}
		v.wrongly(task{want: []reading{r}, script: &script{kind: "digit", lines: []string{"AAPL is worth "}}},
			message{Content: "AAPL is worth $1,634.50.", Figures: []figure{{Start: 14, End: 23, Text: "$1,634.50", Kind: kind}}})
		if v.Trusted != want {
			t.Errorf("%s: counted %d, want %d", kind, v.Trusted, want)
		}
	}
}

func TestCitationsThatLeadNowhereAreCounted(t *testing.T) {
	t.Parallel()
	w := &view{}
	found := true
	read := toolCall{ID: "1", Handle: "t1", Output: []byte(`{"data":{"passages":[{"text":"We make phones."}]}}`)}
	for name, c := range map[string]struct {
		message
		invalid int
	}{
		"a result":        {message{Content: "So it is. [1]", Citations: []citation{{Index: 1, Handle: "t1", ToolCallID: "1"}}, ToolCalls: []toolCall{read}}, 0},
		"no citation":     {message{Content: "So it is. [2]"}, 1},
		"no result":       {message{Content: "So it is. [1]", Citations: []citation{{Index: 1, Handle: "t9", ToolCallID: "9"}}, ToolCalls: []toolCall{read}}, 1},
		"words":           {message{Citations: []citation{{Handle: "t1", ToolCallID: "1", Quote: "we make phones", QuoteFound: &found}}, ToolCalls: []toolCall{read}}, 0},
		"words not there": {message{Citations: []citation{{Handle: "t1", ToolCallID: "1", Quote: "we make cars", QuoteFound: &found}}, ToolCalls: []toolCall{read}}, 1},
	} {
		v := verdict{}
		if v.citations(w, task{}, c.message); v.Invalid != c.invalid {
			t.Errorf("%s: counted %d, want %d: %v", name, v.Invalid, c.invalid, v.Misses)
		}
	}
}
