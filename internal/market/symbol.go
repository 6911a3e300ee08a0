package market

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// SymbolPattern takes every spelling of a symbol that people use: letters and digits, with the marks of classes, indices,
// exchanges, currencies and futures, up to the 21 characters of an option. NormalizeSymbol takes all that it matches.
const SymbolPattern = `^[A-Za-z0-9^][A-Za-z0-9.^=/-]{0,20}$`

// oneLetterExchanges are London, Frankfurt, Tokyo and the TSX Venture. Behind a dot any other letter is a class of shares,
// which others write behind a dash; for the sake of these four MKC-V keeps its dash.
const oneLetterExchanges = "LFTV"

var (
	symbolForm = regexp.MustCompile(SymbolPattern)
	// dashed matches BRK-B and MKC-V.
	dashed = regexp.MustCompile(`^([A-Z]{1,5})-([A-Z])$`)
	// abroad matches what has an exchange behind a dot, as in VOD.L or 7203.T, and no class as in BRK.B.
	abroad = regexp.MustCompile(`\.([` + oneLetterExchanges + `]|[^.]{2,})$`)
)

// SymbolRule says what a symbol looks like to somebody who gave none.
const SymbolRule = "must be a symbol such as AAPL, BRK.B, VOD.L, BTC-USD or ^GSPC"

// NormalizeSymbol is the one spelling of a symbol: BRK.B for brk-b, BTC-USD for BTC/USD. What cannot be a symbol is an
// Invalid.
func NormalizeSymbol(symbol string) (string, error) {
	symbol = strings.ToUpper(strings.TrimPrefix(strings.TrimSpace(symbol), "$"))
	symbol = strings.ReplaceAll(symbol, "/", "-")
	if parts := dashed.FindStringSubmatch(symbol); parts != nil && !strings.Contains(oneLetterExchanges, parts[2]) {
		symbol = parts[1] + "." + parts[2]
	}
	if !symbolForm.MatchString(symbol) {
		return "", fault.InvalidField("symbol", SymbolRule)
	}
	return symbol, nil
}

// ShareClass takes a symbol in our spelling apart: BRK.B is class B of BRK. ok is false for symbols of no class, such as
// AAPL, and VOD.L of London.
func ShareClass(symbol string) (company, class string, ok bool) {
	company, class, ok = strings.Cut(symbol, ".")
	if !ok || len(class) != 1 || strings.Contains(oneLetterExchanges, class) {
		return "", "", false
	}
	return company, class, true
}

// IsAbroad tells whether a symbol in our spelling is of an exchange outside New York, as VOD.L is.
func IsAbroad(symbol string) bool { return abroad.MatchString(symbol) }

// normalizeAll spells the symbols of a request our way, each once, or names all that are none.
func normalizeAll(symbols []string) ([]string, error) {
	if len(symbols) == 0 || len(symbols) > MaxBatch {
		return nil, fault.InvalidField("body.symbols", fmt.Sprintf("must be 1 to %d symbols", MaxBatch))
	}
	var all []string
	var wrong []fault.Field
	for i, symbol := range symbols {
		normal, err := NormalizeSymbol(symbol)
		switch {
		case err != nil:
			wrong = append(wrong, fault.Field{Path: fmt.Sprintf("body.symbols[%d]", i), Message: SymbolRule})
		case !slices.Contains(all, normal):
			all = append(all, normal)
		}
	}
	if len(wrong) > 0 {
		err := fault.New(fault.Invalid, "the request has wrong fields")
		err.Fields = wrong
		return nil, err
	}
	return all, nil
}
