package research

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// shelf keeps what each source said to one kind of question, by source and key. So a source that fails takes nothing away
// from what it or another said before, and each is asked again in its own time.
type shelf[V any] struct {
	kind[V]
	askers []asker[V]
	kept   *cache.Cache[said[V]]
	now    func() time.Time
}

// kind is a kind of question.
type kind[V any] struct {
	// name is that of what is kept of it, table where; without one it is kept in memory and Redis alone.
	name  string
	table cache.Table
	// what it is about, in words: "company data".
	what string
	// asks gives how a source is asked; nil for one that does not have such.
	asks       func(source market.Source) ask[V]
	freshUntil func(value V, fetchedAt time.Time) time.Time
	// patience is how long somebody waits for what is fresh while something stale is at hand: none but where that misleads.
	patience time.Duration
	max      int
}

// ask puts one question to a source; errors as market's capabilities have them.
type ask[V any] func(ctx context.Context, key string) (V, error)

type asker[V any] struct {
	source string
	ask    ask[V]
}

// said is what a source answered: a value, or that it has no such on offer.
type said[V any] struct {
	Value      V    `json:"value"`
	NotOffered bool `json:"notOffered,omitempty"`
}

func newShelf[V any](life context.Context, cfg Config, k kind[V]) (*shelf[V], error) {
	s := &shelf[V]{kind: k, now: cfg.Now}
	for _, source := range cfg.Sources {
		if ask := k.asks(source); ask != nil {
			s.askers = append(s.askers, asker[V]{source.Name(), ask})
		}
	}
	var err error
	s.kept, err = cache.New(life, cache.Config[said[V]]{
		Fetch: s.fetcher(cfg.Log), UnknownFor: freshUnknown, BelievedFor: believed, MissedFor: freshMissed, Patience: k.patience, Max: k.max,
		Store: cfg.Store, Kind: k.name, Table: k.table, Now: cfg.Now, Log: cfg.Log,
		FreshUntil: func(v said[V], fetchedAt time.Time) time.Time {
			if v.NotOffered {
				return fetchedAt.Add(freshNotOffered)
			}
			return k.freshUntil(v.Value, fetchedAt)
		},
	})
	return s, err
}

// fetcher asks for keys of the cache, which begin with the source, all at the same time: they are one of each source.
func (s *shelf[V]) fetcher(log *slog.Logger) cache.Fetch[said[V]] {
	return func(ctx context.Context, keys []string) (found map[string]said[V], failed map[string]error) {
		found, failed = map[string]said[V]{}, map[string]error{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for _, id := range keys {
			all.Go(func() {
				v, err := s.askOne(ctx, id)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					found[id] = v
				case !fault.Is(err, fault.UnknownSymbol):
					failed[id] = err
					source, _, _ := strings.Cut(id, " ") // the rest of a key may be what somebody typed
					log.WarnContext(ctx, s.what+" failed", "source", source, "error", err)
				}
			})
		}
		all.Wait()
		return found, failed
	}
}

// askOne turns a panic into an error: those who wait must not wait for ever.
func (s *shelf[V]) askOne(ctx context.Context, id string) (v said[V], err error) {
	source, key, _ := strings.Cut(id, " ")
	defer func() {
		if p := recover(); p != nil {
			err = fault.Wrap(fault.Internal, fault.Recovered("the source", p), "the source %s failed", source)
		}
	}()
	for _, a := range s.askers {
		if a.source != source {
			continue
		}
		v.Value, err = a.ask(ctx, key)
		switch {
		case fault.Is(err, fault.NotOffered):
			return said[V]{NotOffered: true}, nil
		case err != nil && errors.Is(err, context.DeadlineExceeded):
			err = fault.Wrap(fault.UpstreamTimeout, err, "%s took too long to answer; try again", source)
		}
		return v, err
	}
	return v, fault.New(fault.UnknownSymbol, "%s is asked no more", source)
}

// hearing is what came of asking: who answered, who could not, and what is to be said about that.
type hearing struct {
	origins    []Origin
	warnings   []string
	unknown    int
	notOffered int
	failure    error // the first
}

// nothing is why there is no answer; what is what was asked for.
func (h *hearing) nothing(what string) error {
	switch {
	case h.failure != nil:
		return h.failure
	case h.unknown > 0:
		return fault.New(fault.UnknownSymbol, "no source knows this symbol; look for its spelling with its exchange, such as VOD.L")
	}
	return fault.New(fault.NotOffered, "no source that is configured has %s of this; the operator can add one", what)
}

// hear asks the sources in their order, and gives what they answer to take until that has enough. of names what is asked
// about in warnings. Where take needs all sources, together asks them at the same time. The error is the caller's own end.
func (s *shelf[V]) hear(ctx context.Context, key, of string, together bool, take func(value V, origin *Origin) (enough bool)) (hearing, error) {
	var h hearing
	if together {
		if _, _, err := s.kept.Get(ctx, s.ids(key)...); err != nil {
			return h, err
		}
	}
	for i, id := range s.ids(key) {
		entries, failed, err := s.kept.Get(ctx, id)
		if err != nil {
			return h, err
		}
		source := s.askers[i].source
		e, ok := entries[id]
		switch {
		case !ok:
			h.fail(source, of, failed[id])
		case e.Unknown:
			h.unknown++
		case e.Value.NotOffered:
			h.notOffered++
		default:
			h.origins = append(h.origins, Origin{Source: source, FetchedAt: e.FetchedAt, Stale: e.Stale, Fields: []string{}})
			if e.Stale {
				h.warnings = append(h.warnings, s.staleWarning(source, of, e, failed[id]))
			}
			if take(e.Value.Value, &h.origins[len(h.origins)-1]) {
				return h, nil
			}
		}
	}
	return h, nil
}

// ids are the keys of the cache for a question, one of each source that has such answers.
func (s *shelf[V]) ids(key string) []string {
	ids := make([]string, len(s.askers))
	for i, a := range s.askers {
		ids[i] = a.source + " " + key
	}
	return ids
}

func (h *hearing) fail(source, of string, why error) {
	if why == nil { // memory was full at that very moment
		why = fault.New(fault.Overloaded, "nothing is known right now; try again")
	}
	if h.failure == nil {
		h.failure = why
	}
	h.warnings = append(h.warnings, fmt.Sprintf("%s cannot be reached: what it alone tells of %s is missing.", source, of))
}

func (s *shelf[V]) staleWarning(source, of string, e cache.Entry[said[V]], failure error) string {
	why := source + " is being asked again"
	switch {
	case failure != nil:
		why = source + " cannot be reached"
	case !e.MissedAt.IsZero():
		why = source + " does not have it right now"
	}
	age := s.now().Sub(e.FetchedAt).Round(time.Minute)
	return fmt.Sprintf("The %s of %s from %s: %s old, since %s.", s.what, of, source, age, why)
}
