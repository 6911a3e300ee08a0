package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
	"github.com/jaspers-ai/jaspers/internal/sim"
)

// longQuestion is one that is answered with a tool, with citations and in many words.
const longQuestion = "What do AAPL, MSFT, NVDA, AMZN, GOOGL, META, TSLA, JPM, V, JNJ, WMT, XOM, KO and DIS trade at?"

// listener keeps what a stream says, to the byte.
type listener struct {
	resp *http.Response
	said *buffer
	over chan struct{}
}

// listen reads a stream in the background until it ends, however it does.
func listen(t *testing.T, resp *http.Response) *listener {
	t.Helper()
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "text/event-stream") {
		body, _ := io.ReadAll(resp.Body)
		t.Fatalf("got %s %s %s, want a stream", resp.Status, kind, body)
	}
	l := &listener{resp, &buffer{}, make(chan struct{})}
	go func() {
		defer close(l.over)
		defer func() { _ = resp.Body.Close() }()
		_, _ = io.Copy(l.said, resp.Body)
	}()
	return l
}

// events are the whole events that were heard so far, as they came.
func (l *listener) events() []string {
	all := strings.SplitAfter(l.said.String(), "\n\n")
	return all[:len(all)-1] // what follows the last blank line is none yet
}

// rest waits for the end and returns all events.
func (l *listener) rest() []string {
	<-l.over
	return l.events()
}

// chatOf begins a conversation and returns its path.
func (s *server) newChat() string {
	s.t.Helper()
	return "/chat/sessions/" + field(s.t, s.call("POST", "/chat/sessions", `{}`), "id") + "/messages"
}

func (s *server) ask(chat, question string) *listener {
	s.t.Helper()
	return listen(s.t, s.send("POST", chat, `{"content":"`+question+`"}`, "text/event-stream"))
}

// attach listens to a conversation's newest answer from the event after the one numbered seq on.
func (s *server) attach(chat string, seq int) *listener {
	s.t.Helper()
	resp := s.send("GET", chat+"/stream?lastEventId="+strconv.Itoa(seq), "", "text/event-stream")
	if seq > 0 && resp.StatusCode == http.StatusNoContent { // that was the last
		_ = resp.Body.Close()
		l := &listener{resp, &buffer{}, make(chan struct{})}
		close(l.over)
		return l
	}
	return listen(s.t, resp)
}

// typeOf is the type of an event, and its data.
func typeOf(event string) (kind, data string) {
	for line := range strings.Lines(event) {
		if rest, ok := strings.CutPrefix(line, "event: "); ok {
			kind = strings.TrimSpace(rest)
		}
		if rest, ok := strings.CutPrefix(line, "data: "); ok {
			data = strings.TrimSpace(rest)
		}
	}
	return kind, data
}

// checkWhole wants events numbered from 1 without a gap that end with done, and returns the message it holds, whose content
// is what the deltas said.
func checkWhole(t *testing.T, events []string) (status string) {
	t.Helper()
	var text strings.Builder
	for i, e := range events {
		kind, data := typeOf(e)
		if !strings.HasPrefix(e, fmt.Sprintf("id: %d\nevent: ", i+1)) {
			t.Fatalf("got %q at place %d, want that number", e, i+1)
		}
		var d struct{ Text, Content, Status string }
		if err := json.Unmarshal([]byte(data), &d); err != nil {
			t.Fatal(err)
		}
		if kind == "delta" {
			text.WriteString(d.Text)
		}
		if last := i == len(events)-1; last != (kind == "done") {
			t.Fatalf("got %s at place %d of %d, want done last", kind, i+1, len(events))
		} else if last && d.Content != text.String() {
			t.Errorf("got the content %q, want what was said: %q", d.Content, text.String())
		}
		status = d.Status
	}
	return status
}

// killed is an answer whose process was killed when so much of it had been heard.
type killed struct {
	by    *server
	chat  string
	heard []string
}

// Every round kills the server when its answers have come a few events further than in the round before.
func TestAStreamGoesOnWhereverItsProcessWasKilled(t *testing.T) {
	t.Parallel()
	const rounds, atOnce = 13, 4 // answers of one person
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			s := startServerWith(t, engine, sim.ClaudeOptions{DeltaDelay: 12 * time.Millisecond})
			var all []killed
			for round := range rounds {
				all = append(all, s.killOnce(fmt.Sprint("person", round), atOnce, 1+round*atOnce)...)
			}
			interrupted := map[int]bool{} // after how many events
			for _, k := range all {
				rest := k.by.attach(k.chat, len(k.heard)).rest() // waits until the lease has ended
				whole := k.by.attach(k.chat, 0).rest()
				if joined := strings.Join(k.heard, "") + strings.Join(rest, ""); joined != strings.Join(whole, "") {
					t.Errorf("killed after %d events: got\n%s\nand then\n%s\nwant\n%s", len(k.heard), k.heard, rest, whole)
				}
				if checkWhole(t, whole) != "interrupted" {
					continue // it was over before
				}
				if kind, _ := typeOf(whole[len(whole)-2]); kind != "error" {
					t.Errorf("got %s before done, want an error", kind)
				}
				interrupted[len(k.heard)] = true
			}
			t.Logf("interrupted after %d different numbers of events", len(interrupted))
			if len(interrupted) < rounds {
				t.Errorf("only %d different places, want more: the answers were too quick", len(interrupted))
			}
			regenerateAll(t, all, atOnce)
		})
	}
}

