package ibkr

import (
	"cmp"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

// maxNameLength bounds the names of what is traded.
const maxNameLength = 250

// conid is the brokerage's id of an instrument: a number, in some answers as a string.
type conid string

// UnmarshalJSON reads either form.
func (c *conid) UnmarshalJSON(raw []byte) error {
	id, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	if err != nil || id <= 0 {
		return errors.New("an instrument's id is none")
	}
	*c = conid(strconv.FormatInt(id, 10))
	return nil
}

// account is the part of one entry of GET /portfolio/accounts we use.
type account struct {
	ID       string `json:"id"`
	Number   string `json:"accountId"`
	Currency string `json:"currency"`
	Type     string `json:"type"`
	Clearing string `json:"clearingStatus"`
}

// environment tells paper accounts by what the brokerage calls all of them.
func (w account) environment() broker.Environment {
	if strings.EqualFold(w.Type, "DEMO") {
		return broker.Paper
	}
	return broker.Live
}

// open is the clearing status of an account in use.
const open = "O"

// ledger is GET /portfolio/{account}/ledger, by currency. Under base stands the sum of all, once more, in the account's currency.
type ledger map[string]struct {
	Cash broker.Number `json:"cashbalance"`
}

const base = "BASE"

func (w account) account(cash ledger) (broker.Account, error) {
	a := broker.Account{
		ID: w.ID, Number: cmp.Or(w.Number, w.ID), Status: strings.ToUpper(w.Clearing), Currency: w.Currency,
		CashIn: map[string]decimal.Decimal{},
	}
	if a.Status == open {
		a.Status = "ACTIVE"
	}
	for currency, line := range cash {
		switch {
		case currency == base:
		case !isCurrency(currency) || !line.Cash.Valid:
			return broker.Account{}, nonsense("cash without a currency or an amount")
		default:
			a.CashIn[currency] = line.Cash.Decimal.Round(cents)
		}
	}
	a.Cash = cash.cashIn(w.Currency)
	return a, nil
}

// cents is to how many digits amounts are meant. They come as floats of 32 bits: of those above 16 million the cents
// are lost before they reach us, so that sums agree roughly at best.
const cents = 2

// position is the part of one entry of GET /portfolio/{account}/positions/{page} we use.
type position struct {
	AccountID   string        `json:"acctId"`
	Conid       conid         `json:"conid"`
	Contract    string        `json:"contractDesc"`
	Quantity    broker.Number `json:"position"`
	Price       broker.Number `json:"mktPrice"`
	Value       broker.Number `json:"mktValue"`
	AverageCost broker.Number `json:"avgCost"`  // of one of what is held: of a contract, not of a share of it
	Average     broker.Number `json:"avgPrice"` // per priced unit
	Profit      broker.Number `json:"unrealizedPnl"`
	definition
}

// definition is what an instrument is: a part of each position, that is missing when the gateway has not looked it up
// yet, and of GET /trsrv/secdef.
type definition struct {
	Currency   string        `json:"currency"`
	AssetClass string        `json:"assetClass"`
	Ticker     string        `json:"ticker"`
	Name       string        `json:"name"`
	Exchange   string        `json:"listingExchange"`
	Country    string        `json:"countryCode"`
	Sector     string        `json:"sector"`
	Expiry     string        `json:"expiry"` // YYYYMMDD
	Right      string        `json:"putOrCall"`
	Strike     broker.Number `json:"strike"`
	Multiplier broker.Number `json:"multiplier"`
}

// position is our view of it. What it costs and is worth is in the instrument's currency.
func (w position) position(asOf time.Time) (broker.Position, error) {
	in, err := w.instrument(w.Conid, w.Contract)
	if err != nil {
		return broker.Position{}, err
	}
	if !w.Quantity.Valid {
		return broker.Position{}, nonsense("a position without a quantity")
	}
	if w.AssetClass == bond {
		in.Multiplier = w.bondMultiplier(in.Multiplier)
	}
	p := broker.Position{Instrument: in, Quantity: w.Quantity.Decimal, AsOf: asOf}
	whole := decimal.NewFromInt(1)
	if minorUnits[w.Currency] != "" {
		whole = decimal.New(1, -cents)
	}
	w.Price.Decimal = unfloated(w.Price.Decimal)
	p.Price = times(w.Price.NullDecimal, whole)
	p.AverageCost = times(w.averagePrice(in.Multiplier), whole)
	if w.AssetClass == future || w.AssetClass == difference {
		return p, nil // what they stand for is not the account's: only gains are, and those are paid in cash
	}
	p.MarketValue = times(w.Value.NullDecimal, whole)
	p.CostBasis = times(w.AverageCost.NullDecimal, p.Quantity.Mul(whole))
	p.MarketValue.Decimal, p.CostBasis.Decimal = p.MarketValue.Decimal.Round(cents), p.CostBasis.Decimal.Round(cents)
	if p.MarketValue.Decimal.Sign()*p.Quantity.Sign() < 0 || p.CostBasis.Decimal.Sign()*p.Quantity.Sign() < 0 {
		return broker.Position{}, nonsense("a position whose value contradicts its quantity")
	}
	return p, nil
}

// bondMultiplier is how many times its price a bond is worth. Prices of bonds are percent of what is owed, of which
// only the value tells how much that is: 10 for a bond of a thousand.
func (w position) bondMultiplier(said decimal.Decimal) decimal.Decimal {
	atOne := w.Quantity.Decimal.Mul(w.Price.Decimal)
	if atOne.IsZero() {
		return said
	}
	if times := w.Value.Decimal.DivRound(atOne, 2); times.IsPositive() {
		return times
	}
	return said
}

// averagePrice is the average cost per priced unit.
func (w position) averagePrice(multiplier decimal.Decimal) decimal.NullDecimal {
	if w.Average.Valid || !w.AverageCost.Valid {
		return w.Average.NullDecimal
	}
	return decimal.NewNullDecimal(w.AverageCost.Decimal.DivRound(multiplier, 8))
}

// times is a multiple of a figure, where it is known.
func times(d decimal.NullDecimal, factor decimal.Decimal) decimal.NullDecimal {
	d.Decimal = d.Decimal.Mul(factor)
	return d
}

// unfloated undoes what a float of 32 bits did to a price: 584.6799927 was 584.68. A price that is no such float, to the
// digits it has, or has fewer digits than such a float shows, is left as it is.
func unfloated(d decimal.Decimal) decimal.Decimal {
	exact := d.InexactFloat64()
	short := float32(exact)
	// Half of the last digit, or what such figures are off by after a division: far closer than two neighbouring floats.
	same := max(0.5*math.Pow10(int(d.Exponent())), 1e-9*math.Abs(exact))
	if d.NumDigits() < floatDigits || math.IsInf(float64(short), 0) || math.Abs(float64(short)-exact) > same {
		return d
	}
	meant, err := decimal.NewFromString(strconv.FormatFloat(float64(short), 'f', -1, 32))
	if err != nil {
		return d
	}
	return meant
}

// floatDigits is how many digits a float of 32 bits shows at least when it stands for a decimal that it is not.
const floatDigits = 8

// isCurrency tells whether a word has the form of ISO 4217.
func isCurrency(word string) bool {
	return len(word) == 3 && strings.Trim(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}
