package returns

// ShortHistory is how many daily returns risk figures should rest on; of fewer they say little.
const ShortHistory = 60

// Risk are the risk figures that the product shows, of daily returns by Ours.
type Risk struct {
	Observations int
	Short        bool // fewer than ShortHistory

	Volatility, Sharpe, Sortino, Calmar  Figure
	ValueAtRisk, ExpectedShortfall       Figure // of a day
	Beta, Alpha, Correlation, RSquared   Figure // Alpha is Jensen's, of a year
	TrackingError, InformationRatio      Figure
	UpCapture, DownCapture, ActiveReturn Figure
}

// Measure computes the risk of daily returns from the chain's Series. The benchmark's and the risk-free returns are of
// the same days; without a benchmark (nil) what is relative to it is undefined.
func Measure(r, benchmark, riskFree []float64) Risk {
	c, n := Ours(), len(present(r))
	excess := Excess(r, riskFree)
	excessBenchmark := Excess(benchmark, riskFree)
	return Risk{
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

// RiskFree is a series of n daily returns that make the annual rate, (1+rate)^(1/252) - 1 each.
func RiskFree(annual float64, n int) []float64 {
	daily := Ours().PerPeriod(annual)
	series := make([]float64, n)
	for i := range series {
		series[i] = daily.Value
		if !daily.Known() {
			series[i] = Missing()
		}
	}
	return series
}
