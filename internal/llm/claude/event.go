package claude

import (
	"encoding/json"
	"errors"
)

// event is what we read of one event of a stream. The SDK's own type has the fields of all events and blocks there are, and
// takes many times as long to read: with a word in each, that was most of what the server did.
type event struct {
	Type    string `json:"type"`
	Index   int64  `json:"index"`
	Message struct {
		Model string          `json:"model"`
		Usage json.RawMessage `json:"usage"`
	} `json:"message"`
	ContentBlock json.RawMessage `json:"content_block"`
	Delta        delta           `json:"delta"`
	Usage        json.RawMessage `json:"usage"`
}

// delta is what is added to a block, or to the message.
type delta struct {
	Type        string `json:"type"`
	Text        string `json:"text"`
	PartialJSON string `json:"partial_json"`
	Thinking    string `json:"thinking"`
	Signature   string `json:"signature"`
	StopReason  string `json:"stop_reason"`
	StopDetails struct {
		Category    string `json:"category"`
		Explanation string `json:"explanation"`
	} `json:"stop_details"`
}

// UnmarshalJSON takes a field whose value is of another type than ours for one that is not there, as the SDK does: an event
// that is not known here may use the name for something else.
func (e *event) UnmarshalJSON(text []byte) error {
	type plain event
	err := json.Unmarshal(text, (*plain)(e))
	if _, other := errors.AsType[*json.UnmarshalTypeError](err); other {
		return nil
	}
	return err
}
