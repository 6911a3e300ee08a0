package chat

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

func TestATitleIsTheQuestionInShort(t *testing.T) {
	for question, want := range map[string]string{
		"What is my portfolio worth?":    "What is my portfolio worth?",
		"  What\n\tis   it\u2028worth? ": "What is it worth?",
		"How did my tech stocks do this week, and what does Apple say about its risks?":                "How did my tech stocks do this week, and what does Apple…",
		"How did my tech stocks do this week? And what does Apple say about its risks in its filings?": "How did my tech stocks do this week?",
		"Hi! Please tell me how my technology stocks did in the past week, if you can.":                "Hi! Please tell me how my technology stocks did in the past…",
		"How did Apple Inc. and Microsoft Corp. do, and where does that leave my portfolio?":           "How did Apple Inc. and Microsoft Corp. do, and where does…",
		"# **Dividends**\n\n- of `AAPL`\n- of ~~MSFT~~":                                                "Dividends of AAPL of MSFT",
		"![x](http://evil/x.png) See [this](https://example.com) <b onclick=x>now</b> <!-- hidden -->": "x See this now",
		"What is 5*3*2, 5 * 3 * 2 and snake_case_name?":                                                "What is 5*3*2, 5 * 3 * 2 and snake_case_name?",
		"Is *this* _one_ <5% or >3%?":                                                                  "Is this one <5% or >3%?",
		"```\nprint(1)\n```":                                                                           "print(1)",
		"Wie hat sich mein Depot entwickelt, und was sagt Apple über seine Risiken aus?":               "Wie hat sich mein Depot entwickelt, und was sagt Apple über…",
		"我的科技股本周表现如何？苹果公司对其风险有何说明，我应该如何看待这些风险以及它们对我的投资组合的影响，请详细说明一下，谢谢你的帮助": "我的科技股本周表现如何？苹果公司对其风险有何说明，我应该如何看待这些风险以及它们对我的投资组合的影响，请详细说明一下…",
		"\u202eevil\u202c \u200bname\x07": "evil name",
		"***":                             defaultTitle,
		"??":                              "??",
		strings.Repeat("x", 100):          strings.Repeat("x", 59) + "…",
		strings.Repeat("👩‍👩‍👧", 30):       strings.Repeat("👩‍👩‍👧", 11) + "…",
	} {
		if got := titleOf(question); got != want {
			t.Errorf("%q:\n got %q\nwant %q", question, got, want)
		}
	}
}

func TestATitleIsShortAndCanBeStoredWhateverTheQuestion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		question := rapid.OneOf(rapid.String(), rapid.StringMatching("([a-z*_`#<>\\[\\]()!?. \\n-]|\U0001F1E9|\u0301|\u200d){0,200}")).Draw(t, "question")
		title := titleOf(question)
		if n := utf8.RuneCountInString(title); n == 0 || n > longestMade {
			t.Fatalf("got %d characters: %q", n, title)
		}
		if kept, err := checkText("title", title, maxTitle); err != nil || kept != title || strings.ContainsAny(title, "\n\r\t") {
			t.Fatalf("got %q, which is kept as %q, %v", title, kept, err)
		}
		if titleOf(question) != title {
			t.Fatal("the same question made two titles")
		}
	})
}

func TestAPersonsTitleStaysAndOursFollowsTheFirstQuestion(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		user := newUser(t, d)
		named, err := s.Create(t.Context(), user, new("Mine"))
		if err != nil {
			t.Fatal(err)
		}
		session := newSession(t, s, user)
		titles := func(want, source string) {
			t.Helper()
			got, err := s.Get(t.Context(), user, session.ID)
			if err != nil || got.Title != want || string(got.TitleSource) != source {
				t.Errorf("got %q, %s, %v, want %q, %s", got.Title, got.TitleSource, err, want, source)
			}
		}
		titles(defaultTitle, "auto")
		run := post(t, s, user, session.ID, "What is a *dividend*?")
		titles("What is a dividend?", "auto") // while the answer is written
		wait(t, run)
		wait(t, post(t, s, user, session.ID, "And a split?"))
		titles("What is a dividend?", "auto")
		first, _, err := s.Messages(t.Context(), user, session.ID, 10, "")
		if err != nil {
			t.Fatal(err)
		}
		edited, err := s.Rewrite(t.Context(), user, session.ID, first[3].ID, "What is a bond?")
		if err != nil {
			t.Fatal(err)
		}
		wait(t, edited)
		titles("What is a bond?", "auto")
		if _, err := s.Update(t.Context(), user, session.ID, Changes{Title: new("Basics")}); err != nil {
			t.Fatal(err)
		}
		again, err := s.Rewrite(t.Context(), user, session.ID, first[3].ID, "What is an option?")
		if err != nil {
			t.Fatal(err)
		}
		wait(t, again)
		titles("Basics", "manual")
		if _, err := s.Update(t.Context(), user, session.ID, Changes{AutoTitle: true}); err != nil {
			t.Fatal(err)
		}
		titles("What is an option?", "auto")
		wait(t, post(t, s, user, named.ID, "What is a dividend?"))
		if got, err := s.Get(t.Context(), user, named.ID); err != nil || got.Title != "Mine" || got.TitleSource != Manual {
			t.Errorf("got %+v, %v, want the title it was given", got, err)
		}
		wait(t, post(t, s, user, session.ID, "And now?"))
	})
}
