// Package sim is a make-believe world: one seeded market, its people's accounts, and the outside services that speak of them.
package sim

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Sim serves the world through the wire formats of all providers. Its fields are set before Handler is called.
type Sim struct {
	World   *World
	Faults  *Faults
	Alpaca  AlpacaApp      // the one application that may connect to the simulated Alpaca
	IBKR    IBKRGateway    // of the simulated Interactive Brokers
	Claude  ClaudeOptions  // of the simulated Claude
	EDGAR   EDGAROptions   // of the simulated EDGAR
	Finnhub FinnhubOptions // of the simulated Finnhub
	// YahooConsent is what the simulated Yahoo wants before it gives a cookie.
	YahooConsent Consent
	Clock        *Clock // the world's clock when the control API may move it, else nil

	oauth   oauthState
	crumbs  crumbState
	ibkr    ibkrState
	gate    edgarGate
	hub     finnhubState
	traffic traffic
	log     requestLog
	told    toldTokens
}

// NewSim serves the world without faults.
func NewSim(world *World) *Sim {
	return &Sim{World: world, Faults: &Faults{}}
}

// Handler serves each provider below its own prefix, and the control API. Every answer is marked with X-Simulated.
func (s *Sim) Handler() http.Handler {
	providers := map[string]http.Handler{
		ProviderAlpaca:  s.alpaca(),
		ProviderIBKR:    s.ibkrGateway(),
		ProviderYahoo:   s.yahoo(),
		ProviderClaude:  s.claude(),
		ProviderEDGAR:   s.edgar(),
		ProviderFinnhub: s.finnhub(),
	}
	mux := http.NewServeMux()
	for name, handler := range providers {
		prefix := "/" + name
		mux.Handle(prefix+"/", http.StripPrefix(prefix, s.logged(name, s.Faults.wrap(name, handler))))
	}
	control := s.control()
	mux.Handle("/control", control)
	mux.Handle("/control/", control)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Simulated", "true")
		mux.ServeHTTP(w, r)
	})
}

// RequestCount says how often a path of a provider, below its prefix, was asked for.
type RequestCount struct {
	Provider string `json:"provider"`
	Path     string `json:"path"`
	Count    int    `json:"count"`
}

// AnswerCount says how often a path of a provider was answered with a status; 0 where the connection was closed instead.
type AnswerCount struct {
	Provider string `json:"provider"`
	Path     string `json:"path"`
	Status   int    `json:"status"`
	Count    int    `json:"count"`
}

// requestLog counts requests, including those a fault struck, and how they were answered.
type requestLog struct {
	mu      sync.Mutex
	counts  map[RequestCount]int // by provider and path, with Count 0
	answers map[AnswerCount]int  // by provider, path and status, with Count 0
}

// answered counts an answer.
func (l *requestLog) answered(provider, path string, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answers == nil {
		l.answers = map[AnswerCount]int{}
	}
	l.answers[AnswerCount{Provider: provider, Path: path, Status: status}]++
}

// statusWriter tells once with which status an answer begins.
type statusWriter struct {
	http.ResponseWriter
	begin func(status int)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader begins the answer.
func (w *statusWriter) WriteHeader(status int) {
	w.begin(status)
	w.ResponseWriter.WriteHeader(status)
}

// Write begins the answer where nothing did.
func (w *statusWriter) Write(p []byte) (int, error) {
	w.begin(http.StatusOK)
	return w.ResponseWriter.Write(p)
}

// logged counts the provider's requests.
func (s *Sim) logged(provider string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.traffic.count(provider, time.Now())
		s.log.mu.Lock()
		if s.log.counts == nil {
			s.log.counts = map[RequestCount]int{}
		}
		s.log.counts[RequestCount{Provider: provider, Path: r.URL.Path}]++
		s.log.mu.Unlock()
		var once sync.Once
		begin := func(status int) { once.Do(func() { s.log.answered(provider, r.URL.Path, status) }) }
		defer begin(0) // where a fault or the caller ended it before
		next.ServeHTTP(&statusWriter{w, begin}, r)
		begin(http.StatusOK)
	})
}

// Answers lists how often what was answered how, by provider, path and status.
func (s *Sim) Answers() []AnswerCount {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	list := make([]AnswerCount, 0, len(s.log.answers))
	for key, count := range s.log.answers {
		key.Count = count
		list = append(list, key)
	}
	slices.SortFunc(list, func(x, y AnswerCount) int {
		return cmp.Or(cmp.Compare(x.Provider, y.Provider), cmp.Compare(x.Path, y.Path), cmp.Compare(x.Status, y.Status))
	})
	return list
}

// Requests lists how often what was asked for, by provider and path.
func (s *Sim) Requests() []RequestCount {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	list := make([]RequestCount, 0, len(s.log.counts))
	for key, count := range s.log.counts {
		key.Count = count
		list = append(list, key)
	}
	slices.SortFunc(list, func(x, y RequestCount) int {
		return cmp.Or(cmp.Compare(x.Provider, y.Provider), cmp.Compare(x.Path, y.Path))
	})
	return list
}

// writeJSON answers with the body as JSON. A write fails only when the caller left, and nobody is there to be told.
func writeJSON(w http.ResponseWriter, status int, contentType string, body any) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body)
}

// writeText answers with a text of the given type.
func writeText(w http.ResponseWriter, status int, contentType, text string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}
