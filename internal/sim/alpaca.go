package sim

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

const alpacaJSON = "application/json; charset=UTF-8"

// alpacaLimit is the vendor's default of requests a minute and account. It is announced here, not enforced.
const alpacaLimit = 200

// alpaca is Alpaca's consent page, its token endpoint and its trading API of both environments.
func (s *Sim) alpaca() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /oauth/authorize", s.authorizePage)
	mux.HandleFunc("POST /oauth/authorize", s.authorizeAnswer)
	mux.HandleFunc("POST /oauth/token", s.token)
	for _, env := range []string{Paper, Live} {
		base := "GET /" + env + "/v2"
		mux.HandleFunc(base+"/account", s.asCustomer(env, s.alpacaAccount))
		mux.HandleFunc(base+"/positions", s.asCustomer(env, s.alpacaPositions))
		mux.HandleFunc(base+"/positions/{symbol}", s.asCustomer(env, s.alpacaPosition))
		mux.HandleFunc(base+"/account/activities", s.asCustomer(env, s.alpacaActivities))
		mux.HandleFunc(base+"/account/activities/{type}", s.asCustomer(env, s.alpacaActivities))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		alpacaError(w, http.StatusNotFound, 40410000, "endpoint not found.")
	})
	return mux
}

// alpacaError answers as Alpaca does; code 0 leaves the code out.
func alpacaError(w http.ResponseWriter, status, code int, message string) {
	body := map[string]any{"message": message}
	if code != 0 {
		body["code"] = code
	}
	writeJSON(w, status, alpacaJSON, body)
}

// asCustomer lets in who has a token or a key pair for the environment, and adds the rate headers.
func (s *Sim) asCustomer(env string, next func(w http.ResponseWriter, r *http.Request, customer string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		bearer, hasBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		key, secret := r.Header.Get("APCA-API-KEY-ID"), r.Header.Get("APCA-API-SECRET-KEY")
		var owner grant
		var ok bool
		switch {
		case hasBearer:
			owner, ok = s.oauth.tokens.owner(s.World.seed, bearer)
		case key != "":
			owner, ok = s.World.keyOwner(key, secret)
		default:
			writeText(w, http.StatusUnauthorized, "text/html",
				"<html><head><title>401</title></head><body><h1>401: authorization required</h1></body></html>\n")
			return
		}
		if !ok {
			alpacaError(w, http.StatusUnauthorized, 0, "unauthorized.")
			return
		}
		if !owner.allows(env) {
			alpacaError(w, http.StatusForbidden, 0, "forbidden.")
			return
		}
		w.Header().Set("X-Ratelimit-Limit", strconv.Itoa(alpacaLimit))
		w.Header().Set("X-Ratelimit-Remaining", strconv.Itoa(alpacaLimit-1))
		w.Header().Set("X-Ratelimit-Reset", strconv.FormatInt(s.World.Now().Truncate(time.Minute).Add(time.Minute).Unix(), 10))
		next(w, r, owner.Customer)
	}
}

// keyOwner finds whose key pair it is.
func (w *World) keyOwner(id, secret string) (grant, bool) {
	for _, c := range w.customers {
		for _, env := range c.Environments {
			if wantID, wantSecret := w.APIKeys(c.ID, env); id == wantID && secret == wantSecret {
				return grant{Customer: c.ID, Envs: []string{env}}, true
			}
		}
	}
	return grant{}, false
}

// envOf is the environment a trading path speaks of.
func envOf(r *http.Request) string {
	env, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return env
}

