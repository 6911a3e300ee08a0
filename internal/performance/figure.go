package performance

import (
	"math"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/returns"
)

// The units of figures.
const (
	percentUnit = "percent"
	ratioUnit   = "ratio"
)

// unvalued is the reason of figures that lack what is held without a price or a rate, or have nothing but that.
const unvalued = "unvalued"

// Figure is a measure of performance with what one has to know to quote it. Value is null where there is none, for Reason.
type Figure struct {
	Value  *float64 `json:"value" doc:"In unit; of the whole period"`
	Unit   string   `json:"unit" enum:"percent,ratio" doc:"percent is 12.5 for 12.5 %"`
	Annual *float64 `json:"annual" doc:"The same as a yearly rate; null for less than a year, and for what has none"`
	Method string   `json:"method" doc:"How it is worked out, such as twr_daily or xirr_act365f"`
	Status string   `json:"status" enum:"ok,undefined,partial,approximate,invalid,no_root"`
	Reason string   `json:"reason" doc:"Why status is not ok; else empty"`

	From     *calendar.Day `json:"from" doc:"The day at whose close the period begins"`
	To       *calendar.Day `json:"to"`
	AsOf     time.Time     `json:"asOf" doc:"When the prices of the last day were looked at"`
	Warnings []string      `json:"warnings"`
}

// period is what all figures of one answer are of.
type period struct {
	from, to calendar.Day
	asOf     time.Time
	partial  bool // something held is not valued
}

func (p period) days() int { return int(p.to.Number() - p.from.Number()) }

// figure shows a fraction as a percentage, or a ratio as it is.
func (p period) figure(method, unit string, f returns.Figure, warnings ...string) Figure {
	shown := Figure{
		Unit: unit, Method: method, Status: string(f.Status), Reason: string(f.Reason), From: &p.from, To: &p.to, AsOf: p.asOf,
		Warnings: append([]string{}, warnings...),
	}
	if p.partial && f.Status == returns.OK {
		shown.Status, shown.Reason = string(returns.Partial), unvalued
	}
	shown.Value = inUnit(unit, f)
	return shown
}

// aYear adds the yearly rate to a figure of the whole period.
func (f Figure) aYear(annual returns.Figure) Figure {
	f.Annual = inUnit(f.Unit, annual)
	return f
}

func inUnit(unit string, f returns.Figure) *float64 {
	if !f.Known() {
		return nil
	}
	if unit == percentUnit {
		return new(rounded(f.Value * 100))
	}
	return new(rounded(f.Value))
}

// rounded keeps twelve digits: what is behind them is noise of sums.
func rounded(x float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return x
	}
	scale := math.Pow(10, 12-math.Ceil(math.Log10(math.Abs(x))))
	if math.IsInf(scale, 0) || scale == 0 {
		return x
	}
	return math.Round(x*scale) / scale
}
