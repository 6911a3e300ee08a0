package finnhub

import (
	"context"
	"net/url"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// atOnce is how many quotes are asked for at the same time; Finnhub gives one at a time.
const atOnce = 4

// quoteRow is what /quote answers. Of a symbol that Finnhub does not know everything is zero or null.
type quoteRow struct {
	Price         number  `json:"c"`
	Change        number  `json:"d"`
	ChangePercent number  `json:"dp"`
	High          number  `json:"h"`
	Low           number  `json:"l"`
	Open          number  `json:"o"`
	PreviousClose number  `json:"pc"`
	Traded        *number `json:"t"` // Unix seconds
}

// Quotes asks for each symbol of New York, whose prices are US dollars. What is of elsewhere is not asked for, and so
// missing; so is what Finnhub refuses while it answers for another: the free plan lacks shares that trade in New York and
// are at home elsewhere, which their symbols do not tell. Every other error ends the asking; what was found before it is
// returned with it.
func (s *Source) Quotes(ctx context.Context, symbols []string) (map[string]market.Quote, error) {
	asking, stop := context.WithCancel(ctx)
	defer stop()
	r := &round{found: map[string]market.Quote{}, stop: stop}
	next := make(chan string)
	var workers sync.WaitGroup
	for range min(atOnce, len(symbols)) {
		workers.Go(func() {
			for symbol := range next {
				quote, known, err := s.quote(asking, symbol)
				r.note(symbol, quote, known, err)
			}
		})
	}
	for _, symbol := range symbols {
		if _, ok := toListed(symbol); !ok {
			continue
		}
		select {
		case next <- symbol:
		case <-asking.Done():
		}
	}
	close(next)
	workers.Wait()
	if err := r.end(); err != nil || ctx.Err() == nil {
		return r.found, err
	}
	return r.found, fault.From(ctx.Err())
}

// round is the asking for the quotes of one batch.
type round struct {
	mu              sync.Mutex
	found           map[string]market.Quote
	answered        bool // whether Finnhub said something of a symbol, be it that it does not know it
	refused, failed error
	stop            func()
}

// note keeps what was said of a symbol. What the plan does not include is about that symbol alone.
func (r *round) note(symbol string, quote market.Quote, known bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case known:
		r.found[symbol], r.answered = quote, true
	case err == nil:
		r.answered = true
	case fault.Is(err, fault.NotOffered):
		r.refused = err
	case r.failed == nil:
		r.failed = err
		r.stop()
	}
}

// end is the error of the whole. Where every symbol was refused it may be the key that is.
func (r *round) end() error {
	if r.failed == nil && !r.answered {
		return r.refused
	}
	return r.failed
}

// quote is false for a symbol that Finnhub does not know.
func (s *Source) quote(ctx context.Context, symbol string) (market.Quote, bool, error) {
	theirs, _ := toListed(symbol)
	answer, err := s.get(ctx, "/quote", url.Values{"symbol": {theirs}}, "quotes")
	if err != nil {
		return market.Quote{}, false, err
	}
	r, err := readQuote(answer)
	if err != nil {
		return market.Quote{}, false, err
	}
	quote, ok := r.quote(symbol, s.Name(), s.now().UTC())
	return quote, ok, nil
}

// readQuote takes an answer for one when it tells the time of the last trade, be it zero.
func readQuote(answer *upstream.Answer) (quoteRow, error) {
	var r quoteRow
	if err := answer.JSON(&r); err != nil {
		return quoteRow{}, err
	}
	if r.Traded == nil || r.Traded.value == nil {
		return quoteRow{}, noAnswer(answer, nil, "quote")
	}
	return r, nil
}

// quote is false without a price and the time of its trade. Finnhub does not say what it is that has the price.
func (r quoteRow) quote(symbol, source string, now time.Time) (market.Quote, bool) {
	price := r.Price.positive(digits)
	traded, timed := r.Traded.whole(1, lastSecond)
	if price == nil || !timed {
		return market.Quote{}, false
	}
	return market.Quote{
		Symbol: symbol, AssetClass: "other", Currency: dollars, Price: *price, Change: r.Change.rounded(digits), ChangePercent: r.ChangePercent.rounded(4),
		PreviousClose: r.PreviousClose.positive(digits), Open: r.Open.positive(digits), DayHigh: r.High.positive(digits), DayLow: r.Low.positive(digits),
		Timestamp: time.Unix(traded, 0).UTC(), Source: source, FetchedAt: now,
	}, true
}

// dollars are what is traded in in New York.
const dollars = "USD"
