package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// vector is an answer by which a model that was talked into it would send something out, whoever shows it.
type vector struct{ ID, Markdown string }

// opens is what no stored answer may hold: HTML, links and images of any form, addresses, and characters that hide or turn text.
var opens = regexp.MustCompile(`<[A-Za-z/!?]|\]\(|\]:|!\[|://|(?i:www\.)|(?i:script:)|[\x{202a}-\x{202e}\x{2066}-\x{2069}\x{200b}\x00-\x08]`)

func TestNoAnswerOpensADoorWhateverTheModelWrites(t *testing.T) {
	host, visits := canaryListener(t)
	var vectors []vector
	for _, line := range labelled(t, "security/corpora/markdown-exfil.jsonl") {
		var one vector
		if err := json.Unmarshal(bytes.ReplaceAll(line, []byte(attackersHost), []byte(host)), &one); err != nil {
			t.Fatal(err)
		}
		vectors = append(vectors, one)
	}
	act := func(asked spoken) []part {
		n, _ := strconv.Atoi(questionMark.FindStringSubmatch(asked.question)[1])
		if asked.round == 0 {
			return []part{{id: "a", name: "get_stock_quotes", input: `{"symbols":["AAPL"]}`}}
		}
		return []part{{text: "See [[t1]].\n\n" + vectors[n].Markdown + "\n\nThat is all."}}
	}
	eachEngineAsking(t, setup{}, act, func(t *testing.T, s *site, _ *puppet) {
		p := s.register("ada")
		bad := 0
		for n, one := range vectors {
			chat := p.newSession(map[string]any{}).ID
			events := p.ask(chat, fmt.Sprintf("%s (%d)", plainQuestion, n)).rest()
			stored := p.messages(chat)[1]
			if stored.Status != "complete" || !strings.Contains(stored.Content, "That is all.") {
				t.Errorf("%s: got the %s answer %q", one.ID, stored.Status, stored.Content)
			}
			for what, text := range map[string]string{"stored": stored.Content, "said": said(t, events)} {
				if found := opens.FindString(text); found != "" {
					bad++
					t.Errorf("%s: what is %s holds %q: %q of %q", one.ID, what, found, text, one.Markdown)
				}
			}
			s.citesOnlyItsTools(t, stored)
		}
		if visits.Load() > 0 {
			t.Errorf("got %d visits at the attacker's", visits.Load())
		}
		fmt.Fprintln(t.Output(), len(vectors), "vectors,", bad, "that open something")
	})
}
