package upstream

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// List decodes a body that is one JSON list. UpstreamFailed when it is none, when an entry is not of type T, and when there
// are more than the most entries: a few bytes each could otherwise become far more memory than the body had.
func List[T any](a *Answer, most int) ([]T, error) {
	decoder := json.NewDecoder(bytes.NewReader(a.Body))
	if token, err := decoder.Token(); err != nil || token != json.Delim('[') {
		return nil, a.unreadable(err)
	}
	list := []T{}
	for decoder.More() {
		if len(list) == most {
			return nil, fault.New(fault.UpstreamFailed, "%s sent more than is accepted", a.provider)
		}
		var one T
		if err := decoder.Decode(&one); err != nil {
			return nil, a.unreadable(err)
		}
		list = append(list, one)
	}
	if _, err := decoder.Token(); err != nil { // the closing bracket
		return nil, a.unreadable(err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil, a.unreadable(err)
	}
	return list, nil
}
