package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Aims of the answers.
const (
	maxDelay      = 100 * time.Millisecond // p95, of a piece, with many answers at once
	maxFirstDelay = 20 * time.Millisecond  // p95, of the first piece, one answer at a time
	perUser       = 4                      // answers of one person at a time
	maxEvent      = 16 << 20               // bytes: the last one holds the whole answer with all of its figures
)

// answering has a server write many answers at once, and then one at a time, and measures how long each piece of text is on
// its way from the model to who listens. The model and the listeners are this process, the server another one.
func answering(ctx context.Context, flags *flag.FlagSet, args []string, out io.Writer) (bool, error) {
	n := flags.Int("n", 500, "answers at once, at most 1000")
	rate := flags.Int("rate", 30, "pieces a second of each, at most 1000")
	length := flags.Duration("for", 15*time.Second, "how long an answer takes, at most 40s")
	engine := flags.String("engine", "sqlite", "sqlite or postgres")
	if err := flags.Parse(args); err != nil {
		return false, err
	}
	every := time.Second / time.Duration(min(max(*rate, 1), 1000))
	count := min(max(*n, 1), 1000)
	many := &talker{every: every, pieces: int(min(*length, 40*time.Second) / every)}
	at, err := many.measure(ctx, *engine, count, func(s *server, tokens []string) ([]heard, error) {
		return s.askAll(ctx, tokens, count), nil
	})
	if err != nil {
		return false, err
	}
	one := &talker{every: time.Millisecond, pieces: 1}
	first, err := one.measure(ctx, *engine, perUser, func(s *server, tokens []string) ([]heard, error) {
		return s.askEach(ctx, tokens[0], 100)
	})
	if err != nil {
		return false, err
	}
	_, _ = fmt.Fprintf(out, "%s, %d answers at once, %d pieces a second of each:\n", *engine, count, *rate)
	whole := at.print(out)
	_, _ = fmt.Fprintln(out, "one answer at a time, its first piece:")
	whole = first.print(out) && whole
	return whole && percentile(at.delays, 95) <= maxDelay && percentile(first.delays, 95) <= maxFirstDelay, nil
}

// heard is what came of one answer.
type heard struct {
	question string
	text     string
	delays   []time.Duration // of each piece
	events   int
	err      error
}

// hearing is what came of all.
type hearing struct {
	answers, wrong int
	delays         []time.Duration
	events         int
	cpu            time.Duration
	growth         int64
	failure        error // the first
}

func (h hearing) print(out io.Writer) bool {
	_, _ = fmt.Fprintf(out, "  %d answers, %d not as the model said them; %d pieces in %d events; delay p50 %.1f ms, p95 %.1f ms, p99 %.1f ms, greatest %.1f ms\n",
		h.answers, h.wrong, len(h.delays), h.events, ms(median(h.delays)), ms(percentile(h.delays, 95)), ms(percentile(h.delays, 99)), ms(percentile(h.delays, 100)))
	_, _ = fmt.Fprintf(out, "  the server took %.1f s of CPU, memory + %d MiB\n", h.cpu.Seconds(), h.growth>>20)
	if h.failure != nil {
		_, _ = fmt.Fprintln(out, "  first failure:", h.failure)
	}
	return h.wrong == 0
}