// killOnce has a new person ask so many questions and kills the server when the last of the answers has come to event n, or
// to its end. The server is there again when it returns.
func (s *server) killOnce(name string, answers, n int) []killed {
	s.t.Helper()
	p := s.as(name)
	all := make([]killed, answers)
	listeners := make([]*listener, answers)
	for i := range all {
		all[i] = killed{by: p, chat: p.newChat()}
	}
	for i := range all {
		listeners[i] = p.ask(all[i].chat, longQuestion)
	}
	last := listeners[answers-1]
	eventually(s.t, "the event to kill at", func() error {
		select {
		case <-last.over:
			return nil
		default:
		}
		if got := len(last.events()); got < n {
			return fmt.Errorf("got %d events, want %d", got, n)
		}
		return nil
	})
	s.program.kill(s.t)
	for i := range all {
		all[i].heard = listeners[i].rest()
	}
	s.boot()
	return all
}

// regenerateAll has one answer of each person written anew, all at the same time.
func regenerateAll(t *testing.T, all []killed, perPerson int) {
	t.Helper()
	var writing sync.WaitGroup
	for i := 0; i < len(all); i += perPerson {
		k := all[i]
		id := field(t, k.by.call("GET", k.chat, "").([]any)[0], "id")
		writing.Go(func() {
			resp := k.by.send("POST", k.chat+"/"+id+"/regenerate", "", "text/event-stream")
			body, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			if !strings.Contains(string(body), `"status":"complete"`) {
				t.Errorf("written anew: got %s %s, want a complete answer", resp.Status, body)
			}
		})
	}
	writing.Wait()
}

// replica is another process on the same database.
func (s *server) replica() *server {
	s.t.Helper()
	other := *s
	other.addr, other.dir = sharedtest.Address(s.t), s.t.TempDir()
	other.environ = append(append([]string{}, s.environ...), "JASPERS_ADDR="+other.addr)
	other.boot()
	return &other
}

func TestAnAnswerIsHeardAndStoppedAtAnotherReplica(t *testing.T) {
	t.Parallel()
	s := startServerWith(t, db.Postgres, sim.ClaudeOptions{DeltaDelay: 100 * time.Millisecond})
	other := s.replica()
	chat := s.newChat()
	here := s.ask(chat, longQuestion)
	eventually(t, "some words", func() error {
		if got := len(here.events()); got < 10 {
			return fmt.Errorf("got %d events", got)
		}
		return nil
	})
	there := other.attach(chat, 0)
	later := other.attach(chat, 5)
	for _, at := range []*server{s, other} {
		resp := at.send("POST", chat, `{"content":"And now?"}`, "application/json")
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusConflict {
			t.Errorf("a second question: got %s, want a conflict", resp.Status)
		}
	}
	id := field(t, other.call("GET", chat, "").([]any)[0], "id")
	stopped := other.call("POST", chat+"/"+id+"/stop", "")
	if status := field(t, stopped, "status"); status != "stopped" {
		t.Errorf("got status %s, want stopped", status)
	}
	want := here.rest()
	if status := checkWhole(t, want); status != "stopped" {
		t.Errorf("got status %s at the end of the stream, want stopped", status)
	}
	for after, l := range map[int]*listener{0: there, 5: later} {
		if got := strings.Join(l.rest(), ""); got != strings.Join(want[after:], "") {
			t.Errorf("at the other replica after %d: got\n%s\nwant\n%s", after, got, want[after:])
		}
	}
	again := other.send("POST", chat+"/"+id+"/regenerate", "", "text/event-stream")
	l := listen(t, again)
	eventually(t, "the new answer", func() error {
		if len(l.events()) == 0 {
			return fmt.Errorf("nothing was said")
		}
		return nil
	})
	s.call("POST", chat+"/"+field(t, s.call("GET", chat, "").([]any)[0], "id")+"/stop", "")
	if status := checkWhole(t, l.rest()); status != "stopped" {
		t.Errorf("got status %s, want the new answer stopped, too", status)
	}
}
