package builtin_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/recording/recordingtest"
)

// drawn is any question and what may have been understood of it.
func drawn(t *rapid.T) (intent.Brief, string) {
	topics := []intent.Topic{
		intent.Dividends, intent.Performance, intent.Risk, intent.Allocation, intent.News, intent.Earnings, intent.Price, intent.Fundamentals, intent.Transactions, intent.Holdings,
		intent.Filings, intent.Cash, intent.Profile,
	}
	words := strings.Fields("my portfolio what is the if I sold half biggest largest loser holding news dividend fee tax interest realized gain bought sector currency volatile beat S&P 500 " +
		"price P/E margin revenue earnings growth quarterly risk factors say about filings 10-K which companies mention Zorblax top 3 best since inception 25% yield cash debt Apple")
	several := func(all []string, name string) []string {
		return rapid.SliceOfN(rapid.SampledFrom(all), 0, 3).Draw(t, name)
	}
	b := intent.Brief{
		Type:    rapid.SampledFrom([]intent.Type{intent.Portfolio, intent.Market, intent.Research, intent.Other}).Draw(t, "type"),
		Symbols: several([]string{"AAPL", "MSFT", "BRK.B", "^GSPC", "NOSUCH"}, "symbols"), Topics: rapid.SliceOfN(rapid.SampledFrom(topics), 0, 4).Draw(t, "topics"),
		Fiscal: several([]string{"FY2024", "Q3 2024", "FY1999"}, "fiscal"), Forms: several([]string{"10-K", "8-K", "DEF 14A"}, "forms"),
		Sectors: several([]string{"technology", "energy"}, "sectors"), Movers: rapid.SampledFrom([]string{"", "gainers", "losers"}).Draw(t, "movers"), Holdings: rapid.Bool().Draw(t, "holdings"),
	}
	if rapid.Bool().Draw(t, "ranged") {
		from := today.AddDays(rapid.IntRange(-4000, 400).Draw(t, "from"))
		to := from.AddDays(rapid.IntRange(0, 800).Draw(t, "days"))
		b.From, b.To = &from, &to
	}
	return b, strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 1, 12).Draw(t, "words"), " ")
}

func TestAnyQuestionIsAnsweredOfWhatWasRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		rapid.Check(t, func(t *rapid.T) {
			about, question := drawn(t)
			a := w.askOf(about, question)
			if a.text == "" {
				t.Errorf("%s: got no answer", question)
			}
			w.check(t, question, a)
		})
	})
}

var (
	number = regexp.MustCompile(`:-?\d+(\.\d+)?([,}\]])`)
	name   = regexp.MustCompile(`\bt\d+[\w.\[\]]*`)
)

// without takes every other number away, as sources do that do not know it.
func without(seed uint64) func(json.RawMessage) json.RawMessage {
	choice := rand.New(rand.NewPCG(seed, seed))
	return func(output json.RawMessage) json.RawMessage {
		return number.ReplaceAllFunc(output, func(found []byte) []byte {
			if choice.IntN(2) == 0 {
				return found
			}
			return append([]byte(":null"), found[len(found)-1])
		})
	}
}

// isKnown tells whether a number stands in a result where a reference says.
func isKnown(output json.RawMessage, path string) bool {
	decoder := json.NewDecoder(bytes.NewReader(output))
	var result struct {
		Data any `json:"data"`
	}
	if decoder.Decode(&result) != nil {
		return false
	}
	at := result.Data
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' || r == '[' || r == ']' }) {
		switch inner := at.(type) {
		case map[string]any:
			at = inner[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(inner) {
				return false
			}
			at = inner[i]
		}
	}
	_, ok := at.(float64)
	return ok
}

func TestWhatIsNotKnownIsNeverReferredTo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		references := 0
		for i, c := range conversations {
			w.spoil = without(uint64(i))
			a := w.ask(c.question)
			for _, m := range referenceForm.FindAllStringSubmatch(a.text, -1) {
				for _, ref := range name.FindAllString(m[1], -1) {
					references++
					handle, _, _ := strings.Cut(ref, ".")
					if path := strings.TrimPrefix(ref, handle); !isKnown(a.told[handle], path) {
						t.Errorf("%s: %s refers to what is not known: %s", c.question, m[0], a.told[handle])
					}
				}
			}
		}
		if references < 300 {
			t.Errorf("got %d references in all, want the answers to say something still", references)
		}
	})
}

func TestWhatWasKeptFromAModelIsReadAgainForItsOwner(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.local = false
		for _, amounts := range []string{"relative", "none"} {
			recordingtest.Exec(t, w.d, "delete from user_settings where user_id = $1", w.person)
			recordingtest.Exec(t, w.d, "insert into user_settings (user_id, amounts_to_model, notifications, updated_at) values ($1, $2, '[]', $3)", w.person, amounts, db.Time(now))
			for _, c := range conversations[:40] {
				a := w.ask(c.question)
				w.check(t, c.question, a)
				if strings.Contains(a.text, "keep amounts") {
					t.Errorf("%s: got %s", c.question, a.text)
				}
			}
			a, b := w.ask("What is my portfolio worth?"), w.ask("What fees did I pay last year?")
			if !strings.Contains(a.text, "worth {{t2.summary.totalValue}}") || !strings.Contains(b.text, "{{t2.fees}}") {
				t.Errorf("%s: got %s\n%s", amounts, a.text, b.text)
			}
		}
	})
}

func TestEveryTopicAndEveryToolHasItsAnswers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		topics, tools := map[intent.Topic]bool{}, map[string]bool{"calculate": true} // of which expressions of references are a part
		for _, c := range conversations {
			a := w.ask(c.question)
			for _, topic := range a.about.Topics {
				topics[topic] = true
			}
			for _, call := range a.calls {
				tools[call.Tool] = true
			}
		}
		for _, one := range w.tools {
			if !tools[one.Name] {
				t.Errorf("no question of the table has %s read", one.Name)
			}
		}
		if len(topics) < 13 {
			t.Errorf("got %s, want all thirteen topics", slices.Sorted(maps.Keys(topics)))
		}
	})
}
