package finnhub

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// typed wants an error to be a fault that blames Finnhub.
func typed(t *testing.T, err error) {
	t.Helper()
	if err != nil && !fault.Is(err, fault.UpstreamFailed) {
		t.Errorf("got %v, want %s", err, fault.UpstreamFailed)
	}
}

func FuzzNoAnswerIsReadAsMoreThanItSays(f *testing.F) {
	for _, text := range []string{
		``, `{}`, `[]`, `null`, `[null]`, `{"c":5.25,"d":null,"dp":-1.5,"h":6,"l":5,"o":5,"pc":5,"t":1790971201}`, `{"c":"5","t":1e18}`,
		`{"name":"A","ticker":"BRK.B","currency":"USD","marketCapitalization":1.5,"shareOutstanding":-1,"ipo":"1980-12-12","weburl":"ftp://x"}`,
		`{"metric":{"52WeekHigh":5,"52WeekHighDate":"2026-01-02","peTTM":null,"beta":"x"},"series":{"quarterly":{"eps":[{"period":"2026-09-30","v":1}]}}}`,
		`[{"actual":1.5,"estimate":1.25,"surprise":0.25,"period":"2026-09-30","quarter":0,"year":2026},{"period":"2026-09-30","actual":2}]`,
		`{"earningsCalendar":[{"date":"2026-12-01","hour":"amc","epsEstimate":1,"quarter":9,"year":-1}]}`,
		`[{"id":1,"headline":"h\u0000i","datetime":1790971201,"related":"AAPL,BRK-B,^","url":"https://a b"},{"id":1,"headline":"x","datetime":1790971201}]`,
		`{"count":1,"result":[{"symbol":"AAPL","description":"","type":"ETP"},{"symbol":"BINANCE:BTCUSDT"},17]}`,
	} {
		f.Add([]byte(text))
	}
	now := time.Date(2026, 11, 18, 16, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		answer := &upstream.Answer{Status: http.StatusOK, Body: body}
		r, err := readQuote(answer)
		typed(t, err)
		if q, ok := quoteOf(r, err, now); ok && (!q.Price.IsPositive() || q.Timestamp.IsZero() || q.Open != nil && !q.Open.IsPositive()) {
			t.Errorf("got %+v", q)
		}
		p, err := readProfile(answer)
		typed(t, err)
		c := p.company("AAPL", "finnhub", now)
		if (c.MarketCap != nil) != (c.CapCurrency != "") || c.MarketCap != nil && !c.MarketCap.IsPositive() || c.Listed != nil && calendar.DayOf(now).Before(*c.Listed) {
			t.Errorf("got %+v", c)
		}
		figures, err := readFigures(answer)
		typed(t, err)
		for _, m := range figures.metrics(true, true, "finnhub", now) {
			if err := market.CheckMetric(m); err != nil || m.AsOf != nil && m.AsOf.After(now) {
				t.Errorf("got %+v (%v)", m, err)
			}
		}
		quarters, err := readQuarters(answer)
		typed(t, err)
		for i, q := range quarters {
			if i > 0 && !q.PeriodEnd.Before(quarters[i-1].PeriodEnd) || (q.FiscalYear == nil) != (q.FiscalQuarter == nil) {
				t.Errorf("got %+v", q)
			}
		}
		releases, err := readReleases(answer)
		typed(t, err)
		if next := nextOf(releases, calendar.DayOf(now)); next != nil && next.From.Before(calendar.DayOf(now)) {
			t.Errorf("got %+v", next)
		}
		items, err := readItems(answer)
		typed(t, err)
		checkStories(t, stories(items, "AAPL", "finnhub", calendar.Day{Year: 1970, Month: 1, Day: 1}, calendar.Day{Year: 9999, Month: 12, Day: 31}))
		matches, err := readMatches(answer, "finnhub")
		typed(t, err)
		for _, m := range matches {
			if ours, err := market.NormalizeSymbol(m.Symbol); err != nil || ours != m.Symbol || m.Name == "" {
				t.Errorf("got %+v", m)
			}
		}
	})
}

// quoteOf is the quote of an answer that was one.
func quoteOf(r quoteRow, err error, now time.Time) (market.Quote, bool) {
	if err != nil {
		return market.Quote{}, false
	}
	return r.quote("AAPL", "finnhub", now)
}

func checkStories(t *testing.T, all []market.Story) {
	t.Helper()
	var ids []string
	for i, s := range all {
		if s.Headline == "" || slices.Contains(ids, s.ID) || i > 0 && all[i-1].PublishedAt.Before(s.PublishedAt) {
			t.Errorf("got %+v", s)
		}
		ids = append(ids, s.ID)
	}
}
