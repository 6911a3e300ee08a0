package transcript_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/chat"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/prose"
	"github.com/jaspers-ai/jaspers/internal/transcript"
)

func TestMain(m *testing.M) {
	decimal.MarshalJSONWithoutQuotes = true // as the server prints them
	goleak.VerifyTestMain(m)
}

var at = time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)

func each(messages ...chat.Message) iter.Seq2[chat.Message, error] {
	return func(yield func(chat.Message, error) bool) {
		for _, m := range messages {
			if !yield(m, nil) {
				return
			}
		}
	}
}

func written(t testing.TB, c transcript.Conversation, f transcript.Format) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func talk() transcript.Conversation {
	asked := chat.Message{ID: "q", SessionID: "s", Versions: []string{"p", "q"}, Role: llm.User, Status: chat.Complete, Content: "What is\n# Apple?", CreatedAt: at}
	answered := chat.Message{
		ID: "a", SessionID: "s", ParentID: new("q"), Versions: []string{"a"}, Role: llm.Assistant, Status: chat.Truncated, CreatedAt: at,
		Content: "It is at **250** [1].\n\n1. <b>one</b>", Error: &chat.Problem{Code: "max_tokens", Message: "It was cut."},
		Citations: []prose.Citation{{Index: 1, Handle: "t1", Tool: "get_stock_quotes", Source: "yahoo", Title: "[AAPL](http://evil)", AsOf: &at}},
		ToolCalls: []chat.ToolCall{
			{Name: "get_stock_quotes", Handle: "t1", Input: json.RawMessage(`{"symbols":["AAPL"]}`), Output: json.RawMessage(`{"text":"` + "````" + `"}`), StartedAt: at, DurationMs: 20},
			{Name: "get_news", Handle: "t2", Input: json.RawMessage(`{}`), Error: &chat.Problem{Code: "not_found", Message: "there is none"}, StartedAt: at},
		},
		Usage: &chat.Usage{Usage: llm.Usage{Input: 10, Output: 2}, CostUSD: decimal.RequireFromString("0.00004"), DurationMs: 1500, Model: "m-1"},
	}
	session := chat.Session{ID: "s", Title: "Apple & <pears> #", TitleSource: chat.Manual, HeadID: new("a"), CreatedAt: at, UpdatedAt: at}
	return transcript.Conversation{Session: session, Messages: each(asked, answered), At: at.Add(time.Hour)}
}

