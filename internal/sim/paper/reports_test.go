package paper

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/sim/books"
	"github.com/jaspers-ai/jaspers/internal/sim/typeset"
)

func TestSectionsAreThoseOfTheForms(t *testing.T) {
	_, apple := named(t, "AAPL")
	keys := func(c *Company, f *Filing) string {
		var list []string
		for _, s := range c.Sections(f) {
			list = append(list, s.Key)
		}
		return strings.Join(list, " ")
	}
	_, sap := named(t, "SAP.DE")
	early := time.Date(2021, time.December, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct{ name, got, want string }{
		{"10-K", keys(apple, latest(t, apple, "10-K", now)), "1 1A 1B 1C 2 3 4 5 6 7 7A 8 9 9A 9B 9C 10 11 12 13 14 15 16"},
		{"10-K of 2021", keys(apple, latest(t, apple, "10-K", early)), "1 1A 1B 2 3 4 5 6 7 7A 8 9 9A 9B 10 11 12 13 14 15 16"},
		{"10-Q", keys(apple, latest(t, apple, "10-Q", now)), "I.1 I.2 I.3 I.4 II.1 II.1A II.2 II.3 II.4 II.5 II.6"},
		{"20-F", keys(sap, latest(t, sap, "20-F", now)), "1 2 3 4 4A 5 6 7 8 9 10 11 12 13 14 15 16A 16B 16K 17 18 19"},
		{"10-Q of 1996", keys(apple, apple.Filings[0]), "I.1 I.2 II.1 II.6"},
	} {
		if test.got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, test.got, test.want)
		}
	}
}

func TestReportsAreLongAndOfTheirOwnCompany(t *testing.T) {
	said := map[string]string{}
	for _, c := range of(1) {
		f := latest(t, c, map[bool]string{true: "20-F", false: "10-K"}[c.Foreign()], now)
		words := 0
		for _, s := range c.Sections(f) {
			for _, p := range s.Paragraphs() {
				words += len(strings.Fields(p))
				if strings.ContainsAny(p, "{}@") || strings.Contains(p, "%!") {
					t.Errorf("%s, %s: something was not filled in: %q", c.Short, s.Key, p)
				}
			}
			if s.Key == "1A" || s.Key == "3" && c.Foreign() {
				text := strings.Join(s.Paragraphs(), "\n")
				if other := said[text]; other != "" {
					t.Errorf("%s and %s see the same risks", c.Short, other)
				}
				said[text] = c.Short
			}
		}
		if words < 1700 || words > 6000 {
			t.Errorf("%s: got %d words, want some thousands", c.Short, words)
		}
	}
}

func TestWordsAreCompleteForEveryCompany(t *testing.T) {
	for _, c := range of(1) {
		for _, key := range []string{"business", "risks", "legal", "drivers", "segments"} {
			if len(c.words.own[key]) == 0 {
				t.Errorf("%s says nothing of its own about %s", c.Short, key)
			}
		}
		total := 0
		for name := range strings.SplitSeq(c.words.special("segments")[0], ";") {
			var share int
			fields := strings.Fields(name)
			if _, err := fmt.Sscan(fields[len(fields)-1], &share); err != nil {
				t.Errorf("%s: %q has no share", c.Short, name)
			}
			total += share
		}
		if total != 100 {
			t.Errorf("%s: the segments come to %d percent", c.Short, total)
		}
	}
}

func TestRisksAndDisputesAreNobodysRealOnes(t *testing.T) {
	real := []string{"Department", "Commission", "Court", "Bureau", "Agency", "Tribunal", " Act", " v.", "$", "€"}
	all := of(1)
	for _, c := range all {
		for _, key := range []string{"risks", "legal"} {
			for _, text := range slices.Concat(c.words.own[key], c.words.industry[key], c.words.all[key]) {
				text, _ = dated(strings.TrimPrefix(text, "* "))
				for _, name := range real {
					if strings.Contains(text, name) {
						t.Errorf("%s, %s: %q names %q", c.Short, key, text, name)
					}
				}
				if key == "legal" && strings.ContainsAny(text, "0123456789") {
					t.Errorf("%s, %s: %q has a figure", c.Short, key, text)
				}
				for _, other := range all {
					if other != c && strings.Contains(text, other.Short) {
						t.Errorf("%s, %s: %q names %s", c.Short, key, text, other.Short)
					}
				}
			}
		}
	}
}

