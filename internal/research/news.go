package research

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/jaspers-ai/jaspers/internal/cache"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// News is what the press wrote, the newest first, each story once. Its texts are the publishers': data, never instructions.
type News struct {
	Stories []market.Story
	Sources []Origin
	Stale   bool
}

const (
	// newsDays are asked for where nobody says how many.
	newsDays = 7
	// maxNewsDays and oldestNews bound what sources have.
	maxNewsDays = 92
	oldestNews  = 366
	// MaxStories is how many stories an answer has at most.
	MaxStories = 200
	// maxKept bounds what is kept of one source.
	maxKept     = 250
	maxHeadline = 300
	maxSummary  = 1000
	maxSymbols  = 20
	// repeated is within what time a headline that comes again is of the same story.
	repeated = 48 * time.Hour
	// ahead is how far clocks of publishers may be.
	ahead = time.Hour
)

var newsKind = kind[[]market.Story]{
	name: "news", table: cache.News, what: "news", freshUntil: newsUntil, patience: waited, max: 400,
	asks: func(source market.Source) ask[[]market.Story] {
		n, ok := source.(market.Newspaper)
		if !ok {
			return nil
		}
		return func(ctx context.Context, key string) ([]market.Story, error) {
			symbol, first, last, err := readNewsKey(key)
			if err != nil {
				return nil, err
			}
			stories, err := n.News(ctx, symbol, first, last)
			return tidyStories(stories, source.Name()), err
		}
	},
}

// newsKey is the days, and the symbol where it is not the market.
func newsKey(symbol string, first, last calendar.Day) string {
	return strings.TrimSpace(first.String() + " " + last.String() + " " + symbol)
}

func readNewsKey(key string) (symbol string, first, last calendar.Day, err error) {
	days := strings.Fields(key)
	if first, err = calendar.ParseDay(days[0]); err == nil {
		last, err = calendar.ParseDay(days[1])
	}
	const withSymbol = 3
	if len(days) == withSymbol {
		symbol = days[2]
	}
	return symbol, first, last, err
}

// News are the newest stories about a symbol, or about the market where that is empty, of the days from the first to the
// last in New York; zero days are a week up to today. Wrong days are an Invalid of query.from or query.to; other errors
// and warnings as Company has them, but that no news is an empty answer.
func (s *Service) News(ctx context.Context, symbol string, first, last calendar.Day, limit int) (News, []string, error) {
	of := "the market"
	if symbol != "" {
		normal, err := symbolOf(symbol)
		if err != nil {
			return News{}, nil, err
		}
		symbol, of = normal, normal
	}
	first, last, err := s.newsSpan(first, last)
	if err != nil {
		return News{}, nil, err
	}
	var all []market.Story
	h, err := s.news.hear(ctx, newsKey(symbol, first, last), of, true, func(stories []market.Story, _ *Origin) bool {
		all = append(all, stories...)
		return false
	})
	if err != nil {
		return News{}, nil, err
	}
	if len(h.origins) == 0 || len(all) == 0 && h.unknown > 0 { // some say of what they do not know that it has no news
		return News{}, nil, h.nothing(s.news.what)
	}
	return News{s.merged(all, first, last, limit), h.origins, stale(h.origins)}, h.warnings, nil
}

// newsSpan fills in the days that are not said, and refuses those that no source has.
func (s *Service) newsSpan(first, last calendar.Day) (calendar.Day, calendar.Day, error) {
	today := calendar.DayOf(s.now())
	if last == (calendar.Day{}) || today.Before(last) {
		last = today
	}
	if first == (calendar.Day{}) {
		first = last.AddDays(1 - newsDays)
	}
	switch {
	case last.Before(first):
		return first, last, fault.InvalidField("query.from", "must not be after the last day, nor after today")
	case first.Before(today.AddDays(-oldestNews)):
		return first, last, fault.InvalidField("query.from", "must be within the last year: sources have no older news")
	case first.AddDays(maxNewsDays).Before(last):
		return first, last, fault.InvalidField("query.from", "must be at most 92 days before the last day")
	}
	return first, last, nil
}

