// Package fiscal reads from words which fiscal periods and which kinds of filings are meant: "Q2 of FY23", "10-K".
package fiscal

import (
	"strconv"

	"github.com/jaspers-ai/jaspers/internal/words"
)

// Period is a company's year, or a quarter of it; the company's filings tell which days those are.
type Period struct {
	Year    int
	Quarter int // 0 for the whole year
}

// String is "2024" or "2024Q3".
func (p Period) String() string {
	if p.Quarter == 0 {
		return strconv.Itoa(p.Year)
	}
	return strconv.Itoa(p.Year) + "Q" + strconv.Itoa(p.Quarter)
}

// Reading is the fiscal periods of a text, and where they stand.
type Reading struct {
	Periods []Period     // in the order in which they stand
	covered map[int]bool // words that speak of fiscal periods and of no date
}

// Find is every fiscal period. A quarter of a plain year, "Q3 2023", is one, though its words may also be read as a date.
func Find(text []words.Word) Reading {
	r := reader{words: text}
	out := Reading{covered: map[int]bool{}}
	for i := 0; i < len(text); {
		period, next, plain, ok := r.period(i)
		if !ok {
			i++
			continue
		}
		out.Periods = append(out.Periods, period)
		for ; i < next; i++ {
			if !plain {
				out.covered[i] = true
			}
		}
	}
	return out
}

// Covers tells whether a word speaks of a fiscal period and of no date.
func (f Reading) Covers(i int) bool { return f.covered[i] }

// Masked is the text without what speaks of fiscal periods and of no date.
func (f Reading) Masked(text []words.Word) []words.Word {
	if len(f.covered) == 0 {
		return text
	}
	out := append([]words.Word(nil), text...)
	for i := range f.covered {
		out[i].Text, out[i].Kind = "", words.Sign
	}
	return out
}

type reader struct{ words []words.Word }

// period is "FY2019", "fiscal 2022", "Q2 of FY23", "third quarter of fiscal year 2022", "2Q23", "Q3 2023". Plain is one
// that does not say it is fiscal.
func (r reader) period(i int) (period Period, next int, plain, ok bool) {
	if r.is(i, "q") && i+1 < len(r.words) && len(r.words[i+1].Text) == 5 && r.words[i+1].Glued { // Q22023
		if n, err := strconv.Atoi(r.words[i+1].Text); err == nil && n/10_000 >= 1 && n/10_000 <= 4 && n%10_000 >= 1950 && n%10_000 < 2100 {
			return Period{n % 10_000, n / 10_000}, i + 2, true, true
		}
	}
	if quarter, after, found := r.quarter(i); found {
		for r.among(after, "of", "in", "the", ",", "-", "for", "'") && after < i+6 && !r.among(after, "'") {
			after++
		}
		if year, last, found := r.fiscalYear(after); found {
			return Period{year, quarter}, last, false, true
		}
		if year, last, found := r.plainYear(after, r.words[after-1].Kind != words.Letters || r.among(after-1, "quarter", "q")); found {
			return Period{year, quarter}, last, true, true
		}
		return Period{}, 0, false, false
	}
	if year, after, found := r.fiscalYear(i); found {
		if quarter, last, found := r.quarter(r.skipSign(after)); found {
			return Period{year, quarter}, last, false, true
		}
		return Period{Year: year}, after, false, true
	}
	short := r.is(i+1, "q") && r.words[i+1].Glued && r.digit(i+2) > 0
	if year, after, found := r.plainYear(i, short); found { // 2023 Q3, 2018Q4, 23Q4
		if quarter, last, found := r.quarter(r.skipSign(after)); found {
			return Period{year, quarter}, last, true, true
		}
	}
	return Period{}, 0, false, false
}

// quarter is "Q2", "2Q", "second quarter", "2nd qtr".
func (r reader) quarter(i int) (int, int, bool) {
	if i >= len(r.words) {
		return 0, 0, false
	}
	switch {
	case r.is(i, "q") && r.digit(i+1) > 0 && r.words[i+1].Glued:
		return r.digit(i + 1), i + 2, true
	case r.digit(i) > 0 && r.is(i+1, "q") && r.words[i+1].Glued:
		return r.digit(i), i + 2, true
	case r.digit(i) > 0 && r.among(i+1, "st", "nd", "rd", "th") && r.among(i+2, "quarter", "qtr"):
		return r.digit(i), i + 3, true
	}
	last := i + 1 // "third quarter", "third-quarter", "third fiscal quarter"
	for r.among(last, "-", "fiscal") {
		last++
	}
	if r.among(last, "quarter", "qtr") {
		for n, name := range [...]string{"first", "second", "third", "fourth"} {
			if r.is(i, name) {
				return n + 1, last + 1, true
			}
		}
	}
	return 0, 0, false
}

// digit is a quarter's number.
func (r reader) digit(i int) int {
	if i < len(r.words) && len(r.words[i].Text) == 1 && r.words[i].Text >= "1" && r.words[i].Text <= "4" {
		return int(r.words[i].Text[0] - '0')
	}
	return 0
}

// fiscalYear is "FY19", "FY 2019", "fiscal year 2019", "fiscal 2019", "financial year 2019".
func (r reader) fiscalYear(i int) (int, int, bool) {
	for r.among(i, "the", "full") {
		i++
	}
	switch {
	case r.among(i, "fy", "fye"):
		i++
	case r.among(i, "fiscal", "financial"):
		if i++; r.among(i, "year", "years", "yr") {
			i++
		}
	default:
		return 0, 0, false
	}
	return r.plainYear(r.skipSign(i), true)
}

// plainYear is a year of four digits, or of two where short ones are allowed.
func (r reader) plainYear(i int, short bool) (int, int, bool) {
	quoted := r.is(i, "'")
	if quoted {
		i++
	}
	if i >= len(r.words) || r.words[i].Kind != words.Digits {
		return 0, 0, false
	}
	n, err := strconv.Atoi(r.words[i].Text)
	switch length := len(r.words[i].Text); {
	case err != nil:
	case length == 4 && n >= 1950 && n < 2100:
		return n, i + 1, true
	case length == 2 && (quoted || short):
		return 2000 + n, i + 1, true
	}
	return 0, 0, false
}

func (r reader) skipSign(i int) int {
	if r.among(i, "-", ",", ".", "'") && !r.is(i, "'") {
		return i + 1
	}
	return i
}

func (r reader) is(i int, text string) bool {
	return i >= 0 && i < len(r.words) && r.words[i].Text == text
}

func (r reader) among(i int, set ...string) bool {
	for _, text := range set {
		if r.is(i, text) {
			return true
		}
	}
	return false
}
