package chat

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/llm"
)

func search(t *testing.T, s *Service, user, query string) []Found {
	t.Helper()
	found, _, err := s.Search(t.Context(), user, query, 50, "")
	if err != nil {
		t.Fatalf("%q: %v", query, err)
	}
	return found
}

// marked is what was found, in order, with the words in brackets.
func marked(found []Found) (all []string) {
	for _, f := range found {
		runes := []rune(f.Snippet)
		text, at := "", 0
		for _, m := range f.Matches {
			text += string(runes[at:m.Start]) + "[" + string(runes[m.Start:m.End]) + "]"
			at = m.End
		}
		all = append(all, text+string(runes[at:]))
	}
	return all
}

func TestWordsOfTitlesAndMessagesAreFoundTheNewestFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		c := s.Now
		user, stranger := newUser(t, d), newUser(t, d)
		began, asked := c(), atomic.Int64{}
		s.Now = func() time.Time { return began.Add(time.Duration(asked.Add(1)) * time.Second) }
		kites, err := s.Create(t.Context(), user, new("Kites & café"))
		if err != nil {
			t.Fatal(err)
		}
		session := newSession(t, s, user).ID
		wait(t, post(t, s, user, session, "Do kites fly in Zürich's wind?"))
		wait(t, post(t, s, user, session, "苹果公司 and the KITE-maker's \"margin\" of 1,250"))
		theirs := newSession(t, s, stranger).ID
		wait(t, post(t, s, stranger, theirs, "Their kites"))
		for query, want := range map[string][]string{
			"kites":          {"Do [kites] fly in Zürich's wind?", "[Kites] & café"},
			"KITE":           {"苹果公司 and the [KITE]-maker's \"margin\" of 1,250", "Do [kites] fly in Zürich's wind?", "[Kites] & café"},
			"wind zurich":    {"Do kites fly in [Zürich]'s [wind]?"},
			"cafe":           {"Kites & [café]"},
			"CAFÉ":           {"Kites & [café]"},
			"cafe\u0301":     {"Kites & [café]"},
			"kites caf":      {"[Kites] & [café]"},
			"caf kites":      nil, // only the last word may be begun
			"果公":             {"苹[果][公]司 and the KITE-maker's \"margin\" of 1,250"},
			"marg":           {"苹果公司 and the KITE-maker's \"[margin]\" of 1,250"},
			"1,250":          {"苹果公司 and the KITE-maker's \"margin\" of [1],[250]"},
			"kites NOT wind": nil, "kites OR nothing": nil, "elephants": nil, "new conversation": nil,
		} {
			found := search(t, s, user, query)
			var got []string
			for i, text := range marked(found) {
				if found[i].Role == nil || *found[i].Role == llm.User || found[i].MessageID == nil {
					got = append(got, text)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
		}
		if got := search(t, s, stranger, "kites"); len(got) == 0 || got[0].SessionID != theirs || len(marked(search(t, s, user, "their"))) != 0 {
			t.Errorf("got %v, want everybody to find their own", got)
		}
		if _, err := s.Update(t.Context(), user, kites.ID, Changes{Title: new("Dragons")}); err != nil {
			t.Fatal(err)
		}
		if got := marked(search(t, s, user, "cafe")); len(got) != 0 {
			t.Errorf("got %q by a title that is not there any more", got)
		}
		if got := marked(search(t, s, user, "dragon")); len(got) != 1 || got[0] != "[Dragons]" {
			t.Errorf("got %q, want the new title", got)
		}
	})
}

func TestAnAnswerIsFoundOnceItEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := serviceOn(t, d)
		user := newUser(t, d)
		session := newSession(t, s, user)
		abandon(t, s, session.ID)
		if err := s.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := search(t, s, user, "apple"); len(got) != 0 {
			t.Errorf("got %v of an answer that is being written", got)
		}
		c.advance(leaseTime + time.Second)
		if _, err := s.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := marked(search(t, s, user, "apple ris")); len(got) != 1 || got[0] != "[Apple] is at 250 [1] & [rising]" {
			t.Errorf("got %q, want what had arrived", got)
		}
	})
}

func TestPagesOfWhatIsFoundAreAllOfItInItsOrder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, c := serviceOn(t, d)
		user := newUser(t, d)
		for i := range 7 {
			if _, err := s.Create(t.Context(), user, new(fmt.Sprint("kite ", i))); err != nil {
				t.Fatal(err)
			}
			if i%2 == 0 {
				c.advance(time.Second)
			}
		}
		var got []Found
		pages, cursor := 0, ""
		for {
			page, next, err := s.Search(t.Context(), user, "kite", 3, cursor)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, page...)
			pages++
			if cursor = next; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(search(t, s, user, "kite"), got); diff != "" || pages != 3 || len(got) != 7 {
			t.Errorf("got %d in %d pages (-whole +joined):\n%s", len(got), pages, diff)
		}
	})
}

