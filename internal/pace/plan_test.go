package pace

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// exceeded tells how many lie too close together for a window, which begins with what it counts and ends before its end.
func exceeded(arrivals []int64, w Window) (most int) {
	slices.Sort(arrivals)
	from := 0
	for i := range arrivals {
		for arrivals[i]-arrivals[from] >= w.Period.Microseconds() {
			from++
		}
		most = max(most, i-from+1)
	}
	return max(most-w.Count, 0)
}

// drawLimits are one to three windows.
func drawLimits(t *rapid.T) Limits {
	l := Limits{Vendor: "Vendor", Margin: time.Duration(rapid.IntRange(1, 500).Draw(t, "margin")) * time.Millisecond}
	for range rapid.IntRange(1, 3).Draw(t, "windows") {
		l.Windows = append(l.Windows, Window{
			Count: rapid.IntRange(1, 60).Draw(t, "count"), Period: time.Duration(rapid.IntRange(100, 60_000).Draw(t, "period")) * time.Millisecond,
		})
	}
	return l
}

func TestNoWindowIsExceededHoweverRequestsComeAndTravel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLimits(t)
		p, known, now := l.whole(), past{}, int64(1_700_000_000_000_000)
		var arrivals []int64
		last := int64(0)
		for range rapid.IntRange(1, 400).Draw(t, "requests") {
			now += rapid.SampledFrom([]int64{0, 0, 0, 1, 1000, 50_000, 1_000_000, 30_000_000}).Draw(t, "pause")
			given := p.take(&known, now, maxAhead)
			if !given.taken {
				continue
			}
			at := now + given.wait.Microseconds()
			if at < last || given.wait < 0 {
				t.Fatalf("got a moment before the one given last")
			}
			last = at
			arrivals = append(arrivals, at+rapid.Int64Range(0, l.Margin.Microseconds()-1).Draw(t, "way"))
		}
		for _, w := range l.Windows {
			if n := exceeded(arrivals, w); n > 0 {
				t.Fatalf("%d more than %d arrived within %s", n, w.Count, w.Period)
			}
		}
		if len(known.leaves) > p.most {
			t.Errorf("got %d moments kept, want %d at most", len(known.leaves), p.most)
		}
	})
}

func TestACrowdGetsAllThatTheWindowsAllow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLimits(t)
		l.Windows = l.Windows[:1]
		w, p, known := l.Windows[0], l.whole(), past{}
		for i := range 5 * w.Count {
			given := p.take(&known, 0, time.Hour)
			if want := time.Duration(i/w.Count) * (w.Period + l.Margin); !given.taken || given.wait != want {
				t.Fatalf("request %d: got %v, want it after %s", i, given, want)
			}
			if given.wait > maxAhead {
				return
			}
		}
	})
}

func TestWhatFourProcessesAskByThemselvesFitsBesideWhatIsShared(t *testing.T) {
	for _, l := range []Limits{
		{Windows: []Window{{60, time.Minute}, {30, time.Second}}}, {Windows: []Window{{2, time.Second}}}, {Windows: []Window{{8, time.Second}}},
		{Windows: []Window{{300, time.Minute}}}, {Windows: []Window{{5, time.Minute}}},
	} {
		for i, w := range l.Windows {
			shared, own := l.together().windows[i], l.apart().windows[i]
			perPeriod := float64(own.Count) * float64(w.Period) / float64(own.Period)
			if perPeriod*replicas > float64(w.Count) {
				t.Errorf("%v: got %v each, want no more than a quarter", w, own)
			}
			if w.Period > short && shared.Count+replicas*own.Count > w.Count {
				t.Errorf("%v: got %d shared and %d each, which is more", w, shared.Count, own.Count)
			}
		}
	}
}

func TestAMomentOfAWrongClockDoesNotLast(t *testing.T) {
	l := Limits{Windows: []Window{{2, time.Second}}, Margin: time.Second}
	p, day := l.whole(), (24 * time.Hour).Microseconds()
	known := past{leaves: []int64{day, day}, alone: day}
	if given := p.take(&known, 0, time.Hour); given.wait != maxAlone || !given.alone {
		t.Errorf("got %+v, want the longest that a vendor is left alone", given)
	}
	known = past{leaves: []int64{day, day}}
	if given := p.take(&known, 0, maxAhead); !given.taken || given.wait != 2*time.Second {
		t.Errorf("got %+v, want one window's wait", given)
	}
}

func TestMomentsArePackedWithoutLoss(t *testing.T) {
	for _, leaves := range [][]int64{nil, {0}, {1_700_000_000_000_000, 1_700_000_000_000_001}} {
		if got := unpack(pack(leaves)); !slices.Equal(got, leaves) {
			t.Errorf("got %v, want %v", got, leaves)
		}
	}
	if got := unpack([]byte("short")); len(got) != 0 {
		t.Errorf("got %v of what is none", got)
	}
}
