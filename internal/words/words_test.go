package words

import (
	"slices"
	"strings"
	"testing"
)

func TestWordsAreLettersDigitsOrSigns(t *testing.T) {
	tests := map[string]string{
		"FY2019 10-K":           "fy 2019 10 - k",
		"Apple's P/E":           "apple p / e",
		"don't":                 "don ' t",
		"BRK.B":                 "brk . b",
		"l'année dernière":      "l ' annee derniere",
		"苹果 up":                 "苹 果 up",
		"€5 – Müller":           "€ 5 - muller",
		"":                      "",
		"the bosses' stock, $F": "the bosses ' stock , $ f",
	}
	for text, want := range tests {
		var got []string
		for _, w := range Split(text) {
			got = append(got, w.Text)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: got %q, want %q", text, strings.Join(got, " "), want)
		}
	}
}

func TestPhrasesOfOtherLanguagesBecomeEnglishInPlace(t *testing.T) {
	tests := map[string]string{
		"¿cómo fue mi cartera la semana pasada?": "my portfolio|last week",
		"mein Depot letzte Woche":                "my portfolio|last week",
		"mes actions le mois dernier":            "my stocks|last month",
		"我的投资组合今年":                               "my portfolio|this year",
	}
	for text, want := range tests {
		var got []string
		for _, w := range Translate(Split(text)) {
			got = append(got, w.Text)
			if w.Start < 0 || w.End > len(text) || w.Start >= w.End {
				t.Errorf("%q: the word %q stands at %d to %d", text, w.Text, w.Start, w.End)
			}
		}
		for part := range strings.SplitSeq(want, "|") {
			if !strings.Contains(strings.Join(got, " "), part) {
				t.Errorf("%q: got %q, want %q in it", text, strings.Join(got, " "), part)
			}
		}
	}
}

func TestEnglishIsLeftAsItIs(t *testing.T) {
	text := "Was the mayor in Home Depot on Mon, May 5, and how come the comment says Mars?"
	if before, after := Split(text), Translate(Split(text)); !slices.Equal(before, after) {
		t.Errorf("got %v, want %v", after, before)
	}
}

func TestSlipsCountLettersAddedLostChangedAndSwapped(t *testing.T) {
	tests := []struct {
		a, b string
		want int
	}{
		{"google", "google", 0}, {"gogle", "google", 1}, {"googel", "google", 1}, {"gooogle", "google", 1}, {"goagle", "google", 1},
		{"micorsft", "microsoft", 2}, {"apple", "oracle", 3}, {strings.Repeat("a", 30), "a", 3}, {"", "ab", 2},
	}
	for _, test := range tests {
		if got := Slips(test.a, test.b, 2); got != test.want {
			t.Errorf("%q and %q: got %d, want %d", test.a, test.b, got, test.want)
		}
		if got := Slips(test.b, test.a, 2); got != test.want {
			t.Errorf("%q and %q: got %d, want %d", test.b, test.a, got, test.want)
		}
	}
}

func TestEverydayWordsAreKnownAndSlipsAreNot(t *testing.T) {
	for _, word := range []string{"price", "target", "visa", "prices", "covered", "apply"} {
		if !Known(word) {
			t.Errorf("%q is not known", word)
		}
	}
	for _, word := range []string{"micorsoft", "gogle", "facbook", "amazn"} {
		if Known(word) {
			t.Errorf("%q is known", word)
		}
	}
	if !Common("price", 1000) || Common("zillow", 65_000) {
		t.Error("want price to be common and zillow not")
	}
}

func FuzzWordsLieInTheTextInOrder(f *testing.F) {
	for _, text := range []string{"Apple's FY2019 10-K", "l'année d’hier", "苹果上周", "\xff\xfe 's '", "a\u0301b", "İI's"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		end := 0
		split := Split(text)
		for _, w := range split {
			if w.Start < end || w.End <= w.Start || w.End > len(text) || text[w.Start:w.End] != w.Raw || w.Text == "" {
				t.Fatalf("%q: word %+v after %d", text, w, end)
			}
			end = w.End
		}
		for _, w := range Translate(split) {
			if w.Start < 0 || w.End > len(text) || w.End <= w.Start {
				t.Fatalf("%q: translated word %+v", text, w)
			}
		}
	})
}
