package yahoo

import (
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
