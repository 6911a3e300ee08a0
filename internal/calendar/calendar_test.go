package calendar

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The weekdays without a session, year by year, as the exchange publishes them and, beyond its announcements, as Rule 7.2 gives them.
var closedDays = map[int]string{
	2020: "01-01 01-20 02-17 04-10 05-25 07-03 09-07 11-26 12-25",
	2021: "01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24",
	2022: "01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26",
	2023: "01-02 01-16 02-20 04-07 05-29 06-19 07-04 09-04 11-23 12-25",
	2024: "01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25",
	2025: "01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25",
	2026: "01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25",
	2027: "01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24",
	2028: "01-17 02-21 04-14 05-29 06-19 07-04 09-04 11-23 12-25",
	2029: "01-01 01-15 02-19 03-30 05-28 06-19 07-04 09-03 11-22 12-25",
	2030: "01-01 01-21 02-18 04-19 05-27 06-19 07-04 09-02 11-28 12-25",
}

// The days that close at 13:00.
var earlyDays = map[int]string{
	2020: "11-27 12-24",
	2021: "11-26",
	2022: "11-25",
	2023: "07-03 11-24",
	2024: "07-03 11-29 12-24",
	2025: "07-03 11-28 12-24",
	2026: "11-27 12-24",
	2027: "11-26",
	2028: "07-03 11-24",
	2029: "07-03 11-23 12-24",
	2030: "07-03 11-29 12-24",
}

func TestClosedAndShortDaysAreTheExchanges(t *testing.T) {
	for year := 2020; year <= 2030; year++ {
		var closed, early []string
		for day := (Day{year, time.January, 1}); day.Year == year; day = day.AddDays(1) {
			opens, closes, ok := Session(day)
			switch {
			case !ok && isWeekday(day):
				closed = append(closed, day.String()[5:])
			case ok && closes.Sub(opens) == 3*time.Hour+30*time.Minute:
				early = append(early, day.String()[5:])
			case ok && closes.Sub(opens) != 6*time.Hour+30*time.Minute:
				t.Errorf("%s: got a session of %v, want 6h30m or 3h30m", day, closes.Sub(opens))
			}
		}
		if diff := cmp.Diff(strings.Fields(closedDays[year]), closed); diff != "" {
			t.Errorf("%d: closed days differ (-want +got):\n%s", year, diff)
		}
		if diff := cmp.Diff(strings.Fields(earlyDays[year]), early); diff != "" {
			t.Errorf("%d: early closes differ (-want +got):\n%s", year, diff)
		}
	}
}

func TestSessionsKeepNewYorksWallClockAcrossSummerTime(t *testing.T) {
	tests := map[string]struct{ opens, closes string }{
		"2026-03-06": {"2026-03-06T14:30:00Z", "2026-03-06T21:00:00Z"}, // Friday before clocks go forward
		"2026-03-09": {"2026-03-09T13:30:00Z", "2026-03-09T20:00:00Z"},
		"2026-10-30": {"2026-10-30T13:30:00Z", "2026-10-30T20:00:00Z"}, // Friday before clocks go back
		"2026-11-02": {"2026-11-02T14:30:00Z", "2026-11-02T21:00:00Z"},
		"2026-11-27": {"2026-11-27T14:30:00Z", "2026-11-27T18:00:00Z"}, // early close
	}
	for text, want := range tests {
		opens, closes, ok := Session(mustDay(t, text))
		if !ok || !opens.Equal(mustTime(t, want.opens)) || !closes.Equal(mustTime(t, want.closes)) {
			t.Errorf("session of %s: got %v to %v (%v), want %s to %s", text, opens, closes, ok, want.opens, want.closes)
		}
	}
}

func TestOpenIncludesTheOpeningBellAndExcludesTheClosingOne(t *testing.T) {
	tests := map[string]bool{
		"2026-11-23T14:29:59Z": false,
		"2026-11-23T14:30:00Z": true,
		"2026-11-23T20:59:59Z": true,
		"2026-11-23T21:00:00Z": false,
		"2026-11-27T17:59:59Z": true, // early close
		"2026-11-27T18:00:00Z": false,
		"2026-11-26T17:00:00Z": false, // Thanksgiving
		"2026-11-22T17:00:00Z": false, // Sunday
	}
	for at, want := range tests {
		if got := Open(mustTime(t, at)); got != want {
			t.Errorf("Open(%s): got %v, want %v", at, got, want)
		}
	}
}

