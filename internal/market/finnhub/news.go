package finnhub

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// item is one story. Of a company's, the address is one of Finnhub's that leads on to the publisher's.
type item struct {
	Published number `json:"datetime"` // Unix seconds
	Headline  text   `json:"headline"`
	ID        number `json:"id"`
	Related   text   `json:"related"` // symbols, with commas
	Publisher text   `json:"source"`
	Summary   text   `json:"summary"`
	URL       text   `json:"url"`
}

const (
	// fullPage is from how many stories on an answer may lack older ones; Finnhub breaks off at about 250.
	fullPage = 200
	// maxPages is how often older ones are asked for.
	maxPages = 5
	// repeated is how far apart the same text is the same story: some publishers say the same of every day.
	repeated = 12 * time.Hour
)

// News are the stories about a symbol of the days, or where it is empty the latest of the market, as far as they are of
// the days. A story that comes again under another id is there once.
func (s *Source) News(ctx context.Context, symbol string, first, last calendar.Day) ([]market.Story, error) {
	if symbol == "" {
		items, err := s.items(ctx, "/news", url.Values{"category": {"general"}})
		return stories(items, "", s.Name(), first, last), err
	}
	theirs, err := toFinnhub(symbol)
	if err != nil {
		return nil, err
	}
	var all []item
	until := last.AddDays(1) // Finnhub's days are those of Greenwich
	for range maxPages {
		items, err := s.items(ctx, "/company-news", url.Values{"symbol": {theirs}, "from": {first.String()}, "to": {until.String()}})
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		oldest := oldestOf(items, until)
		if len(items) < fullPage || !first.Before(oldest) {
			break
		}
		if until = until.AddDays(-1); oldest.Before(until) { // a day that fills a page by itself is passed over
			until = oldest
		}
	}
	return stories(all, symbol, s.Name(), first, last), nil
}

func (s *Source) items(ctx context.Context, path string, query url.Values) ([]item, error) {
	answer, err := s.get(ctx, path, query, "the news")
	if err != nil {
		return nil, err
	}
	return readItems(answer)
}

func readItems(answer *upstream.Answer) ([]item, error) {
	var rows []row[item]
	if err := answer.JSON(&rows); err != nil {
		return nil, err
	}
	if rows == nil {
		return nil, noAnswer(answer, nil, "news")
	}
	items := make([]item, len(rows))
	for i, r := range rows {
		items[i] = r.is
	}
	return items, nil
}

// oldestOf is the day in Greenwich of the oldest story; otherwise where none says when it came.
func oldestOf(items []item, otherwise calendar.Day) calendar.Day {
	oldest := otherwise
	for _, i := range items {
		if at, ok := i.Published.whole(1, lastSecond); ok {
			year, month, day := time.Unix(at, 0).UTC().Date()
			if d := (calendar.Day{Year: year, Month: month, Day: day}); d.Before(oldest) {
				oldest = d
			}
		}
	}
	return oldest
}

// stories are those of the days in New York, the newest first.
func stories(items []item, symbol, source string, first, last calendar.Day) []market.Story {
	stories := []market.Story{}
	for _, i := range items {
		story, ok := i.story(symbol, source)
		day := calendar.DayOf(story.PublishedAt)
		if ok && !day.Before(first) && !last.Before(day) {
			stories = append(stories, story)
		}
	}
	slices.SortFunc(stories, func(a, b market.Story) int {
		return cmp.Or(b.PublishedAt.Compare(a.PublishedAt), strings.Compare(a.ID, b.ID))
	})
	ids, texts := map[string]bool{}, map[string]time.Time{}
	return slices.DeleteFunc(stories, func(story market.Story) bool {
		text := story.Publisher + "\n" + story.Headline + "\n" + story.Summary
		later, told := texts[text]
		again := ids[story.ID] || told && later.Sub(story.PublishedAt) <= repeated
		ids[story.ID], texts[text] = true, story.PublishedAt
		return again
	})
}

// story is false without an id, a headline and a time.
func (i item) story(symbol, source string) (market.Story, bool) {
	at, timed := i.Published.whole(1, lastSecond)
	id, known := i.ID.whole(1, 1<<62)
	story := market.Story{
		ID: strconv.FormatInt(id, 10), Headline: i.Headline.tidy(), Summary: i.Summary.tidy(), Publisher: i.Publisher.tidy(),
		URL: i.URL.link("https://"), Symbols: []string{}, PublishedAt: time.Unix(at, 0).UTC(), Source: source,
	}
	for related := range strings.SplitSeq(symbol+","+string(i.Related), ",") {
		if ours, ok := fromFinnhub(related); ok && !slices.Contains(story.Symbols, ours) {
			story.Symbols = append(story.Symbols, ours)
		}
	}
	return story, timed && known && story.Headline != ""
}
