package risk

import "github.com/jaspers-ai/jaspers/internal/returns"

// ShortHistory is how many daily returns risk figures should rest on; of fewer they say little.
const ShortHistory = 60

// Figures are what the product shows, of daily returns by Ours.
type Figures struct {
	Observations int
	Short        bool // fewer than ShortHistory

	Volatility, Sharpe, Sortino, Calmar  returns.Figure
	ValueAtRisk, ExpectedShortfall       returns.Figure // of a day
	Beta, Alpha, Correlation, RSquared   returns.Figure // Alpha is Jensen's, of a year
	TrackingError, InformationRatio      returns.Figure
	UpCapture, DownCapture, ActiveReturn returns.Figure
}

// Measure computes the figures of daily returns, those of a returns.Chain's Series. The benchmark's and the risk-free returns are of
// the same days; without a benchmark (nil) what is relative to it is undefined.
func Measure(r, benchmark, riskFree []float64) Figures {
	c, n := Ours(), len(present(r))
	excess := Excess(r, riskFree)
	excessBenchmark := Excess(benchmark, riskFree)
	return Figures{
		Observations:      n,
		Short:             n < ShortHistory,
		Volatility:        c.Volatility(r),
		Sharpe:            c.Sharpe(excess),
		Sortino:           c.Sortino(excess),
		Calmar:            c.Calmar(r),
		ValueAtRisk:       ValueAtRisk(r),
		ExpectedShortfall: ExpectedShortfall(r, TailShare),
		Beta:              c.Beta(r, benchmark),
		Alpha:             c.AnnualAlpha(excess, excessBenchmark),
		Correlation:       c.Correlation(r, benchmark),
		RSquared:          c.RSquared(r, benchmark),
		TrackingError:     c.TrackingError(r, benchmark),
		InformationRatio:  c.InformationRatio(r, benchmark),
		UpCapture:         Capture(r, benchmark, Up),
		DownCapture:       Capture(r, benchmark, Down),
		ActiveReturn:      c.ActiveReturn(r, benchmark),
	}
}

// Free is a series of n daily returns that make the annual rate, (1+rate)^(1/252) - 1 each.
func Free(annual float64, n int) []float64 {
	daily := Ours().PerPeriod(annual)
	series := make([]float64, n)
	for i := range series {
		series[i] = daily.Value
		if !daily.Known() {
			series[i] = returns.Missing()
		}
	}
	return series
}
