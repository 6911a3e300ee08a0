package yahoo

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// newsRow is a story that comes with a search: it has the symbols it is about, but no summary.
type newsRow struct {
	ID        text   `json:"uuid"`
	Title     text   `json:"title"`
	Publisher text   `json:"publisher"`
	Link      text   `json:"link"`
	Published number `json:"providerPublishTime"` // Unix seconds
	Symbols   []text `json:"relatedTickers"`
}

// streamRow is a story of the stream that goes with a symbol: it has a summary, but not the symbols.
type streamRow struct {
	ID      text            `json:"id"`
	Ad      json.RawMessage `json:"ad"`
	Content struct {
		Title     text              `json:"title"`
		Summary   text              `json:"summary"`
		Published text              `json:"pubDate"` // RFC 3339
		Provider  module[namedText] `json:"provider"`
		Canonical module[linkText]  `json:"canonicalUrl"`
		Click     module[linkText]  `json:"clickThroughUrl"`
		Preview   text              `json:"previewUrl"`
	} `json:"content"`
}

type (
	namedText struct {
		Name text `json:"displayName"`
	}
	linkText struct {
		URL text `json:"url"`
	}
)

const (
	// maxStories is how many stories are asked for; Yahoo keeps the latest.
	maxStories = 50
	// wholeMarket is the symbol whose stream is the news of the market.
	wholeMarket = "^GSPC"
)

// News are the latest stories that Yahoo has, as far as they are of the days. Those of a symbol come from two feeds: a
// search tells which stories are about it, and its stream has summaries. Where there is only the first, that will do.
func (s *Source) News(ctx context.Context, symbol string, first, last calendar.Day) ([]market.Story, error) {
	if symbol == "" {
		stories, err := s.stream(ctx, wholeMarket)
		return ofDays(stories, first, last), err
	}
	all, err := s.search(ctx, toYahoo(symbol), 1, maxStories)
	if err != nil {
		return nil, err
	}
	stories := map[string]market.Story{}
	for _, row := range all.News.rows {
		if story, ok := row.story(s.Name()); ok && slices.Contains(story.Symbols, symbol) {
			stories[story.ID] = story
		}
	}
	streamed, err := s.stream(ctx, toYahoo(symbol))
	if ctx.Err() != nil {
		return nil, err
	}
	for _, story := range streamed {
		if known, ok := stories[story.ID]; ok {
			known.Summary = story.Summary
			stories[story.ID] = known
			continue
		}
		story.Symbols = []string{symbol}
		stories[story.ID] = story
	}
	joined := make([]market.Story, 0, len(stories))
	for _, story := range stories {
		joined = append(joined, story)
	}
	return ofDays(joined, first, last), nil
}

// ofDays are the stories from the first day to the last in New York, the newest first.
func ofDays(stories []market.Story, first, last calendar.Day) []market.Story {
	stories = slices.DeleteFunc(stories, func(story market.Story) bool {
		day := calendar.DayOf(story.PublishedAt)
		return day.Before(first) || last.Before(day)
	})
	slices.SortFunc(stories, func(a, b market.Story) int {
		if order := b.PublishedAt.Compare(a.PublishedAt); order != 0 {
			return order
		}
		return strings.Compare(a.ID, b.ID)
	})
	return stories
}

// stream asks for the latest stories of a symbol in Yahoo's spelling.
func (s *Source) stream(ctx context.Context, symbol string) ([]market.Story, error) {
	question, err := json.Marshal(map[string]any{"serviceConfig": map[string]any{"snippetCount": maxStories, "s": []string{symbol}}})
	if err != nil {
		return nil, fault.From(err)
	}
	answer, err := s.feed(ctx, question, accepting(""))
	if err == nil && (answer.Status == http.StatusUnauthorized || answer.Status >= 300 && answer.Status < 400) { // to where consent is asked for
		pass, noSession := s.session.get(ctx)
		if noSession != nil {
			return nil, noSession
		}
		answer, err = s.feed(ctx, question, accepting(pass.cookie))
	}
	if err == nil {
		err = answer.Fault("the news")
	}
	if err != nil {
		return nil, err
	}
	return readStream(answer, s.Name())
}

// feed asks for the stream, which needs no session but, at times, its cookie.
func (s *Source) feed(ctx context.Context, question []byte, header http.Header) (*upstream.Answer, error) {
	header.Set("Content-Type", "application/json")
	return s.door.client.Do(ctx, upstream.Request{
		Method: http.MethodPost, URL: s.door.hosts.Pages + "/xhr/ncp?queryRef=latestNews&serviceKey=ncp_fin", Body: question, Header: header,
		Endpoint: "POST /xhr/ncp",
	})
}

// readStream reads the stories that can be read.
func readStream(answer *upstream.Answer, source string) ([]market.Story, error) {
	var body struct {
		Data struct {
			Stream struct {
				Rows list[streamRow] `json:"stream"`
			} `json:"tickerStream"`
		} `json:"data"`
	}
	if err := answer.JSON(&body); err != nil {
		return nil, err
	}
	if !body.Data.Stream.Rows.said {
		return nil, answer.Useless(fault.New(fault.UpstreamFailed, "Yahoo's answer holds no news; try again later"))
	}
	stories := []market.Story{}
	for _, row := range body.Data.Stream.Rows.rows {
		story, ok := row.story(source)
		if ok && !slices.ContainsFunc(stories, func(s market.Story) bool { return s.ID == story.ID }) {
			stories = append(stories, story)
		}
	}
	return stories, nil
}

// story is a row with an id, a title and a time; what lacks one of them is none.
func (r newsRow) story(source string) (market.Story, bool) {
	at, ok := r.Published.whole(1, lastSecond)
	story := market.Story{
		ID: string(r.ID), Headline: tidy(r.Title), Publisher: tidy(r.Publisher), URL: secure(r.Link), Symbols: []string{},
		PublishedAt: time.Unix(at, 0).UTC(), Source: source,
	}
	for _, symbol := range r.Symbols {
		if ours, ok := fromYahoo(string(symbol)); ok && !slices.Contains(story.Symbols, ours) {
			story.Symbols = append(story.Symbols, ours)
		}
	}
	return story, ok && story.ID != "" && story.Headline != ""
}

func (r streamRow) story(source string) (market.Story, bool) {
	c := r.Content
	at, err := time.Parse(time.RFC3339, string(c.Published))
	story := market.Story{
		ID: string(r.ID), Headline: tidy(c.Title), Summary: strings.TrimSpace(string(c.Summary)), Publisher: tidy(c.Provider.is.Name),
		URL: secure(c.Canonical.is.URL, c.Click.is.URL, c.Preview), Symbols: []string{}, PublishedAt: at.UTC(), Source: source,
	}
	isAd := r.Ad != nil && string(r.Ad) != "null"
	return story, err == nil && !isAd && story.ID != "" && story.Headline != ""
}

// secure is the first link that is one of https.
func secure(links ...text) string {
	for _, link := range links {
		if strings.HasPrefix(string(link), "https://") {
			return string(link)
		}
	}
	return ""
}
