package research_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/research"
)

func story(id, headline, url string, before time.Duration) market.Story {
	return market.Story{ID: id, Headline: headline, URL: url, PublishedAt: noon.Add(-before)}
}

func (d *desk) stories(symbol, first, last string, limit int) []string {
	d.t.Helper()
	var from, to calendar.Day
	if first != "" {
		from = day(first)
	}
	if last != "" {
		to = day(last)
	}
	news, _, err := d.News(d.t.Context(), symbol, from, to, limit)
	if err != nil {
		d.t.Fatal(err)
	}
	ids := []string{}
	for _, s := range news.Stories {
		ids = append(ids, s.ID)
	}
	return ids
}

func TestEachStoryComesOnceTheNewestFirst(t *testing.T) {
	first := &vendor{name: "first", stories: map[string][]market.Story{"AAPL": {
		story("old", "Apple opens a store", "https://press.test/store", 30*time.Hour),
		story("new", "Apple shares rise", "https://press.test/rise?utm_source=x", time.Hour),
		story("ahead", "From tomorrow", "https://press.test/tomorrow", -20*time.Hour),
	}}}
	again := story("3", "Something else in the headline", "https://www.press.test/rise/", 2*time.Hour)
	again.Summary, again.Symbols = "They <i>rose</i>.", []string{"aapl"}
	second := &vendor{name: "second", stories: map[string][]market.Story{"AAPL": {
		again, story("4", "APPLE opens a store!", "https://second.test/id=4", 29*time.Hour), story("5", "Apple opens a store", "https://second.test/id=5", 29*time.Hour),
		story("6", "Another", "https://second.test/id=6", 3*time.Hour), story("7", "Apple opens a store", "", 5*24*time.Hour),
	}}}
	d := newDesk(t, nil, first, second)
	want(t, "stories", []string{"new", "6", "old", "7"}, d.stories("AAPL", "", "", 50))
	want(t, "limited", []string{"new", "6"}, d.stories("AAPL", "", "", 2))
	want(t, "of a day", []string{"old"}, d.stories("AAPL", "2026-11-19", "2026-11-19", 50))
	news, _, _ := d.News(t.Context(), "AAPL", calendar.Day{}, calendar.Day{}, 50)
	if got := news.Stories[0]; got.Summary != "They rose ." || len(got.Symbols) != 1 || got.Symbols[0] != "AAPL" || got.Source != "first" {
		t.Errorf("what the repetition says more: got %+v", got)
	}
	want(t, "days asked", "news 2026-11-14 2026-11-20 AAPL", first.questions()[0])
}

func TestNewsOfTheMarketAndOfNothing(t *testing.T) {
	first := &vendor{name: "first", stories: map[string][]market.Story{"": {story("1", "Markets rise", "", time.Hour)}, "MSFT": {}}}
	d := newDesk(t, nil, first)
	want(t, "the market's", []string{"1"}, d.stories("", "", "", 50))
	want(t, "none", []string{}, d.stories("MSFT", "", "", 50))
	_, _, err := d.News(t.Context(), "NOPE", calendar.Day{}, calendar.Day{}, 50)
	wantKind(t, "unknown", fault.UnknownSymbol, err)
	first.down(errDown)
	_, _, err = d.News(t.Context(), "AAPL", calendar.Day{}, calendar.Day{}, 50)
	wantKind(t, "down", fault.UpstreamDown, err)
	d.later(20 * time.Minute)
	news, warnings, err := d.News(t.Context(), "", calendar.Day{}, calendar.Day{}, 50)
	if err != nil || !news.Stale || len(news.Stories) != 1 || len(warnings) != 1 {
		t.Errorf("stale: got %+v, %q, %v", news, warnings, err)
	}
}

func TestAHeadlineThatComesEveryWeekIsOfTheStoryOfItsTime(t *testing.T) {
	const headline = "Apple: the week in review"
	first := &vendor{name: "first", stories: map[string][]market.Story{"AAPL": {
		story("this week", headline, "https://press.test/2", time.Hour), story("last week", headline, "https://press.test/1", 6*24*time.Hour),
	}}}
	second := &vendor{name: "second", stories: map[string][]market.Story{"AAPL": {
		story("again", headline, "https://second.test/2", 2*time.Hour), story("again last week", headline, "https://second.test/1", 6*24*time.Hour+time.Hour),
	}}}
	want(t, "stories", []string{"this week", "last week"}, newDesk(t, nil, first, second).stories("AAPL", "", "", 50))
}

