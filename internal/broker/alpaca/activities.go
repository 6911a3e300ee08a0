package alpaca

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

var _ broker.Historian = (*Provider)(nil)

const (
	// pageSize is the most Alpaca gives at once.
	pageSize = 100
	// maxPages bounds a reading to 100,000 activities, which take six minutes at the pace of one account.
	maxPages = 1000
	// overlap is how far before the moment asked for a reading begins. Alpaca selects by when an activity was created, which
	// for fees and dividends is days after the day it is of, and it lists some of them late.
	overlap = 10 * 24 * time.Hour
)

// Activities reads the account's history from the newest back to the moment, so that one too long to be read whole lacks
// its oldest part, and says so. An activity that was canceled is told with neither cash nor quantity: it may have been
// told before, and what is told again replaces that.
func (p *Provider) Activities(ctx context.Context, creds broker.Credentials, of broker.Account, since time.Time) (broker.History, error) {
	var all []broker.Activity
	seen := map[string]bool{}
	query := url.Values{"direction": {"desc"}, "page_size": {"100"}}
	if !since.IsZero() {
		query.Set("after", since.Add(-overlap).UTC().Format(time.RFC3339))
	}
	whole := false
	for pages := 0; pages < maxPages && !whole; pages++ {
		page, err := p.activityPage(ctx, creds, query)
		if err != nil {
			return broker.History{}, err
		}
		for _, w := range page {
			if seen[w.ID] { // else a brokerage that ignores the token would keep us for ever
				return broker.History{}, nonsense("the same activity twice")
			}
			seen[w.ID] = true
			one, err := w.activity(of.Currency, p.now())
			if err != nil {
				return broker.History{}, err
			}
			all = append(all, barter(one)...)
		}
		if whole = len(page) < pageSize; !whole {
			query.Set("page_token", page[len(page)-1].ID)
		}
	}
	h := history(all, whole, of.Currency)
	if whole && !since.IsZero() {
		h.Since = since.Add(-overlap)
	}
	return h, nil
}

// history puts what was read in order. Beyond a reading's bound trades are missing before the last whole day. In accounts
// of other currencies the exchange that comes with each fill is not told, so their cash does not add up.
func history(all []broker.Activity, whole bool, currency string) broker.History {
	slices.SortFunc(all, func(a, b broker.Activity) int {
		if order := a.At.Compare(b.At); order != 0 {
			return order
		}
		return strings.Compare(a.ID, b.ID)
	})
	h := broker.History{Activities: all, CashComplete: whole && currency == dollars}
	if !whole {
		h.Since = all[0].At.Add(24 * time.Hour)
	}
	return h
}

func (p *Provider) activityPage(ctx context.Context, creds broker.Credentials, query url.Values) ([]activity, error) {
	answer, err := p.get(ctx, creds, "/v2/account/activities", query, "the activities")
	if err != nil {
		return nil, err
	}
	return upstream.List[activity](answer, pageSize)
}
