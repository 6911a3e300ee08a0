package portfolio

import (
	"fmt"
	"slices"
	"time"
)

// warnings say what a reader of the figures has to know: first what is stale, then what is left out of the totals. They
// hold no whole account number, since they are passed on to others.
func (b book) warnings() []string { return append(b.gaps(), b.dayWarnings()...) }

// gaps are the warnings about everything but the day change.
func (b book) gaps() []string {
	all := []string{}
	for _, l := range b.links {
		switch {
		case l.stale(b.now):
			all = append(all, l.staleWarnings(b.now)...)
		case l.staleCrypto(b.now):
			all = append(all, l.cryptoWarnings(b.now)...)
		}
	}
	all = append(all, b.rates.Warnings(currencies(b.links))...)
	for _, l := range b.links {
		for _, a := range l.accounts {
			if l.syncedAt != nil && a.cash == nil {
				all = append(all, fmt.Sprintf("%s account %s reports no cash: the totals leave it out.", l.providerName, MaskAccount(a.number)))
			}
		}
	}
	all = append(all, b.missingWarnings()...)
	all = append(all, b.historyWarnings()...)
	return append(all, b.unknownWarnings()...)
}

// staleWarnings name each account of a stale link with its age and the reason.
func (l link) staleWarnings(now time.Time) []string {
	if l.syncedAt == nil {
		reason := "its holdings appear after the first sync"
		if l.problem != "" {
			reason = l.problem
		}
		return []string{fmt.Sprintf("%s (%s) has not been read yet: %s.", l.providerName, l.environment, reason)}
	}
	reason := "it was not read since"
	if l.problem != "" {
		reason = l.problem
	}
	var all []string
	for _, a := range l.accounts {
		all = append(all, fmt.Sprintf("%s account %s (%s) shows values from %s ago: %s.",
			l.providerName, MaskAccount(a.number), l.environment, age(now.Sub(*l.syncedAt)), reason))
	}
	return all
}

// cryptoWarnings name each account of a link of which only the crypto is stale, with its age.
func (l link) cryptoWarnings(now time.Time) []string {
	var all []string
	for _, a := range l.accounts {
		if a.holdsCrypto() {
			all = append(all, fmt.Sprintf("%s account %s (%s) shows crypto at values from %s ago: it was not read since.",
				l.providerName, MaskAccount(a.number), l.environment, age(now.Sub(*l.syncedAt))))
		}
	}
	return all
}

// closedAfter is for how long an account that a brokerage lists no more may only have been forgotten; after that it was
// closed, and there is nothing to warn of.
const closedAfter = 7 * 24 * time.Hour

// missingWarnings name the accounts that brokerages list no more.
func (b book) missingWarnings() []string {
	var all []string
	for _, l := range b.links {
		for _, a := range l.missing {
			if since := b.now.Sub(a.missingSince); since < closedAfter {
				all = append(all, fmt.Sprintf("%s account %s has been missing from the brokerage's list for %s: the totals leave it out, and its transactions are kept.",
					l.providerName, MaskAccount(a.number), age(since)))
			}
		}
	}
	return all
}

// historyWarnings name the accounts whose transactions are behind their positions.
func (b book) historyWarnings() []string {
	var all []string
	for _, l := range b.links {
		for _, a := range l.accounts {
			if a.historyProblem != "" {
				all = append(all, fmt.Sprintf("The transactions of %s account %s could not be read with its positions: %s. Gains and income may lack the latest.",
					l.providerName, MaskAccount(a.number), a.historyProblem))
			}
		}
	}
	return all
}

// unknownWarnings name what brokerages did not say about positions.
func (b book) unknownWarnings() []string {
	var all []string
	for _, l := range b.lines {
		where := fmt.Sprintf("%s in account %s", l.Symbol, MaskAccount(l.account))
		switch {
		case !l.MarketValue.Valid:
			all = append(all, where+" has no market value from the brokerage: the totals leave it out.")
		case !l.CostBasis.Valid:
			all = append(all, where+" has no cost basis from the brokerage: gain and loss leave it out.")
		}
	}
	slices.Sort(all)
	return all
}

// dayWarnings say what the day change leaves out.
func (b book) dayWarnings() []string {
	var all []string
	otherDay, noClose := 0, 0
	for _, l := range b.lines {
		switch {
		case !l.today:
			otherDay++
		case !l.Price.Valid || !l.PreviousClose.Valid:
			noClose++
		}
	}
	if otherDay > 0 {
		all = append(all, fmt.Sprintf("The day change leaves out %s with prices of an earlier trading day.", count(otherDay, "position")))
	}
	if noClose > 0 {
		all = append(all, fmt.Sprintf("The day change leaves out %s without a price or a previous close.", count(noClose, "position")))
	}
	return all
}

// age says a duration in its largest unit.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < time.Hour:
		return count(int(d/time.Minute), "minute")
	case d < 48*time.Hour:
		return count(int(d/time.Hour), "hour")
	}
	return count(int(d/(24*time.Hour)), "day")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
