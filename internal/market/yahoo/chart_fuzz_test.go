package yahoo

import (
	"net/http"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

func FuzzWhateverTheChartSaysDaysAreInOrderAndPricesAboveZero(f *testing.F) {
	f.Add([]byte(`{"chart":{"result":[{"meta":{"symbol":"ACME","currency":"GBp","exchangeTimezoneName":"Europe/London","priceHint":2},"timestamp":[1577952000,1577952000,0],
		"indicators":{"quote":[{"close":[1259.5,null,3]}],"adjclose":[{"adjclose":[1]}]},
		"events":{"splits":{"1":{"date":1577952000,"splitRatio":"4:1"}},"dividends":{"1":{"date":1577952000,"amount":0.2}}}}],"error":null}}`))
	f.Add([]byte(`{"chart":{"result":null,"error":{"code":"Not Found","description":"No data found"}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := readChart(&upstream.Answer{Status: http.StatusOK, Body: body})
		if err != nil {
			return
		}
		first, last := calendar.Day{Year: 1970, Month: 1, Day: 1}, calendar.Day{Year: 2100, Month: 1, Day: 1}
		h, err := c.history(first, last, time.Unix(1_790_000_000, 0))
		if err != nil {
			return
		}
		before := first.AddDays(-1)
		for _, b := range h.Bars {
			if !before.Before(b.Day) || last.Before(b.Day) || !b.Close.IsPositive() || b.Total.Valid && !b.Total.Decimal.IsPositive() {
				t.Fatalf("got %v behind %s", b, before)
			}
			before = b.Day
		}
		for _, s := range h.Splits {
			if !s.From.IsPositive() || !s.To.IsPositive() {
				t.Fatalf("got the split %v", s)
			}
		}
	})
}
