package sim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

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
			"summary":        fmt.Sprintf("%s went from %s to %s on %s.", in.Name, was, in.traded(b.close, b.day), b.day),
		})
	}
	return stories
}

// yahooStream is the feed of a page: stories with their summaries, of the symbols asked for, with an advertisement among
// them.
func (s *Sim) yahooStream(w http.ResponseWriter, r *http.Request) {
	var question struct {
		ServiceConfig struct {
			SnippetCount int      `json:"snippetCount"`
			Symbols      []string `json:"s"`
		} `json:"serviceConfig"`
	}
	if err := json.NewDecoder(r.Body).Decode(&question); err != nil || r.URL.Query().Get("queryRef") == "" {
		yahooError(w, http.StatusBadRequest, "finance", "Invalid request")
		return
	}
	rows := []map[string]any{}
	for _, symbol := range question.ServiceConfig.Symbols {
		in, ok := s.World.findYahoo(symbol)
		if !ok || in.goneOn(in.dayOf(s.World.Now())) {
			continue
		}
		for i, story := range s.World.newsAbout(in, min(question.ServiceConfig.SnippetCount, 50)) {
			rows = append(rows, streamRow(story, i%5 == 4))
		}
	}
	if len(rows) > 0 {
		rows = slices.Insert(rows, 1, map[string]any{"id": "ad", "ad": true, "content": map[string]any{"id": "ad", "title": "A word from nobody"}})
	}
	writeJSON(w, http.StatusOK, yahooJSON, map[string]any{
		"status": "OK", "data": map[string]any{"tickerStream": map[string]any{"nextPage": false, "stream": rows}},
	})
}

// streamRow is a story in the words of the stream. One that other publishers keep has no link but a preview.
func streamRow(story map[string]any, kept bool) map[string]any {
	at := time.Unix(story["providerPublishTime"].(int64), 0).UTC().Format(time.RFC3339)
	link := any(map[string]any{"url": story["link"], "site": "finance", "region": "US", "lang": "en-US"})
	var preview any
	if kept {
		link, preview = nil, story["link"]
	}
	return map[string]any{"id": story["uuid"], "content": map[string]any{
		"id": story["uuid"], "contentType": "STORY", "title": story["title"], "description": "", "summary": story["summary"],
		"pubDate": at, "displayTime": at, "isHosted": !kept, "thumbnail": nil, "provider": map[string]any{"displayName": story["publisher"]},
		"canonicalUrl": link, "clickThroughUrl": link, "previewUrl": preview,
	}}
}
