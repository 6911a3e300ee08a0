package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

// attach listens to an answer of a conversation from the event after the one numbered seq on.
func (p *person) attach(session, query string, seq int, changes ...change) *stream {
	p.t.Helper()
	s := p.listen(p.request(http.MethodGet, "/chat/sessions/"+session+"/messages/stream"+query, nil, changes...))
	s.next = seq + 1
	return s
}

func TestAnAnswerIsAttachedToFromAnyEventOn(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		chat := p.newSession(map[string]any{})
		path := "/chat/sessions/" + chat.ID + "/messages/stream"
		p.get(path).fails(http.StatusNotFound, "not_found") // nothing was asked
		s.sim.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultLatency, Delay: time.Minute})
		first := p.ask(chat.ID, "What is a dividend?")
		begun := first.until("run")
		// Without an Accept header it is a stream, too, which nothing holds back.
		early := p.attach(chat.ID, "", 0, header("Accept-Encoding", "gzip"))
		if diff := cmp.Diff(begun, early.until("run")); diff != "" {
			t.Errorf("the first event (-asked +attached):\n%s", diff)
		}
		s.sim.Faults.Clear(sim.ProviderClaude)
		want := slices.Concat(begun, first.rest())
		if diff := cmp.Diff(want[1:], early.rest()); diff != "" {
			t.Errorf("the rest (-asked +attached):\n%s", diff)
		}
		last := len(want)
		id := of[message](t, want, "done")[0].ID
		for name, late := range map[string]*stream{
			"the header":       p.attach(chat.ID, "", 2, header("Last-Event-ID", "2")),
			"the query":        p.attach(chat.ID, "?lastEventId=2&messageId="+id, 2),
			"the header first": p.attach(chat.ID, "?lastEventId=1", 2, header("Last-Event-ID", "2"), asStream()),
		} {
			if diff := cmp.Diff(want[2:], late.rest()); diff != "" {
				t.Errorf("by %s (-asked +attached):\n%s", name, diff)
			}
		}
		p.do(http.MethodGet, path, nil, header("Last-Event-ID", fmt.Sprint(last))).status(http.StatusNoContent)
		p.get(path+"?lastEventId="+fmt.Sprint(last+1)).fails(http.StatusUnprocessableEntity, "validation_failed")
		p.get(path+"?messageId="+chat.ID).fails(http.StatusNotFound, "not_found")
		s.register("bob").get(path).fails(http.StatusNotFound, "not_found")
	})
}

func TestAnAnswerIsStoppedAndWrittenAnew(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		chat := p.newSession(map[string]any{})
		s.sim.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultStreamHang, Count: 1})
		heard := p.ask(chat.ID, "What is a dividend?")
		begun := heard.until("delta")
		path := "/chat/sessions/" + chat.ID + "/messages/" + of[struct{ MessageID string }](t, begun, "run")[0].MessageID
		p.post(path+"/regenerate", nil).fails(http.StatusConflict, "conflict")
		stopped := data[message](p.post(path+"/stop", nil).status(http.StatusOK))
		events := slices.Concat(begun, heard.rest())
		if diff := cmp.Diff(stopped, of[message](t, events, "done")[0]); diff != "" || stopped.Status != "stopped" || stopped.Error != nil {
			t.Errorf("got %+v, want the stopped answer, as the stream has it (-answered +heard):\n%s", stopped, diff)
		}
		if stopped.Content != said(t, events) || stopped.Content == "" {
			t.Errorf("got %q, want what was heard: %q", stopped.Content, said(t, events))
		}
		anew := data[message](p.post(path+"/regenerate", nil, header("Idempotency-Key", "once")).status(http.StatusOK))
		again := data[message](p.post(path+"/regenerate", nil, header("Idempotency-Key", "once")).status(http.StatusOK))
		if list := p.messages(chat.ID); anew.Status != "complete" || anew.ID != again.ID || len(list) != 2 || list[1].ID != anew.ID {
			t.Errorf("got %+v and %+v, and %d messages, want one new answer in the old one's place", anew, again, len(list))
		}
		other := data[[]struct {
			ID       string
			Versions []string
		}](p.get("/chat/sessions/" + chat.ID + "/messages?branch=" + stopped.ID))
		if diff := cmp.Diff([]string{stopped.ID, anew.ID}, other[0].Versions); len(other) != 2 || other[0].ID != stopped.ID || diff != "" {
			t.Errorf("got %v, want the stopped answer to be kept; versions (-want +got):\n%s", other, diff)
		}
		if streamed := p.listen(p.request(http.MethodPost, path+"/regenerate", nil, asStream())).rest(); of[message](t, streamed, "done")[0].Status != "complete" {
			t.Errorf("got %v, want the question answered a third time", streamed)
		}
	})
}

// A stream is somebody's for as long as their session is.
func TestStreamsEndWithTheirSession(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		chat := p.newSession(map[string]any{})
		s.sim.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultStreamHang, Count: 1})
		asked := p.ask(chat.ID, "What is a dividend?")
		asked.until("delta")
		attached := p.attach(chat.ID, "", 0)
		attached.until("delta")
		p.post("/auth/logout", nil).status(http.StatusNoContent)
		for name, stream := range map[string]*stream{"asked": asked, "attached": attached} {
			var e, last event
			err := error(nil)
			for err == nil {
				last = e
				e, err = stream.read()
			}
			var told struct{ Code string }
			if err := json.Unmarshal(last.Data, &told); err != nil || last.ID != 0 || last.Type != "error" || told.Code != "unauthenticated" {
				t.Errorf("%s: got %d %s %s, %v at the end, want to be told that the session has ended", name, last.ID, last.Type, last.Data, err)
			}
			if err != io.EOF {
				t.Errorf("%s: got %v, want the stream to end", name, err)
			}
		}
	})
}

func TestAPersonListensToSoManyStreams(t *testing.T) {
	oneEngine(t, setup{settings: []string{"JASPERS_LIMIT_STREAMS=3"}}, func(t *testing.T, s *site) {
		p := s.register("ada")
		chat := p.newSession(map[string]any{})
		path := "/chat/sessions/" + chat.ID + "/messages"
		s.sim.Faults.Set(sim.ProviderClaude, sim.Fault{Kind: sim.FaultStreamHang, Count: 1})
		p.ask(chat.ID, "What is a dividend?").until("delta")
		second := p.attach(chat.ID, "", 0)
		p.attach(chat.ID, "", 0)
		full := p.get(path+"/stream").fails(http.StatusTooManyRequests, "rate_limited")
		if full.Header.Get("Retry-After") == "" {
			t.Error("got no Retry-After")
		}
		p.post("/chat/sessions/"+p.newSession(map[string]any{}).ID+"/messages", map[string]any{"content": "hello"}, asStream()).
			fails(http.StatusTooManyRequests, "rate_limited")
		if list := p.messages(chat.ID); len(list) != 2 {
			t.Errorf("got %d messages, want no question of who cannot listen to its answer", len(list))
		}
		_ = second.resp.Body.Close()
		eventually(t, "a place", func() error {
			resp, err := p.browser.Do(p.request(http.MethodGet, path+"/stream", nil))
			if err != nil {
				return err
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return errNotYet
			}
			return nil
		})
	})
}
