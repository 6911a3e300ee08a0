package items

import (
	"strings"

	"github.com/jaspers-ai/jaspers/internal/forms"
)

// Status tells what an item holds when it is not its text.
type Status string

// What an item may hold instead of its text.
const (
	Told         Status = ""             // its text
	Incorporated Status = "incorporated" // a reference to another document, see Reference
	Reserved     Status = "reserved"     // a number without a meaning
	Nothing      Status = "nothing"      // "None" or "Not applicable"
)

// Where items are incorporated from: the type of the exhibit, or of the filing that follows.
const (
	AnnualReport   = "EX-13"
	ProxyStatement = "DEF 14A"
)

const (
	maxReference = 2500 // bytes of an item that does no more than refer
	maxNothing   = 60   // squashed bytes of one that says there is nothing
)

// status reads what a short item says in place of its text, and where that is to be found.
func status(text, title string) (s Status, reference string) {
	if len(text) > maxReference {
		return Told, ""
	}
	squashed := forms.Squash(text)
	rest := squashed
	if i := strings.Index(squashed, forms.Squash(title)); i >= 0 {
		rest = squashed[i+len(forms.Squash(title)):]
	}
	switch {
	case strings.Contains(squashed, "incorporatedbyreference"), strings.Contains(squashed, "incorporatedherein"), strings.Contains(squashed, "isherebyincorporated"):
		return Incorporated, referred(squashed)
	case len(rest) <= 20 && strings.Contains(squashed, "reserved"):
		return Reserved, ""
	case len(rest) <= maxNothing && saysNothing(rest):
		return Nothing, ""
	}
	return Told, ""
}

func saysNothing(rest string) bool {
	for _, word := range []string{"none", "notapplicable", "inapplicable", "nottobefiled", "omitted", "nothingtoreport", "notrequired", "na", "therearenone"} {
		if strings.HasPrefix(rest, word) {
			return true
		}
	}
	return false
}

// referred is the document to which a squashed text refers, "" when it is not told.
func referred(squashed string) string {
	if _, rest, found := strings.Cut(squashed, "exhibit"); found && rest != "" && forms.IsDigit(rest[0]) {
		if strings.HasPrefix(rest, "13") {
			return AnnualReport
		}
		if strings.HasPrefix(rest, "99") {
			return "EX-99"
		}
	}
	switch {
	case strings.Contains(squashed, "proxystatement"), strings.Contains(squashed, "informationstatement"), strings.Contains(squashed, "proxymaterial"), strings.Contains(squashed, "regulation14a"):
		return ProxyStatement
	case strings.Contains(squashed, "annualreport"):
		return AnnualReport
	}
	return ""
}
