package portfolio

import (
	"context"
	"time"

	"github.com/jaspers-ai/jaspers/internal/exchange"
	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/kept"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// view is all that a person's figures are made of. It is shared between requests and never changed; what the clock
// decides is not in it.
type view struct {
	links []link
	rates exchange.Table
	gains *gains.Report
	// companies are what is known of what is held, by instrument.
	companies map[string]market.Company
}

const (
	// viewAge is for how long rates of exchange count; everything else that changes a view changes its version.
	viewAge = 30 * time.Second
	// maxViews bounds the memory: a view has some 50 KB.
	maxViews = 1000
)

// views keeps them by person.
func (s *Service) views() *kept.Values[view] {
	s.once.Do(func() { s.kept = &kept.Values[view]{Age: viewAge, Max: maxViews, Now: s.Now} })
	return s.kept
}

// open gives the user's book as of now, judged by the clock. What it is made of is at hand for viewAge, while nothing of
// it changes.
func (s *Service) open(ctx context.Context, userID string) (book, error) {
	v, err := s.views().Get(ctx, userID,
		func(ctx context.Context) (string, error) { return version(ctx, s.DB.Read(), userID) },
		func(ctx context.Context) (view, error) { return s.load(ctx, userID) })
	if err != nil {
		return book{}, err
	}
	return newBook(v, s.Now()), nil
}

// load reads everything.
func (s *Service) load(ctx context.Context, userID string) (view, error) {
	settings, err := user.SettingsOf(ctx, s.DB.Read(), userID)
	if err != nil {
		return view{}, err
	}
	links, err := load(ctx, s.DB.Read(), userID)
	if err != nil {
		return view{}, err
	}
	if err := s.completeCloses(ctx, links); err != nil {
		return view{}, err
	}
	for i := range links {
		links[i].providerName = s.Connections.ProviderName(links[i].provider)
	}
	v := view{links: links}
	if v.rates, err = exchange.Load(ctx, s.Rate, settings.BaseCurrency, currencies(links)); err != nil {
		return view{}, err
	}
	if v.gains, err = s.Gains.Of(ctx, userID, settings); err != nil {
		return view{}, err
	}
	v.companies, err = s.companiesOf(ctx, v)
	return v, err
}

// currencies are those in which something was read.
func currencies(links []link) []string {
	var all []string
	for _, l := range links {
		for _, a := range l.accounts {
			for currency, amount := range a.cash {
				if l.syncedAt != nil && !amount.IsZero() {
					all = append(all, currency)
				}
			}
			for _, p := range a.positions {
				if l.syncedAt != nil {
					all = append(all, p.Currency)
				}
			}
		}
	}
	return all
}
