package telemetry

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	// thinEvery is how long alike lines are counted together.
	thinEvery = time.Second
	// maxAlike bounds how many kinds of lines are told apart in that time; of more than that, all are written.
	maxAlike = 1000
	// maxNamed bounds how many correlation ids are named of lines that are not written.
	maxNamed = 100
)

// alikeBy are the attributes that make lines with the same message different ones.
var alikeBy = map[string]bool{
	"method": true, "status": true, "kind": true, "provider": true, "endpoint": true, "failure": true, "tool": true, "table": true, "error": true,
}

// Thin makes a log that writes no more than most lines a second that are alike: of the same level and message, and the
// same kind, status, error and such. The rest are counted, and said in one line, with the correlation ids they had, when
// the second is over. With 0 all are written.
func Thin(log *slog.Logger, most int) *slog.Logger {
	if most == 0 {
		return log
	}
	return slog.New(thinned{log.Handler(), &seen{most: most, lines: map[string]*alike{}}})
}

type thinned struct {
	slog.Handler
	seen *seen
}

// seen are the lines of the last second.
type seen struct {
	most  int
	mu    sync.Mutex
	lines map[string]*alike
}

// alike are lines that are.
type alike struct {
	lines int
	named []string // correlation ids of those that are not written
}

func (h thinned) Handle(ctx context.Context, r slog.Record) error {
	if h.withhold(ctx, r) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// withhold counts a line, and tells whether it is one too many.
func (h thinned) withhold(ctx context.Context, r slog.Record) bool {
	key := keyOf(r)
	h.seen.mu.Lock()
	defer h.seen.mu.Unlock()
	a, ok := h.seen.lines[key]
	if !ok {
		if len(h.seen.lines) >= maxAlike {
			return false
		}
		a = &alike{}
		h.seen.lines[key] = a
		time.AfterFunc(thinEvery, func() { h.sayMore(key, r.Level, r.Message) })
	}
	if a.lines++; a.lines <= h.seen.most {
		return false
	}
	if id := Correlation(ctx); id != "" && len(a.named) < maxNamed {
		a.named = append(a.named, id)
	}
	return true
}

// sayMore says how many lines were not written.
func (h thinned) sayMore(key string, level slog.Level, message string) {
	h.seen.mu.Lock()
	a := h.seen.lines[key]
	delete(h.seen.lines, key)
	h.seen.mu.Unlock()
	if a.lines <= h.seen.most {
		return
	}
	r := slog.NewRecord(time.Now(), level, "more like this", 0)
	r.AddAttrs(slog.String("like", message), slog.Int("n", a.lines-h.seen.most), slog.Any("correlationIds", a.named))
	_ = h.Handler.Handle(context.Background(), r) // as slog has it: there is nobody to tell
}

// keyOf is what alike lines have in common.
func keyOf(r slog.Record) string {
	var key strings.Builder
	key.WriteString(r.Level.String() + "\x00" + r.Message)
	r.Attrs(func(a slog.Attr) bool {
		if alikeBy[a.Key] {
			key.WriteString("\x00" + a.Value.String())
		}
		return true
	})
	return key.String()
}

func (h thinned) WithAttrs(attrs []slog.Attr) slog.Handler {
	return thinned{h.Handler.WithAttrs(attrs), h.seen}
}

func (h thinned) WithGroup(name string) slog.Handler {
	return thinned{h.Handler.WithGroup(name), h.seen}
}
