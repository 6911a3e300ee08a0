package yahoo

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// pass is a cookie with the crumb that belongs to it. Both last long.
type pass struct{ cookie, crumb string }

// session keeps one pass for everybody: making many is what gets one throttled.
type session struct {
	door  door
	now   func() time.Time
	turn  chan struct{} // a lock that a caller can give up waiting for
	pass  pass
	rests time.Time // until when none is made
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
	if wait := s.rests.Sub(s.now()); wait > 0 {
		return pass{}, errNoSession(wait)
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

// rest keeps everybody from making a pass for a while.
func (s *session) rest() {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	s.rests = s.now().Add(restTime)
}

// open gets a cookie and then the crumb for it: from the host that is there for it or, where that gives none or is kept
// from us, as some networks do, from a page.
func (s *session) open(ctx context.Context) (pass, error) {
	cookies, err := s.bare(ctx)
	if err != nil && !fault.Is(err, fault.UpstreamDown) && !fault.Is(err, fault.UpstreamFailed) {
		return pass{}, err
	}
	if !cookies.known() {
		if cookies, err = s.walk(ctx); err != nil {
			return pass{}, err
		}
	}
	p := pass{cookie: cookies.String()}
	answer, err := s.door.query(ctx, "/v1/test/getcrumb", "GET crumb", http.Header{"Cookie": {p.cookie}})
	if err != nil {
		return pass{}, err
	}
	p.crumb = strings.TrimSpace(string(answer.Body))
	if !isCrumb(answer, p.crumb) {
		if answer.Status == http.StatusTooManyRequests || answer.Status >= http.StatusInternalServerError {
			return pass{}, answer.Fault("a session")
		}
		return pass{}, answer.Useless(s.refused())
	}
	return p, nil
}

// bare asks the host that only sets the cookie, whatever its status: it answers 502 as a matter of course, so that one
// answer is all there is to have.
func (s *session) bare(ctx context.Context) (jar, error) {
	answer, err := s.door.client.Do(upstream.Once(ctx), upstream.Request{Method: http.MethodGet, URL: s.door.hosts.Cookie + "/", Endpoint: "GET cookie"})
	if err != nil {
		return nil, err
	}
	if answer.Status == http.StatusTooManyRequests {
		return nil, answer.Fault("a session")
	}
	cookies := jar{}
	cookies.take(answer.Header)
	return cookies, nil
}

// refused is the error of a Yahoo that answers, but gives no session; it is not asked again for a while. The caller has
// the turn.
func (s *session) refused() error {
	s.rests = s.now().Add(restTime)
	return errNoSession(restTime)
}

func errNoSession(wait time.Duration) error {
	return fault.New(fault.UpstreamDown, "Yahoo gave no session; try again later").WithRetryAfter(wait)
}

// isCrumb tells a crumb from "Too Many Requests" and from pages, which the same address answers, at times with 200.
func isCrumb(answer *upstream.Answer, crumb string) bool {
	return answer.Status == http.StatusOK && strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain") &&
		len(crumb) >= 5 && len(crumb) <= 32 && !strings.ContainsAny(crumb, " <\n\t")
}
