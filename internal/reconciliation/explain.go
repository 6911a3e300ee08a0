package reconciliation

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/gains"
	"github.com/jaspers-ai/jaspers/internal/ledger"
)

// explanation is why two figures part, in words, and what to do.
type explanation struct {
	reason        Reason
	words, advice string
}

const (
	// settling is for how long a trade may be on one side alone: brokerages book some at the settlement, two days and a
	// weekend later.
	settling = 5 * 24 * time.Hour
	// ratioDigits is how exactly a split shows: what brokerages hold of fractions is rounded.
	ratioDigits = 6
)

var (
	// quantityRounding is below what any brokerage deals in, save coins.
	quantityRounding = decimal.New(1, -6)
	cashRounding     = decimal.New(1, -1)
	one              = decimal.NewFromInt(1)
)

// whyQuantity finds why a quantity is another; the surer explanations come first.
func (c *comparison) whyQuantity(b Break, p *gains.Position) explanation {
	off := b.Reported.Sub(b.Implied)
	switch {
	case p == nil && c.since.IsZero() && c.HistoryProblem == "":
		return explanation{Unknown, "The brokerage holds it, and none of the account's transactions is about it.",
			"Look in the brokerage's own records for how it came in; a delivery may be of a kind that its interface does not tell."}
	case !off.Abs().GreaterThan(quantityRounding):
		return explanation{Rounding, "The difference is less than what is dealt in: one side rounds fractions of shares.", "Nothing needs to be done."}
	case p != nil && p.Missing.IsPositive():
		return explanation{Oversold, fmt.Sprintf("%s more were sold than are known to have been bought.", p.Missing),
			"A purchase or a delivery is missing in the history; look for it in the brokerage's records. Until then gains of these sales are marked as incomplete."}
	}
	if ratio, ok := c.split(b, p); ok {
		return explanation{SplitMissing, fmt.Sprintf("The brokerage holds %s times what the transactions come to: a split shows on one side alone.", ratio),
			"Splits appear within a day; sync again tomorrow. If it stays, the history lacks the split."}
	}
	if pending, ok := c.pending(p != nil, off, last(p).Quantity, last(p)); ok {
		return pending
	}
	if !c.since.IsZero() {
		return explanation{MissingHistory, "The brokerage's history goes back to " + c.since.Format(time.DateOnly) + " only: what was traded before is missing.",
			"Nothing needs to be done for values; gains are right for what was bought since."}
	}
	return explanation{Unknown, "The transactions do not explain what the brokerage holds.",
		"Compare the account's activity at the brokerage with the transactions here, from the newest back."}
}

func last(p *gains.Position) ledger.Transaction {
	if p == nil {
		return ledger.Transaction{}
	}
	return p.Last
}

// whyCost says why a cost is another where the quantity is the same.
func (c *comparison) whyCost() explanation {
	return explanation{OtherMethod, fmt.Sprintf("Both hold as much; costs are counted otherwise. Here sales take lots by %s, and fees of purchases are in the cost.", c.ledger.Method(c.ID)),
		"If the brokerage's figure is the one you declare, choose its method for this account."}
}

// whyCash finds why cash is another.
func (c *comparison) whyCash(b Break, implied gains.Cash) explanation {
	off := b.Reported.Sub(b.Implied)
	if !off.Abs().GreaterThan(cashRounding) {
		return explanation{Rounding, "The difference is some cents: one side rounds amounts.", "Nothing needs to be done."}
	}
	if pending, ok := c.pending(!implied.Last.At.IsZero(), off, implied.Last.Amount, implied.Last); ok {
		return pending
	}
	if !c.since.IsZero() {
		return explanation{MissingHistory, "The brokerage's history goes back to " + c.since.Format(time.DateOnly) + " only: what moved cash before is missing.",
			"Nothing needs to be done for values."}
	}
	return explanation{Unknown, "The transactions do not explain the cash that the brokerage reports.",
		"Look for deposits, fees or interest in the brokerage's records that are not among the transactions."}
}

// pending explains a difference that the next reading takes away: the account's transactions are behind its positions, or
// the newest one is not in what the brokerage reports yet.
func (c *comparison) pending(any bool, off, newest decimal.Decimal, t ledger.Transaction) (explanation, bool) {
	if c.HistoryProblem != "" {
		return explanation{Pending, "The transactions could not be read when the positions were: " + c.HistoryProblem + ".",
			"It is tried again with each sync; see what the connection needs if it stays."}, true
	}
	if any && off.Equal(newest.Neg()) && c.AsOf.Sub(t.At) < settling {
		return explanation{Pending, fmt.Sprintf("The newest transaction, of %s, is not in what the brokerage reports yet.", t.Day),
			"Wait until it has settled, two trading days at most."}, true
	}
	return explanation{}, false
}

// split tells whether the two sides differ by the ratio of a split: a known one of late, or any that is usual.
func (c *comparison) split(b Break, p *gains.Position) (ratio decimal.Decimal, ok bool) {
	if p == nil || b.Implied.IsZero() || b.Reported.Sign() != b.Implied.Sign() {
		return decimal.Zero, false
	}
	ratio = b.Reported.DivRound(b.Implied, ratioDigits)
	for _, s := range c.ledger.Splits[p.Instrument] {
		known := s.To.DivRound(s.From, ratioDigits)
		if ratio.Equal(known) || ratio.Equal(one.DivRound(known, ratioDigits)) {
			return ratio, true
		}
	}
	for _, usual := range []int64{2, 3, 4, 5, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100} {
		n := decimal.NewFromInt(usual)
		if ratio.Equal(n) || ratio.Equal(one.DivRound(n, ratioDigits)) {
			return ratio, true
		}
	}
	return decimal.Zero, false
}
