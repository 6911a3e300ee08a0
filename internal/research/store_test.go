package research_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/research"
)

func TestAServerThatStartsKnowsWhatWasKnownWhileItsSourcesAreDown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		first, second := apple()
		first.metrics = map[string][]market.Metric{"AAPL": {metric(market.Beta, market.Ratio, 1, "first")}}
		first.earnings = map[string]market.Earnings{"AAPL": {Currency: "USD", Quarters: []market.Quarter{{PeriodEnd: day("2026-09-30"), EPSActual: amount(3)}}}}
		first.stories = map[string][]market.Story{"AAPL": {story("1", "Apple shares rise", "https://press.test/rise", time.Hour)}}
		first.matches = map[string][]market.Match{"apple": {{Symbol: "AAPL", Name: "Apple Inc."}}}
		ask := func() []any {
			store := &cache.Store{DB: d, Log: slog.New(slog.DiscardHandler)}
			defer store.Close()
			s, err := research.New(t.Context(), research.Config{
				Sources: []market.Source{first, second}, Store: store, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			var answers []any
			add := func(answer any, _ []string, err error) {
				if err != nil {
					t.Error(err)
				}
				answers = append(answers, answer)
			}
			var a any
			var w []string
			a, w, err = s.Company(t.Context(), "AAPL")
			add(a, w, err)
			a, w, err = s.Metrics(t.Context(), "AAPL")
			add(a, w, err)
			a, w, err = s.Earnings(t.Context(), "AAPL")
			add(a, w, err)
			a, w, err = s.News(t.Context(), "AAPL", calendar.Day{}, calendar.Day{}, 50)
			add(a, w, err)
			a, w, err = s.Search(t.Context(), "Apple")
			add(a, w, err)
			for rows := 0; rows < 10; time.Sleep(time.Millisecond) { // five questions to two sources, written beside the answers
				if err := d.Read().QueryRowContext(t.Context(), `select (select count(*) from company_info_cache) + (select count(*) from stock_news_cache)`).
					Scan(&rows); err != nil {
					t.Fatal(err)
				}
			}
			known, err := s.KnownCompanies(t.Context(), []string{"AAPL"})
			add(known, nil, err)
			return answers
		}
		before := ask()
		first.down(errDown)
		second.down(errDown)
		if diff := cmp.Diff(before, ask()); diff != "" {
			t.Errorf("after a start (-before +after):\n%s", diff)
		}
	})
}
