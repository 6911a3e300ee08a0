package usage

import (
	"math"
	"time"
)

// Durations are kept by their places in a histogram whose places grow with them, so that histograms of any rows can be added
// up and still tell percentiles: DDSketch (Masson, Rim and Lee, PVLDB 12, 2019). What a place stands for differs from each
// duration in it by accuracy at most, relative to it.
const accuracy = 0.01

// growth is by how much a place is longer than the one before.
const growth = (1 + accuracy) / (1 - accuracy)

// place is where a duration stands; whatever is shorter than a microsecond is one.
func place(d time.Duration) int64 {
	return int64(math.Ceil(math.Log(float64(max(d.Microseconds(), 1))) / math.Log(growth)))
}

// at is the duration that a place stands for, in milliseconds.
func at(place int64) float64 {
	return math.Round(2*math.Pow(growth, float64(place))/(growth+1)) / 1000
}

// histogram counts durations by their places.
type histogram map[int64]int64

func (h histogram) add(other histogram) {
	for place, n := range other {
		h[place] += n
	}
}

// Latency tells how long something took, in milliseconds: so many of a hundred took no longer.
type Latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// latency is nil where nothing was counted.
func (h histogram) latency() *Latency {
	if len(h) == 0 {
		return nil
	}
	return &Latency{h.percentile(50), h.percentile(95), h.percentile(99)}
}

// percentile is the nearest rank's: the shortest duration than which p of a hundred are no longer.
func (h histogram) percentile(p int64) float64 {
	var all, below int64
	first, last := int64(math.MaxInt64), int64(0)
	for place, n := range h {
		all, first, last = all+n, min(first, place), max(last, place)
	}
	rank := (all*p + 99) / 100
	for place := first; place < last; place++ {
		if below += h[place]; below >= rank {
			return at(place)
		}
	}
	return at(last)
}