// merged puts the sources' stories together, those of an earlier source and then the newer ones first: what comes again is
// left out, but for what it knows and the one before does not.
func (s *Service) merged(all []market.Story, first, last calendar.Day, limit int) []market.Story {
	merged := []market.Story{}
	byURL, byHeadline := map[string]int{}, map[string][]int{} // headlines such as "The week ahead" come again
	for _, story := range all {
		if at := calendar.DayOf(story.PublishedAt); at.Before(first) || last.Before(at) || story.PublishedAt.After(s.now().Add(ahead)) {
			continue
		}
		address, headline := sameURL(story.URL), sameHeadline(story.Headline)
		i, known := byURL[address]
		if !known || address == "" {
			i, known = repetition(merged, byHeadline[headline], story.PublishedAt)
		}
		if known {
			merged[i] = joined(merged[i], story)
			continue
		}
		byURL[address], byHeadline[headline] = len(merged), append(byHeadline[headline], len(merged))
		merged = append(merged, story)
	}
	slices.SortStableFunc(merged, func(a, b market.Story) int {
		return cmp.Or(b.PublishedAt.Compare(a.PublishedAt), strings.Compare(a.ID, b.ID))
	})
	return merged[:min(len(merged), limit, MaxStories)]
}

// repetition finds which of the stories that have a headline appeared at about the time.
func repetition(stories []market.Story, alike []int, at time.Time) (int, bool) {
	for _, i := range alike {
		if at.Sub(stories[i].PublishedAt).Abs() <= repeated {
			return i, true
		}
	}
	return 0, false
}

// joined is a story with what its repetition says more.
func joined(story, again market.Story) market.Story {
	story.Summary, story.URL = cmp.Or(story.Summary, again.Summary), cmp.Or(story.URL, again.URL)
	story.Publisher = cmp.Or(story.Publisher, again.Publisher)
	story.Symbols = slices.Clone(story.Symbols) // the others' is kept
	for _, symbol := range again.Symbols {
		if !slices.Contains(story.Symbols, symbol) && len(story.Symbols) < maxSymbols {
			story.Symbols = append(story.Symbols, symbol)
		}
	}
	return story
}

// sameURL is an address without what tells where a reader came from.
func sameURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return ""
	}
	query := u.Query()
	for name := range query {
		if strings.HasPrefix(name, "utm_") || name == ".tsrc" {
			query.Del(name)
		}
	}
	return strings.TrimPrefix(strings.ToLower(u.Host), "www.") + strings.TrimSuffix(u.Path, "/") + "?" + query.Encode()
}

// sameHeadline are the letters and digits of a headline.
func sameHeadline(headline string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, headline)
}

// tidyStories makes plain text of what a source wrote. What has no headline or no time is none.
func tidyStories(stories []market.Story, source string) []market.Story {
	tidied := []market.Story{}
	for _, story := range stories[:min(len(stories), maxKept)] {
		story.ID, story.Headline, story.Publisher = plain(story.ID, maxWord), plain(story.Headline, maxHeadline), plain(story.Publisher, maxWord)
		story.Summary, story.URL, story.Source = plain(story.Summary, maxSummary), secureURL(story.URL), source
		story.PublishedAt = story.PublishedAt.UTC()
		if story.Headline == "" || story.PublishedAt.IsZero() {
			continue
		}
		symbols := []string{}
		for _, symbol := range story.Symbols {
			if normal, err := market.NormalizeSymbol(symbol); err == nil && len(symbols) < maxSymbols && !slices.Contains(symbols, normal) {
				symbols = append(symbols, normal)
			}
		}
		story.Symbols = symbols
		tidied = append(tidied, story)
	}
	return tidied
}
