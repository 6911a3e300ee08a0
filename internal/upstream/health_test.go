package upstream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

func TestWhatIsAskedOnceIsAskedOnceHoweverItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, v := talk(t, Config{Retries: 2}, says(http.StatusServiceUnavailable))
		if _, err := call(Once(t.Context()), c); err != nil {
			t.Fatal(err)
		}
		v.wantCalls(t, 1, "once")
		if _, err := call(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		v.wantCalls(t, 4, "and as ever")
	})
}

func TestWhoIsLeftWaitingIsKnownWhileTheyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := talk(t, Config{Retries: -1}, takes(9*time.Second), takes(2*time.Second))
		if got := c.Waiting(); got != 0 {
			t.Errorf("got %s while nobody waits", got)
		}
		for range 2 { // the second comes later, and is over sooner
			go func() { _, _ = call(t.Context(), c) }()
			synctest.Wait()
			time.Sleep(time.Second)
		}
		time.Sleep(5 * time.Second)
		if got := c.Waiting(); got != 7*time.Second {
			t.Errorf("got %s, want the 7s of the first", got)
		}
		time.Sleep(5 * time.Second)
		if got := c.Waiting(); got != 0 {
			t.Errorf("got %s when all is over", got)
		}
	})
}

// breaks is a body that breaks off, after a while.
type breaks struct{ after time.Duration }

func (b breaks) Read([]byte) (int, error) {
	time.Sleep(b.after)
	return 0, io.ErrUnexpectedEOF
}
func (breaks) Close() error { return nil }

func TestAnswersOfNoUseAreToldOf(t *testing.T) {
	body := func(b io.ReadCloser) func(*http.Request) (*http.Response, error) {
		return func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusOK, Body: b, Header: http.Header{}}, nil
		}
	}
	text := func(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }
	read := func(a *Answer) error {
		var list []int
		return errors.Join(a.JSON(&list), second(List[int](a, 3)))
	}
	for name, tc := range map[string]struct {
		body io.ReadCloser
		read func(*Answer) error
		told int
	}{
		"good":             {text("[1]"), read, 0},
		"cut off":          {breaks{}, read, 1},
		"no JSON":          {text("[1"), read, 2}, // read twice
		"too long a list":  {text("[1,2,3,4]"), func(a *Answer) error { return second(List[int](a, 3)) }, 0},
		"no sense in it":   {text("{}"), func(a *Answer) error { return a.Useless(fault.New(fault.UpstreamFailed, "x")) }, 1},
		"silent in middle": {breaks{after: time.Second}, read, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				told := 0
				c, _ := talk(t, Config{Retries: -1, Useless: func(context.Context) { told++ }}, body(tc.body))
				answer, err := call(t.Context(), c)
				if err == nil {
					err = tc.read(answer)
				}
				if told != tc.told || (err == nil) != (name == "good") {
					t.Errorf("got %v, told %d times, want %d", err, told, tc.told)
				}
			})
		})
	}
	if err := new(Answer).Useless(io.EOF); !errors.Is(err, io.EOF) {
		t.Errorf("got %v of an answer that no client gave", err)
	}
}

func second[T any](_ T, err error) error { return err }
