package claude

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/anthropics/anthropic-sdk-go"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// turnFault says why a turn failed.
func turnFault(ctx context.Context, err error) *fault.Error {
	err = cmp.Or(ctx.Err(), err)
	// The client's own door (an open breaker, a spent budget) has already found the words.
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	if apiErr, ok := errors.AsType[*anthropic.Error](err); ok {
		return apiFault(apiErr)
	}
	// Only what fails before the answer begins is a *url.Error. Its text holds the URL.
	urlErr, unanswered := errors.AsType[*url.Error](err)
	if unanswered {
		err = urlErr.Err
	}
	netErr, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fault.Wrap(fault.Canceled, err, "the request was cancelled")
	case isNet && netErr.Timeout(): // a passed deadline is one too
		return fault.Wrap(fault.UpstreamTimeout, err, "the model took too long to answer; try again")
	case unanswered:
		return fault.Wrap(fault.UpstreamDown, err, "the model cannot be reached at the moment; try again soon")
	}
	return fault.Wrap(fault.UpstreamFailed, err, "the model's answer was cut off; try again")
}

var (
	errEnded    = errors.New("the stream ended before message_stop")
	errNoStream = errors.New("the answer is no stream of messages")
	// errSilent is the cause of a context whose model said nothing for too long.
	errSilent = fault.New(fault.UpstreamTimeout, "the model stopped in the middle of its answer; try again")
)

// verdict is what one of the vendor's error types means to us.
type verdict struct {
	kind    fault.Kind
	message string
}

var (
	busy       = verdict{fault.UpstreamDown, "the model is busy; try again soon"}
	down       = verdict{fault.UpstreamDown, "the model is not available at the moment; try again soon"}
	tooLong    = verdict{fault.TooLarge, "the conversation is too long for the model; start a new one"}
	noMoney    = verdict{fault.ModelNotConfigured, "the account with the model provider has no credit or has reached its spending limit; the operator has to check its billing"}
	wrongKey   = verdict{fault.ModelNotConfigured, "the model provider did not accept the API key; the operator has to check it"}
	notAllowed = verdict{fault.ModelNotConfigured, "the API key may not use this model; the operator has to check its permissions"}
	noModel    = verdict{fault.ModelNotConfigured, "the model provider does not know the configured model, which may be retired; the operator has to check the model and the address"}
	unusable   = verdict{fault.UpstreamFailed, "the model could not work on this request; try to ask in another way"}
)

// apiFault translates an answer of the API. In the middle of a stream the status is 200 whatever went wrong, so the
// type of the error decides, and the status only where that is missing or not one of Anthropic's.
func apiFault(e *anthropic.Error) *fault.Error {
	body := parseErrorBody(e.RawJSON())
	v, known := verdictOfType(body.Error.Type)
	if !known {
		v = verdictOfStatus(e.StatusCode)
	}
	switch {
	case body.spendLimit():
		v = noMoney
	case body.promptTooLong():
		v = tooLong
	}
	f := fault.Wrap(v.kind, fmt.Errorf("claude answered %d %s: %s (request %s)",
		e.StatusCode, body.Error.Type, unquoted(body.Error.Message, e.Request), e.RequestID), "%s", v.message)
	if v.kind == fault.UpstreamDown {
		f.RetryAfter = retryAfter(e.Response)
	}
	return f
}

const (
	// maxDetail is how much of an error's text is kept for the log.
	maxDetail = 300
	// quoteLength is how long a run of characters is that nobody writes twice by accident.
	quoteLength = 16
)

// unquoted is the vendor's text of an error for the log, which must not tell what people ask nor the key: servers that
// check what they are sent quote it.
func unquoted(text string, req *http.Request) string {
	text = strings.ToValidUTF8(text[:min(len(text), maxDetail)], "")
	if req == nil || req.GetBody == nil {
		return "(its words are left out)"
	}
	body, err := req.GetBody()
	if err != nil {
		return "(its words are left out)"
	}
	defer func() { _ = body.Close() }() // it is in memory
	var sent struct{ System, Messages json.RawMessage }
	if err := json.NewDecoder(body).Decode(&sent); err != nil {
		return "(its words are left out)"
	}
	if key := cmp.Or(req.Header.Get("X-Api-Key"), strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")); key != "" && strings.Contains(text, key) {
		return "(its words tell the key and are left out)"
	}
	asked := string(sent.Messages) + string(sent.System)
	for i := range max(len(text)-quoteLength+1, 0) {
		if strings.Contains(asked, text[i:i+quoteLength]) {
			return "(its words quote what was asked and are left out)"
		}
	}
	return text
}

func verdictOfType(errorType string) (verdict, bool) {
	switch errorType {
	case "authentication_error":
		return wrongKey, true
	case "permission_error":
		return notAllowed, true
	case "not_found_error":
		return noModel, true
	case "billing_error":
		return noMoney, true
	case "request_too_large":
		return tooLong, true
	case "rate_limit_error", "overloaded_error":
		return busy, true
	case "api_error", "timeout_error":
		return down, true
	case "invalid_request_error":
		return unusable, true
	}
	return verdict{}, false
}

func verdictOfStatus(status int) verdict {
	switch status {
	case http.StatusUnauthorized:
		return wrongKey
	case http.StatusPaymentRequired:
		return noMoney
	case http.StatusForbidden:
		return notAllowed
	case http.StatusNotFound:
		return noModel
	case http.StatusRequestEntityTooLarge:
		return tooLong
	case http.StatusTooManyRequests:
		return busy
	}
	if status >= http.StatusInternalServerError {
		return down
	}
	return unusable
}

// errorBody is what we read of the vendor's error.
type errorBody struct {
	Error struct {
		Type    string `json:"type"`
		Message string `json:"message"`
		Details struct {
			Code string `json:"error_code"`
		} `json:"details"`
	} `json:"error"`
}

// parseErrorBody reads as much as there is: a proxy's page yields an empty body.
func parseErrorBody(raw string) errorBody {
	var body errorBody
	if json.Unmarshal([]byte(raw), &body) != nil {
		return errorBody{}
	}
	return body
}

// spendLimit recognises the limits that only paying or waiting for the next month lifts. The vendor reports them as a
// rate limit or as an invalid request, told apart from those by a code or by words.
func (b errorBody) spendLimit() bool {
	return b.Error.Details.Code == "enforced_spend_limit_reached" ||
		strings.Contains(b.Error.Message, "specified API usage limits") ||
		strings.Contains(b.Error.Message, "credit balance is too low")
}

// promptTooLong recognises the words of Anthropic, of vLLM and of llama.cpp, which Ollama is made of.
func (b errorBody) promptTooLong() bool {
	return strings.HasPrefix(b.Error.Message, "prompt is too long") ||
		strings.Contains(b.Error.Message, "maximum context length") ||
		strings.Contains(b.Error.Message, "exceeds the available context size")
}

// retryAfter reads the seconds that the vendor asks to wait, 0 when it does not say.
func retryAfter(response *http.Response) time.Duration {
	if response == nil {
		return 0
	}
	seconds, err := strconv.ParseFloat(response.Header.Get("Retry-After"), 64)
	if err != nil || seconds < 0 || seconds > 24*60*60 {
		return 0
	}
	return time.Duration(seconds * float64(time.Second))
}
