package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// FinnhubOptions are those of the simulated Finnhub.
type FinnhubOptions struct {
	Key       string // the only one that is let in; empty lets nobody in
	Unlimited bool   // counts nobody's requests against the limits
}

// What the free plan allows a key, and any plan in a second.
const (
	finnhubPerMinute = 60
	finnhubPerSecond = 30
)

const finnhubJSON = "application/json; charset=utf-8"

// finnhubState counts what was let in.
type finnhubState struct {
	mu      sync.Mutex
	meter   meter
	refused int // for being too many
}

// finnhub is Finnhub on its free plan.
func (s *Sim) finnhub() http.Handler {
	mux := http.NewServeMux()
	for path, handler := range map[string]http.HandlerFunc{
		"/quote": s.finnhubQuote, "/stock/profile2": s.finnhubProfile, "/stock/metric": s.finnhubMetric,
		"/stock/earnings": s.finnhubEarnings, "/calendar/earnings": s.finnhubCalendar, "/company-news": s.finnhubCompanyNews,
		"/news": s.finnhubNews, "/search": s.finnhubSearch,
	} {
		mux.HandleFunc("GET "+path, handler)
	}
	for _, path := range []string{
		"/stock/candle", "/stock/profile", "/stock/split", "/stock/dividend", "/stock/price-target", "/news-sentiment", "/crypto/candle",
		"/forex/candle", "/forex/rates", "/index/constituents", "/etf/profile", "/etf/holdings", "/stock/executive", "/stock/transcripts",
	} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { noAccess(w) })
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("X-Finnhub-Token")
		if key == "" {
			key = r.URL.Query().Get("token")
		}
		switch {
		case key == "":
			finnhubError(w, http.StatusUnauthorized, "Please use an API key.")
		case key != s.Finnhub.Key:
			finnhubError(w, http.StatusUnauthorized, "Invalid API key")
		case !s.admitFinnhub(time.Now()):
			finnhubError(w, http.StatusTooManyRequests, finnhubLimit)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

const finnhubLimit = "API limit reached. Please try again later. Remaining Limit: 0"

// admitFinnhub counts a request, refused ones too.
func (s *Sim) admitFinnhub(at time.Time) bool {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	second, minute := s.hub.meter.count(at)
	if s.Finnhub.Unlimited || second <= finnhubPerSecond && minute <= finnhubPerMinute {
		return true
	}
	s.hub.refused++
	return false
}

// FinnhubRefused is how many requests were too many for the limits.
func (s *Sim) FinnhubRefused() int {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return s.hub.refused
}

func finnhubError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, finnhubJSON, map[string]string{"error": text})
}

func noAccess(w http.ResponseWriter) {
	finnhubError(w, http.StatusForbidden, "You don't have access to this resource.")
}

// finnhubSymbol is the instrument that a request is about, nil for one that is not known. What is not of New York the
// free plan does not include, and without a symbol nothing is answered: then the request is done with.
func (s *Sim) finnhubSymbol(w http.ResponseWriter, r *http.Request) (*Instrument, bool) {
	symbol := r.URL.Query().Get("symbol")
	if symbol == "" {
		finnhubError(w, http.StatusUnprocessableEntity, "Symbol is required")
		return nil, false
	}
	in, ok := s.World.find(symbol)
	if !ok || !strings.EqualFold(symbol, in.Symbol) || in.Kind != Equity && in.Kind != ETF || in.goneOn(in.dayOf(s.World.Now())) {
		return nil, true
	}
	if in.abroad() {
		noAccess(w)
		return nil, false
	}
	return in, true
}

// numbers puts decimals into JSON as numbers.
func numbers(fields map[string]any) map[string]any {
	for name, value := range fields {
		if d, ok := value.(decimal.Decimal); ok {
			fields[name] = json.Number(d.String())
		}
	}
	return fields
}

