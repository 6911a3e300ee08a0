package market

import (
	"context"
	"errors"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// fetch asks the sources in order: the first that knows a symbol wins, and one that fails leaves its symbols to the next.
func (s *Service) fetch(ctx context.Context, symbols []string) (quotes map[string]Quote, failed map[string]error) {
	quotes, failed = map[string]Quote{}, map[string]error{}
	open := symbols
	for _, source := range s.sources {
		if len(open) == 0 {
			break
		}
		found, err := askSource(ctx, source, open)
		if err != nil {
			s.log.WarnContext(ctx, "quotes failed", "source", source.Name(), "error", err)
		}
		var left []string
		for _, symbol := range open {
			if quote, ok := found[symbol]; ok {
				quotes[symbol] = quote
				delete(failed, symbol)
				continue
			}
			left = append(left, symbol)
			if err != nil {
				failed[symbol] = err
			}
		}
		open = left
	}
	return quotes, failed
}

// askSource turns a panic into an error, so that the next source is asked all the same.
func askSource(ctx context.Context, source Source, symbols []string) (found map[string]Quote, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap(fault.Internal, fault.Recovered("the source", p), "the source %s failed", source.Name())
		}
	}()
	found, err = source.Quotes(ctx, symbols)
	if err != nil && errors.Is(err, context.DeadlineExceeded) {
		err = fault.Wrap(fault.UpstreamTimeout, err, "%s took too long to answer; try again", source.Name())
	}
	return found, err
}
