package prose

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

// style is how a language writes figures.
type style struct {
	point, group, percent string
	signFirst             bool // the sign of a currency stands before the amount
	home                  string
	scales                map[int32]string
}

// signCodes are the currencies whose sign says which one is meant; ¥ is yen, yuan have their code.
var signCodes = map[string]string{"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}

// before are the languages, and the countries that part from theirs, in which the sign stands before the amount.
var before = map[string]bool{
	"en": true, "zh": true, "ja": true, "ko": true, "nl": true, "hi": true, "th": true, "tr": true, "ms": true, "id": true,
	"pt-BR": true, "de-CH": true, "de-AT": true, "es-MX": true, "es-US": true, "es-AR": true, "es-CL": true, "es-CO": true, "it-CH": true,
}

// dollars are the countries whose own dollar is another.
var dollars = map[string]bool{"CA": true, "AU": true, "NZ": true, "SG": true, "HK": true, "MX": true, "AR": true, "CL": true, "CO": true, "TW": true}

// scaleWords are the words for millions and more; a language without them writes large amounts out.
var scaleWords = map[string]map[int32]string{
	"en": {6: "million", 9: "billion", 12: "trillion"},
	"de": {6: "Mio.", 9: "Mrd.", 12: "Bio."},
	"fr": {6: "M", 9: "Md"},
	"es": {6: "M"},
	"it": {6: "Mln", 9: "Mrd"},
	"pt": {6: "mi", 9: "bi", 12: "tri"},
	"nl": {6: "mln.", 9: "mld.", 12: "bln."},
}

// styleOf asks the tables of Unicode how a language writes a number and a percentage.
func styleOf(locale string) style {
	tag, err := language.Parse(locale)
	if err != nil || locale == "" {
		tag = language.AmericanEnglish
	}
	base, _ := tag.Base()
	region, _ := tag.Region()
	if latin, err := tag.SetTypeForKey("nu", "latn"); err == nil {
		tag = latin
	}
	p := message.NewPrinter(tag)
	sample := p.Sprint(number.Decimal(1234567.5))
	s := style{scales: scaleWords[base.String()], home: region.String()}
	s.point = strings.TrimSuffix(sample[strings.LastIndex(sample, "7")+1:], "5")
	s.group = strings.Trim(sample[strings.Index(sample, "1")+1:strings.Index(sample, "4")], "0123456789")
	s.percent = strings.Map(seen, strings.TrimLeft(p.Sprint(number.Percent(0.12)), "0123456789"))
	s.signFirst = before[base.String()] || before[base.String()+"-"+region.String()]
	return s
}

// seen leaves out what the guard would.
func seen(r rune) rune {
	if hidden(r) {
		return -1
	}
	return r
}

// format is what a reference asks for behind its pipe.
type format struct {
	places  int32 // -1 where nothing is said
	percent bool
	compact bool
	signed  bool
	date    bool
}

// formatOf reads it; what it does not know changes nothing.
func formatOf(text string) format {
	f := format{places: -1}
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == '|' || r == ' ' || r == ',' }) {
		switch n, err := strconv.Atoi(strings.TrimSuffix(word, "%")); {
		case err == nil && n >= 0 && n <= mostPlaces:
			f.places = int32(n) //nolint:gosec // which is small
			f.percent = f.percent || strings.HasSuffix(word, "%")
		case word == "%" || word == "percent":
			f.percent = true
		case word == "compact":
			f.compact = true
		case word == "signed" || word == "+":
			f.signed = true
		case word == "date":
			f.date = true
		}
	}
	return f
}

const mostPlaces = 8

