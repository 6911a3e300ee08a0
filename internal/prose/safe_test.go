package prose_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	stdhtml "html"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/prose"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// markdown renders as the most careless reader would: HTML and addresses as they come, every extension.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList, extension.Linkify),
	goldmark.WithRendererOptions(html.WithUnsafe(), html.WithXHTML()),
)

// page is a text as a browser gets it.
func page(t interface{ Fatal(...any) }, text string) string {
	var out bytes.Buffer
	if err := markdown.Convert([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// element is any that could act: all but those that Markdown makes of plain structure.
var (
	element = regexp.MustCompile(`(?i)<\s*/?\s*([a-z][\w-]*)([^>]*)>`)
	plain   = regexp.MustCompile(`^(?:p|em|strong|del|code|pre|ul|ol|li|table|thead|tbody|tr|th|td|h[1-6]|blockquote|hr|br|input|dl|dt|dd)$`)
	harmful = regexp.MustCompile(`(?i)\b(?:href|src|srcset|style|on\w+|action|data|poster|ping)\s*=`)
)

// acts is what of a page could ask for something or run.
func acts(page string) string {
	for _, m := range element.FindAllStringSubmatch(page, -1) {
		if !plain.MatchString(strings.ToLower(m[1])) || harmful.MatchString(strings.ReplaceAll(m[2], `style="text-align`, "")) {
			return m[0]
		}
	}
	return ""
}

// unsafe is what no text may hold, whoever renders it.
var unsafe = regexp.MustCompile(`<[A-Za-z/!?]|\]\(|\]:|!\[|://|(?i:www\.)|\w@\w|(?i:script:)|[\x{202a}-\x{202e}\x{2066}-\x{2069}\x{200b}\x00-\x08]`)

// cut writes a text in pieces and joins what they bring.
func cut(w *prose.Writer, pieces []string) (text string, all []prose.Piece) {
	for _, p := range pieces {
		all = append(all, w.Add(p)...)
	}
	all = append(all, w.Flush()...)
	for _, p := range all {
		text += p.Text
	}
	return text, all
}

func vectors(t testing.TB) map[string]string {
	t.Helper()
	file, err := os.Open(sharedtest.Dir(t, "security/corpora/markdown-exfil.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var v struct{ ID, Markdown string }
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		all[v.ID] = v.Markdown
	}
	return all
}

func TestNoVectorOfMarkdownLeavesAnythingThatActs(t *testing.T) {
	t.Parallel()
	all, acted := vectors(t), 0
	if len(all) != 61 {
		t.Fatalf("got %d vectors, want 61", len(all))
	}
	for id, text := range all {
		if acts(page(t, text)) != "" {
			acted++
		}
		for range 20 {
			got, _ := cut(writer(t, "en-US"), pieces(text))
			if bad := unsafe.FindString(got); bad != "" {
				t.Errorf("%s: %q is left of %q", id, bad, text)
			}
			if bad := acts(page(t, got)); bad != "" {
				t.Errorf("%s: %q is rendered of %q", id, bad, got)
			}
		}
	}
	if acted < 40 {
		t.Errorf("only %d of the vectors act as they are: the renderer proves little", acted)
	}
}

func TestNoAddressComesAboutWhereEscapesAreUndone(t *testing.T) {
	t.Parallel()
	escape := regexp.MustCompile(`\\([[:punct:]])`)
	for _, text := range []string{
		`https:\/\/evil.test/?q=54199`, `https:\//evil.test`, `https:/\/evil.test`, `https\://evil.test`, `www\.evil.test/?q=1`, `https&#58;//evil.test`,
		`https:&#x2F;/evil.test`, `https:/&sol;evil.test`, `www&period;evil.test`, `&#119;ww.evil.test`, `a&commat;evil.test`,
	} {
		for range 20 {
			got, _ := cut(writer(t, "en-US"), pieces(text))
			seen := stdhtml.UnescapeString(escape.ReplaceAllString(got, "$1")) // some look for addresses only then
			if bad := unsafe.FindString(seen); bad != "" {
				t.Errorf("%q is seen as %q, with %q", text, seen, bad)
			}
		}
	}
}

func TestNoMoreIsHeldBackThanAReferenceMayBeLong(t *testing.T) {
	t.Parallel()
	const most = 1400 // bytes: a label and a target
	for _, opening := range []string{"{{", "${{t1.", "[", "![", "[x](", "[[t1.", "[[t1, t2", "<a href=", "</", "http://", "www.", "&", " [", "{", "(", "| "} {
		w := writer(t, "en-US")
		w.Add(opening + strings.Repeat("x", most))
		if w.Text() == "" {
			t.Errorf("all of %q and %d bytes is held back", opening, most)
		}
	}
}

// pieces cuts a text at random, within characters too.
func pieces(text string) []string {
	var all []string
	for text != "" {
		n := 1 + rand.IntN(min(len(text), 1+rand.IntN(20))) //nolint:gosec // any will do
		all = append(all, text[:n])
		text = text[n:]
	}
	return all
}

// parts are of what texts are made that are hard to read in pieces.
var parts = []string{
	"{{t1.summary.totalValue}}", "{{t1.holdings[AAPL].marketValue / t1.summary.totalValue | %}}", "{{t9.x}}", "{{", "}}", "{", "}", "%", "$", "€", "[[t1]]", "[[t2.passages[0]]]",
	"[[t1, t2]]", "[[t7]]", "[", "]", "(", ")", "[1]", "[12, 15]", "![x](http://evil.test/a)", "[Source](javascript:x)", "<img src=x>", "<", ">", "&lt;", "&#91;", "&", "&amp;", ";", "!",
	"http://", "www.", "evil.test/x", "a@b.com", "@", ":", "//", " ", "\n", "\n\n", "| a | b |\n|---|---|\n", "| AAPL | $10,004 |", "\"", "“90% of our chips”", "AAPL", "Microsoft", " is worth ",
	"$10,004", "-2.31%", "in FY2024 ", ". ", "é", "\u202e", "\u200b", "\xff", "\xe2\x82", "t1", "x", "script", "# ", "- ", "**", "`", "^", "<br>", "[x]: http://evil.test\n",
}

func TestHoweverATextIsCutItIsTheSameAndOpensNothing(t *testing.T) {
	t.Parallel()
	all := results(t)
	begin := func() *prose.Writer {
		return prose.New(prose.Config{Results: all, Locale: "en-US", Now: now, Subjects: names})
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 30).Draw(t, "parts"), "")
		same(t, begin, text, rapid.SliceOf(rapid.IntRange(0, len(text))).Draw(t, "cuts"))
	})
}

// same holds a text that arrives in pieces against the whole of it.
func same(t interface{ Fatalf(string, ...any) }, begin func() *prose.Writer, text string, cuts []int) {
	whole, inPieces := begin(), begin()
	want, _ := cut(whole, []string{text})
	got, events := cut(inPieces, cutAt(text, cuts))
	if got != want || got != inPieces.Text() {
		t.Fatalf("%q cut at %v: got %q, of %q, want %q", text, cuts, got, inPieces.Text(), want)
	}
	if diff := cmp.Diff(whole.Figures(), inPieces.Figures()); diff != "" {
		t.Fatalf("%q: figures (-whole +pieces):\n%s", text, diff)
	}
	if diff := cmp.Diff(whole.Citations(), inPieces.Citations()); diff != "" {
		t.Fatalf("%q: citations (-whole +pieces):\n%s", text, diff)
	}
	if whole.Counts() != inPieces.Counts() {
		t.Fatalf("%q: got %v, want %v", text, inPieces.Counts(), whole.Counts())
	}
	told := 0
	for _, e := range events {
		if e.Figure != nil || e.Citation != nil {
			told++
		}
	}
	if told != len(whole.Figures())+len(whole.Citations()) {
		t.Fatalf("%q: got %d events for %d figures and %d citations", text, told, len(whole.Figures()), len(whole.Citations()))
	}
	if bad := unsafe.FindString(got); bad != "" {
		t.Fatalf("%q leaves %q in %q", text, bad, got)
	}
	if n := len(regexp.MustCompile(`\[\d{1,3}\]`).FindAllString(got, -1)); n > strings.Count(text, "t1")+strings.Count(text, "t2") {
		t.Fatalf("%q: got %d numbers in brackets in %q, want those of its markers", text, n, got)
	}
	end := 0
	for _, f := range whole.Figures() {
		if f.Start < end || string([]rune(got)[f.Start:f.End]) != f.Text {
			t.Fatalf("%q: %q is not at %d-%d of %q", text, f.Text, f.Start, f.End, got)
		}
		end = f.End
	}
}

func cutAt(text string, cuts []int) []string {
	at := make([]bool, len(text)+1)
	for _, c := range cuts {
		at[c] = true
	}
	var all []string
	start := 0
	for i := 1; i <= len(text); i++ {
		if at[i] || i == len(text) {
			all = append(all, text[start:i])
			start = i
		}
	}
	return all
}

func FuzzATextIsTheSameHoweverItArrives(f *testing.F) {
	for _, part := range parts {
		f.Add(part+" "+part, 1, 5)
	}
	f.Add("a [[t1]][[t2]] {{t1.summary.totalValue|compact}}% <b>x</b> http://a.b/c [x](y) &#60;i>", 3, 40)
	all := results(f)
	f.Fuzz(func(t *testing.T, text string, first, second int) {
		begin := func() *prose.Writer { return prose.New(prose.Config{Results: all, Subjects: names}) }
		same(t, begin, text, []int{max(first, 0) % (len(text) + 1), max(second, 0) % (len(text) + 1)})
		w := begin()
		w.Add(text)
		w.Flush()
		if bad := acts(page(t, w.Text())); bad != "" {
			t.Errorf("%q leaves %q in %q", text, bad, w.Text())
		}
	})
}
