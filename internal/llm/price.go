package llm

import "github.com/shopspring/decimal"

// Price is what a million tokens cost, in US dollars.
type Price struct {
	Input          decimal.Decimal
	Output         decimal.Decimal
	CacheRead      decimal.Decimal
	CacheWrite     decimal.Decimal // kept for five minutes
	CacheWriteHour decimal.Decimal // kept for an hour
	// LongAbove is how many tokens a prompt may have before the whole request, its answer too, costs Long; 0 for any number.
	LongAbove int64
	Long      *Price
}

// Cost is what one request cost in US dollars, exact. Where the price depends on the length of the prompt, usages of
// several requests must not be summed before: add up their costs.
func (p Price) Cost(u Usage) decimal.Decimal {
	p = p.of(u.Prompt())
	return perMillion(p.Input, u.Input).Add(perMillion(p.Output, u.Output)).
		Add(perMillion(p.CacheRead, u.CacheRead)).
		Add(perMillion(p.CacheWrite, u.CacheWrite-u.CacheWriteHour)).
		Add(perMillion(p.CacheWriteHour, u.CacheWriteHour))
}

// Most is the most that one request can cost whose prompt and answer have at most so many tokens: all of the prompt at
// the dearest rate it can have, and an answer of full length.
func (p Price) Most(prompt, answer int64) decimal.Decimal {
	most := p.most(prompt, answer)
	if p.LongAbove > 0 && prompt > p.LongAbove {
		most = decimal.Max(most, p.Long.most(prompt, answer)) // a prompt may turn out shorter
	}
	return most
}

func (p Price) most(prompt, answer int64) decimal.Decimal {
	dearest := decimal.Max(p.Input, p.CacheRead, p.CacheWrite, p.CacheWriteHour)
	return perMillion(dearest, prompt).Add(perMillion(p.Output, answer))
}

// of is the price that holds for a prompt of this length.
func (p Price) of(prompt int64) Price {
	if p.LongAbove > 0 && prompt > p.LongAbove {
		return *p.Long
	}
	return p
}

func perMillion(price decimal.Decimal, tokens int64) decimal.Decimal {
	return price.Mul(decimal.NewFromInt(tokens)).Shift(-6)
}
