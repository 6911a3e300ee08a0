package market

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// fetchTime bounds asking all sources, however patient the callers are.
const fetchTime = 20 * time.Second

// refresh asks for what is outdated, each symbol once however many callers want it, and says which could not be asked.
// A caller who leaves does not end the asking, since others may be waiting for it; the end of the service's life does.
func (s *Service) refresh(ctx context.Context, symbols []string) map[string]error {
	all, ours := s.flights.Join(symbols, s.outdated)
	if len(ours) > 0 {
		go func() {
			bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
			defer cancel()
			defer context.AfterFunc(s.life, cancel)()
			s.flights.Land(ours, s.fetch(bounded, ours))
		}()
	}
	failed := map[string]error{}
	for symbol, one := range all {
		select {
		case <-one.Done:
			if one.Err != nil {
				failed[symbol] = one.Err
			}
		case <-ctx.Done():
			return nil
		}
	}
	return failed
}

// fetch asks the sources in order: the first that knows a symbol wins, and one that fails leaves its symbols to the next.
func (s *Service) fetch(ctx context.Context, symbols []string) map[string]error {
	failed := map[string]error{}
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
				s.known.Set(symbol, entry{quote: quote, fetchedAt: quote.FetchedAt})
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
	for _, symbol := range open {
		if failed[symbol] == nil { // every source answered, and none knows it
			s.known.Set(symbol, s.missed(symbol))
		}
	}
	return failed
}

// missed is what to keep of a symbol that no source knows. Sources lose prices of what they know for minutes: the last
// quote is served for a day, as stale, before its symbol becomes unknown.
func (s *Service) missed(symbol string) entry {
	now := s.now()
	e, ok := s.known.GetIfPresent(symbol)
	if ok && !e.unknown && now.Sub(e.fetchedAt) < believed {
		e.missedAt = now
		return e
	}
	return entry{unknown: true, fetchedAt: now}
}

// askSource turns a panic into an error: those who wait must not wait for ever.
func askSource(ctx context.Context, source Source, symbols []string) (found map[string]Quote, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap(fault.Internal, fmt.Errorf("panic: %v", p), "the source %s failed", source.Name())
		}
	}()
	found, err = source.Quotes(ctx, symbols)
	if err != nil && errors.Is(err, context.DeadlineExceeded) {
		err = fault.Wrap(fault.UpstreamTimeout, err, "%s took too long to answer; try again", source.Name())
	}
	return found, err
}
