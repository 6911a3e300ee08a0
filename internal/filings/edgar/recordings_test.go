package edgar

import (
	"os"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

func TestTry(t *testing.T) {
	for f, acc := range map[string]string{"archive-AAPL-2000-10Q-index.html": "0000912057-00-023442", "archive-NVDA-8K-index.html": "0001045810-26-000024"} {
		b, _ := os.ReadFile(sharedtest.Dir(t, "upstreams/fixtures/dev/edgar/"+f))
		c, err := readIndex(b, filings.Accession(acc))
		t.Logf("%+v %v", c, err)
	}
	b, _ := os.ReadFile(sharedtest.Dir(t, "upstreams/fixtures/dev/edgar/archive-IMNN-index-headers.html"))
	c, err := readHeaders(b, "0001493152-25-029712")
	t.Logf("%+v %v", c, err)
	for _, f := range []string{"archive-NVDA-8K-full-submission.txt", "archive-AAPL-2000-10Q-plain-text.txt"} {
		b, _ := os.ReadFile(sharedtest.Dir(t, "upstreams/fixtures/dev/edgar/"+f))
		s, err := readSubmission(b)
		t.Logf("%+v %v", s.Contents, err)
		for _, p := range s.parts {
			t.Logf("%+v %d %v %.200q", p.Document, len(p.text), p.ended, p.text)
		}
	}
}
