package claude

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"syscall"
	"time"

	"github.com/anthropics/anthropic-sdk-go"
)

// The rules by which a request is made again stand in this file. Again judges answers that are errors from the start;
// whoever sends the requests waits between them, for as long as Retry-After says. brokeOff judges an answer that began.

// retryWait lies before an answer that broke off is asked for again.
const retryWait = 500 * time.Millisecond

// maxErrorBody is as much of an error as is read to judge it.
const maxErrorBody = 64 << 10

// Again tells whether an answer may be another one when the same is asked again. The vendor's x-should-retry decides where
// it is there. A limit of money is none that passes soon, though it comes as a 429. The body can still be read.
func Again(resp *http.Response) bool {
	switch resp.Header.Get("X-Should-Retry") {
	case "true":
		return true
	case "false":
		return false
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		return !parseErrorBody(peek(resp)).spendLimit()
	}
	return resp.StatusCode >= http.StatusInternalServerError
}

// peek reads the beginning of a body and puts it back.
func peek(resp *http.Response) string {
	head, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what cannot be read is met again by who reads it
	resp.Body = readCloser{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
	return string(head)
}

type readCloser struct {
	io.Reader
	io.Closer
}

// brokeOff tells whether a stream ended for a reason that may be gone the next time. Silence is none: the time for an answer
// is spent by then.
func brokeOff(err error) bool {
	if apiErr, ok := errors.AsType[*anthropic.Error](err); ok {
		if apiErr.StatusCode != http.StatusOK { // answered with an error from the start: Again has judged it
			return false
		}
		switch parseErrorBody(apiErr.RawJSON()).Error.Type {
		case "overloaded_error", "api_error", "timeout_error":
			return true
		}
		return false
	}
	return errors.Is(err, errEnded) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}
