package user

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

// checks collects what a request wants done to a row, and what of it is wrong.
type checks struct {
	wanted []func(*settingsRow)
	wrong  []fault.Field
}

// check reads every change; all that are wrong are named at once, in the order of the paths.
func (s *Service) check(in SettingsChanges) ([]func(*settingsRow), error) {
	var c checks
	c.text("baseCurrency", in.BaseCurrency, currency, "must be a currency of ISO 4217, such as USD or EUR",
		func(r *settingsRow) **string { return &r.baseCurrency })
	c.text("timeZone", in.TimeZone, timeZone, "must be a time zone of the IANA database, such as Europe/Berlin or UTC",
		func(r *settingsRow) **string { return &r.timeZone })
	c.text("locale", in.Locale, locale, "must be a language tag of BCP 47, such as en-US or de",
		func(r *settingsRow) **string { return &r.locale })
	c.text("benchmarkSymbol", in.BenchmarkSymbol, func(symbol string) (string, bool) {
		normal, err := s.Symbol(symbol)
		return normal, err == nil
	}, "must be a symbol such as SPY, VOD.L or ^GSPC", func(r *settingsRow) **string { return &r.benchmarkSymbol })
	c.text("costBasisMethod", in.CostBasisMethod, oneOf(FIFO, LIFO, HIFO, Average, Specific),
		"must be fifo, lifo, hifo, average or specific", func(r *settingsRow) **string { return &r.costBasisMethod })
	c.text("amountsToModel", in.AmountsToModel, oneOf(Full, Relative, None),
		"must be full, relative or none", func(r *settingsRow) **string { return &r.amountsToModel })
	c.rate(in.RiskFreeRate)
	c.notices(in.Notifications)
	if len(c.wrong) > 0 {
		slices.SortFunc(c.wrong, func(a, b fault.Field) int { return strings.Compare(a.Path, b.Path) })
		return nil, &fault.Error{Kind: fault.Invalid, Message: "the request has wrong fields", Fields: c.wrong}
	}
	return c.wanted, nil
}

// text takes a setting that is kept as text. valid gives the spelling to store.
func (c *checks) text(name string, change Change[string], valid func(string) (string, bool), rule string, at func(*settingsRow) **string) {
	if !change.Sent {
		return
	}
	var to *string
	if change.To != nil {
		spelling, ok := valid(*change.To)
		if !ok {
			c.refuse(name, rule)
			return
		}
		to = &spelling
	}
	c.wanted = append(c.wanted, func(r *settingsRow) { *at(r) = to })
}

func (c *checks) refuse(name, rule string) {
	c.wrong = append(c.wrong, fault.Field{Path: "body." + name, Message: rule})
}

func oneOf[T ~string](choices ...T) func(string) (string, bool) {
	return func(s string) (string, bool) { return s, slices.Contains(choices, T(s)) }
}

// The bounds of a risk-free rate: below the lowest that was ever paid, above the highest of a currency one invests in.
// Its places are bounded before it is compared, since comparing 1e999999999 takes for ever.
var minRate, maxRate = decimal.New(-5, -2), decimal.New(5, -1)

const ratePlaces = 6

func (c *checks) rate(change Change[decimal.Decimal]) {
	if !change.Sent {
		return
	}
	to := decimal.NullDecimal{}
	if change.To != nil {
		d := *change.To
		if d.Exponent() < -2*ratePlaces || d.Exponent() > 0 || d.NumDigits() > 2*ratePlaces ||
			d.LessThan(minRate) || d.GreaterThan(maxRate) || !d.Equal(d.Round(ratePlaces)) {
			c.refuse("riskFreeRate", "must be a fraction a year from -0.05 to 0.5 with at most 6 decimals, such as 0.04 for 4 %")
			return
		}
		to = decimal.NewNullDecimal(d)
	}
	c.wanted = append(c.wanted, func(r *settingsRow) { r.riskFreeRate = to })
}

func (c *checks) notices(change Change[[]string]) {
	if !change.Sent {
		return
	}
	var to *string
	if change.To != nil {
		chosen := []Notice{}
		for _, n := range *change.To {
			if Notice(n) != Reauthorization {
				c.refuse("notifications", "may hold reauthorization and nothing else")
				return
			}
			if !slices.Contains(chosen, Notice(n)) {
				chosen = append(chosen, Notice(n))
			}
		}
		text, err := json.Marshal(chosen)
		if err != nil { // texts always print
			return
		}
		stored := string(text)
		to = &stored
	}
	c.wanted = append(c.wanted, func(r *settingsRow) { r.notifications = to })
}
