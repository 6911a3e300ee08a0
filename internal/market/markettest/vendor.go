package markettest

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// Vendor is a source under test by what it has besides quotes, and what is asked of it. A source has what it implements:
// the suites find that out, and skip the rest.
type Vendor struct {
	// Open makes a source that has not been asked anything yet, at a vendor that answers truly.
	Open func(t *testing.T) market.Source
	// At makes a source with everything it sends going to the origin, each attempt given up after the timeout.
	At func(t *testing.T, origin string, timeout time.Duration) market.Source
	// Known are symbols the vendor knows, in our spelling and best of many kinds; nothing is wrong with one of which it has
	// nothing to say.
	Known []string
	// Company is one of which the vendor has everything that the source can ask for, Query a part of its name.
	Company, Query string
	// Now is the time at the vendor. In the week before, Company traded and was in the news.
	Now time.Time
	// Prelude answers truly what a source asks before it asks for anything else, such as a session, and tells whether the
	// request was for that; nil where there is nothing of the kind.
	Prelude func(w http.ResponseWriter, r *http.Request) bool
}

// week is how far back news and bars are asked for.
const week = 7

func (v Vendor) today() calendar.Day { return calendar.DayOf(v.Now) }

// has opens the source for what it is asked; a source that does not have that is none the worse.
func has[T any](t *testing.T, v Vendor) T {
	t.Helper()
	source, ok := v.Open(t).(T)
	if !ok {
		t.Skip("the source does not have it")
	}
	return source
}

// offered ends a test of what the plan does not include, and one that failed.
func offered(t *testing.T, err error) {
	t.Helper()
	if fault.Is(err, fault.NotOffered) {
		t.Skip("the plan does not include it")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// call is one question of a capability: how much came of it, and its error.
type call struct {
	name string
	ask  func(ctx context.Context, source market.Source, symbol string) (said int, err error)
}

// calls are a question of every capability that the source has.
func (v Vendor) calls(source market.Source) []call {
	all := []call{{"quotes", func(ctx context.Context, s market.Source, symbol string) (int, error) {
		quotes, err := s.Quotes(ctx, []string{symbol})
		return len(quotes), err
	}}}
	add := func(has bool, name string, ask func(ctx context.Context, s market.Source, symbol string) (int, error)) {
		if has {
			all = append(all, call{name, ask})
		}
	}
	_, historian := source.(market.Historian)
	add(historian, "history", func(ctx context.Context, s market.Source, symbol string) (int, error) {
		h, err := s.(market.Historian).History(ctx, symbol, v.today().AddDays(-week), v.today())
		return len(h.Bars), err
	})
	_, profiler := source.(market.Profiler)
	add(profiler, "company", func(ctx context.Context, s market.Source, symbol string) (int, error) {
		company, err := s.(market.Profiler).Company(ctx, symbol)
		return len(company.Name), err
	})
	_, measurer := source.(market.Measurer)
	add(measurer, "metrics", func(ctx context.Context, s market.Source, symbol string) (int, error) {
		metrics, err := s.(market.Measurer).Metrics(ctx, symbol)
		return len(metrics.Metrics), err
	})
	_, earner := source.(market.Earner)
	add(earner, "earnings", func(ctx context.Context, s market.Source, symbol string) (int, error) {
		earnings, err := s.(market.Earner).Earnings(ctx, symbol)
		return len(earnings.Quarters), err
	})
	_, newspaper := source.(market.Newspaper)
	add(newspaper, "news", func(ctx context.Context, s market.Source, symbol string) (int, error) {
		stories, err := s.(market.Newspaper).News(ctx, symbol, v.today().AddDays(-week), v.today())
		return len(stories), err
	})
	_, searcher := source.(market.Searcher)
	add(searcher, "search", func(ctx context.Context, s market.Source, symbol string) (int, error) {
		matches, err := s.(market.Searcher).Search(ctx, symbol)
		return len(matches), err
	})
	_, intraday := source.(market.Intraday)
	add(intraday, "bars", func(ctx context.Context, s market.Source, symbol string) (int, error) {
		bars, err := s.(market.Intraday).Bars(ctx, symbol, "1h", v.Now.AddDate(0, 0, -week), v.Now)
		return len(bars.Bars), err
	})
	return all
}
