package sim

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/sim/books"
	"github.com/jaspers-ai/jaspers/internal/sim/paper"
)

// EDGAROptions are how the simulated EDGAR counts requests.
type EDGAROptions struct {
	Limit int              // requests a second over all hosts together; 0 is EDGAR's own 10, below zero there is none
	Clock func() time.Time // by which seconds are told; nil is the real one. How long a ban lasts, the world's clock tells
}

// edgarBan is how long EDGAR shuts out who asks too fast.
const edgarBan = 10 * time.Minute

const (
	edgarHTML = "text/html"
	edgarXML  = "application/xml"
)

// edgar is EDGAR: www for the lists and documents, data for submissions and XBRL, efts for full-text search.
func (s *Sim) edgar() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /www/files/company_tickers.json", s.edgarTickers)
	mux.HandleFunc("GET /www/files/company_tickers_exchange.json", s.edgarExchanges)
	mux.HandleFunc("GET /www/Archives/edgar/data/{cik}/{folder}", s.edgarArchive)
	mux.HandleFunc("GET /www/Archives/edgar/data/{cik}/{folder}/{file...}", s.edgarArchive)
	mux.HandleFunc("GET /www/", func(w http.ResponseWriter, _ *http.Request) { s.accessDenied(w) })
	mux.HandleFunc("GET /data/submissions/{file}", s.edgarSubmissions)
	mux.HandleFunc("GET /data/api/xbrl/companyfacts/{file}", s.edgarFacts)
	mux.HandleFunc("GET /data/api/xbrl/companyconcept/{cik}/{taxonomy}/{file}", s.edgarConcept)
	mux.HandleFunc("GET /data/", func(w http.ResponseWriter, r *http.Request) { s.noSuchKey(w, r) })
	mux.HandleFunc("GET /efts/LATEST/search-index", s.edgarSearch)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch s.gate.admit(s, r) {
		case undeclared:
			writeText(w, http.StatusForbidden, edgarHTML, undeclaredPage)
		case tooFast:
			writeText(w, http.StatusForbidden, edgarHTML, thresholdPage)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// The pages of the company that keeps the crowd from EDGAR's doors. There are two, both with the status 403.
const (
	undeclaredPage = `<!DOCTYPE html><html><head><title>SEC.gov | Your Request Originates from an Undeclared Automated Tool</title></head><body>
<h1>Your Request Originates from an Undeclared Automated Tool</h1>
<p>This is the simulator. Declare your traffic by a user agent with a name and an address of mail.</p>
</body></html>
`
	thresholdPage = `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>SEC.gov | Request Rate Threshold Exceeded</title></head><body>
<h1>Request Rate Threshold Exceeded</h1>
<p>This is the simulator. More than 10 requests came within a second; it answers again in 10 minutes.</p>
</body></html>
`
)

// admission is what the gate says to a request.
type admission int

const (
	admitted admission = iota
	undeclared
	tooFast
)

// edgarGate counts requests over all hosts.
type edgarGate struct {
	mu     sync.Mutex
	last   []time.Time // requests of the last second
	peak   int         // the most within a second so far
	until  time.Time   // of the ban, by the world's clock
	bans   int
	turned int // away, for whatever reason
}

// admit counts the request and says whether it may pass. Who is banned is not counted again.
func (g *edgarGate) admit(s *Sim, r *http.Request) admission {
	now := time.Now
	if s.EDGAR.Clock != nil {
		now = s.EDGAR.Clock
	}
	limit := s.EDGAR.Limit
	if limit == 0 {
		limit = 10
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if ofProgram(r.UserAgent()) || !strings.Contains(r.UserAgent(), "@") {
		g.turned++
		return undeclared
	}
	if s.World.Now().Before(g.until) {
		g.turned++
		return tooFast
	}
	at := now()
	first := 0
	for first < len(g.last) && !g.last[first].After(at.Add(-time.Second)) {
		first++
	}
	g.last = append(g.last[first:], at)
	g.peak = max(g.peak, len(g.last))
	if limit > 0 && len(g.last) > limit {
		g.until, g.last = s.World.Now().Add(edgarBan), nil
		g.bans++
		g.turned++
		return tooFast
	}
	return admitted
}

// EDGARTraffic is what the simulated EDGAR has counted.
type EDGARTraffic struct {
	Peak   int  `json:"peak"`   // the most requests within any second
	Bans   int  `json:"bans"`   // how often that was too many
	Banned bool `json:"banned"` // whether it is so now
	Turned int  `json:"turned"` // requests turned away, by the ban or for their user agent
}

// EDGARTraffic tells how fast EDGAR was asked.
func (s *Sim) EDGARTraffic() EDGARTraffic {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	return EDGARTraffic{Peak: s.gate.peak, Bans: s.gate.bans, Banned: s.World.Now().Before(s.gate.until), Turned: s.gate.turned}
}

// accessDenied is how the archive says that there is no such file.
func (s *Sim) accessDenied(w http.ResponseWriter) {
	writeText(w, http.StatusForbidden, edgarXML, fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>Access Denied</Message><RequestId>SIMULATED0000000</RequestId><HostId>%s</HostId></Error>`, s.World.uuid("host")))
}

// noSuchKey is how the data host says it.
func (s *Sim) noSuchKey(w http.ResponseWriter, r *http.Request) {
	writeText(w, http.StatusNotFound, edgarXML, fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>%s</Key><RequestId>SIMULATED0000000</RequestId><HostId>%s</HostId></Error>`,
		strings.NewReplacer("&", "", "<", "").Replace(strings.TrimPrefix(r.URL.Path, "/data/")), s.World.uuid("host")))
}

// Filings are everything the make-believe companies ever file. What is there at a moment, its methods are asked by it.
func (w *World) Filings() *paper.Archive {
	w.paperOnce.Do(func() {
		var issuers []books.Issuer
		for _, in := range w.instruments {
			if in.Kind != Equity {
				continue
			}
			issuers = append(issuers, books.Issuer{
				Symbol: in.Symbol, City: in.City, Employees: in.Employees, EPS: in.eps, Shares: in.shares, Factor: in.factor,
				Dividend: in.dividendsIn,
			})
		}
		w.paper = paper.New(books.Open(w.seed, issuers))
	})
	return w.paper
}

// dividendsIn sums the dividends with an ex-day from the first to the last, in ten-thousandths a share of the epoch, as if it
// had paid in the years before the epoch what it paid in its first.
func (in *Instrument) dividendsIn(first, last calendar.Day) int64 {
	var sum int64
	for year := first.Year; in.dividend > 0 && year <= last.Year; year++ {
		for month := in.exMonth; month <= 12; month += 3 {
			ex := nextSession(calendar.Day{Year: year, Month: time.Month(month), Day: exDate})
			if !ex.Before(first) && !last.Before(ex) {
				sum += in.dividendIn(year)
			}
		}
	}
	return sum
}

// edgarTickers is the list of all tickers, by market value.
func (s *Sim) edgarTickers(w http.ResponseWriter, _ *http.Request) {
	type row struct {
		CIK    int    `json:"cik_str"`
		Ticker string `json:"ticker"`
		Title  string `json:"title"`
	}
	list := map[string]row{}
	for _, c := range s.World.Filings().Companies() {
		for _, ticker := range c.Tickers {
			list[fmt.Sprint(len(list))] = row{c.CIK, ticker, c.Name}
		}
	}
	writeJSON(w, http.StatusOK, "application/json", list)
}

// edgarExchanges is the same list in columns, with the exchanges.
func (s *Sim) edgarExchanges(w http.ResponseWriter, _ *http.Request) {
	data := [][]any{}
	for _, c := range s.World.Filings().Companies() {
		for i, ticker := range c.Tickers {
			data = append(data, []any{c.CIK, c.Name, ticker, c.Exchanges[i]})
		}
	}
	writeJSON(w, http.StatusOK, "application/json", map[string]any{"fields": []string{"cik", "name", "ticker", "exchange"}, "data": data})
}

// cikIn reads a number with its zeros, as in CIK0000320193.
func cikIn(text string) (int, bool) {
	var cik int
	digits, ok := strings.CutPrefix(text, "CIK")
	if !ok || len(digits) != 10 {
		return 0, false
	}
	_, err := fmt.Sscanf(digits, "%d", &cik)
	return cik, err == nil
}