// show writes a value: money to two places, from a million on to none and from a billion on in billions; prices,
// percentages and ratios to two, or as many as it takes to say something; quantities as they are. Halves are rounded
// away from zero.
func (s style) show(v calculate.Value, f format) string {
	amount, scale := v.Amount, ""
	size := amount.Abs()
	money := v.Unit.Currency() != ""
	places := defaultPlaces(v)
	large := f.compact || money && f.places < 0 && size.GreaterThanOrEqual(decimal.New(1, 9))
	for _, power := range []int32{12, 9, 6} {
		if word := s.scales[power]; large && word != "" && size.GreaterThanOrEqual(decimal.New(1, power)) {
			amount, scale, places = amount.Shift(-power), "\u00a0"+word, 2
			if s.scales[9] == "billion" {
				scale = " " + word
			}
			break
		}
	}
	if f.places >= 0 {
		places = f.places
	}
	sign, digits := s.digits(amount, places)
	if sign == "" && f.signed && !amount.IsZero() {
		sign = "+"
	}
	return s.dress(v.Unit, sign, digits+scale)
}

// withComma is a number of a language that has commas for points and points between thousands.
var withComma = regexp.MustCompile(`\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+,\d+`)

// plain is a text of as many bytes in which the numbers that a model wrote in that language are written as in English.
func (s style) plain(text string) string {
	if s.point != "," {
		return text
	}
	return withComma.ReplaceAllStringFunc(text, func(number string) string {
		return strings.Map(func(r rune) rune {
			switch r {
			case ',':
				return '.'
			case '.':
				return ','
			}
			return r
		}, number)
	})
}

// dress puts sign and unit to the digits.
func (s style) dress(unit calculate.Unit, sign, digits string) string {
	over, under, divided := strings.Cut(string(unit), "/")
	code := unit.Currency()
	switch {
	case unit == calculate.Percent:
		return sign + digits + s.percent
	case code != "" && over == code && calculate.Unit(under).Currency() == "": // rates of exchange keep both
		mark := s.currency(code)
		switch {
		case s.signFirst && mark == code:
			return sign + code + "\u00a0" + digits
		case s.signFirst:
			return sign + mark + digits
		}
		return sign + digits + "\u00a0" + mark
	case divided || strings.Contains(over, "*"):
		return sign + digits + " " + string(unit)
	}
	return sign + digits
}

// currency is the sign that everybody takes for that currency, else its code.
func (s style) currency(code string) string {
	if code == "USD" && dollars[s.home] {
		return "US$"
	}
	for mark, of := range signCodes {
		if of == code {
			return mark
		}
	}
	return code
}

func defaultPlaces(v calculate.Value) int32 {
	size := v.Amount.Abs()
	price := strings.Contains(string(v.Unit), "/")
	switch {
	case v.Unit.Currency() != "" && !price && size.GreaterThanOrEqual(decimal.New(1, 6)):
		return 0
	case v.Unit.Currency() != "" && price && size.LessThan(decimal.New(1, 0)) && !size.IsZero():
		return 4
	case v.Unit.Currency() != "":
		return 2
	case v.Unit == calculate.Ratio || v.Unit == calculate.Percent:
		return telling(size)
	}
	places := int32(0) // quantities
	for places < mostPlaces-2 && !size.Truncate(places).Equal(size) {
		places++
	}
	return places
}

// telling is two places, or for a small number those of its first two digits.
func telling(size decimal.Decimal) int32 {
	places := int32(2)
	for places < mostPlaces && !size.IsZero() && size.Shift(places).LessThan(decimal.NewFromInt(5)) {
		places++
	}
	return places
}

// digits are those of a number, rounded and grouped, with its sign; what rounds to nothing has none.
func (s style) digits(amount decimal.Decimal, places int32) (sign, digits string) {
	amount = amount.Round(max(places, 0))
	if amount.IsNegative() {
		sign, amount = "-", amount.Neg()
	}
	whole, fraction, _ := strings.Cut(amount.StringFixed(max(places, 0)), ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "\x00" + whole[at:]
	}
	digits = strings.ReplaceAll(whole, "\x00", s.group)
	if fraction != "" {
		digits += s.point + fraction
	}
	return sign, digits
}
