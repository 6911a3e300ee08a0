package sim

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// epoch is the first day with prices.
var epoch = calendar.Day{Year: 2022, Month: time.January, Day: 3}

const (
	tickDigits   = 2 // a tick is a hundredth of the currency unit, save where currencies are exchanged
	million      = 1_000_000
	marketVol    = 7_500 // the market's daily deviation, in millionths
	reversion    = 9_000 // how strongly a price is drawn to its trend, in millionths a day for a deviation of 100 %
	marketKey    = 0x6d61726b6574
	minuteSmooth = 15 // minutes from a fixed point of the day's path to its full jitter
)

// bar is one day of an instrument, in ticks per share of the epoch: splits do not show in it.
type bar struct {
	day                    calendar.Day
	number                 int // of the day
	open, high, low, close int64
	volume                 int64
}

// series are the bars of an instrument from the epoch on, as far as anybody has asked.
type series struct {
	mu   sync.Mutex
	bars []bar
}

// dayNumber counts days, so that they can be compared and hashed quickly.
func dayNumber(d calendar.Day) int {
	return int(time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// barsUntil are the bars up to and with the day. What it returns is never changed again.
func (w *World) barsUntil(in *Instrument, day calendar.Day) []bar {
	s, last := w.series[in.Symbol], dayNumber(day)
	s.mu.Lock()
	defer s.mu.Unlock()
	next := epoch
	if n := len(s.bars); n > 0 {
		next = s.bars[n-1].day.AddDays(1)
	}
	for ; dayNumber(next) <= last && !in.goneOn(next); next = next.AddDays(1) {
		if in.trades(next) {
			s.bars = append(s.bars, w.nextBar(in, s.bars, next))
		}
	}
	end, found := slices.BinarySearchFunc(s.bars, last, func(b bar, n int) int { return cmp.Compare(b.number, n) })
	if found {
		end++
	}
	return s.bars[:end:end]
}

// nextBar walks one day on: the market's return times beta, the instrument's own, and a pull towards its trend.
func (w *World) nextBar(in *Instrument, before []bar, day calendar.Day) bar {
	n := dayNumber(day)
	prev := in.base
	if len(before) > 0 {
		prev = before[len(before)-1].close
	}
	trend := in.base + in.base*in.growth*int64(n-dayNumber(epoch))/36525
	change := in.beta*marketVol*w.deviation(marketKey, n, 0)/100_000 +
		in.vol*w.deviation(in.key, n, 0)/1000 +
		reversion*(trend-prev)/trend
	b := bar{day: day, number: n}
	b.close = max(prev+prev*change/million, 1)
	spread := max(in.vol, marketVol/3) // how far a day swings beyond its open and close
	b.open = max(prev+prev*(spread*w.deviation(in.key, n, 1)/4000)/million, 1)
	top, bottom := max(b.open, b.close), min(b.open, b.close)
	b.high = top + top*(spread*abs(w.deviation(in.key, n, 2))/2500)/million
	b.low = max(bottom-bottom*(spread*abs(w.deviation(in.key, n, 3))/2500)/million, 1)
	turnover := 4_000 + int64(w.random(in.key, n, 4)%5_000) // millionths of the shares
	b.volume = in.shares * turnover
	if in.Kind == Crypto {
		b.volume = in.traded(b.close, day).Mul(decimal.NewFromInt(b.volume)).IntPart()
	}
	return b
}

// minute is the price after m of the session's n minutes. The path begins at the day's open, ends at its close, and
// touches its high and its low.
func (w *World) minute(in *Instrument, b bar, m, n int) int64 {
	type point struct {
		at    int
		price int64
	}
	highAt := 1 + int(w.random(in.key, b.number, 5)%uint64(n-1))
	lowAt := 1 + int(w.random(in.key, b.number, 6)%uint64(n-1))
	if lowAt == highAt {
		lowAt = 1 + highAt%(n-1)
	}
	left, right := point{0, b.open}, point{n, b.close}
	for _, p := range [2]point{{highAt, b.high}, {lowAt, b.low}} {
		if p.at <= m && p.at > left.at {
			left = p
		}
		if p.at >= m && p.at < right.at {
			right = p
		}
	}
	if m <= left.at {
		return left.price
	}
	if m >= right.at {
		return right.price
	}
	straight := left.price + (right.price-left.price)*int64(m-left.at)/int64(right.at-left.at)
	freedom := int64(min(m-left.at, right.at-m, minuteSmooth))
	jitter := (b.high - b.low) * freedom * w.deviation(in.key, b.number, uint64(100+m)) / (minuteSmooth * 12_000)
	return min(max(straight+jitter, b.low), b.high)
}

// random is a number that depends on the world's seed and the arguments alone.
func (w *World) random(key uint64, day int, use uint64) uint64 {
	return mix(mix(mix(w.seed^key)+uint64(day)) + use)
}

// deviation is a roughly normal number with mean 0 and deviation 1000, never beyond 3464.
func (w *World) deviation(key uint64, day int, use uint64) int64 {
	r := w.random(key, day, use)
	sum := int64(r&0xffff) + int64(r>>16&0xffff) + int64(r>>32&0xffff) + int64(r>>48)
	return (sum - 2*0xffff) * 1000 / 37837 // the deviation of a sum of four uniform 16 bit numbers
}

// mix is the finalizer of splitmix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func abs(x int64) int64 { return max(x, -x) }

// traded turns ticks of the epoch's shares into the price paid on the day, in whole ticks.
func (in *Instrument) traded(ticks int64, day calendar.Day) decimal.Decimal {
	factor := in.factor(day)
	return decimal.New((2*ticks+factor)/(2*factor), -in.digits())
}

// adjusted is the price paid on the day, in terms of the shares of a later one.
func (in *Instrument) adjusted(ticks int64, day, later calendar.Day) decimal.Decimal {
	return in.inSharesOf(in.traded(ticks, day), day, later)
}

// inSharesOf turns an amount per share of one day into one per share of a later day.
func (in *Instrument) inSharesOf(amount decimal.Decimal, day, later calendar.Day) decimal.Decimal {
	return amount.Mul(decimal.NewFromInt(in.factor(day))).DivRound(decimal.NewFromInt(in.factor(later)), 6)
}
