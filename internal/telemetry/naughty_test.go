package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/sharedtest"
	"github.com/jaspers-ai/jaspers/internal/telemetry"
)

func TestWhateverIsLoggedIsOneLine(t *testing.T) {
	text, err := os.ReadFile(sharedtest.Dir(t, "security/corpora/blns-MIT.json"))
	if err != nil {
		t.Fatal(err)
	}
	var naughty []string
	if err := json.Unmarshal(text, &naughty); err != nil {
		t.Fatal(err)
	}
	naughty = append(naughty, "one\nline\r\nmore", "a\u2028level=ERROR\u2029b", "\x1b[31mred\x00", "\v\f\u0085")
	for _, format := range []string{"json", "text"} {
		var out bytes.Buffer
		log, err := telemetry.NewLog(&out, slog.LevelDebug, format)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range naughty {
			out.Reset()
			log.ErrorContext(telemetry.WithCorrelation(t.Context(), "x"), s, s, s, "group", slog.GroupValue(slog.String(s, s)), "error", s)
			line := out.Bytes()
			if at := bytes.IndexFunc(line, func(r rune) bool { return r < ' ' }); at != len(line)-1 || line[at] != '\n' {
				t.Errorf("%s: %q became %q, want one line without control characters", format, s, line)
			}
		}
	}
}
