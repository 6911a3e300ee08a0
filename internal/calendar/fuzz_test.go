package calendar

import "testing"

func FuzzADayReadsAsItIsWritten(f *testing.F) {
	for _, text := range []string{"2026-11-18", "2024-02-29", "2023-02-29", "0000-01-01", "9999-12-31", "2026-1-1", "", "2026-11-18T00:00:00Z", "+2026-11-18"} {
		f.Add(text, 1)
	}
	f.Fuzz(func(t *testing.T, text string, days int) {
		day, err := ParseDay(text)
		if err != nil {
			return
		}
		if day.String() != text {
			t.Errorf("%q reads as %v", text, day)
		}
		days %= 100_000
		if back := day.AddDays(days).AddDays(-days); back != day {
			t.Errorf("%v: %d days on and back is %v", day, days, back)
		}
		if days > 0 && !day.Before(day.AddDays(days)) {
			t.Errorf("%v is not before %v", day, day.AddDays(days))
		}
	})
}
