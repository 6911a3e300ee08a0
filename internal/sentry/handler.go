package sentry

import (
	"context"
	"log/slog"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Watch makes a log that reports what it is told of mistakes of ours: lines of level ERROR, and warnings whose error is
// fault.Internal, as of jobs and answers. Each of them is logged once, where it ends, so that each is reported once.
func (r *Reporter) Watch(log *slog.Logger) *slog.Logger {
	if r == nil {
		return log
	}
	return slog.New(handler{log.Handler(), r})
}

type handler struct {
	slog.Handler
	reporter *Reporter
}

// Enabled lets warnings come also where the log does not show them.
func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn || h.Handler.Enabled(ctx, level)
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	if err, is := mistake(r); is && ctx.Value(sendingKey{}) == nil {
		h.reporter.add(h.reporter.event(ctx, r, err))
	}
	if !h.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// mistake finds the error of a line, which may be nil, and whether the line tells of a mistake of ours. Who left, and
// work that was broken off with the server, are none.
func mistake(r slog.Record) (err error, is bool) {
	r.Attrs(func(a slog.Attr) bool {
		if e, ok := a.Value.Any().(error); ok && a.Key == "error" {
			err = e
		}
		return err == nil
	})
	switch {
	case err == nil:
		return nil, r.Level >= slog.LevelError
	case fault.Is(err, fault.Canceled):
		return nil, false
	}
	return err, r.Level >= slog.LevelError || r.Level >= slog.LevelWarn && fault.Is(err, fault.Internal)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.reporter}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.reporter}
}