// measure starts a server that asks the talker, with as many people as answers need, and holds what was heard against what
// was said.
func (t *talker) measure(ctx context.Context, engine string, n int, ask func(s *server, tokens []string) ([]heard, error)) (h hearing, err error) {
	if err := t.open(ctx); err != nil {
		return h, err
	}
	defer t.close()
	c, err := newCrowd(ctx, engine)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, c.drop()) }()
	s, err := startServer(ctx, append(append(c.settings(), t.settings()...),
		"JASPERS_LIMIT_REQUESTS=1000000", "JASPERS_LIMIT_SIGN_UPS=100000", "JASPERS_LIMIT_MESSAGES=100000",
		"JASPERS_BUDGET_USD=100000")...) // what is reserved for 500 answers at once is more than the default
	if err != nil {
		return h, err
	}
	s.client.Timeout = 0
	tokens, err := s.people(ctx, (n+perUser-1)/perUser)
	if err != nil {
		return h, errors.Join(err, s.stop())
	}
	memory, used := s.memory(), s.ticks() // signing up is not what is measured
	all, err := ask(s, tokens)
	h.growth, h.cpu = s.memory()-memory, s.ticks()-used
	if err := errors.Join(err, s.stop()); err != nil {
		return h, err
	}
	for _, a := range all {
		h.answers++
		h.events += a.events
		h.delays = append(h.delays, a.delays...)
		if a.err != nil || a.text == "" || a.text != t.said[a.question] {
			h.wrong++
			h.failure = cmp.Or(h.failure, a.err)
		}
	}
	return h, nil
}

// people registers so many.
func (s *server) people(ctx context.Context, n int) ([]string, error) {
	tokens, errs := make([]string, n), make([]error, n)
	places := make(chan struct{}, 4)
	var all sync.WaitGroup
	for i := range n {
		places <- struct{}{}
		all.Go(func() {
			tokens[i], errs[i] = s.register(ctx, fmt.Sprintf("person%d@example.com", i), benchPassword)
			<-places
		})
	}
	all.Wait()
	return tokens, errors.Join(errs...)
}

// askAll asks so many questions at once.
func (s *server) askAll(ctx context.Context, tokens []string, n int) []heard {
	answers := make([]heard, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { answers[i] = s.listen(ctx, tokens[i/perUser], i) })
	}
	all.Wait()
	return answers
}

// askEach asks so many questions, one after the other.
func (s *server) askEach(ctx context.Context, token string, n int) (answers []heard, err error) {
	for i := range n {
		answers = append(answers, s.listen(ctx, token, i))
	}
	return answers, ctx.Err()
}

// newChat begins a conversation and returns its path.
func (s *server) newChat(ctx context.Context, token string) (string, error) {
	a, err := s.send(ctx, http.MethodPost, "/chat/sessions", token, "{}")
	if err != nil {
		return "", err
	}
	var made struct{ Data struct{ ID string } }
	if err := json.Unmarshal(a.body, &made); err != nil || a.status != http.StatusCreated {
		return "", fmt.Errorf("new conversation: status %d: %s", a.status, a.body)
	}
	return "/chat/sessions/" + made.Data.ID + "/messages", nil
}

// open sends a request whose answer is a stream.
func (s *server) open(ctx context.Context, method, path, token, body string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.url+"/api"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		return nil, fmt.Errorf("%s: status %d: %s", path, resp.StatusCode, text)
	}
	return resp, nil
}

// listen asks a question in a conversation of its own and listens to the whole answer.
func (s *server) listen(ctx context.Context, token string, i int) (h heard) {
	h.question = question(i)
	chat, err := s.newChat(ctx, token)
	if err != nil {
		h.err = err
		return h
	}
	resp, err := s.open(ctx, http.MethodPost, chat, token, `{"content":"`+h.question+`"}`)
	if err != nil {
		h.err = err
		return h
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), `data: {"text":`)
		if !ok {
			continue
		}
		now := time.Now()
		var text string
		if h.err = json.Unmarshal([]byte(strings.TrimSuffix(data, "}")), &text); h.err != nil {
			return h
		}
		h.hear(text, now)
	}
	h.err = lines.Err()
	return h
}

// hear takes an event with some pieces in it. A piece is heard with the end of its word: the blank behind it comes with what
// follows, since it may have to go with that.
func (h *heard) hear(text string, now time.Time) {
	h.events++
	h.text += text
	for began := len(h.delays) * stampSize; began+stampSize-1 <= len(h.text); began += stampSize {
		said, err := stampedAt(h.text[began : began+stampSize-1])
		if err != nil {
			h.err = err
			return
		}
		h.delays = append(h.delays, now.Sub(said))
	}
}
