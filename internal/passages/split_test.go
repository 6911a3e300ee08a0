package passages_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/items"
	"github.com/jaspers-ai/jaspers/internal/passages"
)

// document draws text that looks like a filing's, or like nothing, with items in order.
func document(t *rapid.T) passages.Document {
	line := rapid.OneOf(
		rapid.SampledFrom([]string{"", " ", "\t", "Overview", "CONSOLIDATED BALANCE SHEETS", "Total assets\t$ 1,250\t$ 1,100", "Inventories   17   (3)", "Current assets:",
			"Sales of our kites grew, since more people fly them. We expect this to go on.", "and went on without an end of the sentence", "“Words”", "数字の話 12"}),
		rapid.Map(rapid.IntRange(1, 700), func(n int) string { return strings.Repeat("word ", n) }),
		rapid.Map(rapid.IntRange(1, 90), func(n int) string { return strings.Repeat("One sentence of some words. ", n) }),
		rapid.Map(rapid.IntRange(1, 9000), func(n int) string { return strings.Repeat("é", n) }),
		rapid.Map(rapid.IntRange(1, 120), func(n int) string { return strings.Repeat("Row of it\t1,234\n", n) }),
		rapid.String(),
	)
	d := passages.Document{Accession: "a", Text: strings.ToValidUTF8(strings.Join(rapid.SliceOfN(line, 0, 25).Draw(t, "lines"), "\n"), "")}
	at := 0
	for i := range rapid.IntRange(0, 3).Draw(t, "items") {
		start := boundary(d.Text, rapid.IntRange(at, len(d.Text)).Draw(t, "start"))
		end := boundary(d.Text, rapid.IntRange(start, len(d.Text)).Draw(t, "end"))
		d.Items = append(d.Items, items.Item{Key: fmt.Sprint(i + 1), Title: "Some Item", Start: start, End: end})
		at = end
	}
	return d
}

func boundary(text string, at int) int {
	for at < len(text) && !utf8.RuneStart(text[at]) {
		at++
	}
	return at
}

// sectionAt is the key of the item that has a place of the text.
func sectionAt(d passages.Document, at int) string {
	for _, it := range d.Items {
		if at >= it.Start && at < it.End {
			return it.Key
		}
	}
	return ""
}

func TestPassagesAreTheWholeTextInOrderAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := document(t)
		all, err := passages.Split(d)
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for i, p := range all {
			if between := d.Text[at:p.Start]; strings.TrimSpace(between) != "" {
				t.Fatalf("before passage %d %q is in none", i, between)
			}
			if p.Ordinal != i || p.Text != d.Text[p.Start:p.End] || p.Text == "" || p.Text != strings.TrimSpace(p.Text) {
				t.Fatalf("got passage %d from %d to %d: %q", p.Ordinal, p.Start, p.End, p.Text)
			}
			if sum := sha256.Sum256([]byte(p.Text)); p.SHA256 != hex.EncodeToString(sum[:]) {
				t.Fatalf("got hash %s of %q", p.SHA256, p.Text)
			}
			if utf8.RuneCountInString(d.Text[:p.Start]) != p.StartChar || utf8.RuneCountInString(p.Text) != p.EndChar-p.StartChar {
				t.Fatalf("got characters %d to %d for bytes %d to %d", p.StartChar, p.EndChar, p.Start, p.End)
			}
			if p.Section != sectionAt(d, p.Start) || p.Section != sectionAt(d, p.End-1) {
				t.Fatalf("got section %q from %d to %d of items %v", p.Section, p.Start, p.End, d.Items)
			}
			at = p.End
		}
		if rest := d.Text[at:]; strings.TrimSpace(rest) != "" {
			t.Fatalf("after the last passage %q is in none", rest)
		}
	})
}

func TestNoPassageIsLongerThanALargeTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, err := passages.Split(document(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			if n := len(strings.Fields(p.Text)); n > 450 || len(p.Text) > 24*450 {
				t.Fatalf("got a passage of %d words and %d bytes", n, len(p.Text))
			}
		}
	})
}

func TestSplittingTwiceGivesTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := document(t)
		first, _ := passages.Split(d)
		second, _ := passages.Split(d)
		if !reflect.DeepEqual(first, second) {
			t.Fatal(cmp.Diff(first, second))
		}
	})
}

func TestATableStaysWithItsHeadingAndARowStaysWhole(t *testing.T) {
	var text strings.Builder
	text.WriteString(strings.Repeat("We make kites and lines for them, and sell both. ", 18) + "\n")
	text.WriteString("CONSOLIDATED BALANCE SHEETS\n(in millions)\n")
	for i := range 150 {
		fmt.Fprintf(&text, "Assets of kind %d\t%d\t%d\n", i, 1000+i, 2000+i)
	}
	text.WriteString(strings.Repeat("That is what we own, and more will come. ", 10))
	all, err := passages.Split(passages.Document{Text: text.String()})
	if err != nil {
		t.Fatal(err)
	}
	var tables int
	for _, p := range all {
		if !strings.Contains(p.Text, "Assets of kind") {
			continue
		}
		tables++
		if tables == 1 && !strings.HasPrefix(p.Text, "CONSOLIDATED BALANCE SHEETS\n(in millions)\nAssets of kind 0\t") {
			t.Errorf("got a table that begins %.60q", p.Text)
		}
		if p.Heading != "CONSOLIDATED BALANCE SHEETS / (in millions)" {
			t.Errorf("got rows under %q", p.Heading)
		}
		for row := range strings.Lines(p.Text) {
			if strings.HasPrefix(row, "Assets") && strings.Count(row, "\t") != 2 {
				t.Errorf("got a row that was cut: %q", row)
			}
		}
	}
	if tables < 2 {
		t.Errorf("got %d passages with rows, want a long table in several", tables)
	}
}

func TestParagraphsWithBrokenLinesAreNotCutWithin(t *testing.T) {
	paragraph := "The Company makes kites for people of\nMaine and Vermont and for whoever else\nflies them, and has done so since 1911\nwhen its founder saw one in a tree.\n\n"
	all, err := passages.Split(passages.Document{Text: strings.Repeat(paragraph, 40)})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if !strings.HasPrefix(p.Text, "The Company makes") || !strings.HasSuffix(p.Text, "in a tree.") {
			t.Errorf("got a passage that begins %.30q and ends %q", p.Text, p.Text[len(p.Text)-20:])
		}
	}
}

func TestItemsThatDoNotFitTheirTextAreRefused(t *testing.T) {
	for what, d := range map[string]passages.Document{
		"beyond its end": {Text: "short", Items: []items.Item{{Start: 0, End: 6}}},
		"out of order":   {Text: "long enough", Items: []items.Item{{Start: 5, End: 8}, {Start: 2, End: 4}}},
		"within another": {Text: "long enough", Items: []items.Item{{Start: 0, End: 8}, {Start: 2, End: 4}}},
		"the wrong way":  {Text: "long enough", Items: []items.Item{{Start: 4, End: 2}}},
		"of no text":     {Text: "\xff"},
	} {
		if all, err := passages.Split(d); !fault.Is(err, fault.Internal) {
			t.Errorf("%s: got %d passages, %v", what, len(all), err)
		}
	}
}

func day(text string) *calendar.Day {
	d, err := calendar.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return &d
}
