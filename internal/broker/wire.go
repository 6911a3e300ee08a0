package broker

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode"

	"github.com/shopspring/decimal"
)

// Number is a decimal as brokerages write it: a JSON number or a string, null or "" when unknown. It is read digit by
// digit: as a float it would change.
type Number struct{ decimal.NullDecimal }

// Bounds of believable numbers and words. Those of numbers are far beyond any money, and keep one like 1e999999 from being spelled out later.
const (
	maxNumberLength = 64
	maxExponent     = 30
	maxWordLength   = 100
)

// UnmarshalJSON reads one number. Its errors do not quote the answer.
func (n *Number) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	if bytes.HasPrefix(raw, []byte(`"`)) {
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
	}
	if text == "" || text == "null" {
		n.NullDecimal = decimal.NullDecimal{}
		return nil
	}
	if len(text) > maxNumberLength {
		return errors.New("a number is too long")
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return errors.New("a number is not one") // the cause would quote the answer
	}
	if d.Exponent() > maxExponent || d.Exponent() < -maxExponent {
		return errors.New("a number is out of bounds")
	}
	n.NullDecimal = decimal.NewNullDecimal(d)
	return nil
}

// Plain tells whether a brokerage's words can be stored and shown: short, and without control characters.
func Plain(words ...string) bool {
	for _, w := range words {
		if len(w) > maxWordLength || strings.ContainsFunc(w, unicode.IsControl) {
			return false
		}
	}
	return true
}
