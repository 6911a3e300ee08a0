package portfolio

import (
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/instrument"
	"github.com/jaspers-ai/jaspers/internal/market"
)

func TestThePreviousCloseIsOfTheDayBeforeThePrice(t *testing.T) {
	number := func(text string) calendar.Day {
		day, err := calendar.ParseDay(text)
		if err != nil {
			t.Fatal(err)
		}
		return day
	}
	// Wednesday to Monday, with Thanksgiving on Thursday and an early close on Friday.
	columns := func(currency string, closes ...float64) market.Closes {
		c := market.Closes{Currency: currency, Close: closes, AsOf: time.Date(2026, 11, 28, 5, 0, 0, 0, time.UTC)}
		for _, day := range []string{"2026-11-24", "2026-11-25", "2026-11-27", "2026-11-28"}[:len(closes)] {
			c.Days = append(c.Days, number(day).Number())
		}
		return c
	}
	newYork := func(day, hour int) time.Time { return time.Date(2026, 11, day, hour+5, 0, 0, 0, time.UTC) }
	stock := columns("USD", 248.289993, 250.5, 252.25)
	split := []instrument.Split{{Day: number("2026-11-30"), From: dec("1"), To: dec("4")}}
	for name, c := range map[string]struct {
		class  broker.AssetClass
		read   time.Time
		closes market.Closes
		splits []instrument.Split
		want   string
	}{
		"in a session":                          {broker.Equity, newYork(25, 12), stock, nil, "248.29"},
		"in the evening after it":               {broker.Equity, newYork(25, 20), stock, nil, "248.29"},
		"on a holiday":                          {broker.Equity, newYork(26, 12), stock, nil, "248.29"},
		"in the session after a holiday":        {broker.Equity, newYork(27, 11), stock, nil, "250.5"},
		"on Monday before the bell":             {broker.Equity, newYork(30, 8), stock, nil, "250.5"},
		"on Monday":                             {broker.Equity, newYork(30, 10), stock, nil, "252.25"},
		"on Monday, when it was split":          {broker.Equity, newYork(30, 10), stock, split, "63.0625"},
		"on Tuesday, without Monday's close":    {broker.Equity, newYork(31, 10), stock, nil, ""},
		"abroad, in a session":                  {broker.Equity, newYork(27, 11), columns("GBP", 6.1, 6.1934, 6.2), nil, "6.1934"},
		"abroad, before New York opens":         {broker.Equity, newYork(30, 8), columns("GBP", 6.1, 6.1934, 6.2), nil, ""},
		"of crypto, on Saturday evening in UTC": {broker.Crypto, time.Date(2026, 11, 28, 22, 0, 0, 0, time.UTC), columns("USD", 1, 2, 72168.6015, 4), nil, "72168.6"},
		"of crypto, with a day missing":         {broker.Crypto, time.Date(2026, 11, 27, 22, 0, 0, 0, time.UTC), columns("USD", 1, 2, 3), nil, ""},
		"of what has no closes":                 {broker.Equity, newYork(25, 12), market.Closes{Currency: "USD"}, nil, ""},
	} {
		got := ""
		if p := previousClose(c.class, c.read, c.closes, c.splits); p.Valid {
			got = p.Decimal.String()
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
