package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// story is a piece of the make-believe press. What it says is true in this world.
type story struct {
	about     *Instrument
	headline  string
	summary   string
	publisher string
	at        time.Time
}

// maxPress is how many sessions back the press is remembered: about a year.
const maxPress = 252

// stories are those about an instrument that came out on the days in Greenwich, the newest first: on its sessions, as
// every vendor has them, on its results and on its dividends.
func (w *World) stories(in *Instrument, from, to calendar.Day) []story {
	all := slices.Concat(w.sessionStories(in), w.resultStories(in), w.dividendStories(in))
	now := w.now()
	all = slices.DeleteFunc(all, func(s story) bool {
		year, month, day := s.at.UTC().Date()
		d := calendar.Day{Year: year, Month: month, Day: day}
		return s.at.After(now) || d.Before(from) || to.Before(d)
	})
	slices.SortStableFunc(all, func(a, b story) int { return b.at.Compare(a.at) })
	return all
}

// sessionStories are those that Yahoo has, too.
func (w *World) sessionStories(in *Instrument) []story {
	var all []story
	for _, row := range w.newsAbout(in, maxPress) {
		title, _ := row["title"].(string)
		publisher, _ := row["publisher"].(string)
		at, _ := row["providerPublishTime"].(int64)
		day := in.dayOf(time.Unix(at, 0))
		summary := fmt.Sprintf("%s on %s at a glance: where the session began, what moved it, and how it ended.", in.Name, day)
		all = append(all, story{in, title, summary, publisher, time.Unix(at, 0).UTC()})
	}
	return all
}

// resultForms are how the press tells of results; the figures are revenue in millions and earnings per share.
var resultForms = []string{
	"%[1]s reports revenue of $%[2]s million and earnings of $%[3]s per share",
	"Results at %[1]s: $%[3]s per share on revenue of $%[2]s million",
	"%[1]s closes its quarter with $%[2]s million in sales, $%[3]s per share",
}

func (w *World) resultStories(in *Instrument) []story {
	var all []story
	for i, q := range w.results(in) {
		form := resultForms[w.random(in.key, dayNumber(q.End), 13)%uint64(len(resultForms))]
		all = append(all, story{
			about: in, headline: fmt.Sprintf(form, in.Name, q.Revenue.Shift(-6).Round(0), q.EPSDiluted.StringFixed(2)),
			summary:   fmt.Sprintf("The figures are those of the quarter that ended on %s, the company said after the close.", q.End),
			publisher: "Make-Believe Wire", at: q.Released.UTC(),
		})
		if i == 4 {
			break
		}
	}
	return all
}

// dividendForms are how the press tells of a dividend: name, amount, and the day it is paid.
var dividendForms = []string{
	"%[1]s goes ex-dividend: $%[2]s a share, paid on %[3]s", "Holders of %[1]s get $%[2]s a share on %[3]s",
}

func (w *World) dividendStories(in *Instrument) []story {
	var all []story
	today := in.dayOf(w.now())
	for _, d := range w.Dividends(in.Symbol, today.AddDays(-365), today) {
		form := dividendForms[w.random(in.key, dayNumber(d.ExDay), 14)%uint64(len(dividendForms))]
		all = append(all, story{
			about: in, headline: fmt.Sprintf(form, in.Name, d.Amount.Round(4), d.PayDay), summary: "",
			publisher: "The Simulated Courier", at: d.ExDay.At(8, 0).UTC(),
		})
	}
	return all
}

// breadthStory tells of a session of the whole market.
func (w *World) breadthStory(day calendar.Day) story {
	up, down := 0, 0
	var best *Instrument
	var most decimal.Decimal
	for _, in := range w.instruments {
		if in.Kind != Equity || in.abroad() || !in.trades(day) {
			continue
		}
		bars := w.barsUntil(in, day)
		if len(bars) < 2 {
			continue
		}
		b, before := bars[len(bars)-1], bars[len(bars)-2]
		gain := ratio(in.traded(b.close, b.day).Sub(in.adjusted(before.close, before.day, b.day)), in.adjusted(before.close, before.day, b.day))
		if gain.IsNegative() {
			down++
		} else {
			up++
		}
		if best == nil || gain.GreaterThan(most) {
			best, most = in, gain
		}
	}
	_, closes, _ := calendar.Session(day)
	return story{
		headline:  fmt.Sprintf("%d shares up, %d down as New York ends its session of %s", up, down, day),
		summary:   fmt.Sprintf("%s did best of all, with a gain of %s percent.", best.Name, most.Shift(2).Round(1)),
		publisher: "The Simulated Courier", at: closes.Add(20 * time.Minute).UTC(),
	}
}
