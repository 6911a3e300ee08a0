package yahoo

import (
	"context"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// maxSteps is how far the way to a page is followed: in Europe it leads to and fro between hosts before the cookie is set.
const maxSteps = 10

// maxFields is how many fields of a form are sent back.
const maxFields = 20

// jar are the cookies of one session by name. All its hosts are Yahoo's, so they are sent to each of them.
type jar map[string]string

// take keeps what an answer sets, and lets go of what it takes back.
func (j jar) take(header http.Header) {
	for _, c := range (&http.Response{Header: header}).Cookies() {
		if c.Value == "" || c.Value == "EMPTY" || c.MaxAge < 0 {
			delete(j, c.Name)
			continue
		}
		j[c.Name] = c.Value
	}
}

// known tells whether the cookies are there to which Yahoo gives a crumb.
func (j jar) known() bool { return j["A1"] != "" || j["A3"] != "" }

func (j jar) String() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(j)) {
		pairs = append(pairs, name+"="+j[name])
	}
	return strings.Join(pairs, "; ")
}

// walk goes to a page as a browser would, until the cookie is there: over redirects, and over the form that asks for
// consent. It leaves Yahoo's own hosts for none other.
func (s *session) walk(ctx context.Context) (jar, error) {
	cookies := jar{}
	next := upstream.Request{Method: http.MethodGet, URL: s.door.hosts.Pages + "/quote/AAPL"}
	for range maxSteps {
		at, err := url.Parse(next.URL)
		if err != nil || !s.door.hosts.own(at) {
			break
		}
		answer, err := s.door.client.Do(ctx, cookies.wear(next))
		if err != nil {
			return nil, err
		}
		if answer.Status == http.StatusTooManyRequests || answer.Status >= 500 {
			return nil, answer.Fault("a session")
		}
		cookies.take(answer.Header)
		if cookies.known() {
			return cookies, nil
		}
		step, ok := onward(at, answer)
		if !ok {
			break
		}
		next = step
	}
	return nil, s.refused()
}

// wear gives a request the cookies and the headers of a browser.
func (j jar) wear(r upstream.Request) upstream.Request {
	r.Header, r.Endpoint = http.Header{"Accept": {"text/html,application/xhtml+xml"}}, r.Method+" page"
	if len(j) > 0 {
		r.Header.Set("Cookie", j.String())
	}
	if r.Body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

// onward is where an answer leads: to its Location, or back with the consent it asks for.
func onward(at *url.URL, answer *upstream.Answer) (upstream.Request, bool) {
	if answer.Status >= 300 && answer.Status < 400 {
		to, err := at.Parse(answer.Header.Get("Location"))
		if err != nil || answer.Header.Get("Location") == "" {
			return upstream.Request{}, false
		}
		return upstream.Request{Method: http.MethodGet, URL: to.String()}, true
	}
	form := consentForm(answer.Body)
	if !answer.OK() || form.Get("csrfToken") == "" {
		return upstream.Request{}, false
	}
	form.Set("agree", "agree")
	return upstream.Request{Method: http.MethodPost, URL: at.String(), Body: []byte(form.Encode())}, true
}

var (
	hiddenInput = regexp.MustCompile(`<input [^>]*type="hidden"[^>]*>`)
	inputName   = regexp.MustCompile(` name="([^"]*)"`)
	inputValue  = regexp.MustCompile(` value="([^"]*)"`)
)

// consentForm are the hidden fields of a page, which are all there is to its form.
func consentForm(page []byte) url.Values {
	form := url.Values{}
	for _, input := range hiddenInput.FindAllString(string(page), maxFields) {
		name, value := inputName.FindStringSubmatch(input), inputValue.FindStringSubmatch(input)
		if name != nil && value != nil {
			form.Set(html.UnescapeString(name[1]), html.UnescapeString(value[1]))
		}
	}
	return form
}
