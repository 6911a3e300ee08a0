package typeset

import (
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/books"
)

// sheet is a report with a look, whose one item fills three pages.
func sheet(look int) Sheet {
	long := Section{Key: "1A", Title: "Risk Factors"}
	for range 30 {
		long.Body = append(long.Body, Block{Text: `It's "hard" – & costly.`})
	}
	parts := []Part{{Section: long}}
	for _, key := range []string{"1B", "2", "3", "4"} {
		parts = append(parts, Part{Section: Section{Key: key, Title: "Item " + key, Body: []Block{{Text: "None."}}}})
	}
	return Sheet{
		Of: &books.Company{Registrant: books.Registrant{CIK: 1, Short: "Acme", Look: look}}, Form: "10-K", Name: "acme.htm",
		Filed: calendar.Day{Year: 2026, Month: 2, Day: 2}, FiscalYear: 2025, FiscalPeriod: "FY", Inline: true, Parts: parts,
	}
}

func TestTextIsInTheCharactersOfTheLook(t *testing.T) {
	for look, want := range map[int]string{
		0:           `It&#8217;s &#8220;hard&#8221; &#8211; &amp; costly.`,
		Named:       `It&rsquo;s &ldquo;hard&rdquo; &ndash; &amp; costly.`,
		lookWindows: "It\x92s \x93hard\x94 \x96 &amp; costly.",
	} {
		if got := string(sheet(look).Page()); !strings.Contains(got, want) {
			t.Errorf("look %d has no %q", look, want)
		}
	}
}

func TestTheContentsNameThePageAHeadingIsOn(t *testing.T) {
	s := sheet(0)
	page := string(s.Page())
	if !strings.Contains(page, `<a href="#s1">Item 1B.</a></td><td><a href="#s1">Item 1B</a></td><td><a href="#s1">5</a>`) {
		t.Errorf("got contents %s", page[strings.Index(page, "TABLE OF CONTENTS"):][:900])
	}
	before, _, _ := strings.Cut(page, `<div id="s1">`)
	if got := strings.Count(before, "page-break-after:always"); got != 4 {
		t.Errorf("got %d page breaks before the heading, want 4", got)
	}
}

func TestPagesThatGoOnSaySo(t *testing.T) {
	if got := strings.Count(string(sheet(lookDash).Page()), "Item 1A. (continued)"); got != 2 {
		t.Errorf("got %d pages on which the item goes on, want 2", got)
	}
	if page := string(sheet(0).Page()); strings.Contains(page, "(continued)") || strings.Count(page, `<a href="#toc">`) != 3 {
		t.Errorf("want a link to the contents on each of three pages")
	}
}

func TestPlainTextIsWrapped(t *testing.T) {
	s := sheet(0)
	s.Parts[0].Body = []Block{{Text: strings.Repeat("words of eight ", 30)}}
	for line := range strings.SplitSeq(string(s.Plain()), "\n") {
		if len(line) > width {
			t.Errorf("a line of %d characters: %s", len(line), line)
		}
	}
}

func TestQuotesAreThoseOfPrinters(t *testing.T) {
	for text, want := range map[string]string{
		`"So," it's ("quoted")`: `“So,” it’s (“quoted”)`,
		"plain":                 "plain",
	} {
		if got := Curly(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
