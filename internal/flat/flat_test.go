package flat_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/flat/flattest"
)

func read(t *testing.T, raw string) flat.Document {
	t.Helper()
	doc, err := flat.Flatten([]byte(raw))
	if err != nil {
		t.Fatalf("flatten: %v", err)
	}
	return doc
}

func TestTextOfHTML(t *testing.T) {
	for name, c := range map[string]struct{ raw, want string }{
		"blocks are lines, blanks are one":     {"<html><p>We  make\n pumps.</p><div>And\tvalves.</div>", "We make pumps.\nAnd valves."},
		"cells are parted by tabs":             {"<html><table><tr><td><p>Sales</p></td><td></td><td><div>$</div></td><td>12</td></tr><tr><td>Costs</td><td>7</td></tr></table>after", "Sales\t$\t12\nCosts\t7\nafter"},
		"a cell may have lines":                {"<html><table><tr><td><p>one</p><p>two</p></td><td>three</td></tr></table>", "one\ntwo\tthree"},
		"cells and rows may go unclosed":       {"<html><table><tr><td>a<td>b<tr><td>c</table>d", "a\tb\nc\nd"},
		"words go over tags":                   {"<html><b>B</b>USI<i>NESS</i>", "BUSINESS"},
		"entities are characters":              {"<html>A&amp;B&nbsp;&#8220;x&#8221; &#x41; &#150; &unknown; &lt;b&gt; AT&T", "A&B “x” A – &unknown; <b> AT&T"},
		"windows-1252 is read":                 {"<html>\x93we\x94 \x96 caf\xe9", "“we” – café"},
		"UTF-8 is read":                        {"<html>“we” – café", "“we” – café"},
		"spaces of typesetters are spaces":     {"<html>a&#160;&#8195;b\u200bc&shy;d", "a bcd"},
		"hidden parts are left out":            {`<html><div style="DISPLAY: none"><div>x</div>y</div>a<span style='display:none'>z</span>b`, "ab"},
		"a hidden paragraph may go unclosed":   {`<html><p style="display:none">x<p>a`, "a"},
		"the header of inline XBRL is out":     {`<html xmlns:ix="x"><body><ix:header><ix:hidden><ix:nonNumeric>10-K</ix:nonNumeric></ix:hidden></ix:header><p>Net <ix:nonFraction scale="6">1,234</ix:nonFraction>`, "Net 1,234"},
		"head, script, style and comments out": {"<html><head><title>x</title></head><style>p > a {}</style><script>if (a<b) '</p>'</script><!-- <p>no</p> --><![CDATA[no]]><?php no ?>a", "a"},
		"a comment may be empty":               {"<html>a<!-->b", "ab"},
		"preformatted lines stay":              {"<html><pre>a   b\n  c</pre>d  e", "a   b\n  c\nd e"},
		"less-than is text":                    {"<html>a < b <3 c", "a < b <3 c"},
		"quotes may hold a greater-than":       {`<html><a title="a>b">c</a>`, "c"},
		"a quote may go unclosed":              {`<html><font size="2>a</font><p>b</p>`, "b"},
		"declared entities stay names":         {`<html><!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>&c;d`, "&c;d"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := read(t, c.raw); got.Text != c.want || !got.HTML {
				t.Errorf("got %q (HTML %v), want %q", got.Text, got.HTML, c.want)
			}
		})
	}
}

func TestTextOfPlainText(t *testing.T) {
	raw := "<PAGE>\n\n\n\n      ITEM 1. BUSINESS   \n\n<TABLE>\n<CAPTION>\n  Year     1995\n<S>        <C>\n  Sales    <12>\n</TABLE>\nA&amp;P <b@x.com>\n<PAGE>\n  2\n"
	got := read(t, raw)
	want := "ITEM 1. BUSINESS\n\n  Year     1995\n\n  Sales    <12>\n\nA&P <b@x.com>\n\n  2"
	if got.Text != want || got.HTML {
		t.Errorf("got %q (HTML %v), want %q", got.Text, got.HTML, want)
	}
	if len(got.Pages) != 1 || got.Text[got.Pages[0]:] != "2" {
		t.Errorf("got pages at %v, want one at the 2", got.Pages)
	}
}

