package plan

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/intent"
)

// costs asks what a share of something costs: its price.
func (a *asking) costs() bool {
	return !a.own() && a.has("cost", "go for", "going for", "sell for", "trade for", "price of", "price for") && !a.named() && len(a.Forms) == 0 && a.has("what", "how much", "share", "stock")
}

// staff asks how many work for a company.
func (a *asking) staff() bool {
	return a.has("headcount", "workforce", "number of employees", "number of people", "number of staff") && !a.has("say", "says", "about", "mention", "mentions") ||
		a.has("how many", "how big", "how large", "number") && a.has("employee", "employ", "employed", "work at", "work for", "work there", "people work", "worker", "staff", "people on")
}

// perShare asks for a company's earnings per share.
func (a *asking) perShare() bool {
	return a.has("eps", "earnings per share", "earn per share", "earned per share", "profit per share", "earn a share", "make per share", "made per share") || a.has("per share") && a.has("earn", "earned", "profit")
}

// named tells whether the question has the name of a filed figure or of a metric.
func (a *asking) named() bool {
	return len(a.metrics()) > 0 || slices.ContainsFunc(concepts, func(c concept) bool { return a.has(c.phrases...) }) || a.has("fiscal", "fy")
}

// steps asks how far a price went, without the word: "how much did KO change between …".
func (a *asking) steps() bool {
	if a.own() || len(a.Symbols) == 0 || a.named() || len(a.Forms) > 0 || a.topic(intent.News, intent.Filings) || a.has("say", "says", "mention", "mentions", "risk", "risks", "why", "policy", "strategy") {
		return false
	}
	how := a.has("how much", "how far", "by how", "how many", "how did", "how has", "did", "has")
	return how && (a.From != nil || a.has("how far", "by how")) &&
		a.has("move", "moved", "change", "changed", "rise", "rose", "risen", "fall", "fell", "fallen", "drop", "dropped", "gain", "gained", "lose", "lost", "climb", "climbed", "jump", "jumped", "slip", "slipped", "up", "down")
}

// between tells whether the range is of two days that the question names, from the close of one of which to that of the
// other a change is measured: not a month or year, in which the first day has a part.
func (a *asking) between() bool {
	if a.From == nil || a.To == nil || !a.has("between", "from") || !a.has("and", "to", "until", "till") {
		return false
	}
	return a.From.Day != 1 || a.To.AddDays(1).Day != 1
}

// years are the calendar years that the question names one by one, where its range is one of them.
func (a *asking) years() []int {
	first := a.year()
	if first == 0 {
		return nil
	}
	years := []int{first}
	for _, word := range strings.Fields(string(a.text)) {
		year, err := strconv.Atoi(word)
		const earliest = 1970
		if err == nil && year >= earliest && year <= a.today.Year && !slices.Contains(years, year) {
			years = append(years, year)
		}
	}
	return years[:min(len(years), mostSymbols)]
}

// ofYear is a calendar year as a range that ends today at the latest.
func (a *asking) ofYear(year int) (first, last *calendar.Day) {
	first = &calendar.Day{Year: year, Month: time.January, Day: 1}
	if last = (&calendar.Day{Year: year, Month: time.December, Day: 31}); !last.Before(a.today) {
		last = nil
	}
	return first, last
}

// spans are the ranges of the tool for performance that count months back from today.
var spans = []struct {
	name   string
	months int
}{{"1M", 1}, {"3M", 3}, {"6M", 6}, {"1Y", 12}}

// span is the tool's range that the question's is, of one that is said as a number of months or years; empty for others.
func (a *asking) span() string {
	if a.From == nil || a.To == nil || a.To.Before(a.today) || a.has("since") || !a.has("month", "year", "quarter", "12m", "6m", "3m", "1m", "1y") {
		return ""
	}
	for _, s := range spans {
		if day := monthsBefore(a.today, s.months); *a.From == day || *a.From == day.AddDays(1) || *a.From == day.AddDays(-1) {
			return s.name
		}
	}
	return ""
}

// monthsBefore is the day so many months earlier, the last of its month where that is shorter.
func monthsBefore(day calendar.Day, months int) calendar.Day {
	first := time.Date(day.Year, day.Month-time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return calendar.Day{Year: first.Year(), Month: first.Month(), Day: min(day.Day, last)}
}
