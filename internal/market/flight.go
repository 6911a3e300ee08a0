package market

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// fetchTime bounds asking all sources, however patient the callers are.
const fetchTime = 20 * time.Second

// flights are the symbols that are being asked for, so that whoever comes meanwhile waits for the same answer.
type flights struct {
	mu    sync.Mutex
	under map[string]*flight
}

// flight is one symbol under way; err may be read once done is closed.
type flight struct {
	done chan struct{}
	err  error
}

// join divides the outdated symbols into those already under way and those that are now ours to fetch. What is outdated
// is asked under the lock, so that nobody fetches what has just landed; no lock is held while fetching.
func (f *flights) join(symbols []string, outdated func(string) bool) (all map[string]*flight, ours []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all = map[string]*flight{}
	for _, symbol := range symbols {
		if !outdated(symbol) {
			continue
		}
		one, ok := f.under[symbol]
		if !ok {
			one = &flight{done: make(chan struct{})}
			f.under[symbol] = one
			ours = append(ours, symbol)
		}
		all[symbol] = one
	}
	return all, ours
}

func (f *flights) land(symbols []string, failed map[string]error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, symbol := range symbols {
		one := f.under[symbol]
		delete(f.under, symbol)
		one.err = failed[symbol]
		close(one.done)
	}
}

// refresh asks for what is outdated, each symbol once however many callers want it, and says which could not be asked.
// A caller who leaves does not end the asking, since others may be waiting for it; the end of the service's life does.
func (s *Service) refresh(ctx context.Context, symbols []string) map[string]error {
	all, ours := s.flights.join(symbols, s.outdated)
	if len(ours) > 0 {
		go func() {
			bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
			defer cancel()
			defer context.AfterFunc(s.life, cancel)()
			s.flights.land(ours, s.fetch(bounded, ours))
		}()
	}
	failed := map[string]error{}
	for symbol, one := range all {
		select {
		case <-one.done:
			if one.err != nil {
				failed[symbol] = one.err
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
