package receipt_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/receipt"
)

func prints(t *testing.T, parts ...string) receipt.Prints {
	t.Helper()
	var p receipt.Prints
	for i := 0; i < len(parts); i += 2 {
		if err := p.Take(parts[i], map[string]string{"text": parts[i+1]}); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestAChangedPartIsNamedWithWhatIsGoneAndWhatIsNew(t *testing.T) {
	t.Parallel()
	then := prints(t, "question", "how much?", "t1", "12", "t2", "13", "answer", "12")
	for _, c := range []struct {
		now  receipt.Prints
		want []string
	}{
		{prints(t, "question", "how much?", "t1", "12", "t2", "13", "answer", "12"), []string{}},
		{prints(t, "question", "how much?", "t1", "12", "t2", "13", "answer", "12 "), []string{"answer"}},
		{prints(t, "question", "how much?", "t2", "12", "t1", "13", "answer", "12"), []string{"t1", "t2"}},
		{prints(t, "question", "how much?", "t1", "12", "answer", "12", "t3", "0"), []string{"t2", "t3"}},
		{nil, []string{"question", "t1", "t2", "answer"}},
	} {
		if diff := cmp.Diff(c.want, receipt.Changed(then, c.now)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