func TestPlainTextInAFewTagsIsPlain(t *testing.T) {
	raw := "<html><body><div>\n" + strings.Repeat("  Column a      column b\n", 500) + "</div></body></html>"
	if got := read(t, raw); got.HTML || !strings.Contains(got.Text, "a      column") {
		t.Errorf("got HTML %v and %.60q, want plain text with its columns", got.HTML, got.Text)
	}
}

func TestOfASubmissionTheFirstDocumentIsRead(t *testing.T) {
	raw := "<SEC-HEADER>x</SEC-HEADER>\n<DOCUMENT>\n<TYPE>10-K\n<SEQUENCE>1\n<TEXT>\n<html><p>the report</p></html>\n</TEXT>\n</DOCUMENT>\n<DOCUMENT>\n<TYPE>EX-13\n<TEXT>the exhibit</TEXT>\n</DOCUMENT>"
	if got := read(t, raw); got.Text != "the report" {
		t.Errorf("got %q, want %q", got.Text, "the report")
	}
}

func TestAnchorsAndLinks(t *testing.T) {
	doc := read(t, `<html><p><a href="#i1">Item 1.</a> <a HREF='report.htm#b'>Risk &amp; so</a> <a href="http://x.com/y">out</a></p><a name="i1"></a><p id=b>Business</p>`)
	if got, want := doc.Links, []flat.Link{{At: 0, Words: "Item 1.", Target: "i1"}, {At: 8, Words: "Risk & so", Target: "b"}}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	at := strings.Index(doc.Text, "Business")
	if got, want := doc.Anchors, map[string]int{"i1": at, "b": at}; !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestStrongWordsAndPages(t *testing.T) {
	doc := read(t, `<html><p><b>Item</b> <span style="font-weight:700">1</span> x</p><p>y <u>z</u></p><hr style="page-break-after:always"/><h2>w</h2>`)
	var got []string
	for _, s := range doc.Strong {
		got = append(got, doc.Text[s.Start:s.End])
	}
	if want := []string{"Item 1", "z", "w"}; !slices.Equal(got, want) {
		t.Errorf("got strong %q, want %q", got, want)
	}
	if len(doc.Pages) != 1 || doc.Text[doc.Pages[0]:] != "w" {
		t.Errorf("got pages %v of %q, want one at w", doc.Pages, doc.Text)
	}
}

func TestPlacesDoNotDependOnHowItIsRead(t *testing.T) {
	raw := flattest.AnnualReport(400 << 10)
	want := read(t, string(raw))
	for name, r := range map[string]io.Reader{"by the byte": iotest.OneByteReader(bytes.NewReader(raw)), "by halves": iotest.HalfReader(bytes.NewReader(raw))} {
		got, err := flat.Read(r)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", name, err, diff)
		}
	}
}

func TestWindowsCutNothing(t *testing.T) {
	for _, word := range []string{"é", "日本語", "&eacute;", "<b>x</b>", "a ", "&amp;<i></i>"} {
		raw := "<html>" + strings.Repeat(word, 200_000)
		once := strings.TrimSpace(read(t, "<html>"+word).Text)
		got := strings.ReplaceAll(read(t, raw).Text, " ", "")
		if got != strings.Repeat(once, 200_000) {
			t.Errorf("%q repeated: got %d bytes, want %d of %q", word, len(got), 200_000*len(once), once)
		}
	}
}