// finnhubQuote is zero in every field for what is not known.
func (s *Sim) finnhubQuote(w http.ResponseWriter, r *http.Request) {
	in, ok := s.finnhubSymbol(w, r)
	if !ok {
		return
	}
	if in == nil {
		writeJSON(w, http.StatusOK, finnhubJSON, map[string]any{"c": 0, "d": nil, "dp": nil, "h": 0, "l": 0, "o": 0, "pc": 0, "t": 0})
		return
	}
	q := s.World.quote(in, s.World.Now())
	writeJSON(w, http.StatusOK, finnhubJSON, numbers(map[string]any{
		"c": q.Price, "d": q.Change, "dp": q.ChangePercent.Round(4), "h": q.High, "l": q.Low, "o": q.Open, "pc": q.PreviousClose, "t": q.Time.Unix(),
	}))
}

var countryCodes = map[string]string{"United States": "US", "United Kingdom": "GB", "Germany": "DE", "Netherlands": "NL"}

// finnhubProfile is empty for what is no company.
func (s *Sim) finnhubProfile(w http.ResponseWriter, r *http.Request) {
	in, ok := s.finnhubSymbol(w, r)
	if !ok {
		return
	}
	if in == nil || in.Kind != Equity {
		writeJSON(w, http.StatusOK, finnhubJSON, map[string]any{})
		return
	}
	exchange := "NEW YORK STOCK EXCHANGE, INC."
	if in.Exchange == "NASDAQ" {
		exchange = "NASDAQ NMS - GLOBAL MARKET"
	}
	f := s.World.fundamentals(in, s.World.quote(in, s.World.Now()))
	listed := calendar.Day{Year: 1950 + int(in.key%60), Month: time.Month(1 + in.key%12), Day: 1 + int(in.key%28)} // #nosec G115 -- small
	writeJSON(w, http.StatusOK, finnhubJSON, numbers(map[string]any{
		"country": countryCodes[in.Country], "currency": f.currency, "estimateCurrency": f.currency, "exchange": exchange,
		"finnhubIndustry": in.Sector, "ipo": listed.String(), "logo": "https://static.finnhub.example.com/logo/" + in.Symbol + ".png",
		"marketCapitalization": f.marketCap.Shift(-6), "name": in.Name, "phone": fmt.Sprintf("1555%07d.0", in.key%10_000_000),
		"shareOutstanding": decimal.NewFromInt(f.shares).Shift(-6), "ticker": in.Symbol, "weburl": "https://" + keyOf(in.Symbol) + ".example.com/",
	}))
}

// finnhubSearch finds instruments of all exchanges; crypto goes by the name of an exchange.
func (s *Sim) finnhubSearch(w http.ResponseWriter, r *http.Request) {
	text := strings.TrimSpace(r.URL.Query().Get("q"))
	if text == "" {
		finnhubError(w, http.StatusUnprocessableEntity, "q is required")
		return
	}
	result := []map[string]string{}
	for _, in := range s.World.search(text, 50) {
		symbol, kind := in.Symbol, map[Kind]string{Equity: "Common Stock", ETF: "ETP", Crypto: "Crypto"}[in.Kind]
		if in.Kind == Index || in.Kind == Currency {
			continue
		}
		if in.Kind == Crypto {
			symbol = "BINANCE:" + strings.ReplaceAll(in.Symbol, "/", "") + "T"
		}
		result = append(result, map[string]string{"description": in.Name, "displaySymbol": symbol, "symbol": symbol, "type": kind})
	}
	writeJSON(w, http.StatusOK, finnhubJSON, map[string]any{"count": len(result), "result": result})
}

// finnhubDays reads the days from and to of a request.
func finnhubDays(r *http.Request) (from, to calendar.Day, ok bool) {
	from, err1 := calendar.ParseDay(r.URL.Query().Get("from"))
	to, err2 := calendar.ParseDay(r.URL.Query().Get("to"))
	return from, to, err1 == nil && err2 == nil
}

// shuffled puts a list out of order, the same way each time: Finnhub's lists are only nearly in order.
func shuffled[T any](list []T) []T {
	for i := 2; i < len(list); i += 3 {
		list[i-1], list[i] = list[i], list[i-1]
	}
	return slices.Clip(list)
}
