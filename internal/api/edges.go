package api

import (
	"net/http"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

const (
	// maxURL is the longest address that is answered, in bytes.
	maxURL = 16 << 10
	// maxHead is how many bytes of headers are. The server reads half as many more, so that the refusal can be ours.
	maxHead = 64 << 10
)

// tooLargeHead refuses a request whose address or headers are larger than anything meant.
func tooLargeHead(req *http.Request) error {
	if len(req.RequestURI) > maxURL {
		return fault.New(fault.URLTooLong, "the address is longer than 16 KiB; send less in it")
	}
	size := len(req.Host)
	for name, values := range req.Header {
		for _, v := range values {
			size += len(name) + len(v) + len(": \r\n")
		}
	}
	if size > maxHead {
		return fault.New(fault.HeadersTooLarge, "the headers are larger than 64 KiB; send fewer or shorter ones")
	}
	return nil
}
