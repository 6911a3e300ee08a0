package analyst

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/tool"
)

func TestMain(m *testing.M) {
	decimal.MarshalJSONWithoutQuotes = true // as the server prints them
	goleak.VerifyTestMain(m)
}

func TestRecordedInputIsStorableJSON(t *testing.T) {
	for input, want := range map[string]string{
		`{"symbols": ["AAPL"]}`:            `{"symbols": ["AAPL"]}`,
		`{"a":"` + "\xff" + `"}`:           `{"a":"` + "\uFFFD" + `"}`,
		`{"a`:                              `"{\"a"`,
		"\x00":                             `""`,
		strings.Repeat("é", tool.MaxInput): `"` + strings.Repeat("é", 512) + `"`,
	} {
		if got := recordedInput(json.RawMessage(input)); string(got) != want {
			t.Errorf("%.40q: got %.60q, want %.60q", input, got, want)
		}
	}
}
