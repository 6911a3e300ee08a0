package calculate

import (
	"math/big"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// parser reads an expression from left to right and works it out as it goes.
type parser struct {
	text    string
	resolve Resolver

	at    int // behind token
	token token
	depth int
	calls int // function calls we are in: there a comma parts arguments, never thousands
	terms int

	references []string
	numbers    []decimal.Decimal
	known      map[string]operand
}

type kind uint8

const (
	end kind = iota
	number
	name // of a function, or a reference
	sign
	currency
)

type token struct {
	kind kind
	text string
}

// signs are the ways in which people write operators.
var signs = map[rune]string{
	'+': "+", '-': "-", '−': "-", '–': "-", '*': "*", '×': "*", '·': "*", '/': "/", '÷': "/",
	'(': "(", ')': ")", '[': "(", ']': ")", ',': ",", '%': "%",
}

var currencies = map[rune]string{'$': "USD", '€': "EUR", '£': "GBP", '¥': "JPY"}

// scales are the words behind a number that multiply it.
var scales = map[string]int64{
	"thousand": 1e3, "thousands": 1e3, "million": 1e6, "millions": 1e6, "billion": 1e9, "billions": 1e9, "trillion": 1e12, "trillions": 1e12,
}

func (p *parser) next() {
	p.at += len(p.text[p.at:]) - len(strings.TrimLeftFunc(p.text[p.at:], unicode.IsSpace))
	rest := p.text[p.at:]
	r, size := utf8.DecodeRuneInString(rest)
	switch {
	case rest == "":
		p.token = token{}
		return
	case isDigit(rest[0]) || rest[0] == '.' && len(rest) > 1 && isDigit(rest[1]):
		size = p.numberEnd(rest)
		p.token = token{number, rest[:size]}
	case isLetter(rest[0]):
		size = nameEnd(rest)
		p.token = token{name, rest[:size]}
	case signs[r] != "":
		p.token = token{sign, signs[r]}
	case currencies[r] != "":
		p.token = token{currency, currencies[r]}
	default:
		p.token = token{sign, rest[:size]} // which nothing expects
	}
	p.at += size
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' }

// numberEnd is where the number at the beginning of the text ends. Outside of functions a comma with three digits behind
// it belongs to it.
func (p *parser) numberEnd(text string) int {
	i, point := 0, false
	for ; i < len(text); i++ {
		switch {
		case isDigit(text[i]):
		case text[i] == '.' && !point:
			point = true
		case text[i] == ',' && !point && p.calls == 0 && i > 0 && digits(text[i+1:]) >= 3:
		default:
			return i
		}
	}
	return i
}

func digits(text string) int {
	n := 0
	for n < len(text) && isDigit(text[n]) {
		n++
	}
	return n
}

// maxKey bounds what may stand in brackets, in bytes.
const maxKey = 60

// keyEnd is where the key in brackets ends: an index, a symbol, a day or a name of letters.
func keyEnd(text string) int {
	i := 0
	for i < min(len(text), maxKey) && (isLetter(text[i]) || isDigit(text[i]) || strings.IndexByte(".-^=:/ &", text[i]) >= 0) {
		i++
	}
	return i
}

// nameEnd is where a name ends: fields are parted by points, and an index or a key stands in brackets.
func nameEnd(text string) int {
	i := 0
	for i < len(text) {
		switch c := text[i]; {
		case isLetter(c), isDigit(c):
			i++
		case c == '.' && i+1 < len(text) && (isLetter(text[i+1]) || isDigit(text[i+1])):
			i++
		case c == '[':
			n := keyEnd(text[i+1:])
			if n == 0 || i+1+n >= len(text) || text[i+1+n] != ']' {
				return i
			}
			i += n + 2
		default:
			return i
		}
	}
	return i
}

func (p *parser) is(text string) bool { return p.token.kind == sign && p.token.text == text }

func (p *parser) unexpected() error {
	if p.token.kind == end {
		return fault.Wrap(fault.Invalid, ErrSyntax, "the expression ends where a number, a reference or a closing parenthesis is missing")
	}
	return fault.Wrap(fault.Invalid, ErrSyntax, "the expression cannot be read before byte %d; it takes numbers, references, + - * / ( ) and functions", p.at)
}

// deeper counts how far down we are; the caller lets depth go again.
func (p *parser) deeper() error {
	p.depth++
	if p.depth > maxDepth {
		return fault.Wrap(fault.Invalid, ErrTooLarge, "the expression is nested more than %d deep; part it", maxDepth)
	}
	return nil
}

func (p *parser) sum() (operand, error) {
	x, err := p.product()
	for err == nil && (p.is("+") || p.is("-")) {
		minus := p.is("-")
		p.next()
		var y operand
		if y, err = p.product(); err != nil {
			break
		}
		if minus {
			y = negate(y)
		}
		x, err = add(x, y)
	}
	return x, err
}

func (p *parser) product() (operand, error) {
	x, err := p.signed()
	for err == nil && (p.is("*") || p.is("/")) {
		over := p.is("/")
		p.next()
		var y operand
		if y, err = p.signed(); err != nil {
			break
		}
		if over {
			x, err = divide(x, y)
		} else {
			x = multiply(x, y)
		}
	}
	return x, err
}

func (p *parser) signed() (operand, error) {
	if !p.is("-") && !p.is("+") {
		return p.primary()
	}
	minus := p.is("-")
	if err := p.deeper(); err != nil {
		return operand{}, err
	}
	p.next()
	x, err := p.signed()
	p.depth--
	if minus && err == nil {
		x = negate(x)
	}
	return x, err
}

// primary is one number, reference, function or parenthesis, with the percent sign behind it.
func (p *parser) primary() (operand, error) {
	x, err := p.bare()
	for err == nil && p.is("%") {
		if !x.plain() {
			return x, fault.Wrap(fault.Invalid, ErrUnits, "a percent sign can stand behind a plain number only; percent() makes a ratio a percentage")
		}
		x.unit = Percent
		p.next()
	}
	return x, err
}

func (p *parser) bare() (operand, error) {
	switch t := p.token; {
	case t.kind == number:
		return p.literal("")
	case t.kind == currency:
		p.next()
		return p.money(t.text)
	case t.kind == name:
		p.next()
		if p.is("(") {
			return p.call(t.text)
		}
		return p.reference(t.text)
	case p.is("("):
		return p.parenthesis()
	}
	return operand{}, p.unexpected()
}

// money is what stands behind the sign of a currency: a number, or plain numbers in a parenthesis.
func (p *parser) money(code string) (operand, error) {
	switch {
	case p.is("-"): // "$-5"
		p.next()
		x, err := p.literal(code)
		return negate(x), err
	case !p.is("("):
		return p.literal(code)
	}
	x, err := p.parenthesis()
	if err == nil && !x.plain() {
		err = fault.Wrap(fault.Invalid, ErrUnits, "behind the sign of a currency only plain numbers can stand in a parenthesis")
	}
	x.unit, x.bare = Unit(code), false
	return x, err
}

func (p *parser) parenthesis() (operand, error) {
	if err := p.deeper(); err != nil {
		return operand{}, err
	}
	calls := p.calls
	p.calls = 0
	p.next()
	x, err := p.sum()
	if err != nil {
		return x, err
	}
	if !p.is(")") {
		return x, p.unexpected()
	}
	p.calls = calls
	p.depth--
	p.next()
	return x, nil
}

// term counts numbers and references.
func (p *parser) term() error {
	p.terms++
	if p.terms > maxTerms {
		return fault.Wrap(fault.Invalid, ErrTooLarge, "the expression has more than %d numbers and references; part it", maxTerms)
	}
	return nil
}

// literal is the number at hand, of the currency that was written before it.
func (p *parser) literal(money string) (operand, error) {
	if p.token.kind != number {
		return operand{}, p.unexpected()
	}
	if err := p.term(); err != nil {
		return operand{}, err
	}
	text := strings.ReplaceAll(p.token.text, ",", "")
	amount, ok := new(big.Rat).SetString(text)
	if !ok || len(text) > maxDigits {
		return operand{}, fault.Wrap(fault.Invalid, ErrTooLarge, "a number of the expression has too many digits")
	}
	p.next()
	if by := scales[strings.ToLower(p.token.text)]; p.token.kind == name && by != 0 {
		amount.Mul(amount, new(big.Rat).SetInt64(by))
		p.next()
	}
	written, _ := toDecimal(amount)
	p.numbers = append(p.numbers, written)
	return operand{amount: amount, unit: Unit(money), bare: money == ""}, nil
}

// reference is the figure of that name, which is asked for once.
func (p *parser) reference(name string) (operand, error) {
	if err := p.term(); err != nil {
		return operand{}, err
	}
	if x, ok := p.known[name]; ok {
		return x, nil
	}
	if p.resolve == nil {
		return operand{}, fault.Wrap(fault.Invalid, ErrSyntax, "the expression refers to a figure where there are none")
	}
	v, err := p.resolve(name)
	if err != nil {
		return operand{}, err
	}
	if d := v.Amount; d.NumDigits() > maxDigits || d.Exponent() > maxDigits || d.Exponent() < -maxDigits {
		return operand{}, fault.Wrap(fault.Invalid, ErrTooLarge, "a figure that the expression refers to has too many digits")
	}
	x := operand{amount: v.Amount.Rat(), unit: v.Unit.times(Ratio), asOf: v.AsOf}
	p.known[name] = x
	p.references = append(p.references, name)
	return x, nil
}
