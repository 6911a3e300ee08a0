package app_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// event is one event of a stream.
type event struct {
	ID   int
	Type string
	Data json.RawMessage
}

// stream is an event stream that is being read.
type stream struct {
	t    *testing.T
	resp *http.Response
	in   *bufio.Reader
	next int
}

// ask posts a question and begins to read the stream of its answer.
func (p *person) ask(session, question string) *stream {
	p.t.Helper()
	return p.listen(p.request(http.MethodPost, "/chat/sessions/"+session+"/messages", map[string]any{"content": question}, asStream()))
}

// listen sends a request whose answer is a stream.
func (p *person) listen(req *http.Request) *stream {
	p.t.Helper()
	resp, err := p.browser.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = resp.Body.Close() })
	if err := p.contract.check(req, resp.StatusCode, resp.Header, nil); err != nil || resp.StatusCode != http.StatusOK || !isStream(resp.Header) {
		body, _ := io.ReadAll(resp.Body)
		p.t.Fatalf("got %v %s %s (%v), want a stream", resp.Status, resp.Header.Get("Content-Type"), body, err)
	}
	return &stream{p.t, resp, bufio.NewReader(resp.Body), 1}
}

// read returns the next event; io.EOF after the last. Each has to be framed as id, event and data on a line of their
// own and a blank line, numbered without gaps from 1, with an object for data. Heartbeats are comments. A notice, which
// tells why the stream ends before its answer, has no number, but a time after which to attach again.
func (s *stream) read() (event, error) {
	var e event
	notice := false
	for _, field := range []string{"id: ", "event: ", "data: ", ""} {
		line, err := s.in.ReadString('\n')
		for field == "id: " && strings.HasPrefix(line, ":") {
			_, _ = s.in.ReadString('\n') // the blank line after a comment
			line, err = s.in.ReadString('\n')
		}
		if notice = notice || field == "id: " && line == "retry: 1000\n"; notice && field == "id: " {
			continue
		}
		if err != nil {
			if line != "" || field != "id: " {
				err = fmt.Errorf("the stream ends inside an event: %q", line)
			}
			return e, err
		}
		value, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), field)
		if !ok || strings.ContainsRune(value, '\r') || field == "" && value != "" {
			return e, fmt.Errorf("got the line %q, want one with %q", line, field)
		}
		switch field {
		case "id: ":
			e.ID, _ = strconv.Atoi(value)
		case "event: ":
			e.Type = value
		case "data: ":
			e.Data = json.RawMessage(value)
		}
	}
	if notice {
		return e, nil
	}
	var object map[string]any
	if err := json.Unmarshal(e.Data, &object); err != nil || e.ID != s.next || e.Type == "" {
		return e, fmt.Errorf("got event %d %q with data %s (%v), want number %d with an object", e.ID, e.Type, e.Data, err, s.next)
	}
	s.next++
	return e, nil
}

// until reads events up to the first of a type.
func (s *stream) until(kind string) []event {
	s.t.Helper()
	var all []event
	for {
		e, err := s.read()
		if err != nil {
			s.t.Fatalf("after %d events: %v, want %s", len(all), err, kind)
		}
		if all = append(all, e); e.Type == kind {
			return all
		}
	}
}

// rest reads the stream to its end, which comes right after done.
func (s *stream) rest() []event {
	s.t.Helper()
	all := s.until("done")
	if e, err := s.read(); err != io.EOF {
		s.t.Errorf("got %v, %v after done, want the end", e, err)
	}
	return all
}

// of decodes the data of the events of one type.
func of[T any](t *testing.T, events []event, kind string) []T {
	t.Helper()
	var all []T
	for _, e := range events {
		if e.Type != kind {
			continue
		}
		var v T
		if err := json.Unmarshal(e.Data, &v); err != nil {
			t.Fatalf("event %d: %v", e.ID, err)
		}
		all = append(all, v)
	}
	return all
}

// said joins the pieces of an answer's text.
func said(t *testing.T, events []event) string {
	t.Helper()
	var text strings.Builder
	for _, d := range of[struct{ Text string }](t, events, "delta") {
		text.WriteString(d.Text)
	}
	return text.String()
}

type session struct {
	ID, Title            string
	Pinned, Archived     bool
	CreatedAt, UpdatedAt time.Time
}

// message is one side's words as every route shows them.
type message struct {
	ID, SessionID, Role, Content, Status string
	Error                                *problem
	Citations                            []citation
	ToolCalls                            []toolCall
	Usage                                *usage
	CreatedAt                            time.Time
	FinishedAt                           *time.Time
}

type citation struct {
	Index                                        int
	Handle, ToolCallID, Tool, Source, Title, URL string
	AsOf                                         *time.Time
}

type toolCall struct {
	ID, Handle, Name string
	Input, Output    json.RawMessage
	Error            *problem
	DurationMs       int
}

type usage struct {
	CostUSD                     json.Number
	InputTokens, OutputTokens   int
	CacheReadTokens, DurationMs int
	Model                       string
}

// newSession begins a conversation.
func (p *person) newSession(body any) session {
	p.t.Helper()
	return data[session](p.post("/chat/sessions", body).status(http.StatusCreated))
}

// say asks and waits for the finished answer.
func (p *person) say(session, question string) message {
	p.t.Helper()
	return data[message](p.post("/chat/sessions/"+session+"/messages", map[string]any{"content": question}).status(http.StatusOK))
}

// messages lists a conversation, oldest first.
func (p *person) messages(session string) []message {
	p.t.Helper()
	list := data[[]message](p.get("/chat/sessions/" + session + "/messages").status(http.StatusOK))
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// unzipped is an answer's body without the compression that it says it has.
func unzipped(t *testing.T, a answer) []byte {
	t.Helper()
	if a.Header.Get("Content-Encoding") != "gzip" {
		return a.Body
	}
	return gunzip(t, a.Body)
}
