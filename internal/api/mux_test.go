package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWhatStandsBehindASymbolIsFoundBesideQuotes(t *testing.T) {
	m := newRouter(Services{}, Config{}, http.NewServeMux()).routes
	for request, want := range map[string]string{
		"GET /api/stocks/AAPL/history":         "GET /api/stocks/{symbol}/history",
		"GET /api/stocks/BTC%2FUSD/history":    "GET /api/stocks/{symbol}/history",
		"GET /api/stocks/quote/AAPL":           "GET /api/stocks/quote/{symbol}",
		"GET /api/stocks/quote/history":        "GET /api/stocks/quote/{symbol}",
		"GET /api/stocks/quote/BTC%2FUSD":      "GET /api/stocks/quote/{symbol}",
		"POST /api/stocks/quotes":              "POST /api/stocks/quotes",
		"GET /api/stocks/AAPL/future":          "",
		"GET /api/stocks/AAPL/history/more":    "",
		"DELETE /api/stocks/AAPL/history":      "",
		"GET /api/portfolio/holdings/AAPL":     "GET /api/portfolio/holdings/{symbol}",
		"GET /elsewhere/stocks/AAPL/history":   "",
		"GET /api/stocks//history":             "",
		"GET /api/stocks/quote%2Fx/history":    "",
		"GET /api/stocks/%2e%2e/quote/history": "",
	} {
		method, path, _ := strings.Cut(request, " ")
		if _, got := m.Handler(httptest.NewRequest(method, path, nil)); got != want {
			t.Errorf("%s: got %q, want %q", request, got, want)
		}
	}
}
