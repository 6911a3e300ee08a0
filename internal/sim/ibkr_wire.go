package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// float32s is how the gateway writes amounts: as what a float of 32 bits makes of them.
func float32s(d decimal.Decimal) json.Number {
	return json.Number(strconv.FormatFloat(float64(float32(d.InexactFloat64())), 'f', -1, 32))
}

// floatPrice is how it writes prices: with the digits that such a float has too many.
func floatPrice(d decimal.Decimal) json.Number {
	text := strconv.FormatFloat(float64(float32(d.InexactFloat64())), 'f', 8, 64)
	return json.Number(strings.TrimSuffix(strings.TrimRight(text, "0"), "."))
}

// ibkrOwn gives the account that the path or a body names, where it is of who is signed in; else the call is answered here.
func (s *Sim) ibkrOwn(w http.ResponseWriter, id string) (IBKRAccount, bool) {
	accounts := s.World.IBKRAccounts(s.ibkr.user)
	i := slices.IndexFunc(accounts, func(a IBKRAccount) bool { return a.ID == id })
	if i < 0 {
		ibkrError(w, http.StatusBadRequest, "Bad Request: account id is not valid")
		return IBKRAccount{}, false
	}
	return accounts[i], true
}

// ibkrPortfolio is ibkrOwn for what may be asked only after the portfolio's accounts.
func (s *Sim) ibkrPortfolio(w http.ResponseWriter, r *http.Request) (IBKRAccount, bool) {
	if !s.ibkr.listed {
		ibkrError(w, http.StatusInternalServerError, "Please query /accounts first")
		return IBKRAccount{}, false
	}
	return s.ibkrOwn(w, r.PathValue("account"))
}

func (s *Sim) ibkrAccounts(w http.ResponseWriter, _ *http.Request) {
	s.ibkr.listed = true
	list := []map[string]any{}
	for _, a := range s.World.IBKRAccounts(s.ibkr.user) {
		kind := "INDIVIDUAL"
		if a.Paper {
			kind = "DEMO"
		}
		list = append(list, map[string]any{
			"id": a.ID, "accountId": a.ID, "accountVan": a.ID, "accountTitle": a.Name, "displayName": a.Name, "accountAlias": nil,
			"accountStatus": a.Opened.UnixMilli(), "currency": a.Currency, "type": kind, "tradingType": "STKNOPT", "businessType": "INDEPENDENT",
			"category": "", "ibEntity": "IBLLC-US", "faclient": false, "clearingStatus": "O", "covestor": false, "noClientTrading": false,
			"trackVirtualFXPortfolio": false, "acctCustType": "INDIVIDUAL", "brokerageAccess": true, "desc": a.ID,
			"PrepaidCrypto-Z": false, "PrepaidCrypto-P": false,
			"parent": map[string]any{"mmc": []any{}, "accountId": "", "isMParent": false, "isMChild": false, "isMultiplex": false},
		})
	}
	writeJSON(w, http.StatusOK, ibkrJSON, list)
}

// ibkrLedger is the cash and the worth of what is held in each currency, and all of it in the account's.
func (s *Sim) ibkrLedger(w http.ResponseWriter, r *http.Request) {
	a, ok := s.ibkrPortfolio(w, r)
	if !ok {
		return
	}
	cash, held := s.World.IBKRCash(a.ID), map[string]decimal.Decimal{}
	for _, p := range s.World.IBKRPositions(a.ID) {
		held[p.Currency] = held[p.Currency].Add(p.Value)
		cash[p.Currency] = cash[p.Currency].Add(decimal.Zero)
	}
	own := s.World.Rate(a.Currency)
	var cashBase, heldBase decimal.Decimal
	body := map[string]any{}
	line := func(name string, cash, held, rate decimal.Decimal) map[string]any {
		return map[string]any{
			"acctcode": a.ID, "currency": name, "secondkey": name, "key": "LedgerList", "sessionid": 1, "severity": 0,
			"timestamp": s.World.Now().Unix(), "cashbalance": float32s(cash), "settledcash": float32s(cash), "stockmarketvalue": float32s(held),
			"netliquidationvalue": float32s(cash.Add(held)), "exchangerate": float32s(rate), "interest": 0.0, "dividends": 0.0, "futuremarketvalue": 0.0,
		}
	}
	for _, currency := range currencies(cash, a.Currency) {
		rate := s.World.Rate(currency).DivRound(own, 6)
		body[currency] = line(currency, cash[currency], held[currency], rate)
		cashBase, heldBase = cashBase.Add(cash[currency].Mul(rate)), heldBase.Add(held[currency].Mul(rate))
	}
	body["BASE"] = line("BASE", cashBase.Round(2), heldBase.Round(2), decimal.NewFromInt(1))
	writeJSON(w, http.StatusOK, ibkrJSON, body)
}

func (s *Sim) ibkrInvalidate(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.ibkrPortfolio(w, r); ok {
		writeJSON(w, http.StatusOK, ibkrJSON, map[string]string{"message": "success"})
	}
}