func TestFirstPagesSayThatTheyAreMakeBelieve(t *testing.T) {
	for _, c := range of(1) {
		for _, f := range c.Until(now) {
			if cover := fmt.Sprint(c.cover(f)); !strings.Contains(cover, "make-believe") {
				t.Errorf("%s, %s of %s: got %s", c.Short, f.Form, f.Filed, cover)
			}
		}
	}
}

func TestInlineReportsAreXML(t *testing.T) {
	a := New(books.Open(1, issuers()))
	looks := map[int]bool{}
	for _, c := range a.Companies() {
		if c.Symbol == "" {
			continue
		}
		for _, form := range []string{"10-K", "10-Q", "20-F", "8-K"} {
			for _, f := range c.Until(now) {
				if f.Form != form || c.Look == typeset.Named {
					continue
				}
				body, _ := a.Body(f, f.Primary().Name)
				decoder := xml.NewDecoder(bytes.NewReader(body))
				decoder.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) {
					all, err := io.ReadAll(in)
					return strings.NewReader(strings.Map(func(r rune) rune { return min(r, 127) }, string(all))), err
				}
				for {
					_, err := decoder.Token()
					if err == io.EOF {
						break
					}
					if err != nil {
						t.Fatalf("%s %s: %v", c.Short, f.Form, err)
					}
				}
				looks[c.Look] = true
				break
			}
		}
	}
	if len(looks) != 6 {
		t.Errorf("got looks %v, want all but the one with named entities", slices.Sorted(maps.Keys(looks)))
	}
}

func TestHeadingsAreInAnnualReportsAsTheLookHasThem(t *testing.T) {
	a := New(books.Open(1, issuers()))
	for symbol, want := range map[string]string{
		"AAPL": `>Item 1A.&#160;&#160;&#160;&#160;Risk Factors</span>`,
		"V":    `>Item 1A.</span></td><td><span style="font-weight:700">Risk Factors</span>`,
		"WMT":  `<b>ITEM&nbsp;1A.&nbsp;&nbsp;RISK FACTORS</b>`,
		"JPM":  `>ITEM 1A</span><span style="font-weight:700"> &#8211; </span><span style="font-weight:700">RISK FACTORS</span>`,
		"NVDA": `>I</span><span style="font-weight:700">TEM 1A.</span><span>&#160;</span><span style="font-weight:700">R</span><span style="font-weight:700">ISK FACTORS</span>`,
		"KO":   `>Item&#160;1A</span></div><div><span style="font-weight:700">Risk Factors</span>`,
		"XOM":  ">ITEM 1A.  RISK FACTORS</span>",
		"JNJ":  `FORM 10-K CROSS-REFERENCE INDEX`,
	} {
		c, _ := a.Of(symbol)
		f := latest(t, c, "10-K", now)
		body, _ := a.Body(f, f.Primary().Name)
		if !bytes.Contains(body, []byte(want)) {
			t.Errorf("%s: no heading %s", symbol, want)
		}
	}
	oil, _ := a.Of("XOM")
	f := latest(t, oil, "10-K", now)
	if body, _ := a.Body(f, f.Primary().Name); !bytes.Contains(body, []byte("ExxonMobil\x92s")) {
		t.Error("XOM: the apostrophe is not that of windows-1252")
	}
}

func TestJPMorganKeepsItsDiscussionInAnExhibit(t *testing.T) {
	a, c := named(t, "JPM")
	f := latest(t, c, "10-K", now)
	var types []string
	for _, d := range f.Documents {
		types = append(types, d.Type)
	}
	if diff := cmp.Diff([]string{"10-K", "EX-13", "EX-23.1"}, types); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	for _, s := range c.Sections(f) {
		if text := strings.Join(s.Paragraphs(), " "); s.Key == "7" && (len(text) > 400 || !strings.Contains(text, "Exhibit 13")) {
			t.Errorf("Item 7 says %q, want a sentence that names the exhibit", text)
		}
	}
	if text := a.Text(f, 1); !strings.Contains(text, "Net income (loss) was") {
		t.Error("the exhibit has no discussion of the results")
	}
}

func TestOldFilingsArePlainText(t *testing.T) {
	a, c := named(t, "AAPL")
	f := c.Filings[0]
	body, ok := a.Body(f, f.Primary().Name)
	if !ok || bytes.Contains(body, []byte("<div")) || !bytes.Contains(body, []byte("Item 2.   MANAGEMENT'S DISCUSSION")) {
		t.Errorf("got %.300s", body)
	}
	for line := range strings.SplitSeq(string(body), "\n") {
		if len(line) > 80 && !strings.Contains(line, "<S>") {
			t.Errorf("a line of %d characters: %s", len(line), line)
		}
	}
}