func (s *Sim) alpacaAccount(w http.ResponseWriter, r *http.Request, customer string) {
	a, _ := s.World.Account(customer, envOf(r))
	value := a.LongMarketValue.Add(a.ShortMarketValue)
	gross := a.LongMarketValue.Sub(a.ShortMarketValue)
	margin := gross.Div(decimal.NewFromInt(2)).Round(2)
	power := decimal.Max(decimal.Zero, a.Equity.Sub(margin)).Round(2)
	writeJSON(w, http.StatusOK, alpacaJSON, withStrings(map[string]any{
		"id": a.ID, "account_number": a.Number, "status": "ACTIVE", "crypto_status": "ACTIVE", "currency": "USD",
		"admin_configurations": map[string]any{}, "user_configurations": nil,
		"options_approved_level": 2, "options_trading_level": 2, "crypto_tier": 1,
		"cash": a.Cash, "equity": a.Equity, "portfolio_value": a.Equity, "last_equity": a.LastEquity,
		"long_market_value": a.LongMarketValue, "short_market_value": a.ShortMarketValue, "position_market_value": value,
		"buying_power": power.Mul(decimal.NewFromInt(2)), "regt_buying_power": power.Mul(decimal.NewFromInt(2)),
		"effective_buying_power": power.Mul(decimal.NewFromInt(2)), "non_marginable_buying_power": power, "options_buying_power": power,
		"initial_margin": margin, "maintenance_margin": gross.Mul(decimal.New(3, -1)).Round(2),
		"last_maintenance_margin": gross.Mul(decimal.New(3, -1)).Round(2), "sma": power,
		"accrued_fees": "0", "pending_reg_taf_fees": "0", "intraday_adjustments": "0", "multiplier": "2",
		"trading_blocked": false, "transfers_blocked": false, "account_blocked": false,
		"trade_suspended_by_user": false, "shorting_enabled": true,
		"created_at":   a.Opened.Format(time.RFC3339Nano),
		"balance_asof": s.World.quote(s.World.bySpelling["SPY"], s.World.Now()).Day.AddDays(-1).String(),
	}))
}

func (s *Sim) alpacaPositions(w http.ResponseWriter, r *http.Request, customer string) {
	list := []map[string]any{}
	for _, p := range s.World.Positions(customer, envOf(r)) {
		list = append(list, s.alpacaWire(p))
	}
	writeJSON(w, http.StatusOK, alpacaJSON, list)
}

func (s *Sim) alpacaPosition(w http.ResponseWriter, r *http.Request, customer string) {
	asked := r.PathValue("symbol")
	for _, p := range s.World.Positions(customer, envOf(r)) {
		if asked == p.Instrument.alpacaSymbol() || asked == p.Instrument.Symbol || asked == s.assetID(p.Instrument) {
			writeJSON(w, http.StatusOK, alpacaJSON, s.alpacaWire(p))
			return
		}
	}
	alpacaError(w, http.StatusNotFound, 40410000, "position does not exist")
}

func (s *Sim) assetID(in Instrument) string { return s.World.uuid("asset", in.Symbol) }

// alpacaWire is a position as Alpaca sends it: every figure a string, ratios as fractions.
func (s *Sim) alpacaWire(p Position) map[string]any {
	side, class := "long", "us_equity"
	if p.Quantity.IsNegative() {
		side = "short"
	}
	switch p.Instrument.Kind {
	case Crypto:
		class = "crypto"
	case Option:
		class = "us_option"
	}
	profit := p.MarketValue.Sub(p.CostBasis)
	before := p.Quantity.Mul(p.PreviousClose).Mul(sizeOf(p.Instrument.Symbol))
	today := p.MarketValue.Sub(before)
	return withStrings(map[string]any{
		"asset_id": s.assetID(p.Instrument), "symbol": p.Instrument.alpacaSymbol(), "exchange": p.Instrument.Exchange,
		"asset_class": class, "asset_marginable": class == "us_equity",
		"qty": p.Quantity, "qty_available": p.Quantity, "side": side,
		"avg_entry_price": p.AverageEntry, "cost_basis": p.CostBasis, "market_value": p.MarketValue,
		"unrealized_pl": profit, "unrealized_plpc": ratio(profit, p.CostBasis.Abs()),
		"unrealized_intraday_pl": today, "unrealized_intraday_plpc": ratio(today, before.Abs()),
		"current_price": p.Price, "lastday_price": p.PreviousClose,
		"change_today": ratio(p.Price.Sub(p.PreviousClose), p.PreviousClose),
	})
}

// withStrings makes decimals strings, as the vendor has them, whatever the decimal package is told to do globally.
func withStrings(fields map[string]any) map[string]any {
	for name, value := range fields {
		if d, ok := value.(decimal.Decimal); ok {
			fields[name] = d.String()
		}
	}
	return fields
}

// ratio is a fraction with the vendor's 16 digits; zero of nothing.
func ratio(part, whole decimal.Decimal) decimal.Decimal {
	if whole.IsZero() {
		return decimal.Zero
	}
	return part.DivRound(whole, 16)
}