func TestAReaderThatFailsGivesWhatItGave(t *testing.T) {
	broken := errors.New("broken")
	doc, err := flat.Read(io.MultiReader(strings.NewReader("<html><p>begun"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || doc.Text != "begun" {
		t.Errorf("got %q and %v, want what came and the reader's error", doc.Text, err)
	}
}

// endless repeats a text for ever.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = e.text[e.at%len(e.text)]
		e.at++
	}
	return len(b), nil
}

// bombs are documents that were made to take all memory or time.
func bombs() map[string]func() io.Reader {
	begun := func(text string) func() io.Reader {
		return func() io.Reader {
			return io.MultiReader(strings.NewReader("<html><p>begun</p>"), &endless{text: text})
		}
	}
	return map[string]func() io.Reader{
		"text without end":        begun("We make pumps. "),
		"one word without end":    begun("a"),
		"blanks without end":      begun(" "),
		"elements within another": begun("<div>"),
		"tables within another":   begun("<table><tr><td>"),
		"attributes without end": func() io.Reader {
			return strings.NewReader("<html><p>begun</p><p " + strings.Repeat("a=b ", 1_000_000))
		},
		"a value without end": func() io.Reader {
			return io.MultiReader(strings.NewReader(`<html><p>begun</p><p title="`), &endless{text: "a"})
		},
		"a name without end": func() io.Reader { return io.MultiReader(strings.NewReader("<html><p>begun</p><"), &endless{text: "a"}) },
		"a comment without end": func() io.Reader {
			return io.MultiReader(strings.NewReader("<html><p>begun</p><!--"), &endless{text: "-"})
		},
		"a doctype without end": func() io.Reader {
			return io.MultiReader(strings.NewReader("<html><p>begun</p><!DOCTYPE ["), &endless{text: "<!ENTITY a \"b\">"})
		},
		"anchors without end": func() io.Reader {
			return io.MultiReader(strings.NewReader("<html><p>begun</p>"), &counted{form: `<a id="n%d" href="#n%[1]d">x</a>`})
		},
		"strong words without end": begun("<b>a</b>bc "),
		"less-than without end":    begun("<"),
		"ampersands without end":   begun("&"),
		"closings without end":     begun("</div></b>"),
		"lines without end":        begun("a<br>"),
		"a packed one": func() io.Reader {
			var packed bytes.Buffer
			w := gzip.NewWriter(&packed)
			_, _ = io.CopyN(w, io.MultiReader(strings.NewReader("<html><p>begun</p>"), &endless{text: "<p>\x00</p>"}), 100<<20)
			_ = w.Close()
			r, _ := gzip.NewReader(&packed)
			return r
		},
	}
}

// counted repeats a text with a number in it.
type counted struct {
	form string
	n    int
	rest []byte
}

func (c *counted) Read(b []byte) (int, error) {
	for len(c.rest) < len(b) {
		c.n++
		c.rest = fmt.Appendf(c.rest, c.form, c.n)
	}
	n := copy(b, c.rest)
	c.rest = append(c.rest[:0], c.rest[n:]...)
	return n, nil
}

func TestBombsEndWithWhatWasRead(t *testing.T) {
	for name, bomb := range bombs() {
		t.Run(name, func(t *testing.T) {
			r := bomb()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			doc, err := flat.Read(r)
			runtime.ReadMemStats(&after)
			if !fault.Is(err, fault.FilingTooLarge) || !strings.HasPrefix(doc.Text, "begun") {
				t.Errorf("got %.20q and %v, want what was read and filing_too_large", doc.Text, err)
			}
			if _, made := r.(*gzip.Reader); !made && name != "anchors without end" && after.TotalAlloc-before.TotalAlloc > 64<<20 {
				t.Errorf("took %d MiB, want 64 at most", (after.TotalAlloc-before.TotalAlloc)>>20)
			}
			if after.HeapAlloc > before.HeapAlloc+64<<20 {
				t.Errorf("holds %d MiB, want 64 at most", (after.HeapAlloc-before.HeapAlloc)>>20)
			}
		})
	}
}

func FuzzFlatten(f *testing.F) {
	for _, seed := range []string{
		"<html><p>a</p>", "<PAGE>\n<TABLE><S><C>\n 1 2\n</TABLE>", "<DOCUMENT><TEXT><html>a</TEXT>", "<html><table><tr><td>a<td>b<tr><td><b>c</table>",
		"<html><!DOCTYPE x [<!ENTITY a \"b\">]>&a;", "<html><a href=\"#b\">x</a><a name=b>", "\xff\xfe<\x00h\x00t", "<html><div style=\"display:none\"><p", "<html>&#150;&#x110000;&amp",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		doc, err := flat.Flatten(raw)
		if err != nil && !fault.Is(err, fault.FilingTooLarge) {
			t.Fatalf("got %v, want a typed error or none", err)
		}
		if again, _ := flat.Flatten(raw); again.Text != doc.Text || !maps.Equal(again.Anchors, doc.Anchors) || !slices.Equal(again.Links, doc.Links) {
			t.Fatal("a second reading differs")
		}
		wellFormed(t, doc)
	})
}

