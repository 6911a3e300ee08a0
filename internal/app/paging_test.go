package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// walk reads a list page by page and returns all of it, with how many pages it took.
func walk[T any](p *person, path string, limit int) (all []T, pages int) {
	p.t.Helper()
	for cursor := ""; pages < 50; pages++ {
		a := p.get(fmt.Sprintf("%s?limit=%d&cursor=%s", path, limit, url.QueryEscape(cursor))).status(http.StatusOK)
		page, m := dataMeta[[]T](a)
		if len(page) > limit {
			p.t.Errorf("got %d rows on a page, want at most %d", len(page), limit)
		}
		all = append(all, page...)
		if cursor = m.NextCursor; cursor == "" {
			return all, pages + 1
		}
	}
	p.t.Fatalf("%s: the pages do not end", path)
	return nil, 0
}

func TestPagesJoinedAreTheWholeListInItsOrder(t *testing.T) {
	eachEngine(t, func(t *testing.T, s *site) {
		p := s.register("ada")
		var made []string
		for i := range 7 {
			if i%3 == 0 { // some change at the same moment
				s.clock.Advance(time.Minute)
			}
			made = append(made, p.newSession(map[string]any{"title": fmt.Sprint("number ", i)}).ID)
		}
		s.clock.Advance(time.Minute)
		p.say(made[2], plainQuestion) // becomes the one that changed last
		whole := data[[]session](p.get("/chat/sessions"))
		if len(whole) != len(made) || whole[0].ID != made[2] {
			t.Fatalf("got %v, want all %d sessions, the one that was spoken in first", whole, len(made))
		}
		for _, limit := range []int{1, 2, 3, 7, 200} {
			got, pages := walk[session](p, "/chat/sessions", limit)
			if diff := cmp.Diff(whole, got); diff != "" || pages != (len(whole)+limit-1)/limit {
				t.Errorf("%d a page: got %d pages, and the list differs (-whole +joined):\n%s", limit, pages, diff)
			}
		}
		for range 2 {
			p.say(made[2], plainQuestion)
		}
		messages := data[[]message](p.get("/chat/sessions/" + made[2] + "/messages"))
		if got, pages := walk[message](p, "/chat/sessions/"+made[2]+"/messages", 4); pages != 2 || len(got) != 6 || cmp.Diff(messages, got) != "" {
			t.Errorf("got %d pages and %d messages, want 2 and 6", pages, len(got))
		}
	})
}
