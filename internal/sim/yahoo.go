package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

const yahooJSON = "application/json;charset=utf-8"

// yahoo is Yahoo Finance: its cookie host at the root, and its query host.
func (s *Sim) yahoo() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.yahooCookie)
	mux.HandleFunc("GET /v1/test/getcrumb", s.getCrumb)
	mux.HandleFunc("GET /v7/finance/quote", s.withCrumb(s.yahooQuotes))
	mux.HandleFunc("GET /v8/finance/chart/{symbol}", s.yahooChart)
	mux.HandleFunc("GET /v10/finance/quoteSummary/{symbol}", s.withCrumb(s.yahooSummary))
	mux.HandleFunc("GET /v1/finance/search", s.yahooSearch)
	mux.HandleFunc("POST /xhr/ncp", s.yahooStream)
	s.yahooPages(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ofProgram(r.UserAgent()) {
			failAs(w, ProviderYahoo, http.StatusTooManyRequests)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// ofProgram tells whether a user agent is one that Yahoo turns away.
func ofProgram(userAgent string) bool {
	for _, prefix := range []string{"Go-http-client", "python-", "curl/"} {
		if strings.HasPrefix(userAgent, prefix) {
			return true
		}
	}
	return userAgent == ""
}

// yahooError answers in the shape of the endpoint whose key it is.
func yahooError(w http.ResponseWriter, status int, key, description string) {
	writeJSON(w, status, yahooJSON, map[string]any{key: map[string]any{
		"result": nil, "error": map[string]string{"code": http.StatusText(status), "description": description},
	}})
}

// crumbState numbers the cookies given out and the generations of crumbs.
type crumbState struct {
	mu         sync.Mutex
	cookies    int
	generation int
}

// ExpireCrumbs makes every crumb given out so far invalid; the cookies stay good.
func (s *Sim) ExpireCrumbs() {
	s.crumbs.mu.Lock()
	defer s.crumbs.mu.Unlock()
	s.crumbs.generation++
}

// yahooCookie answers that there is no page, and sets the session's cookie all the same, save where consent is asked for
// first.
func (s *Sim) yahooCookie(w http.ResponseWriter, _ *http.Request) {
	if s.YahooConsent == NoConsent {
		s.setCookie(w)
	}
	http.Error(w, "Not Found", http.StatusNotFound)
}

// setCookie sets a new session's cookie.
func (s *Sim) setCookie(w http.ResponseWriter) {
	s.crumbs.mu.Lock()
	s.crumbs.cookies++
	id := fmt.Sprintf("d=%d", s.crumbs.cookies)
	s.crumbs.mu.Unlock()
	http.SetCookie(w, &http.Cookie{
		Name: "A3", Value: id + "&S=" + s.World.uuid("A3", id), Path: "/", MaxAge: 31557600, HttpOnly: true,
	})
}

// crumb is the crumb that goes with the request's cookie now; false without a cookie of ours.
func (s *Sim) crumb(r *http.Request) (string, bool) {
	cookie, err := r.Cookie("A3")
	if err != nil {
		return "", false
	}
	id, sign, _ := strings.Cut(cookie.Value, "&S=")
	if sign != s.World.uuid("A3", id) {
		return "", false
	}
	s.crumbs.mu.Lock()
	generation := s.crumbs.generation
	s.crumbs.mu.Unlock()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./"
	crumb := make([]byte, 11)
	for i := range crumb {
		crumb[i] = alphabet[s.World.randomText(fmt.Sprint(sign, generation), i)%uint64(len(alphabet))]
	}
	return string(crumb), true
}

func (s *Sim) getCrumb(w http.ResponseWriter, r *http.Request) {
	crumb, ok := s.crumb(r)
	if !ok {
		yahooError(w, http.StatusUnauthorized, "finance", "Invalid Cookie")
		return
	}
	w.Header().Set("Cache-Control", "private, max-age=60")
	writeText(w, http.StatusOK, "text/plain;charset=utf-8", crumb)
}

// withCrumb lets in who has a cookie and its crumb.
func (s *Sim) withCrumb(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if crumb, ok := s.crumb(r); !ok || r.URL.Query().Get("crumb") != crumb {
			yahooError(w, http.StatusUnauthorized, "finance", "Invalid Crumb")
			return
		}
		next(w, r)
	}
}

// findYahoo knows an instrument by Yahoo's spelling of its symbol, in any case.
func (w *World) findYahoo(symbol string) (*Instrument, bool) {
	in, ok := w.find(symbol)
	return in, ok && strings.EqualFold(symbol, in.yahooSymbol())
}

// marketState is Yahoo's word for the time of day: pre-market from 4:00, after hours for four hours.
func (in *Instrument) marketState(t time.Time) string {
	day := in.dayOf(t)
	if in.Kind == Fund {
		return "CLOSED"
	}
	if !in.trades(day) && (!in.isHalted(t) || !calendar.IsTradingDay(day)) {
		return "CLOSED"
	}
	opens, closes := in.session(day)
	if in.isHalted(t) { // Yahoo has no word for that
		opens, closes, _ = calendar.Session(day)
	}
	extended := in.hasExtendedHours()
	switch {
	case !t.Before(opens) && t.Before(closes):
		return "REGULAR"
	case extended && t.Before(opens) && !t.Before(day.At(4, 0)):
		return "PRE"
	case extended && !t.Before(closes) && t.Before(closes.Add(4*time.Hour)):
		return "POST"
	}
	return "CLOSED"
}

// yahooExchange is an exchange as Yahoo names it.
type yahooExchange struct{ code, name, market string }

func (in *Instrument) yahooExchange() yahooExchange {
	switch in.Exchange {
	case "NASDAQ":
		if in.Kind == ETF {
			return yahooExchange{"NGM", "NasdaqGM", "us_market"}
		}
		return yahooExchange{"NMS", "NasdaqGS", "us_market"}
	case "ARCA":
		return yahooExchange{"PCX", "NYSEArca", "us_market"}
	case "FUND":
		return yahooExchange{"NAS", "Nasdaq", "us_market"}
	case "INDEX":
		return yahooExchange{"SNP", "SNP", "us_market"}
	case "LSE":
		return yahooExchange{"LSE", "LSE", "gb_market"}
	case "XETRA":
		return yahooExchange{"GER", "XETRA", "de_market"}
	case "AMS":
		return yahooExchange{"AMS", "Amsterdam", "nl_market"}
	case "CCY":
		return yahooExchange{"CCY", "CCY", "ccy_market"}
	case "CRYPTO":
		return yahooExchange{"CCC", "CCC", "ccc_market"}
	}
	return yahooExchange{"NYQ", "NYSE", "us_market"}
}

// yahooType is quoteType and typeDisp.
func (in *Instrument) yahooType() (quoteType, shown string) {
	switch in.Kind {
	case ETF:
		return "ETF", "ETF"
	case Fund:
		return "MUTUALFUND", "Fund"
	case Index:
		return "INDEX", "Index"
	case Currency:
		return "CURRENCY", "Currency"
	case Crypto:
		return "CRYPTOCURRENCY", "Cryptocurrency"
	}
	return "EQUITY", "Equity"
}

// withNumbers makes decimals JSON numbers with all their digits, however deep they lie.
func withNumbers(fields map[string]any) map[string]any {
	for name, value := range fields {
		switch v := value.(type) {
		case decimal.Decimal:
			fields[name] = json.Number(v.String())
		case map[string]any:
			fields[name] = withNumbers(v)
		case []map[string]any:
			for _, one := range v {
				withNumbers(one)
			}
		}
	}
	return fields
}
