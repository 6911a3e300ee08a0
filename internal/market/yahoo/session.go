package yahoo

import (
	"context"
	"net/http"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// pass is a cookie with the crumb that belongs to it. Both last long.
type pass struct{ cookie, crumb string }

// session keeps one pass for everybody: making many is what gets one throttled.
type session struct {
	queryURL, cookieURL string
	client              *upstream.Client
	turn                chan struct{} // a lock that a caller can give up waiting for
	pass                pass
}

// get is the present pass, or a new one made by one caller while the others wait.
func (s *session) get(ctx context.Context) (pass, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return pass{}, ctx.Err()
	}
	if s.pass.crumb != "" {
		return s.pass, nil
	}
	fresh, err := s.open(ctx)
	if err == nil {
		s.pass = fresh
	}
	return fresh, err
}

// drop forgets a pass that was refused, unless somebody has made a new one since.
func (s *session) drop(refused pass) {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if s.pass == refused {
		s.pass = pass{}
	}
}

// open gets a cookie and then the crumb for it.
func (s *session) open(ctx context.Context) (pass, error) {
	answer, err := s.client.Do(ctx, upstream.Request{Method: http.MethodGet, URL: s.cookieURL + "/", Endpoint: "GET cookie"})
	if err != nil {
		return pass{}, err
	}
	if answer.Status == http.StatusTooManyRequests {
		return pass{}, answer.Fault("a session")
	}
	var cookies []string
	for _, c := range (&http.Response{Header: answer.Header}).Cookies() {
		if strings.HasPrefix(c.Name, "A") && c.Value != "" { // A1, A1S, A3: whatever the status
			cookies = append(cookies, c.Name+"="+c.Value)
		}
	}
	if len(cookies) == 0 {
		return pass{}, fault.New(fault.UpstreamDown, "Yahoo gave no session; try again later")
	}
	p := pass{cookie: strings.Join(cookies, "; ")}
	answer, err = s.client.Do(ctx, upstream.Request{
		Method: http.MethodGet, URL: s.queryURL + "/v1/test/getcrumb", Endpoint: "GET crumb",
		Header: http.Header{"Cookie": {p.cookie}},
	})
	if err != nil {
		return pass{}, err
	}
	p.crumb = strings.TrimSpace(string(answer.Body))
	if !isCrumb(answer, p.crumb) {
		if err := answer.Fault("a session"); err != nil {
			return pass{}, err
		}
		return pass{}, fault.New(fault.UpstreamDown, "Yahoo gave no session; try again later")
	}
	return p, nil
}

// isCrumb tells a crumb from "Too Many Requests" and from pages, which the same address answers, at times with 200.
func isCrumb(answer *upstream.Answer, crumb string) bool {
	return answer.Status == http.StatusOK && strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain") &&
		len(crumb) >= 5 && len(crumb) <= 32 && !strings.ContainsAny(crumb, " <\n\t")
}
