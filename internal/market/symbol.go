package market

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// A letter behind a dash is a class of shares, and we write it behind a dot. Not so L, F, T and V: behind a dot they are
// the exchanges of London, Frankfurt, Tokyo and the TSX Venture, so MKC-V keeps its dash.
var (
	// symbolForm is our spelling: letters and digits, with the marks of classes, indices, exchanges, currencies and futures.
	symbolForm = regexp.MustCompile(`^[A-Z0-9^][A-Z0-9.^=\-]{0,20}$`)
	// shareClass matches BRK-B, which others write for BRK.B.
	shareClass = regexp.MustCompile(`^([A-Z]{1,5})-([A-EG-KM-SUW-Z])$`)
	// abroad matches what has an exchange behind a dot, as in VOD.L or 7203.T, and no class as in BRK.B.
	abroad = regexp.MustCompile(`\.([LFTV]|[^.]{2,})$`)
)

const symbolRule = "must be a symbol such as AAPL, BRK.B, VOD.L, BTC-USD or ^GSPC"

// NormalizeSymbol is the one spelling of a symbol: BRK.B for brk-b, BTC-USD for BTC/USD. What cannot be a symbol is an
// Invalid.
func NormalizeSymbol(symbol string) (string, error) {
	symbol = strings.ToUpper(strings.TrimPrefix(strings.TrimSpace(symbol), "$"))
	symbol = strings.ReplaceAll(symbol, "/", "-")
	if class := shareClass.FindStringSubmatch(symbol); class != nil {
		symbol = class[1] + "." + class[2]
	}
	if !symbolForm.MatchString(symbol) {
		return "", fault.InvalidField("symbol", symbolRule)
	}
	return symbol, nil
}

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
			wrong = append(wrong, fault.Field{Path: fmt.Sprintf("body.symbols[%d]", i), Message: symbolRule})
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