func (s *Sim) ibkrPositions(w http.ResponseWriter, r *http.Request) {
	a, ok := s.ibkrPortfolio(w, r)
	if !ok {
		return
	}
	page, err := strconv.Atoi(r.PathValue("page"))
	if err != nil || page < 0 {
		ibkrError(w, http.StatusBadRequest, "Bad Request: page is not valid")
		return
	}
	all := s.World.IBKRPositions(a.ID)
	first := min(page*ibkrPage, len(all))
	list := []map[string]any{}
	for _, p := range all[first:min(first+ibkrPage, len(all))] {
		list = append(list, s.ibkrPosition(a.ID, p))
	}
	writeJSON(w, http.StatusOK, ibkrJSON, list)
}

// ibkrPosition is a position as the gateway sends it. What the instrument is follows only when it has been looked up:
// the first call has it looked up.
func (s *Sim) ibkrPosition(accountID string, p IBKRPosition) map[string]any {
	cost := p.AverageCost.Mul(p.Quantity)
	row := map[string]any{
		"acctId": accountID, "conid": p.Conid, "contractDesc": p.description(), "position": json.Number(p.Quantity.String()),
		"mktPrice": floatPrice(p.Price), "mktValue": float32s(p.Value), "currency": p.Currency,
		"avgCost": json.Number(p.AverageCost.String()), "avgPrice": json.Number(p.AverageCost.DivRound(decimal.NewFromInt(p.Multiplier), 8).String()),
		"realizedPnl": 0.0, "unrealizedPnl": float32s(p.Value.Sub(cost)), "exchs": nil, "expiry": nil, "putOrCall": nil, "multiplier": nil,
		"strike": 0.0, "exerciseStyle": nil, "conExchMap": []any{}, "assetClass": ibkrClass(p.Instrument, p.option), "undConid": 0, "model": "",
	}
	if s.ibkr.looked[p.Conid] {
		for name, value := range ibkrDefinition(p.Conid, p.Currency, p.Instrument, p.option) {
			row[name] = value
		}
	}
	s.ibkr.looked[p.Conid] = true
	return row
}

func (p IBKRPosition) description() string {
	switch o := p.option; {
	case o != nil:
		month := strings.ToUpper(o.expiry.At(0, 0).Format("Jan2006"))
		code := p.Symbol[len(o.underlying):]
		return fmt.Sprintf("%-6s %s %s %s [%-6s%s 100]", o.underlying, month, o.strike, o.right, o.underlying, code)
	case p.Instrument.Kind == Crypto:
		return ibkrTicker(p.Instrument) + " CRYPTO"
	}
	return ibkrTicker(p.Instrument)
}

// ibkrTicker is a symbol as the brokerage writes it: BRK B, VOD, BTC.
func ibkrTicker(in Instrument) string {
	ticker := in.Symbol
	if in.abroad() {
		ticker, _, _ = strings.Cut(ticker, ".")
	}
	return strings.NewReplacer(".", " ", "/USD", "").Replace(ticker)
}

func ibkrClass(in Instrument, o *optionTrade) string {
	switch {
	case o != nil:
		return "OPT"
	case in.Kind == Crypto:
		return "CRYPTO"
	}
	return "STK"
}

// ibkrExchanges are the exchanges and their countries in the brokerage's words.
var ibkrExchanges = map[string][2]string{
	"NASDAQ": {"NASDAQ.NMS", "US"}, "NYSE": {"NYSE", "US"}, "ARCA": {"ARCA", "US"}, "LSE": {"LSE", "GB"}, "XETRA": {"IBIS", "DE"},
	"AMS": {"AEB", "NL"}, "CRYPTO": {"PAXOS", "US"},
}

func ibkrDefinition(conid int64, currency string, in Instrument, o *optionTrade) map[string]any {
	exchange := ibkrExchanges[in.Exchange]
	def := map[string]any{
		"conid": conid, "currency": currency, "time": 6, "allExchanges": exchange[0], "listingExchange": exchange[0], "countryCode": exchange[1],
		"name": strings.ToUpper(in.Name), "assetClass": ibkrClass(in, o), "expiry": nil, "lastTradingDay": nil, "putOrCall": nil, "strike": "0",
		"multiplier": 0.0, "ticker": ibkrTicker(in), "undConid": 0, "type": "COMMON", "group": nil, "sector": nil, "sectorGroup": nil,
		"fullName": ibkrTicker(in), "hasOptions": false, "isUS": exchange[1] == "US", "isEventContract": false, "pageSize": ibkrPage,
	}
	if in.Kind == Equity && o == nil {
		def["sector"], def["group"] = in.Sector, in.Industry
	}
	if in.Kind == ETF {
		def["type"] = "ETF"
	}
	if o != nil {
		expiry := strings.ReplaceAll(o.expiry.String(), "-", "")
		def["expiry"], def["lastTradingDay"], def["putOrCall"], def["strike"], def["multiplier"] = expiry, expiry, o.right, o.strike.String(), 100.0
		def["listingExchange"], def["type"], def["undSym"], def["undConid"] = "AMEX", "", o.underlying, conidOf(o.underlying)
	}
	return def
}

