// Package telemetry writes the log: structured, tied together by correlation ids, and without secrets.
package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/trace"
)

// Redacted is what stands in the log where a secret would.
const Redacted = "[redacted]"

// Secret is a text that no log, error text or JSON shows. Convert it to string where it is used.
type Secret string

// String keeps the secret out of %v and %s.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return Redacted
}

// GoString keeps the secret out of %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue keeps the secret out of slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps the secret out of JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// NewLog makes a log that writes lines to w, as "json" or "text".
func NewLog(w io.Writer, level slog.Level, format string) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	switch format {
	case "json":
		return slog.New(correlated{slog.NewJSONHandler(w, options)}), nil
	case "text":
		return slog.New(correlated{slog.NewTextHandler(w, options)}), nil
	}
	return nil, fmt.Errorf("the log format is json or text, not %q", format)
}

// secretKey matches the names under which secrets travel.
var secretKey = regexp.MustCompile(`(?i)passw|secret|token|authorization|cookie|api_?-?key|credential|verifier|private`)

// secretText matches secrets inside longer texts: bearer tokens, our JWTs, model keys, and passwords in URLs.
var secretText = regexp.MustCompile(`(?i)bearer\s+[\w\-.~+/]+=*|eyJ[\w\-]+\.[\w\-]+\.[\w\-]*|sk-[\w\-]{8,}|://[^/\s:@]+:[^/\s@]+@`)

// secretKeys are what secretKey looks for in names of plain letters, by their first: that is quicker than to have it look.
var secretKeys = [utf8.RuneSelf][]string{
	'a': {"authorization", "apikey", "api_key", "api-key", "api_-key"}, 'c': {"cookie", "credential"}, 'p': {"passw", "private"},
	's': {"secret"}, 't': {"token"}, 'v': {"verifier"},
}

func isSecretKey(name string) bool {
	if !isPlain(name) {
		return secretKey.MatchString(name)
	}
	for i := range len(name) {
		for _, part := range secretKeys[name[i]|0x20] {
			if rest := name[i:]; len(rest) >= len(part) && strings.EqualFold(rest[:len(part)], part) {
				return true
			}
		}
	}
	return false
}

func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// redact hides attributes that are secret by name, and secrets inside texts and errors.
func redact(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		if isSecretKey(a.Key) && a.Value.String() != "" {
			return slog.String(a.Key, Redacted)
		}
		return slog.String(a.Key, Clean(a.Value.String()))
	case slog.KindAny:
		if isSecretKey(a.Key) {
			return slog.String(a.Key, Redacted)
		}
		if err, ok := a.Value.Any().(error); ok {
			return slog.String(a.Key, Clean(err.Error()))
		}
	}
	return a
}

// Clean is text without the secrets that it may hold, as the log has it.
func Clean(text string) string {
	if !mayHoldSecret(text) {
		return text
	}
	return secretText.ReplaceAllString(text, Redacted)
}

// mayHoldSecret tells quickly of most texts that secretText finds nothing in them: each of its patterns begins with one
// of these words, in any case. What has other than plain letters is left to it.
func mayHoldSecret(text string) bool {
	for i := range len(text) {
		var word string
		switch c := text[i]; {
		case c >= utf8.RuneSelf:
			return true
		case c == ':':
			word = "://"
		case c|0x20 == 'b':
			word = "bearer"
		case c|0x20 == 'e':
			word = "eyj"
		case c|0x20 == 's':
			word = "sk-"
		default:
			continue
		}
		if rest := text[i:]; len(rest) >= len(word) && strings.EqualFold(rest[:len(word)], word) {
			return true
		}
	}
	return false
}

type correlationKey struct{}

// WithCorrelation ties everything that is logged under ctx to one request or job.
func WithCorrelation(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, correlationKey{}, id)
}

// Correlation is the id that WithCorrelation set, or empty.
func Correlation(ctx context.Context) string {
	id, _ := ctx.Value(correlationKey{}).(string)
	return id
}

// correlated adds to each line the correlation id of the context and, where it is traced, the ids of its trace and span.
type correlated struct{ slog.Handler }

func (h correlated) Handle(ctx context.Context, r slog.Record) error {
	if id := Correlation(ctx); id != "" {
		r.AddAttrs(slog.String("correlationId", id))
	}
	if traceID, spanID := trace.IDs(ctx); traceID != "" {
		r.AddAttrs(slog.String("traceId", traceID), slog.String("spanId", spanID))
	}
	r.Message = Clean(r.Message)
	return h.Handler.Handle(ctx, r)
}

func (h correlated) WithAttrs(attrs []slog.Attr) slog.Handler {
	return correlated{h.Handler.WithAttrs(attrs)}
}

func (h correlated) WithGroup(name string) slog.Handler {
	return correlated{h.Handler.WithGroup(name)}
}
