package yahoo

import (
	"bytes"
	"encoding/json"

	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// problem is how Yahoo says what is wrong.
type problem struct {
	Code        text `json:"code"`
	Description text `json:"description"`
}

// unwrap takes the result out of an answer, which lies under the key of its endpoint. A problem lies there, too, or under
// "finance". What is no such answer at all is an UpstreamFailed, whatever its status.
func unwrap(answer *upstream.Answer, key string) (result json.RawMessage, wrong *problem, err error) {
	type envelope struct {
		Result json.RawMessage `json:"result"`
		Error  *problem        `json:"error"`
	}
	var body map[string]json.RawMessage
	if err := answer.JSON(&body); err != nil {
		return nil, nil, err
	}
	for _, name := range []string{key, "finance"} {
		var e envelope
		if json.Unmarshal(body[name], &e) != nil {
			continue
		}
		if e.Error != nil || e.Result != nil {
			return e.Result, e.Error, nil
		}
	}
	return nil, nil, nil
}

// list is a list whose entries are of type T. What is none of that type is as good as left out, and so is what comes after
// maxRows of them: a few bytes each could otherwise become far more memory than the answer had.
type list[T any] struct {
	said bool
	rows []T
}

// maxRows is more than is ever asked for.
const maxRows = 500

// UnmarshalJSON never fails.
func (l *list[T]) UnmarshalJSON(raw []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if token, err := decoder.Token(); err != nil || token != json.Delim('[') {
		return nil
	}
	l.said = true
	for decoder.More() && len(l.rows) < maxRows {
		var row *T
		if err := decoder.Decode(&row); err == nil && row != nil {
			l.rows = append(l.rows, *row)
		}
	}
	return nil
}