func TestMarkdownHasAllThatBelongsToAMessage(t *testing.T) {
	fence := "```"
	want := `# Apple \& \<pears\> \#

Begun 2026-11-24 15:00:00 UTC, written to this file 2026-11-24 16:00:00 UTC.

## You, 2026-11-24 15:00:00 UTC

Version 2 of 2.

> What is\
> \# Apple?

## Jaspers, 2026-11-24 15:00:00 UTC

> It is at \*\*250\*\* \[1\].
>
> 1\. \<b\>one\</b\>

Status: truncated. It was cut. (max\_tokens)

Sources:

- \[1\] yahoo: \[AAPL\](http\://evil), as of 2026-11-24 15:00:00 UTC (get\_stock\_quotes)

Tool get\_stock\_quotes (t1), 2026-11-24 15:00:00 UTC, 20 ms:

` + fence + `json
{
  "symbols": [
    "AAPL"
  ]
}
` + fence + `

` + fence + "``" + `json
{
  "text": "` + "````" + `"
}
` + fence + "``" + `

Tool get\_news (t2), 2026-11-24 15:00:00 UTC, 0 ms:

` + fence + `json
{}
` + fence + `

It failed: there is none (not\_found)

Model m-1; 10 tokens in, 2 out, 0 read from the cache, 0 written to it; 0.00004 USD; 1.5 s.
`
	if diff := cmp.Diff(want, written(t, talk(), transcript.Markdown)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestJSONIsOneObjectWithEveryPropertyOfTheAPI(t *testing.T) {
	text := written(t, talk(), transcript.JSON)
	var got struct {
		Format     string            `json:"format"`
		ExportedAt time.Time         `json:"exportedAt"`
		Session    json.RawMessage   `json:"session"`
		Messages   []json.RawMessage `json:"messages"`
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v of %s", err, text)
	}
	session, _ := json.Marshal(talk().Session)
	if got.Format != "jaspers.conversation/1" || !got.ExportedAt.Equal(at.Add(time.Hour)) || string(got.Session) != string(session) {
		t.Errorf("got %+v", got)
	}
	i := 0
	for m := range talk().Messages {
		want, _ := json.Marshal(m)
		if i >= len(got.Messages) || string(got.Messages[i]) != string(want) {
			t.Errorf("message %d: want %s", i, want)
		}
		i++
	}
	empty := transcript.Conversation{Session: talk().Session, Messages: each(), At: at}
	if err := json.Unmarshal([]byte(written(t, empty, transcript.JSON)), &got); err != nil || got.Messages == nil || len(got.Messages) != 0 {
		t.Errorf("got %v, %v, want an empty list", got.Messages, err)
	}
}

var escape = regexp.MustCompile("\\\\([!-/:-@\\[-`{-~])")

// read is what a reader of Markdown sees of a line that has only escapes in it.
func read(line string) string {
	return escape.ReplaceAllString(strings.ReplaceAll(line, "&nbsp;", " "), "$1")
}

// meaning are signs that would do something where a line has them without a backslash before.
var meaning = regexp.MustCompile("(?i)[`*_\\[\\]<>~|$@^]|^[#+=:-]|^\\d+[.)]|://|www\\.")

func TestNoTextLeavesItsPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching("([-a-c0-9`*_#>+=.:/()\\[\\]!<&;~|$@\\\\ \t\r\n]|www\\.|http://|\u202e){0,80}")).Draw(t, "text")
		m := chat.Message{ID: "m", Role: llm.User, Status: chat.Complete, Content: text, CreatedAt: at}
		var b bytes.Buffer
		c := transcript.Conversation{Session: chat.Session{Title: text, CreatedAt: at}, Messages: each(m), At: at}
		if err := c.Write(&b, transcript.Markdown); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if !strings.HasPrefix(lines[0], "# ") || lines[4] != "## You, 2026-11-24 15:00:00 UTC" {
			t.Fatalf("the frame is not as it was: %q", b.String())
		}
		for i, line := range append([]string{"> " + lines[0][2:]}, lines[min(6, len(lines)):]...) {
			body, quoted := strings.CutPrefix(line, ">")
			if !quoted {
				t.Fatalf("%q is not in the quote", line)
			}
			body = strings.TrimPrefix(body, " ")
			bare := escape.ReplaceAllString(strings.TrimSuffix(strings.ReplaceAll(body, "&nbsp;", "x"), `\`), "x")
			if meaning.MatchString(bare) || strings.Contains(bare, "&") || strings.HasPrefix(body, " ") || strings.HasPrefix(body, "\t") {
				t.Fatalf("line %d, %q, means something", i, line)
			}
		}
	})
}

func TestAQuoteReadsAsItWasWritten(t *testing.T) {
	text := "5 * 3 = 15 & so\n  - a_b `c` <d> [e](f)\n\n# g\t|h|\n1) C:\\dir\\ \n---"
	m := chat.Message{ID: "m", Role: llm.User, Status: chat.Complete, Content: text, CreatedAt: at}
	c := transcript.Conversation{Session: chat.Session{Title: "x", CreatedAt: at}, Messages: each(m), At: at}
	_, body, _ := strings.Cut(written(t, c, transcript.Markdown), "UTC\n\n")
	var got []string
	for line := range strings.Lines(body) {
		line = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSuffix(line, "\n"), ">"), " ")
		got = append(got, read(regexp.MustCompile(`(^|[^\\])((?:\\\\)*)\\$`).ReplaceAllString(line, "$1$2")))
	}
	want := []string{"5 * 3 = 15 & so", "  - a_b `c` <d> [e](f)", "", "# g\t|h|", `1) C:\dir\`, "---"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAFileNameIsOneOnEverySystem(t *testing.T) {
	for title, want := range map[string]string{
		"Tech stocks":               `attachment; filename=jaspers-tech-stocks-2026-11-24.md`,
		"../../etc/passwd\x00.exe":  `attachment; filename=jaspers-etc-passwd-exe-2026-11-24.md`,
		"a\"; filename=\"evil.html": `attachment; filename=jaspers-a-filename-evil-html-2026-11-24.md`,
		"Löhne\r\nX-Header: 1":      `attachment; filename*=utf-8''jaspers-l%C3%B6hne-x-header-1-2026-11-24.md`,
		"🪁":                         `attachment; filename=jaspers-2026-11-24.md`,
		strings.Repeat("x", 200):    `attachment; filename=jaspers-` + strings.Repeat("x", 60) + `-2026-11-24.md`,
	} {
		c := transcript.Conversation{Session: chat.Session{Title: title}, At: at}
		if got := c.Disposition(transcript.Markdown); got != want {
			t.Errorf("%q: got %s, want %s", title, got, want)
		}
	}
}

func TestAnErrorEndsTheFile(t *testing.T) {
	gone := errors.New("gone")
	for _, f := range []transcript.Format{transcript.Markdown, transcript.JSON} {
		c := talk()
		c.Messages = func(yield func(chat.Message, error) bool) { yield(chat.Message{}, gone) }
		if err := c.Write(io.Discard, f); !errors.Is(err, gone) {
			t.Errorf("%s: got %v, want the error", f, err)
		}
	}
}

// most is how many bytes were written at once.
type most struct{ n int }

func (m *most) Write(p []byte) (int, error) {
	m.n = max(m.n, len(p))
	return len(p), nil
}

func TestALongConversationIsWrittenPieceByPiece(t *testing.T) {
	for _, f := range []transcript.Format{transcript.Markdown, transcript.JSON} {
		read, w := 0, &most{}
		c := talk()
		c.Messages = func(yield func(chat.Message, error) bool) {
			for i := range 10_000 {
				read++
				m := chat.Message{ID: fmt.Sprint(i), Role: llm.User, Status: chat.Complete, Content: strings.Repeat("word ", 100), CreatedAt: at}
				if !yield(m, nil) {
					return
				}
			}
		}
		if err := c.Write(w, f); err != nil || read != 10_000 || w.n > 64<<10 {
			t.Errorf("%s: got %v, %d messages, and %d bytes at once", f, err, read, w.n)
		}
	}
}