func (s *Sim) ibkrSecdef(w http.ResponseWriter, r *http.Request) {
	asked := strings.Split(r.URL.Query().Get("conids"), ",")
	list := []map[string]any{}
	seen := map[int64]bool{}
	add := func(conid int64, currency string, in Instrument, o *optionTrade) {
		if slices.Contains(asked, strconv.FormatInt(conid, 10)) && !seen[conid] {
			seen[conid], s.ibkr.looked[conid] = true, true
			list = append(list, ibkrDefinition(conid, currency, in, o))
		}
	}
	for _, in := range s.World.instruments {
		currency, _ := wholeUnits(in.Currency)
		add(conidOf(in.Symbol), currency, *in, nil)
	}
	for _, user := range s.ibkrUsers() {
		for _, a := range s.World.IBKRAccounts(user) {
			for _, o := range a.options {
				add(conidOf(o.code()), "USD", *s.World.bySpelling[o.underlying], &o)
			}
		}
	}
	writeJSON(w, http.StatusOK, ibkrJSON, map[string]any{"secdef": list})
}

// ibkrBrokerage tells whether the second session is here; else the call is answered.
func (s *Sim) ibkrBrokerage(w http.ResponseWriter) bool {
	if !s.ibkr.brokerage {
		writeJSON(w, http.StatusUnauthorized, ibkrJSON, map[string]any{"error": "no bridge", "statusCode": 401})
	}
	return s.ibkr.brokerage
}

func (s *Sim) ibkrTradable(w http.ResponseWriter, _ *http.Request) {
	if !s.ibkrBrokerage(w) {
		return
	}
	accounts := s.World.IBKRAccounts(s.ibkr.user)
	ids, aliases := []string{}, map[string]string{}
	for _, a := range accounts {
		ids, aliases[a.ID] = append(ids, a.ID), a.ID
	}
	if s.ibkr.selected == "" && len(ids) > 0 {
		s.ibkr.selected = ids[0]
	}
	s.ibkr.iserver = true
	writeJSON(w, http.StatusOK, ibkrJSON, map[string]any{
		"accounts": ids, "aliases": aliases, "selectedAccount": s.ibkr.selected, "groups": []any{}, "profiles": []any{},
		"isFT": false, "isPaper": len(accounts) > 0 && accounts[0].Paper,
	})
}

func (s *Sim) ibkrSelect(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Account string `json:"acctId"`
	}
	if !s.ibkrBrokerage(w) {
		return
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		ibkrError(w, http.StatusBadRequest, "Bad Request")
		return
	}
	if _, ok := s.ibkrOwn(w, in.Account); !ok {
		return
	}
	answer := map[string]any{"set": true, "acctId": in.Account}
	if s.ibkr.selected == in.Account {
		answer = map[string]any{"success": "Account already set"}
	}
	s.ibkr.selected = in.Account
	writeJSON(w, http.StatusOK, ibkrJSON, answer)
}

// ibkrTrades are the executions of the selected account: today's, or of up to seven days.
func (s *Sim) ibkrTrades(w http.ResponseWriter, r *http.Request) {
	if !s.ibkrBrokerage(w) {
		return
	}
	if !s.ibkr.iserver {
		ibkrError(w, http.StatusInternalServerError, "Please query /accounts first")
		return
	}
	days, err := strconv.Atoi(r.URL.Query().Get("days"))
	if err != nil {
		days = 1
	}
	since := s.World.Now().Add(-time.Duration(min(max(days, 1), ibkrDays)) * 24 * time.Hour)
	list := []map[string]any{}
	for _, t := range s.World.IBKRTrades(s.ibkr.selected) {
		if !t.Time.Before(since) {
			list = append(list, t.wire(s.ibkr.selected))
		}
	}
	slices.Reverse(list) // the newest first
	writeJSON(w, http.StatusOK, ibkrJSON, list)
}

func (t IBKRTrade) wire(account string) map[string]any {
	side, word := "B", "Bought"
	if t.Quantity.IsNegative() {
		side, word = "S", "Sold"
	}
	exchange := ibkrExchanges[t.Instrument.Exchange][0]
	return map[string]any{
		"execution_id": t.ID, "symbol": ibkrTicker(t.Instrument), "supports_tax_opt": "1", "side": side,
		"order_description": fmt.Sprintf("%s %s @ %s on %s", word, t.Quantity.Abs(), t.Price, exchange),
		"trade_time":        t.Time.UTC().Format("20060102-15:04:05"), "trade_time_r": t.Time.UnixMilli(), "size": json.Number(t.Quantity.Abs().String()),
		"price": t.Price.String(), "submitter": "simulated", "exchange": exchange, "commission": t.Commission.String(), "net_amount": float32s(t.Net),
		"account": account, "accountCode": account, "account_allocation_name": account, "company_name": strings.ToUpper(t.Instrument.Name),
		"contract_description_1": ibkrTicker(t.Instrument), "sec_type": ibkrClass(t.Instrument, t.option), "listing_exchange": exchange,
		"conid": t.Conid, "conidEx": strconv.FormatInt(t.Conid, 10), "clearing_id": "IB", "clearing_name": "IB", "liquidation_trade": "0",
		"is_event_trading": "0",
	}
}
