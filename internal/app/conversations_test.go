package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// branchMessage is where a message stands.
type branchMessage struct {
	ID, Content, Role string
	ParentID          *string
	Versions          []string
}

// branchSession is what a conversation shows.
type branchSession struct {
	Title, TitleSource string
	HeadID             *string
}

// branch are the messages of a branch, the oldest first.
func (p *person) branch(path string) []branchMessage {
	p.t.Helper()
	all := data[[]branchMessage](p.get(path).status(http.StatusOK))
	slices.Reverse(all)
	return all
}

func TestAQuestionIsAskedAnewAndTheOldBranchStays(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, bob := s.register("ada"), s.register("bob")
		chat := p.newSession(map[string]any{})
		path := "/chat/sessions/" + chat.ID
		p.say(chat.ID, "What is a **dividend**?")
		p.say(chat.ID, "And a split?")
		old := p.branch(path + "/messages")
		if got := data[branchSession](p.get(path)); got.Title != "What is a dividend?" || got.TitleSource != "auto" || *got.HeadID != old[3].ID {
			t.Errorf("got %+v, want a title of the question's words, and the last answer shown", got)
		}
		ask := func(p *person, body map[string]any) answer { return p.post(path+"/messages", body) }
		ask(p, map[string]any{"content": "And a bond?", "replaces": old[2].ID}).status(http.StatusOK)
		now := p.branch(path + "/messages")
		if len(now) != 4 || now[2].Content != "And a bond?" || *now[2].ParentID != old[1].ID || cmp.Diff([]string{old[2].ID, now[2].ID}, now[2].Versions) != "" {
			t.Errorf("got %+v, want the new question in the place of the old one", now)
		}
		if got := p.branch(path + "/messages?branch=" + old[2].ID); len(got) != 4 || got[3].ID != old[3].ID {
			t.Errorf("got %+v, want the old branch readable", got)
		}
		if got := data[branchSession](p.do(http.MethodPatch, path, map[string]any{"head": old[2].ID}).status(http.StatusOK)); *got.HeadID != old[3].ID {
			t.Errorf("got %+v, want the old branch shown", got)
		}

		stranger := bob.newSession(map[string]any{})
		bob.say(stranger.ID, "What is a dividend?")
		theirs := bob.branch("/chat/sessions/" + stranger.ID + "/messages")[0].ID
		for _, id := range []string{"", "x", db.NewID(), old[1].ID, theirs, chat.ID, strings.Repeat("a", 37)} {
			ask(p, map[string]any{"content": "again", "replaces": id}).fails(422, "validation_failed")
			if id != old[1].ID { // any message of a branch names it
				p.do(http.MethodPatch, path, map[string]any{"head": id}).fails(422, "validation_failed")
			}
		}
		for _, id := range []string{"x", db.NewID(), theirs} {
			p.get(path+"/messages?branch="+id).fails(404, "not_found")
		}
		ask(p, map[string]any{"content": "again", "replaces": 1}).fails(422, "validation_failed")
		ask(bob, map[string]any{"content": "again", "replaces": old[0].ID}).fails(404, "not_found")
		bob.do(http.MethodPatch, path, map[string]any{"head": old[0].ID}).fails(404, "not_found")
		bob.get(path+"/messages?branch="+old[0].ID).fails(404, "not_found")
		if got := p.branch(path + "/messages"); len(got) != 4 || got[3].ID != old[3].ID {
			t.Errorf("got %+v, want what was refused to change nothing", got)
		}

		title := func(to any) branchSession {
			return data[branchSession](p.do(http.MethodPatch, path, map[string]any{"title": to}).status(http.StatusOK))
		}
		if got := title("Mine"); got.Title != "Mine" || got.TitleSource != "manual" {
			t.Errorf("got %+v", got)
		}
		ask(p, map[string]any{"content": "What is an option?", "replaces": old[0].ID}).status(http.StatusOK)
		if got := data[branchSession](p.get(path)); got.Title != "Mine" {
			t.Errorf("got %+v, want a person's title to stay", got)
		}
		if got := title(nil); got.Title != "What is an option?" || got.TitleSource != "auto" {
			t.Errorf("got %+v, want the title given back", got)
		}
		p.do(http.MethodPatch, path, map[string]any{"title": ""}).fails(422, "validation_failed")
	})
}

// hit is what a search shows.
type hit struct {
	SessionID, Title, Snippet string
	MessageID, Role           *string
	Matches                   []struct{ Start, End int }
}

