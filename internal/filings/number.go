package filings

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// CIK is the number under which the SEC keeps a filer; 0 is nobody's.
type CIK int64

// maxCIK is the largest, ten digits.
const maxCIK = 9_999_999_999

// String is the number with all its ten digits.
func (c CIK) String() string { return fmt.Sprintf("%010d", int64(c)) }

// ParseCIK reads a number with or without zeros before it.
func ParseCIK(text string) (CIK, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > maxCIK || !isDigits(text) || len(text) > 10 {
		return 0, fault.New(fault.Invalid, "a CIK is a number of up to ten digits")
	}
	return CIK(n), nil
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// Accession is the number of a filing, with its dashes: 0000320193-24-000123.
type Accession string

var accessionForm = regexp.MustCompile(`^\d{10}-?\d{2}-?\d{6}$`)

// AccessionRule says what an accession number looks like to somebody who gave none.
const AccessionRule = "must be an accession number such as 0000320193-24-000123"

// ParseAccession reads a number with its dashes or without.
func ParseAccession(text string) (Accession, error) {
	digits := strings.ReplaceAll(text, "-", "")
	if !accessionForm.MatchString(text) || len(text) == 19 { // one dash of two
		return "", fault.New(fault.Invalid, AccessionRule)
	}
	return Accession(digits[:10] + "-" + digits[10:12] + "-" + digits[12:]), nil
}

// Plain is the number without its dashes, as paths have it.
func (a Accession) Plain() string { return strings.ReplaceAll(string(a), "-", "") }

// Sender is who sent the filing in: the filer itself, or the agent it paid to. 0 where that is nobody.
func (a Accession) Sender() CIK {
	cik, err := ParseCIK(string(a)[:10])
	if err != nil {
		return 0
	}
	return cik
}
