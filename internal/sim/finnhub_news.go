package sim

import (
	"encoding/hex"
	"hash/fnv"
	"net/http"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// maxFinnhubNews is where Finnhub breaks a list of news off, and maxFinnhubMarket how many there are of the market.
const (
	maxFinnhubNews   = 250
	maxFinnhubMarket = 100
)

// finnhubCompanyNews are the stories about a company of some days. Some come again under another id, and they are not
// quite in order.
func (s *Sim) finnhubCompanyNews(w http.ResponseWriter, r *http.Request) {
	from, to, ok := finnhubDays(r)
	if !ok {
		finnhubError(w, http.StatusUnprocessableEntity, "from and to are required")
		return
	}
	in, ok := s.finnhubSymbol(w, r)
	if !ok {
		return
	}
	items := []map[string]any{}
	if in != nil {
		for i, one := range s.World.stories(in, from, to) {
			items = append(items, one.finnhubItem("company", ""))
			if i%4 == 1 {
				items = append(items, one.finnhubItem("company", "again"))
			}
		}
	}
	writeJSON(w, http.StatusOK, finnhubJSON, shuffled(items[:min(len(items), maxFinnhubNews)]))
}

// finnhubNews are the newest stories of the market, which are of no symbol there.
func (s *Sim) finnhubNews(w http.ResponseWriter, r *http.Request) {
	items := []map[string]any{}
	switch r.URL.Query().Get("category") {
	case "general":
		day := calendar.DayOf(s.World.Now())
		for len(items) < maxFinnhubMarket && !day.Before(epoch.AddDays(7)) {
			if _, closes, trades := calendar.Session(day); trades && !s.World.Now().Before(closes) {
				if one := s.World.breadthStory(day); !one.at.After(s.World.Now()) {
					items = append(items, one.finnhubItem("top news", ""))
				}
			}
			day = day.AddDays(-1)
		}
	case "forex", "crypto", "merger":
	default:
		finnhubError(w, http.StatusUnprocessableEntity, "category is required")
		return
	}
	writeJSON(w, http.StatusOK, finnhubJSON, shuffled(items))
}

// finnhubItem is a story as Finnhub has it. A company's leads over an address of Finnhub's own; copies differ in their ids.
func (s story) finnhubItem(category, copied string) map[string]any {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(s.headline + s.at.String() + copied)) // never fails
	item := map[string]any{
		"category": category, "datetime": s.at.Unix(), "headline": s.headline, "id": 100_000_000 + hash.Sum64()%50_000_000, "image": "",
		"related": "", "source": s.publisher, "summary": s.summary, "url": "https://news.example.com/" + hex.EncodeToString(hash.Sum(nil)),
	}
	if s.about != nil {
		item["related"], item["url"] = s.about.Symbol, "https://finnhub.example.com/api/news?id="+hex.EncodeToString(hash.Sum(nil))
	}
	return item
}
