package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// talker is a language model that says what time it is, piece by piece, so that whoever hears a piece knows how long it was
// on its way. It answers like Anthropic's.
type talker struct {
	url    string
	pieces int           // of an answer; after them it is over, or, with none, it never ends
	every  time.Duration // between two
	server *http.Server

	mu   sync.Mutex
	said map[string]string // by question
}

const (
	talkerKey = "bench-model-key" // #nosec G101 -- of a model that lives for one measurement
	// stampSize is the length of a piece: nanoseconds since 1970 and a blank.
	stampSize = 20
)

// settings are those of a server that asks the talker.
func (t *talker) settings() []string {
	return []string{"JASPERS_ANTHROPIC_BASE_URL=" + t.url, "JASPERS_ANTHROPIC_API_KEY=" + talkerKey}
}

func (t *talker) open(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	t.url, t.said = "http://"+l.Addr().String(), map[string]string{}
	t.server = &http.Server{Handler: http.HandlerFunc(t.answer), ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = t.server.Serve(l) }() // until close
	return nil
}

func (t *talker) close() { _ = t.server.Close() }

// spelled are the letters that stand for digits.
const spelled = "acdegiklmn"

// stamp is the n-th piece of an answer: the time as a word, as most of what answers say are words, and as a figure in
// every tenth.
func stamp(n int, at time.Time) string {
	digits := []byte(strconv.FormatInt(at.UnixNano(), 10) + " ")
	if n%10 == 0 {
		return string(digits)
	}
	for i, c := range digits[:stampSize-1] {
		digits[i] = spelled[c-'0']
	}
	return string(digits)
}

// stampedAt reads a piece.
func stampedAt(piece string) (time.Time, error) {
	nanos, err := strconv.ParseInt(strings.Map(func(r rune) rune {
		if i := strings.IndexRune(spelled, r); i >= 0 {
			return rune("0123456789"[i])
		}
		return r
	}, piece), 10, 64)
	return time.Unix(0, nanos), err
}

// question is how questions are told apart.
func question(i int) string { return "question-" + strconv.Itoa(i) + "-" }

var askedFor = regexp.MustCompile(`question-\d+-`)

func (t *talker) answer(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w).Flush
	say := func(kind, data string) {
		_, _ = fmt.Fprintf(w, "event: %s\ndata: {\"type\":%q%s}\n\n", kind, kind, data)
		_ = flush()
	}
	say("message_start", `,"message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-5-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":1}}`)
	say("content_block_start", `,"index":0,"content_block":{"type":"text","text":""}`)
	var said strings.Builder
	tick := time.NewTicker(t.every)
	defer tick.Stop()
	for n := 0; t.pieces == 0 || n < t.pieces; n++ {
		if t.pieces > 0 || n == 0 {
			piece := stamp(n, time.Now())
			said.WriteString(piece)
			say("content_block_delta", `,"index":0,"delta":{"type":"text_delta","text":"`+piece+`"}`)
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
	t.mu.Lock()
	t.said[askedFor.FindString(string(body))] = said.String()
	t.mu.Unlock()
	say("content_block_stop", `,"index":0`)
	say("message_delta", `,"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":100}`)
	say("message_stop", "")
}