func TestConversationsAreFoundByTheirWords(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, bob := s.register("ada"), s.register("bob")
		chat := p.newSession(map[string]any{"title": "Zeppelins"})
		p.say(chat.ID, "What is a dividend of zeppelins?")
		find := func(p *person, q string) []hit {
			return data[[]hit](p.get("/chat/search?q=" + url.QueryEscape(q)).status(http.StatusOK))
		}
		got := find(p, "zeppel")
		if len(got) < 2 || !slices.ContainsFunc(got, func(h hit) bool { return h.MessageID == nil && h.Snippet == "Zeppelins" }) {
			t.Errorf("got %+v, want the title and the question", got)
		}
		for _, h := range got {
			runes := []rune(h.Snippet)
			if m := h.Matches; h.SessionID != chat.ID || len(m) == 0 || !strings.EqualFold(string(runes[m[0].Start:m[0].End]), "zeppelins") {
				t.Errorf("got %+v, want where the word is", h)
			}
		}
		if one, two := find(p, "zeppelins DIVIDEND"), find(bob, "zeppelins"); len(one) == 0 || one[0].Role == nil || len(two) != 0 {
			t.Errorf("got %+v and %+v, want what is one's own", one, two)
		}
		pages, n := walkFound(p, "zeppel")
		if diff := cmp.Diff(got, pages); diff != "" || n != len(got) {
			t.Errorf("got %d pages (-whole +joined):\n%s", n, diff)
		}
		for _, q := range []string{"", " ", "\x00", "zeppelins\x00", "!?", "🪁", `"*'`, strings.Repeat("x", 201)} {
			p.get("/chat/search?q="+url.QueryEscape(q)).fails(422, "validation_failed")
		}
		p.get("/chat/search").fails(422, "validation_failed")
		p.get("/chat/search?q=x&cursor=x").fails(422, "validation_failed")
		for _, q := range []string{`zeppelins" OR "`, "zeppelins*", "^zeppelins", "zeppelins:*", "-zeppelins", "<b>zeppelins"} {
			if found := find(p, q); len(found) > len(got) {
				t.Errorf("%q: got %+v", q, found)
			}
		}
		p.do(http.MethodDelete, "/chat/sessions/"+chat.ID, nil).status(http.StatusNoContent)
		if left := find(p, "zeppelins"); len(left) != 0 {
			t.Errorf("got %+v after the deletion", left)
		}
	})
}

func walkFound(p *person, q string) (all []hit, pages int) {
	p.t.Helper()
	for cursor := ""; pages < 20; {
		page, m := dataMeta[[]hit](p.get("/chat/search?limit=1&q=" + url.QueryEscape(q) + "&cursor=" + url.QueryEscape(cursor)).status(http.StatusOK))
		all, pages = append(all, page...), pages+1
		if cursor = m.NextCursor; cursor == "" {
			break
		}
	}
	return all, pages
}

func TestAConversationIsTakenAlongAsAFile(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p, bob := s.register("ada"), s.register("bob")
		chat := p.newSession(map[string]any{"title": "# \"Apple\"\r\nX: <b>"})
		path := "/chat/sessions/" + chat.ID
		p.say(chat.ID, "What does AAPL trade at?\n# <script>alert(1)</script> ![x](http://evil/x.png)")
		p.say(chat.ID, "And a split?")
		text := p.get(path + "/export").status(http.StatusOK)
		if got := text.Header.Get("Content-Disposition"); got != "attachment; filename=jaspers-apple-x-b-2026-11-18.md" ||
			!strings.HasPrefix(text.Header.Get("Content-Type"), "text/markdown") || text.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %v, want a file to keep, and not in a cache", text.Header)
		}
		for _, want := range []string{`# \# "Apple" X: \<b\>`, `> \# \<script\>alert(1)\</script\> !\[x\](http\://evil/x.png)`, "Sources:", "Tool get\\_stock\\_quotes", " USD; "} {
			if !strings.Contains(string(text.Body), want) {
				t.Errorf("%q is not in\n%s", want, text.Body)
			}
		}
		var file struct {
			Format   string
			Session  json.RawMessage
			Messages []json.RawMessage
		}
		whole := p.get(path + "/export?format=json").status(http.StatusOK)
		if err := json.Unmarshal(whole.Body, &file); err != nil || file.Format != "jaspers.conversation/1" {
			t.Fatalf("got %v, %v", file, err)
		}
		messages := data[[]message](p.get(path + "/messages"))
		slices.Reverse(messages)
		for i, m := range messages {
			var got message
			if err := json.Unmarshal(file.Messages[i], &got); err != nil || cmp.Diff(m, got) != "" {
				t.Errorf("message %d: %v (-listed +exported):\n%s", i, err, cmp.Diff(m, got))
			}
		}
		p.get(path+"/export?format=pdf").fails(422, "validation_failed")
		bob.get(path+"/export").fails(404, "not_found")
		p.get("/chat/sessions/"+db.NewID()+"/export").fails(404, "not_found")
		p.get("/chat/sessions/x/export").fails(404, "not_found")
		empty := p.newSession(map[string]any{})
		p.get("/chat/sessions/" + empty.ID + "/export").status(http.StatusOK)
		p.get("/chat/sessions/" + empty.ID + "/export?format=json").status(http.StatusOK)
	})
}
