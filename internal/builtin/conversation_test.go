package builtin_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/figures"
	"github.com/jaspers-ai/jaspers/internal/prose"
)

var (
	referenceForm = regexp.MustCompile(`\{\{([^{}|]+)(?:\|([^{}]*))?\}\}`)
	citationForm  = regexp.MustCompile(`\[\[([^\[\]]+(?:\[\d+\])?)\]\]`)
	quoteForm     = regexp.MustCompile(`“[^”]*”`)
)

// check holds an answer against what it was written from: every figure is a reference that there is, every citation too,
// quotes stand where they are cited from, and no figure is typed.
func (w *world) check(t *testing.T, question string, a answered) {
	t.Helper()
	for _, m := range referenceForm.FindAllStringSubmatch(a.text, -1) {
		_, err := calculate.Evaluate(strings.TrimSpace(m[1]), func(ref string) (calculate.Value, error) {
			_, f, err := a.results.Find(ref)
			return f.Value, err
		})
		if err != nil {
			t.Errorf("%s: %s: %v", question, m[0], err)
		}
	}
	for _, m := range citationForm.FindAllStringSubmatch(a.text, -1) {
		if call, _, ok := a.results.Split(m[1]); !ok || call == nil {
			t.Errorf("%s: %s cites nothing", question, m[0])
		}
	}
	typed := quoteForm.ReplaceAllString(citationForm.ReplaceAllString(referenceForm.ReplaceAllString(a.text, "something"), ""), "something")
	for _, f := range figures.Find(typed) {
		if f.Kind == figures.Amount {
			t.Errorf("%s: the figure %s is typed: %q", question, f.Text, typed[max(0, f.Start-60):min(len(typed), f.End+20)])
		}
	}
	writer := prose.New(prose.Config{Results: a.results, Now: now, Subjects: w.subject, Said: question})
	writer.Add(a.text)
	writer.Flush()
	for _, f := range writer.Figures() {
		if f.Kind == figures.Unverified {
			t.Errorf("%s: %s (%s) is not borne out: %s", question, f.Text, f.Expression, f.Reason)
		}
	}
	for _, c := range writer.Citations() {
		if c.QuoteFound != nil && !*c.QuoteFound {
			t.Errorf("%s: these words do not stand in %s of %s: %q", question, c.Path, c.Title, c.Quote)
		}
	}
	if n := writer.Counts().Invented; n > 0 || strings.Contains(writer.Text(), "{{") || strings.Contains(writer.Text(), "(not known)") {
		t.Errorf("%s: %d citations of nothing: %s", question, n, writer.Text())
	}
}

// conversations are questions with what their answers have to hold.
var conversations = []struct {
	question string
	holds    string // parts of the answer, parted by "; "
}{
}

func TestAnswersAreComposedOfWhatWasRead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, c := range conversations {
			a := w.ask(c.question)
			for _, part := range strings.Split(c.holds, "; ") {
				if !strings.Contains(a.text, part) {
					t.Errorf("%s: got %s\nfrom %s\nwant %q in it", c.question, a.text, a.calls, part)
				}
			}
			if !strings.Contains(a.text, "You could ask:") {
				t.Errorf("%s: nothing is suggested", c.question)
			}
			w.check(t, c.question, a)
		}
	})
}