func TestNoQueryIsReadAsALanguage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := serviceOn(t, d)
		user := newUser(t, d)
		if _, err := s.Create(t.Context(), user, new("kite")); err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string]int{
			`"kite`: 1, `kite*`: 1, `kite'`: 1, `kite:*`: 1, "kite\x00": 1, "kite \xff": 1, `^kite`: 1, `-kite`: 1, `(kite)`: 1, "kite\\": 1, "'kite' & !kite": 1,
			`words:kite`: 0, `kite AND`: 0, `NEAR(kite, 2)`: 0, "near": 0, `user_id`: 0, ownerWord(user): 0, "∅": -1, "🪁": -1, "": -1, " \n ": -1, `"*'!&|`: -1, "\x00": -1,
			strings.Repeat("k", maxQuery+1): -1, strings.Repeat("kite ", 200_000): -1,
			strings.TrimSpace(strings.Repeat("kite ", 40)): 1, strings.Repeat("é", maxQuery): 0,
		} {
			found, _, err := s.Search(t.Context(), user, query, 10, "")
			if f := fault.From(err); want < 0 && (err == nil || f.Kind != fault.Invalid || f.Fields[0].Path != "query.q") {
				t.Errorf("%.40q: got %v, %v, want an Invalid of query.q", query, found, err)
			} else if want >= 0 && (err != nil || len(found) != want || found == nil) {
				t.Errorf("%.40q: got %v, %v, want %d", query, found, err, want)
			}
		}
		for _, cursor := range []string{"x", "2026", writeCursor(s.Now(), "x")} {
			if _, _, err := s.Search(t.Context(), user, "kite", 10, cursor); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: got %v, want an Invalid of the cursor", cursor, err)
			}
		}
	})
}

func TestWhatIsDeletedIsNotFoundAndNowhereLeft(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, _ := writerOn(t, d)
		user := newUser(t, d)
		var sessions []string
		for i := range 30 {
			id := newSession(t, s, user).ID
			wait(t, post(t, s, user, id, fmt.Sprintf("my xylophone number %d is secretword%dq", i, i)))
			sessions = append(sessions, id)
		}
		if n := len(search(t, s, user, "secretword")); n < 30 {
			t.Fatalf("got %d, want all found", n)
		}
		for _, id := range sessions {
			if err := s.Delete(t.Context(), user, id); err != nil {
				t.Fatal(err)
			}
		}
		if got := search(t, s, user, "secretword"); len(got) != 0 {
			t.Errorf("got %v after their deletion", got)
		}
		for _, table := range []string{"chat_texts", "chat_words"} {
			var n int
			if err := d.Read().QueryRowContext(t.Context(), `select count(*) from `+table).Scan(&n); err != nil || n != 0 {
				t.Errorf("got %d rows of %s, %v", n, table, err)
			}
		}
		if d.Engine != db.SQLite {
			return
		}
		if err := d.Scrub(t.Context()); err != nil {
			t.Fatal(err)
		}
		var path string
		if err := d.Read().QueryRowContext(t.Context(), `select file from pragma_database_list where name = 'main'`).Scan(&path); err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"secretword", "xylophone"} {
			if bytes.Contains(file, []byte(word)) {
				t.Errorf("the file still holds %q", word)
			}
		}
	})
}

func TestASnippetShowsTheWordsWithWhatStandsAroundThem(t *testing.T) {
	long := strings.Repeat("lorem ipsum ", 40)
	for _, c := range []struct {
		text  string
		words []string
		want  string
	}{
		{"one\ntwo\u202ethree", []string{"thr"}, "one two [three]"},
		{long + "a kite, " + long, []string{"kite"}, "…ipsum lorem ipsum lorem ipsum lorem ipsum lorem ipsum a [kite], "},
		{"kite " + long, []string{"kite"}, "[kite] lorem"},
		{strings.Repeat("é", 500) + " kite", []string{"kite"}, "…[kite]"},
		{strings.Repeat("é", 500) + "kite", []string{"eeee"}, strings.Repeat("é", snippetLength) + "…"}, // more than is shown
	} {
		snip, places := snippet(c.text, c.words)
		got := marked([]Found{{Snippet: snip, Matches: places}})[0]
		if n := utf8.RuneCountInString(snip); n > snippetLength+2 || !utf8.ValidString(snip) {
			t.Errorf("got %d characters", n)
		}
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%.30q:\n got %q\nwant %q", c.text, got, c.want)
		}
	}
}

func FuzzSnippet(f *testing.F) {
	f.Add("one kite\n two", "kite")
	f.Fuzz(func(t *testing.T, text, query string) {
		wanted := wordsOf(query, maxWords)
		if len(wanted) == 0 || !utf8.ValidString(text) {
			return
		}
		snip, places := snippet(text, wanted)
		runes, at := []rune(snip), 0
		for _, p := range places {
			if p.Start < at || p.End <= p.Start || p.End > len(runes) {
				t.Fatalf("%v does not lie in order in %q", places, snip)
			}
			at = p.End
			if got := wordsOf(string(runes[p.Start:p.End]), 10); len(got) == 0 {
				t.Fatalf("%v of %q is no word", p, snip)
			}
		}
	})
}
