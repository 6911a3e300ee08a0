package api

import (
	"net/http"
	"strings"
)

// routes is a ServeMux with a second one for what stands behind an instrument's symbol. To one alone
// /api/stocks/quote/{symbol} and /api/stocks/{symbol}/history are equally good for /api/stocks/quote/history, and it
// refuses to have both; here the former wins, for there is no symbol QUOTE worth the trouble.
type routes struct {
	*http.ServeMux
	bySymbol *http.ServeMux
}

const (
	stockPath    = "/api/stocks/"
	bySymbolPath = stockPath + "{symbol}/"
)

// HandleFunc puts a route where of will look for it.
func (m routes) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	if _, path, _ := strings.Cut(pattern, " "); strings.HasPrefix(path, bySymbolPath) {
		m.bySymbol.HandleFunc(pattern, handler)
		return
	}
	m.ServeMux.HandleFunc(pattern, handler)
}

// of is the ServeMux that knows the request's path, if one does.
func (m routes) of(req *http.Request) *http.ServeMux {
	rest, stocks := strings.CutPrefix(req.URL.Path, stockPath)
	if stocks && strings.Contains(rest, "/") && !strings.HasPrefix(rest, "quote/") {
		return m.bySymbol
	}
	return m.ServeMux
}

// Handler is as ServeMux has it.
func (m routes) Handler(req *http.Request) (http.Handler, string) { return m.of(req).Handler(req) }

// ServeHTTP is as ServeMux has it.
func (m routes) ServeHTTP(w http.ResponseWriter, req *http.Request) { m.of(req).ServeHTTP(w, req) }