// wellFormed fails when a place is not one of the text.
func wellFormed(t *testing.T, doc flat.Document) {
	t.Helper()
	if !utf8.ValidString(doc.Text) {
		t.Fatalf("%q is not UTF-8", doc.Text)
	}
	last := 0
	for _, s := range doc.Strong {
		if s.Start < last || s.End <= s.Start || s.End > len(doc.Text) {
			t.Fatalf("strong %v after %d in a text of %d", s, last, len(doc.Text))
		}
		last = s.End
	}
	for _, l := range doc.Links {
		if l.At < 0 || l.At >= len(doc.Text) || l.Words == "" {
			t.Fatalf("link %+v in a text of %d", l, len(doc.Text))
		}
	}
	for name, at := range doc.Anchors {
		if at < 0 || at > len(doc.Text) {
			t.Fatalf("anchor %q at %d in a text of %d", name, at, len(doc.Text))
		}
	}
	if !slices.IsSorted(doc.Pages) {
		t.Fatalf("pages %v are not in order", doc.Pages)
	}
}

func TestCharactersAreCodePoints(t *testing.T) {
	doc := flat.Document{Text: "“é” 日本 𝄞 end"}
	if got := doc.Characters(strings.Index(doc.Text, "end")); got != 9 {
		t.Errorf("got %d, want 9", got)
	}
}

func TestFragments(t *testing.T) {
	doc := flat.Document{Text: "Contents\nItem 2. Properties\t9\nItem 2. Properties\nWe own a well-known mill, in Ohio & Iowa.\nIt has a roof.\nItem 3. Legal\nThe mill has a roof, and a lease until 2031 that nobody has ever read to its end in one sitting, which is long enough to be cut somewhere.\nDone."}
	for name, c := range map[string]struct{ from, to, want string }{
		"a short line is quoted": {"It has a roof.", "It has a roof.", "#:~:text=It%20has%20a%20roof%2E"},
		"the contents are not taken for the heading": {"Item 2. Properties\nWe", "It has a roof.",
			"#:~:text=We%20own%20a%20well%2Dknown%20mill%2C%20in%20Ohio%20%26%20Iowa%2E,It%20has%20a%20roof%2E"},
		"a long line is quoted by its ends": {"The mill", "cut somewhere.",
			"#:~:text=The%20mill%20has%20a%20roof%2C%20and%20a%20lease,which%20is%20long%20enough%20to%20be%20cut%20somewhere%2E"},
	} {
		t.Run(name, func(t *testing.T) {
			start := strings.Index(doc.Text, c.from)
			end := start + strings.Index(doc.Text[start:], c.to) + len(c.to)
			if got := doc.Fragment(start, end); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	if got := doc.Fragment(strings.Index(doc.Text, "Item 2. Properties\nWe"), strings.Index(doc.Text, "\nWe")); got != "" {
		t.Errorf("of words that stand before, too: got %q, want none", got)
	}
}
