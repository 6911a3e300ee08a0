package upstream_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func TestAListIsReadWholeOrRefused(t *testing.T) {
	for body, want := range map[string][]int{
		"[]": {}, " [1, 2 ,3]\n": {1, 2, 3}, "[1,2,3,4]": nil, "": nil, "null": nil, "{}": nil, "[1": nil, "[1,": nil, "[1,]": nil, "[1 2]": nil,
		"[1]]": nil, "[1][2]": nil, "[1] x": nil, `["1"]`: nil, "[": nil, `"[1]"`: nil,
	} {
		t.Run(body, func(t *testing.T) {
			client, address := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }, nil)
			answer, err := get(t, client, address)
			if err != nil {
				t.Fatal(err)
			}
			got, err := upstream.List[int](answer, 3)
			if diff := cmp.Diff(want, got); diff != "" || (want == nil) != fault.Is(err, fault.UpstreamFailed) {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
			if err != nil && strings.Contains(fault.From(err).Message, body) && body != "" {
				t.Errorf("the message tells the answer: %v", err)
			}
		})
	}
}
