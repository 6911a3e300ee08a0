package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

var (
	errNotUTF8       = errors.New("the body is not UTF-8")
	errDuplicateName = errors.New("the body names a property twice")
	errHalfCharacter = errors.New("the body holds half of a character")
	errNotJSON       = errors.New("the body is not JSON")
)

// checkStrict refuses what encoding/json would take and change on the way: bytes that are no UTF-8 and halves of
// surrogate pairs, which it replaces, and a property that is there twice, of which it takes the last where another
// reader takes the first.
func checkStrict(data []byte) error {
	switch {
	case !utf8.Valid(data):
		return errNotUTF8
	case !json.Valid(data):
		return errNotJSON
	case hasHalfCharacter(data):
		return errHalfCharacter
	}
	in := json.NewDecoder(bytes.NewReader(data))
	in.UseNumber()
	return checkNames(in)
}

// checkNames reads a whole text and looks at the names of every object in it. Each level of nesting keeps a set of names,
// none where it is a list; the text is known to be valid JSON.
func checkNames(in *json.Decoder) error {
	type level struct {
		names  map[string]bool // nil in a list
		isName bool            // whether the next token is a name
	}
	var open []level
	for {
		token, err := in.Token()
		if err != nil {
			return err
		}
		top := len(open) - 1
		switch delim, _ := token.(json.Delim); {
		case delim == '{':
			open = append(open, level{names: map[string]bool{}, isName: true})
			continue
		case delim == '[':
			open = append(open, level{})
			continue
		case delim == '}', delim == ']':
			open = open[:top]
			top--
		case top >= 0 && open[top].isName:
			name, _ := token.(string)
			if open[top].names[name] {
				return errDuplicateName
			}
			open[top].names[name] = true
			open[top].isName = false
			continue
		}
		if top < 0 {
			return nil // nothing follows the one value of valid JSON
		}
		open[top].isName = open[top].names != nil // a value has ended
	}
}

// hasHalfCharacter finds an escaped surrogate without its other half. In valid JSON a backslash stands in strings only.
func hasHalfCharacter(data []byte) bool {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		i++ // what is escaped
		if data[i] != 'u' {
			continue
		}
		first := hex4(data[i+1:])
		i += 4
		if !utf16.IsSurrogate(first) {
			continue
		}
		if rest := data[i+1:]; len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' || utf16.DecodeRune(first, hex4(rest[2:])) == utf8.RuneError {
			return true
		}
		i += 6
	}
	return false
}

// hex4 is the character that four hexadecimal digits name.
func hex4(digits []byte) rune {
	var r rune
	for _, c := range digits[:4] {
		digit := c - '0'
		if c > '9' {
			digit = c&^0x20 - 'A' + 10
		}
		r = r<<4 | rune(digit)
	}
	return r
}

// onlyHeader is the value of a header that is there once. Of two, a proxy may have checked the one and we would take the
// other, so that neither counts.
func onlyHeader(ctx huma.Context, name string) string {
	req, _ := humago.Unwrap(ctx)
	if values := req.Header.Values(name); len(values) == 1 {
		return values[0]
	}
	return ""
}
