package sim

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (s *Sim) yahooSearch(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	text := strings.TrimSpace(query.Get("q"))
	if text == "" {
		yahooError(w, http.StatusBadRequest, "finance", "Missing value for the \"q\" argument")
		return
	}
	found := s.World.search(text, countOf(query.Get("quotesCount"), 7))
	quotes, news := []map[string]any{}, []map[string]any{}
	for i, in := range found {
		quotes = append(quotes, searchRow(in, 20_000-i))
	}
	if len(found) > 0 {
		news = s.World.newsAbout(found[0], countOf(query.Get("newsCount"), 4))
	}
	if strings.HasPrefix(strings.ToLower(privateFirm), strings.ToLower(text)) {
		quotes = append(quotes, map[string]any{"index": "private", "name": privateFirm, "isYahooFinance": false})
	}
	w.Header().Set("Cache-Control", "public, max-age=600")
	writeJSON(w, http.StatusOK, yahooJSON, map[string]any{
		"explains": []any{}, "count": len(quotes) + len(news), "quotes": quotes, "news": news, "nav": []any{}, "lists": []any{},
	})
}

// privateFirm is a company that is not traded: a search finds it, without a symbol.
const privateFirm = "Orbital Haulage Cooperative"

// countOf reads how many results are wanted.
func countOf(text string, otherwise int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return otherwise
	}
	return n
}

// search finds listed instruments whose symbol begins with the text, or whose name has a word that does; an exact symbol comes first.
func (w *World) search(text string, most int) []*Instrument {
	text = strings.ToLower(text)
	rank := func(in *Instrument) int {
		symbol, name := strings.ToLower(in.yahooSymbol()), " "+strings.ToLower(in.Name)
		switch {
		case symbol == text || strings.ToLower(in.Symbol) == text:
			return 0
		case strings.HasPrefix(name, " "+text):
			return 1
		case strings.HasPrefix(symbol, text) || strings.Contains(name, " "+text):
			return 2
		}
		return 3
	}
	var found []*Instrument
	for _, in := range w.instruments {
		if rank(in) < 3 && !in.goneOn(in.dayOf(w.now())) {
			found = append(found, in)
		}
	}
	slices.SortStableFunc(found, func(x, y *Instrument) int { return cmp.Compare(rank(x), rank(y)) })
	return found[:min(most, len(found))]
}

func searchRow(in *Instrument, score int) map[string]any {
	exchange := in.yahooExchange()
	kind, shown := in.yahooType()
	row := map[string]any{
		"symbol": in.yahooSymbol(), "shortname": in.Name, "longname": in.Name, "exchange": exchange.code, "exchDisp": exchange.name,
		"quoteType": kind, "typeDisp": strings.ToLower(shown), "index": "quotes", "score": score, "isYahooFinance": true,
	}
	if in.Kind == Equity {
		row["sector"], row["sectorDisp"], row["industry"], row["industryDisp"] = in.Sector, in.Sector, in.Industry, in.Industry
	}
	return row
}
