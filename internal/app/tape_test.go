package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// secretName matches the names of properties whose texts are secrets: tokens, keys, seeds, codes for later.
var secretName = regexp.MustCompile(`(?i)(token|secret|password|apikey|recoverycodes|seed|^key|^state|^uri|otpauthurl)$`)

// minSecretText is how long a text has to be to be searched for: a shorter one may stand somewhere by chance.
const minSecretText = 12

// secretsIn are the secrets that an answer hands out, by the names they have in it and as cookies, so that what comes to be
// handed out by new routes is known to be secret by itself.
func secretsIn(a answer) []string {
	var all []string
	for _, cookie := range (&http.Response{Header: a.Header}).Cookies() {
		if len(cookie.Value) >= minSecretText {
			all = append(all, cookie.Value)
		}
	}
	var body any
	if a.Status >= http.StatusBadRequest || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") || json.Unmarshal(a.Body, &body) != nil {
		return all
	}
	visitTexts(body, "", func(name, text string) {
		if secretName.MatchString(name) && len(text) >= minSecretText {
			all = append(all, text)
		}
	})
	return all
}

// hear keeps what an answer hands out from being seen anywhere else, and the answer itself where somebody wants it.
func (s *site) hear(a answer) {
	secrets := secretsIn(a)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range secrets {
		if !slices.Contains(s.secrets, secret) {
			s.secrets = append(s.secrets, secret)
		}
	}
	if s.keep {
		s.answers = append(s.answers, a)
	}
}

// visitTexts visits the texts of a JSON value, each with the name of the property that holds it, be it in a list.
func visitTexts(value any, name string, visit func(name, text string)) {
	switch v := value.(type) {
	case string:
		visit(name, v)
	case []any:
		for _, one := range v {
			visitTexts(one, name, visit)
		}
	case map[string]any:
		for name, one := range v {
			visitTexts(one, name, visit)
		}
	}
}

// sent is a request that left the server for somebody else's.
type sent struct {
	method, url, host string
	header            http.Header
	body              []byte
}

// tape keeps every request that reaches the simulated outside.
type tape struct {
	mu  sync.Mutex
	all []sent
}

func (t *tape) around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		t.mu.Lock()
		t.all = append(t.all, sent{r.Method, r.URL.String(), r.Host, r.Header.Clone(), body})
		t.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// requests are those whose URL begins with a path.
func (t *tape) requests(path string) []sent {
	t.mu.Lock()
	defer t.mu.Unlock()
	var some []sent
	for _, r := range t.all {
		if strings.HasPrefix(r.url, path) {
			some = append(some, r)
		}
	}
	return some
}

func (r sent) String() string {
	return fmt.Sprint(r.method, " ", r.url, " ", r.host, "\n", r.header, "\n", string(r.body))
}
