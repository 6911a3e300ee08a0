package forms_test

import (
	"slices"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/forms"
)

func TestFormsAreKnownByTheirNamesOnEDGAR(t *testing.T) {
	for name, want := range map[string]string{"10-K": "10-K", "10-K405": "10-K", "10-KT/A": "10-K", "10-KSB": "10-KSB", "10-Q/A": "10-Q", "8-K": "8-K", " 8-k/a": "8-K", "20-F": "20-F", "20FR12B": "20-F"} {
		if got := forms.Of(name); got == nil || got.Name != want {
			t.Errorf("%q: got %v, want %s", name, got, want)
		}
	}
	for _, name := range []string{"", "6-K", "DEF 14A", "NT 10-K", "S-1"} {
		if got := forms.Of(name); got != nil {
			t.Errorf("%q: got %s, want none", name, got.Name)
		}
	}
}

func TestKeysAreEachOnce(t *testing.T) {
	for _, name := range []string{"10-K", "10-KSB", "10-Q", "8-K", "20-F"} {
		form, seen := forms.Of(name), map[string]bool{}
		if len(form.Items) > 60 {
			t.Errorf("%s has %d items, more than a story can count", name, len(form.Items))
		}
		for i, e := range form.Items {
			if seen[e.Key] || len(e.Titles) == 0 {
				t.Errorf("%s: item %s comes twice or has no title", name, e.Key)
			}
			seen[e.Key] = true
			if got := form.Index(e.Number, max(e.Part, 1)); got != i {
				t.Errorf("%s: item %s of part %d is at %d, want %d", name, e.Number, e.Part, got, i)
			}
		}
	}
}

func TestItemNumbers(t *testing.T) {
	for text, want := range map[string][]string{
		"Item 7A. Market risk":                {"7A"},
		"ITEM 7 (A) MARKET RISK":              {"7A"},
		"Item\u00a01\u00a0- Business":         {"1"},
		"I TEM 1. B USINESS":                  {"1"},
		"Item 1Business":                      {"1"},
		"Item 1 A company":                    {"1A"}, // its title tells later that it is none
		"Item 9A(T). Controls":                {"9A"},
		"Item 4T. Controls":                   {"4"},
		"Item 2.02 Results":                   {"2.02"},
		"Item 5.02(b), (d) and (e) Departure": {"5.02"},
		"Items 1.01(a) and 5.02(e) Amendment": {"1.01", "5.02"},
		"Item 05. Other":                      {"5"},
		"Item\n\n1B.":                         {"1B"},
		"PART II, Item 5":                     {"5"},
		"Part II. Item 5":                     {"5"},
		"Table of Contents Item 5":            {"5"},
		"Items 1 and 2. Business":             {"1", "2"},
		"ITEMS 10, 11, 12 AND 13":             {"10", "11", "12", "13"},
		"Items 10 through 14":                 {"10", "-", "14"},
		"Item 1. and Item 2. Properties":      {"1", "2"},
		"Items 3-":                            {"3"},
		"Itemized":                            nil,
		"Item":                                nil,
		"Item 123":                            nil,
		"Item 0":                              nil,
		"the Item 5":                          nil,
		"":                                    nil,
	} {
		if got, _ := forms.ItemNumbers(text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestLinesThatAreNoText(t *testing.T) {
	for text, want := range map[string]int{"PART II": 2, "Part IV.": 4, "PART I - FINANCIAL INFORMATION": 1, "PARTNERS": 0, "Part of it": 0, "PART": 0} {
		if got := forms.PartOf(text); got != want {
			t.Errorf("part of %q: got %d, want %d", text, got, want)
		}
	}
	for _, text := range []string{"12", "- 12 -", "F-3", "Page 7", "iv", "----------"} {
		if !forms.IsPageNumber(text) {
			t.Errorf("%q is a page number", text)
		}
	}
	for _, text := range []string{"None.", "12 wells", "Item 1"} {
		if forms.IsPageNumber(text) {
			t.Errorf("%q is no page number", text)
		}
	}
	for _, text := range []string{"SIGNATURES", "Signature", "SIGNATURE(S)"} {
		if !forms.IsSignatures(text) {
			t.Errorf("%q is the heading of signatures", text)
		}
	}
	if !forms.IsSigning("Pursuant to the requirements of Section 13 or 15(d) of the Securities Exchange Act of 1934, the registrant has duly caused this report to be signed") {
		t.Error("the sentence above the signatures is not known")
	}
}

func TestLettersBehindADot(t *testing.T) {
	for text, want := range map[string]byte{".A. Controls": 'A', "-A Market": 'A', ". A. Controls": 'A', ". Business": 0, ". A's": 0, "A.": 0, "": 0} {
		if got, _ := forms.LetterAfter(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