func TestNextOpenAndLastCloseSkipHolidaysAndWeekends(t *testing.T) {
	tests := []struct{ at, next, last string }{
		{"2026-11-25T14:30:00Z", "2026-11-27T14:30:00Z", "2026-11-24T21:00:00Z"}, // at the bell: the next one is after Thanksgiving
		{"2026-11-27T18:00:00Z", "2026-11-30T14:30:00Z", "2026-11-27T18:00:00Z"}, // at an early close
		{"2025-01-09T15:00:00Z", "2025-01-10T14:30:00Z", "2025-01-08T21:00:00Z"}, // day of mourning
		{"2021-12-31T22:00:00Z", "2022-01-03T14:30:00Z", "2021-12-31T21:00:00Z"}, // New Year's Day on a Saturday
	}
	for _, test := range tests {
		if got, want := NextOpen(mustTime(t, test.at)), mustTime(t, test.next); !got.Equal(want) {
			t.Errorf("NextOpen(%s): got %v, want %v", test.at, got.UTC(), want)
		}
		if got, want := LastClose(mustTime(t, test.at)), mustTime(t, test.last); !got.Equal(want) {
			t.Errorf("LastClose(%s): got %v, want %v", test.at, got.UTC(), want)
		}
	}
}

func TestBellsSurroundEveryMoment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(1577836800, 1924991999).Draw(t, "unix"), 0) // 2020 to 2030
		next, last := NextOpen(at), LastClose(at)
		if !next.After(at) || !Open(next) || Open(next.Add(-time.Nanosecond)) {
			t.Fatalf("NextOpen(%v): got %v, want the first open moment of a later session", at, next)
		}
		if last.After(at) || Open(last) || !Open(last.Add(-time.Nanosecond)) {
			t.Fatalf("LastClose(%v): got %v, want the end of an earlier session", at, last)
		}
		if between := LastClose(next.Add(-time.Nanosecond)); !Open(at) && !between.Equal(last) {
			t.Fatalf("at %v the exchange is closed, but there is a session between %v and %v", at, last, next)
		}
		opens, closes, ok := Session(DayOf(at))
		if Open(at) && (!ok || at.Before(opens) || !at.Before(closes)) {
			t.Fatalf("Open(%v) outside of its day's session %v to %v", at, opens, closes)
		}
	})
}

func TestSessionsDoNotSpanDaysOrOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := Day{2020, time.January, 1}.AddDays(rapid.IntRange(0, 4017).Draw(t, "day"))
		opens, closes, ok := Session(day)
		if ok != IsTradingDay(day) {
			t.Fatalf("%s: got session %v, trading day %v, want the same", day, ok, IsTradingDay(day))
		}
		if ok && (DayOf(opens) != day || DayOf(closes) != day || !opens.Before(closes)) {
			t.Fatalf("session of %s: got %v to %v, want one within the day", day, opens, closes)
		}
	})
}

func TestDayArithmeticIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := Day{2024, time.January, 1}.AddDays(rapid.IntRange(-2000, 2500).Draw(t, "day"))
		n := rapid.IntRange(-800, 800).Draw(t, "n")
		moved := day.AddDays(n)
		if back := moved.AddDays(-n); back != day {
			t.Fatalf("%s by %d days and back: got %s", day, n, back)
		}
		if day.Before(moved) != (n > 0) || (day == moved) != (n == 0) {
			t.Fatalf("order of %s and %s, %d days apart, is wrong", day, moved, n)
		}
		if got, want := moved.Weekday(), time.Weekday(((int(day.Weekday())+n)%7+7)%7); got != want {
			t.Fatalf("weekday of %s: got %v, want %v", moved, got, want)
		}
		if got := DayOf(moved.At(23, 59)); got != moved {
			t.Fatalf("day of a minute to midnight: got %s, want %s", got, moved)
		}
	})
}

func TestDaysAreTextInJSON(t *testing.T) {
	type row struct {
		Day   Day
		ByDay map[Day]int
	}
	want := row{Day{2026, time.March, 5}, map[Day]int{{2025, time.December, 31}: 1}}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(text); got != `{"Day":"2026-03-05","ByDay":{"2025-12-31":1}}` {
		t.Errorf("got %s", got)
	}
	var got row
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after a round trip (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "2026-02-30", "2026-3-5", "20260305", "2026-03-05T00:00:00Z"} {
		if day, err := ParseDay(bad); err == nil {
			t.Errorf("ParseDay(%q): got %s, want an error", bad, day)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	at := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
	for b.Loop() {
		if !Open(at) {
			b.Fatal("closed on a Monday morning")
		}
	}
}

func BenchmarkNextOpen(b *testing.B) {
	at := time.Date(2026, 11, 27, 19, 0, 0, 0, time.UTC)
	for b.Loop() {
		NextOpen(at)
	}
}

func mustDay(t *testing.T, s string) Day {
	t.Helper()
	day, err := ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return day
}

func mustTime(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
