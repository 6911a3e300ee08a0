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
// missing. The first error ends the asking; what was found before it is returned with it.
func (s *Source) Quotes(ctx context.Context, symbols []string) (map[string]market.Quote, error) {
	asking, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	found := map[string]market.Quote{}
	var failed error
	next := make(chan string)
	var workers sync.WaitGroup
	for range min(atOnce, len(symbols)) {
		workers.Go(func() {
			for symbol := range next {
				quote, known, err := s.quote(asking, symbol)
				mu.Lock()
				if known {
					found[symbol] = quote
				}
				if err != nil && failed == nil {
					failed = err
					stop()
				}
				mu.Unlock()
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
	if failed == nil && ctx.Err() != nil {
		failed = fault.From(ctx.Err())
	}
	return found, failed
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
