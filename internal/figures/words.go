package figures

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

// currencies are the signs and codes that may stand before an amount.
var currencies = map[string]string{
	"$": "USD", "US$": "USD", "USD": "USD", "C$": "CAD", "CA$": "CAD", "CAD": "CAD", "A$": "AUD", "AU$": "AUD", "AUD": "AUD",
	"HK$": "HKD", "HKD": "HKD", "NZ$": "NZD", "NZD": "NZD", "S$": "SGD", "SGD": "SGD", "R$": "BRL", "BRL": "BRL",
	"€": "EUR", "EUR": "EUR", "£": "GBP", "GBP": "GBP", "¥": "JPY", "JPY": "JPY", "CNY": "CNY", "RMB": "CNY",
	"CHF": "CHF", "₹": "INR", "INR": "INR", "₩": "KRW", "KRW": "KRW", "SEK": "SEK", "NOK": "NOK", "DKK": "DKK", "MXN": "MXN",
}

var currencySigns = map[rune]bool{'$': true, '€': true, '£': true, '¥': true, '₹': true, '₩': true}

// currencyWords are those signs and codes, the longer ones first.
var currencyWords = func() []string {
	words := slices.Collect(maps.Keys(currencies))
	slices.SortFunc(words, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return words
}()

// currencyAtEnd is where the sign or code of a currency begins that a text ends in; -1 where it ends in none, or in the
// end of a word.
func currencyAtEnd(text string) int {
	for _, word := range currencyWords {
		if before, ok := strings.CutSuffix(text, word); ok {
			if r, _ := utf8.DecodeLastRuneInString(before); before == "" || !unicode.IsLetter(r) {
				return len(before)
			}
		}
	}
	return -1
}

func endsInCurrency(text string) bool { return currencyAtEnd(text) >= 0 }

var (
	percentBehind = regexp.MustCompile(`^\s?%`)
)

// scales are the words and letters that multiply, by their power of ten.
var scales = map[string]int32{
	"hundred": 2, "thousand": 3, "thousands": 3, "k": 3, "million": 6, "millions": 6, "m": 6, "mn": 6, "mm": 6, "mln": 6, "mio": 6,
	"lakh": 5, "lakhs": 5, "lac": 5, "crore": 7, "crores": 7,
	"billion": 9, "billions": 9, "b": 9, "bn": 9, "bln": 9, "trillion": 12, "trillions": 12, "t": 12, "tn": 12, "trn": 12,
}

var scalePattern = regexp.MustCompile(`(?i)^[\s\x{a0}-]?(hundred|thousands?|lakhs?|lac|crores?|millions?|billions?|trillions?|mln|mio|mn|mm|bln|bn|trn|tn|k|m|b|t)`)

// powerPattern is a power of ten behind a number: e3, ×10³, x 10^3.
var powerPattern = regexp.MustCompile(`^(?:[eE]\+?(\d{1,2})\b|[\s\x{a0}]?[×xX*·][\s\x{a0}]?10(?:\^\+?(\d{1,2})\b|([⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})))`)

// superscripts are the digits of exponents.
const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹"

// unitBehind is what may stand behind a number, with the power of ten that brings it to the unit.
type unitBehind struct {
	pattern  *regexp.Regexp
	unit     calculate.Unit
	shift    int32
	multiple bool
	word     bool // no letter may follow
}

var unitsBehind = []unitBehind{
	{pattern: percentBehind, unit: calculate.Percent},
	{pattern: regexp.MustCompile(`(?i)^[\s\x{a0}-]?(?:percentage[\s-]points?|percents?|per\scent|pct\.?|pp|ppts?)`), unit: calculate.Percent, word: true},
	{pattern: regexp.MustCompile(`(?i)^[\s\x{a0}-]?(?:basis[\s-]points?|bps?)`), unit: calculate.Percent, shift: -2, word: true},
	{pattern: regexp.MustCompile(`(?i)^(?:[x×]|[\s\x{a0}]?times|[\s\x{a0}]×)`), unit: calculate.Ratio, multiple: true, word: true},
	{pattern: regexp.MustCompile(`(?i)^[\s\x{a0}-]?(?:U\.?S\.?\sdollars?|dollars?|USD)`), unit: "USD", word: true},
	{pattern: regexp.MustCompile(`(?i)^[\s\x{a0}-]?(?:euros?|EUR|€)`), unit: "EUR", word: true},
	{pattern: regexp.MustCompile(`(?i)^[\s\x{a0}-]?(?:pounds?(?:\ssterling)?|GBP)`), unit: "GBP", word: true},
	{pattern: regexp.MustCompile(`(?i)^[\s\x{a0}-]?(?:yen|JPY)`), unit: "JPY", word: true},
	{pattern: regexp.MustCompile(`(?i)^[\s\x{a0}-]?(?:CHF|(?:swiss\s)?francs?)`), unit: "CHF", word: true},
	{pattern: regexp.MustCompile(`(?i)^[\s\x{a0}-]?(?:CAD)`), unit: "CAD", word: true},
	{pattern: regexp.MustCompile(`(?i)^[\s\x{a0}-]?(?:AUD)`), unit: "AUD", word: true},
	{pattern: regexp.MustCompile(`(?i)^[\s\x{a0}-]?(?:HKD)`), unit: "HKD", word: true},
	{pattern: regexp.MustCompile(`(?i)^[\s\x{a0}-]?(?:CNY|RMB|yuan)`), unit: "CNY", word: true},
	{pattern: regexp.MustCompile(`(?i)^[\s\x{a0}-]?(?:shares?)`), unit: "shares", word: true},
}

var (
	aboutPattern  = regexp.MustCompile(`(?i)(?:\b(?:about|around|approximately|approx\.?|roughly|nearly|almost|circa|some|over|under|more than|less than|just under|just over|close to)\s*|[~≈]\s*)$`)
	fallPattern   = regexp.MustCompile(`(?i)\b(?:fell|falls?|fallen|falling|decreas\w*|declin\w*|dropp?\w*|down|los[st]\w*|losses|lower\w*|reduc\w*|shr[aiu]nk\w*|negative|outflows?|spent|paid|used|cut|slid|slipped|contract\w*)\b[^.;\d]*$`)
	fallenPattern = regexp.MustCompile(`(?i)^\s?(?:decrease|decline|drop|loss|reduction|lower|less|fall|outflow)`)
	rangeBetween  = regexp.MustCompile(`(?i)^\s*(?:-|–|—|to|and)\s*$`)
	rangeBefore   = regexp.MustCompile(`(?i)\b(?:between|from)\s*$`)
)
