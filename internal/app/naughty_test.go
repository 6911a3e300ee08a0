package app_test

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// naughtyStrings are texts that programs are known to stumble over, and a few more.
func naughtyStrings(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(sharedtest.Dir(t, "security/corpora/blns-MIT.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	if err := json.Unmarshal(text, &all); err != nil || len(all) != 515 {
		t.Fatalf("got %d strings (%v), want 515", len(all), err)
	}
	if testing.Short() {
		all = slices.DeleteFunc(all, func(s string) bool { return len(s)%10 > 0 })
	}
	return append(all, "one\nline\r\nmore", "\u2028level=ERROR msg=forged\u2029", "\x1b[31mred", "a\x00b")
}

// TestANaughtyStringComesBackAsItWasSentOrIsRefused puts each string into each text that a person may write. Blanks around
// a text do not matter; everything else has to come back. The harness looks at the log: each line of it is one entry.
func TestANaughtyStringComesBackAsItWasSentOrIsRefused(t *testing.T) {
	naughty := naughtyStrings(t)
	eachEngine(t, func(t *testing.T, s *site) {
		v := newVictim(s)
		for _, o := range s.contract.operations() {
			schema := o.body()
			if schema == nil || !o.needsToken() || o.method == http.MethodDelete {
				continue
			}
			for _, name := range slices.Sorted(keysOf(schema.Properties)) {
				property := schema.Properties[name].Value
				if property.Type == nil || !property.Type.Includes("string") || len(property.Enum) > 0 || strings.Contains(strings.ToLower(name), "password") {
					continue // a password is never read back, and hashing one takes time on purpose
				}
				some := naughty
				if schema.Properties["password"] != nil { // hashing the password that goes with it takes time on purpose
					some = slices.DeleteFunc(slices.Clone(naughty), func(s string) bool { return len(s)%10 > 0 })
				}
				kept := 0
				for i, text := range some {
					if v.keeps(newGenerator(1, i, v), o, name, text) {
						kept++
					}
				}
				t.Logf("%v %s: %d of %d kept, the others refused", o, name, kept, len(some))
			}
		}
	})
}

// canonical are texts of which one spelling is kept; that one has to come back as it was sent.
var canonical = []string{"benchmarkSymbol", "locale", "timeZone"}

// keeps tells whether a text was taken; when it was, it has to come back.
func (v victim) keeps(g *generator, o operation, name, text string) bool {
	v.t.Helper()
	body := map[string]any{}
	for _, required := range o.body().Required {
		body[required] = g.value(required, o.body().Properties[required].Value)
	}
	if _, asked := body["password"]; asked {
		body["password"] = v.password
	}
	body[name] = text
	a := v.patiently(o.method, v.fill(v.t, o.path, nil), body)
	if a.Status >= http.StatusMultipleChoices {
		if a.Status >= http.StatusInternalServerError || a.failure().Error.Code == "" {
			v.t.Errorf("%s of %q: got %v", name, text, a)
		}
		return false
	}
	got, found := v.readBack(o, name, a)
	if !found && strings.TrimSpace(text) != "" { // an empty text is as good as none
		v.t.Errorf("%v: %s is taken, and not in the answer: say in readBack where it can be read", o, name)
	}
	if found && slices.Contains(canonical, name) {
		body[name] = got
		text, _ = v.readBack(o, name, v.patiently(o.method, v.fill(v.t, o.path, nil), body))
	}
	if found && got != text && got != strings.TrimSpace(text) {
		v.t.Errorf("%v: got %s %q, want %q", o, name, got, text)
	}
	return true
}

// readBack finds a text that was taken: in the answer, or where that answer is about something else.
func (v victim) readBack(o operation, name string, a answer) (text string, found bool) {
	v.t.Helper()
	if strings.HasSuffix(o.path, "/messages") {
		for _, m := range data[[]message](v.get(v.fill(v.t, o.path, nil) + "?limit=2").status(http.StatusOK)) {
			if m.Role == "user" {
				return m.Content, true
			}
		}
		return "", false
	}
	value, found := data[map[string]any](a)[name]
	text, _ = value.(string) // null is a text that was taken away
	return text, found
}

// patiently waits, by the server's clock, where a limit asks for it, and signs in again when that took too long.
func (p *person) patiently(method, path string, body any, changes ...change) answer {
	p.t.Helper()
	for range 5 {
		a := p.do(method, path, body, changes...)
		switch {
		case a.Status == http.StatusTooManyRequests:
			seconds, _ := strconv.Atoi(a.Header.Get("Retry-After"))
			p.clock.Advance(max(time.Duration(seconds)*time.Second, time.Second))
		case a.Status == http.StatusUnauthorized && a.failure().Error.Code == "token_expired":
			p.login()
		default:
			return a
		}
	}
	p.t.Fatalf("%s %s: still refused after waiting", method, path)
	return answer{}
}
