package sim

import (
	"cmp"
	"fmt"
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
	w.Header().Set("Cache-Control", "public, max-age=600")
	writeJSON(w, http.StatusOK, yahooJSON, map[string]any{
		"explains": []any{}, "count": len(quotes) + len(news), "quotes": quotes, "news": news, "nav": []any{}, "lists": []any{},
	})
}

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

// headlines are what the make-believe press writes, by whether the price rose or fell on the day.
var headlines = map[bool][]string{
	true: {
		"%s shares gain %s%% in steady trading", "Buyers return to %s: up %s%% on the day", "%s closes %s%% higher, ahead of its neighbors",
	},
	false: {
		"%s slips %s%% as traders take profits", "A quiet day leaves %s %s%% lower", "%s gives back %s%%, and nobody is sure why",
	},
}

// newsAbout is a story for each of the last sessions, newest first. What a story says of the price is true in this world.
func (w *World) newsAbout(in *Instrument, most int) []map[string]any {
	now := w.now()
	day, passed, minutes := in.lastDay(now)
	if passed < minutes {
		day = day.AddDays(-1)
	}
	bars := w.barsUntil(in, day)
	stories := []map[string]any{}
	for i := len(bars) - 1; i > 0 && len(stories) < most; i-- {
		b, before := bars[i], bars[i-1]
		was := in.adjusted(before.close, before.day, b.day)
		percent := ratio(in.traded(b.close, b.day).Sub(was), was).Shift(2).Round(1)
		forms := headlines[!percent.IsNegative()]
		form := forms[w.random(in.key, b.number, 8)%uint64(len(forms))]
		_, closes := in.session(b.day)
		id := w.uuid("news", in.Symbol, b.day.String())
		stories = append(stories, map[string]any{
			"uuid": id, "title": fmt.Sprintf(form, in.Name, percent.Abs()), "publisher": "The Simulated Courier",
			"link": "https://news.example.com/" + id, "providerPublishTime": closes.Unix(), "type": "STORY",
			"relatedTickers": []string{in.yahooSymbol()},
		})
	}
	return stories
}
