package api

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestOnlyJSONThatEveryReaderUnderstandsAlikeIsTaken(t *testing.T) {
	for text, want := range map[string]error{
		`{}`: nil, `[]`: nil, `1e3`: nil, ` "x" `: nil, `{"a":{"a":1},"b":[{"a":1},{"a":2}]}`: nil, `[{},[],{"a":[]}]`: nil,
		`"\ud83d\ude00"`: nil, `"\\ud800"`: nil, `"\"\\\u0041"`: nil, "\"\U0001F600\"": nil,
		`{"a":1,"a":1}`: errDuplicateName, `{"a":1,"\u0061":2}`: errDuplicateName, `[{"b":{"a":[],"a":{}}}]`: errDuplicateName,
		`{"a":[{"x":1}],"b":{"x":1},"a":2}`: errDuplicateName,
		`"\ud800"`:                          errHalfCharacter, `"\udc00"`: errHalfCharacter, `"\ud800\ud800"`: errHalfCharacter, `{"\uDFFF":1}`: errHalfCharacter,
		`"\ud800\n"`: errHalfCharacter, `"\ud800xxxxxx"`: errHalfCharacter, `"\ud83d\\ude00"`: errHalfCharacter,
		"\"\xff\"": errNotUTF8, "\xef\xbb\xbf{}": errNotJSON, `{} {}`: errNotJSON, `{"a":1,}`: errNotJSON, ``: errNotJSON, `{"a":01}`: errNotJSON,
		strings.Repeat("[", 20_000): errNotJSON,
	} {
		if got := checkStrict([]byte(text)); got != want {
			t.Errorf("%.60q: got %v, want %v", text, got, want)
		}
	}
}

func FuzzStrictJSONIsJSON(f *testing.F) {
	for _, text := range []string{`{"a":1,"a":2}`, `"\ud83d\ude00"`, `"\ud800"`, `[[{"a":[1e400,null,true]}]]`, "\xef\xbb\xbf{}"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if checkStrict(data) != nil {
			return
		}
		var value any
		if err := json.Unmarshal(data, &value); err != nil && !strings.Contains(err.Error(), "cannot unmarshal number") {
			t.Errorf("%q passed, and cannot be read: %v", data, err)
		}
		if again, err := json.Marshal(value); err == nil && checkStrict(again) != nil {
			t.Errorf("%q reads as %s, which does not pass", data, again)
		}
	})
}
