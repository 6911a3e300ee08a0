package yahoo_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// opening is 9:30 in New York on Friday, 20 November 2026.
var opening = time.Date(2026, 11, 20, 14, 30, 0, 0, time.UTC)

// minutesOf is an answer with bars at the minutes after the opening, which cost as much as the minutes are; a negative one
// is null.
func minutesOf(currency string, lastTrade time.Time, minutes ...int) string {
	var stamps, prices, volumes []string
	for _, m := range minutes {
		price, volume := fmt.Sprintf("%d.32000732421875", max(m, -m)+100), "10"
		if m < 0 {
			price, volume = "null", "null"
		}
		stamps = append(stamps, fmt.Sprint(opening.Add(time.Duration(max(m, -m))*time.Minute).Unix()))
		prices, volumes = append(prices, price), append(volumes, volume)
	}
	column := strings.Join(prices, ",")
	return fmt.Sprintf(`{"chart":{"result":[{"meta":{"symbol":"ACME","currency":%q,"priceHint":2,"regularMarketTime":%d},"timestamp":[%s],
		"indicators":{"quote":[{"open":[%s],"high":[%s],"low":[%s],"close":[%s],"volume":[%s]}]}}],"error":null}}`,
		currency, lastTrade.Unix(), strings.Join(stamps, ","), column, column, column, column, strings.Join(volumes, ","))
}

func barsFrom(t *testing.T, body, interval string) market.IntradayBars {
	t.Helper()
	bars, err := charts(t, now, http.StatusOK, body).Bars(t.Context(), "AAPL", interval, opening, opening.Add(7*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return bars
}

// shown are starts in minutes and closes.
func shown(b market.IntradayBars) (all []string) {
	for _, bar := range b.Bars {
		all = append(all, fmt.Sprint(bar.Start.Sub(opening).Minutes(), " ", bar.Close))
	}
	return all
}

func TestNullBarsAreDroppedAndNoiseIsRoundedOff(t *testing.T) {
	got := shown(barsFrom(t, minutesOf("USD", now, 0, -5, 10, 15), "5m"))
	if diff := cmp.Diff([]string{"0 100.32", "10 110.32", "15 115.32"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	pence := barsFrom(t, minutesOf("GBp", now, 0), "5m")
	if pence.Currency != "GBP" || !pence.Bars[0].Close.Equal(decimal.RequireFromString("1.0032")) {
		t.Errorf("got %v in %s, want pounds", pence.Bars, pence.Currency)
	}
}

func TestHalfHoursAreMadeOfTheirQuarters(t *testing.T) {
	got := barsFrom(t, minutesOf("USD", now, 0, 15, 30, -45, -60, 75), "30m")
	if diff := cmp.Diff([]string{"0 115.32", "30 130.32", "60 175.32"}, shown(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	first := got.Bars[0]
	if *first.Volume != 20 || first.Open.String() != "100.32" || first.High.String() != "115.32" || first.Low.String() != "100.32" {
		t.Errorf("got %+v", first)
	}
}

func TestTheLastTradeBehindTheBarsIsNone(t *testing.T) {
	const rows = `{"chart":{"result":[{"meta":{"symbol":"ACME","currency":"USD","priceHint":2,"regularMarketTime":%d},"timestamp":[%d,%d],
		"indicators":{"quote":[{"open":[1,2],"high":[1,2],"low":[1,2],"close":[1,2],"volume":[10,0]}]}}],"error":null}}`
	for _, behind := range []time.Duration{7*time.Minute + 12*time.Second, 15 * time.Minute} {
		last := opening.Add(behind)
		if got := shown(barsFrom(t, fmt.Sprintf(rows, last.Unix(), opening.Unix(), last.Unix()), "15m")); len(got) != 1 {
			t.Errorf("%s behind: got %v, want one bar", behind, got)
		}
	}
	trading := opening.Add(20*time.Minute + 3*time.Second)
	if got := shown(barsFrom(t, strings.Replace(fmt.Sprintf(rows, trading.Unix()+1, opening.Unix(), trading.Unix()), "[10,0]", "[10,null]", 1), "15m")); len(got) != 1 {
		t.Errorf("within a minute: got %v, want one bar", got)
	}
	quiet := opening.Add(15 * time.Minute)
	if got := shown(barsFrom(t, fmt.Sprintf(rows, quiet.Unix()+30, opening.Unix(), quiet.Unix()), "15m")); len(got) != 2 {
		t.Errorf("a quarter in which nothing was traded: got %v, want it", got)
	}
}

func TestMinutesAreAskedForByTheWeek(t *testing.T) {
	var windows []string
	source := chartsBy(t, now, func(w http.ResponseWriter, r *http.Request) {
		windows = append(windows, r.URL.Query().Get("interval")+" "+r.URL.Query().Get("period1"))
		_, _ = io.WriteString(w, minutesOf("USD", now))
	})
	got, err := source.Bars(t.Context(), "AAPL", "1m", now.AddDate(-1, 0, 0), now)
	if err != nil || len(got.Bars) != 0 || got.Currency != "USD" {
		t.Errorf("got %v, %v", got, err)
	}
	if len(windows) != 5 { // of the thirty days that Yahoo keeps
		t.Errorf("got %v, want five weeks", windows)
	}
	if b, err := source.Bars(t.Context(), "AAPL", "1m", now.AddDate(-1, 0, 0), now.AddDate(0, -3, 0)); !fault.Is(err, fault.NotOffered) || len(b.Bars) != 0 {
		t.Errorf("minutes of long ago: got %v, %v, want %s", b.Bars, err, fault.NotOffered)
	}
	if len(windows) != 5 {
		t.Error("what Yahoo has forgotten was asked for")
	}
}
