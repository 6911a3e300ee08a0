package ibkr

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// The asset classes that are treated apart, in the brokerage's words.
const (
	stock        = "STK"
	option       = "OPT"
	futureOption = "FOP"
	crypto       = "CRYPTO"
	future       = "FUT"
	difference   = "CFD"
	forex        = "CASH"
	bond         = "BOND"
)

// minorUnits are the names of hundredths of a currency, in which some exchanges quote.
var minorUnits = map[string]string{"GBX": "GBP", "GBp": "GBP", "ZAC": "ZAR", "ZAc": "ZAR", "ILA": "ILS", "ILa": "ILS"}

// maxDefinitions bounds what is remembered of instruments; beyond it all is forgotten and asked again.
const maxDefinitions = 10_000

// define completes rows that lack what the instrument is. Where that cannot be had either, a row's own description has to do.
func (p *Provider) define(ctx context.Context, rows []position) error {
	var unknown []conid
	for _, w := range rows {
		if w.Ticker == "" {
			unknown = append(unknown, w.Conid)
		}
	}
	defs, err := p.definitions(ctx, unknown)
	if fault.Is(err, fault.ReauthorizationRequired) || ctx.Err() != nil {
		return err
	}
	for i, w := range rows {
		if def, ok := defs[w.Conid]; ok && w.Ticker == "" {
			def.Currency, def.AssetClass = cmp.Or(w.Currency, def.Currency), cmp.Or(w.AssetClass, def.AssetClass)
			rows[i].definition = def
		}
	}
	return nil
}

// definitions tells what instruments are; those the brokerage does not know are missing.
func (p *Provider) definitions(ctx context.Context, ids []conid) (map[conid]definition, error) {
	found, missing := p.known(ids)
	for len(missing) > 0 {
		some := missing[:min(len(missing), pageSize)]
		missing = missing[len(some):]
		words := make([]string, len(some))
		for i, id := range some {
			words[i] = string(id)
		}
		var all []defined
		path := "/trsrv/secdef?conids=" + url.QueryEscape(strings.Join(words, ","))
		if err := p.get(ctx, path, "what instruments are", intoDefined(&all)); err != nil {
			return nil, err
		}
		for _, w := range all {
			if w.Ticker != "" {
				found[w.Conid] = w.definition
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.defs) > maxDefinitions {
		clear(p.defs)
	}
	maps.Copy(p.defs, found)
	return found, nil
}

// defined is one entry of GET /trsrv/secdef.
type defined struct {
	Conid conid `json:"conid"`
	definition
}

// intoDefined reads the list, which stands in an object.
func intoDefined(all *[]defined) reading {
	return func(a *upstream.Answer) error {
		var whole struct {
			List json.RawMessage `json:"secdef"`
		}
		if err := a.JSON(&whole); err != nil {
			return err
		}
		list := *a
		list.Body = whole.List
		return intoList(all, 10*pageSize)(&list)
	}
}

// known sorts ids into those whose definition is remembered and those to ask for, each once.
func (p *Provider) known(ids []conid) (found map[conid]definition, missing []conid) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found = map[conid]definition{}
	asked := map[conid]bool{}
	for _, id := range ids {
		if def, ok := p.defs[id]; ok {
			found[id] = def
		} else if !asked[id] {
			asked[id] = true
			missing = append(missing, id)
		}
	}
	return found, missing
}

// instrument is our view of it; its description is looked at for what the definition lacks.
func (d definition) instrument(id conid, description string) (broker.Instrument, error) {
	if len(description) > maxNameLength || !broker.Plain(d.AssetClass, d.Ticker, d.Exchange, d.Sector, d.Expiry, d.Right) {
		return broker.Instrument{}, nonsense("an instrument of improper words")
	}
	in := broker.Instrument{
		InstrumentID: string(id), Name: shown(d.Name), Sector: d.Sector, Exchange: d.Exchange,
		Currency: cmp.Or(minorUnits[d.Currency], d.Currency), Multiplier: d.Multiplier.Decimal,
		AssetClass: broker.OtherAssets,
	}
	if len(d.Country) == 2 && strings.ToUpper(d.Country) == d.Country {
		in.Country = d.Country
	}
	code, size := bracketed(description)
	if !in.Multiplier.IsPositive() { // null and 0 are said of what is priced whole
		in.Multiplier = size
	}
	words := strings.Fields(description)
	ticker := d.Ticker
	if ticker == "" && len(words) > 0 {
		ticker = words[0]
		if d.AssetClass == stock { // BRK B
			ticker = strings.Join(words, " ")
		}
	}
	switch d.AssetClass {
	case stock:
		in.AssetClass, in.Symbol = broker.Equity, strings.ReplaceAll(ticker, " ", ".")
	case crypto:
		in.AssetClass, in.Symbol = broker.Crypto, ticker+"/"+in.Currency
	case option, futureOption:
		in.AssetClass, in.Symbol = broker.Option, cmp.Or(code, d.optionCode(ticker))
	case future, difference:
		in.Symbol = cmp.Or(code, strings.TrimSpace(ticker+" "+d.Expiry))
	default:
		in.Symbol = ticker
	}
	if ticker == "" || in.Symbol == "" || !broker.Plain(in.Symbol) || !isCurrency(in.Currency) || tooLarge(in.Multiplier) {
		return broker.Instrument{}, nonsense("an instrument without a proper symbol, currency or multiplier")
	}
	return in, nil
}

// bracketed reads the end of a description such as "SPY    JAN2025 440 C [SPY   250117C00440000 100]": the exchange's
// code of the contract without its spaces, and the multiplier; 1 where there is none.
func bracketed(description string) (code string, multiplier decimal.Decimal) {
	multiplier = decimal.NewFromInt(1)
	_, rest, opened := strings.Cut(description, "[")
	inside, _, closed := strings.Cut(rest, "]")
	words := strings.Fields(inside)
	if !opened || !closed || len(words) < 2 {
		return "", multiplier
	}
	last := len(words) - 1
	if size, err := decimal.NewFromString(words[last]); err == nil && size.IsPositive() {
		multiplier = size
	}
	return strings.Join(words[:last], ""), multiplier
}

// optionCode spells an option as OCC does: the root, the day, C or P, and the strike in thousandths. Empty where a part is missing.
func (d definition) optionCode(root string) string {
	strike := d.Strike.Decimal.Shift(3)
	if len(d.Expiry) != 8 || d.Right != "C" && d.Right != "P" || !strike.IsPositive() || !strike.IsInteger() || strike.NumDigits() > 8 {
		return ""
	}
	digits := strike.String()
	return strings.ReplaceAll(root, " ", "") + d.Expiry[2:] + d.Right + strings.Repeat("0", 8-len(digits)) + digits
}

// tooLarge tells a multiplier that no contract has.
func tooLarge(multiplier decimal.Decimal) bool {
	return multiplier.GreaterThan(decimal.New(1, 9))
}

// shown is a text for people; nothing in the place of one that cannot be kept or shown.
func shown(text string) string {
	if !broker.Plain(text) {
		return ""
	}
	return text
}