func TestWhatOnlyLooksLikeATagStays(t *testing.T) {
	for headline, wanted := range map[string]string{
		"Q3<Q2 for Apple while Q4>Q3 is expected": "Q3<Q2 for Apple while Q4>Q3 is expected",
		"P/E<peers, yield>peers":                  "P/E<peers, yield>peers",
		"A <STRONG>strong</STRONG> day<br/>next":  "A strong day next",
		"A <made-up onclick=run()>word</made-up>": "A word",
		"A <!-- hidden --> word<?php run() ?>":    "A word",
		"Up &lt;h2 id=x&gt;twice&lt;/h2&gt;":      "Up twice",
	} {
		d := newDesk(t, nil, &vendor{name: "first", stories: map[string][]market.Story{"AAPL": {story("1", headline, "https://press.test/1", time.Hour)}}})
		news, _, err := d.News(t.Context(), "AAPL", calendar.Day{}, calendar.Day{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		want(t, headline, wanted, news.Stories[0].Headline)
	}
}

func TestDaysThatNoSourceHasNewsOfAreRefused(t *testing.T) {
	d := newDesk(t, nil, &vendor{name: "first", stories: map[string][]market.Story{"AAPL": {}}})
	for _, days := range [][2]string{{"2026-11-20", "2026-11-19"}, {"2025-01-01", "2025-01-02"}, {"2026-06-01", "2026-11-20"}, {"2026-12-24", ""}} {
		var last calendar.Day
		if days[1] != "" {
			last = day(days[1])
		}
		_, _, err := d.News(t.Context(), "AAPL", day(days[0]), last, 50)
		wantKind(t, days[0], fault.Invalid, err)
	}
}

func TestTextsOfOthersAreMadePlain(t *testing.T) {
	hostile := market.Story{
		ID: "1", PublishedAt: noon.Add(-time.Hour), URL: "http://press.test/1", Publisher: "P\u202eress\x1b[31m",
		Headline: "Rise &amp; fall: 1 < 2 <script>alert(1)</script>&lt;img src=x&gt;\n\n next",
		Summary:  strings.Repeat("word ", 2000),
		Symbols:  []string{"AAPL", "no symbol at all", "aapl"},
	}
	d := newDesk(t, nil, &vendor{name: "first", stories: map[string][]market.Story{"AAPL": {hostile, {ID: "2", Headline: "<br>", PublishedAt: noon}, {ID: "3", Headline: "No time"}}}})
	news, _, err := d.News(t.Context(), "AAPL", calendar.Day{}, calendar.Day{}, 50)
	if err != nil || len(news.Stories) != 1 {
		t.Fatal(news, err)
	}
	got := news.Stories[0]
	want(t, "headline", "Rise & fall: 1 < 2 alert(1) next", got.Headline)
	want(t, "publisher", "Press [31m", got.Publisher)
	want(t, "address", "", got.URL)
	want(t, "symbols", []string{"AAPL"}, got.Symbols)
	if n := len([]rune(got.Summary)); n > 1000 || !strings.HasSuffix(got.Summary, "…") {
		t.Errorf("got a summary of %d characters", n)
	}
}

func TestAddressesOfStoriesAreSecureOrNone(t *testing.T) {
	for address, wanted := range map[string]string{
		"https://press.test/a?b=c": "https://press.test/a?b=c", "http://press.test/": "", "javascript:alert(1)": "", "https://user:secret@press.test/": "",
		"https:///path": "", "//press.test/": "", "https://press.test/" + strings.Repeat("a", 3000): "", " https://press.test/x ": "https://press.test/x",
	} {
		d := newDesk(t, nil, &vendor{name: "first", stories: map[string][]market.Story{"A": {story("1", "x", address, time.Hour)}}})
		news, _, err := d.News(t.Context(), "A", calendar.Day{}, calendar.Day{}, 1)
		if err != nil || news.Stories[0].URL != wanted {
			t.Errorf("%.40s: got %+v, %v, want %q", address, news, err, wanted)
		}
	}
}

func TestBarsWithinDays(t *testing.T) {
	first := &vendor{name: "first", bars: map[string][]market.IntradayBar{"AAPL": {{Start: noon.Add(-time.Minute)}}}}
	d := newDesk(t, nil, quoter{}, &vendor{name: "none", fail: fault.New(fault.NotOffered, "no")}, first)
	bars := func(interval, from, to string) (research.Bars, []string, error) {
		return d.Bars(t.Context(), "aapl", interval, day(from), day(to))
	}
	got, warnings, err := bars("1m", "2026-11-20", "2026-12-24")
	if err != nil || warnings != nil || got.Symbol != "AAPL" || got.Source != "first" || !got.FetchedAt.Equal(noon) || len(got.Bars) != 1 {
		t.Errorf("got %+v, %q, %v", got, warnings, err)
	}
	want(t, "asked", []string{"bars 1m 2026-11-20T05:00:00Z 2026-11-21T05:00:00Z AAPL"}, first.questions())
	for _, wrong := range [][3]string{
		{"1d", "2026-11-20", "2026-11-20"}, {"1m", "2026-10-01", "2026-10-02"}, {"1m", "2026-11-10", "2026-11-20"}, {"5m", "2026-09-01", "2026-09-02"},
		{"1h", "2025-01-02", "2026-11-20"}, {"1h", "2026-11-20", "2026-11-19"},
	} {
		_, _, err := bars(wrong[0], wrong[1], wrong[2])
		wantKind(t, strings.Join(wrong[:], " "), fault.Invalid, err)
	}
	d.later(30 * time.Second)
	_, _, _ = bars("1m", "2026-11-20", "2026-11-20")
	want(t, "within a minute", []string(nil), first.questions())
	d.later(time.Minute)
	first.down(errDown)
	got, warnings, err = bars("1m", "2026-11-20", "2026-11-20")
	if err != nil || !got.Stale || len(warnings) != 1 {
		t.Errorf("down: got %+v, %q, %v", got, warnings, err)
	}
	first.down(nil)
	_, _, _ = bars("1m", "2026-11-18", "2026-11-19")
	first.questions()
	d.later(time.Hour)
	_, _, _ = bars("1m", "2026-11-18", "2026-11-19")
	want(t, "days that are over", []string(nil), first.questions())
	d.later(4 * time.Hour) // after the close has settled
	_, _, _ = bars("1m", "2026-11-20", "2026-11-20")
	first.questions()
	d.later(40 * time.Hour) // on Sunday
	_, _, _ = bars("1m", "2026-11-20", "2026-11-20")
	want(t, "while New York is closed", []string(nil), first.questions())
}
