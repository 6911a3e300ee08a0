package main

import "github.com/jaspers-ai/jaspers/internal/returns"

// figures are the metrics that are one number, by each name they go by.
var figures = map[string]func(*measured) returns.Figure{
	// what was earned
	"total_return":             func(m *measured) returns.Figure { return returns.Link(m.r) },
	"cumulative_return":        func(m *measured) returns.Figure { return returns.Link(m.r) },
	"annual_return":            func(m *measured) returns.Figure { return m.c.AnnualReturn(m.r) },
	"cagr":                     func(m *measured) returns.Figure { return m.c.AnnualReturn(m.r) },
	"annual_return_arithmetic": func(m *measured) returns.Figure { return m.c.MeanAnnualReturn(m.r) },
	"mean":                     func(m *measured) returns.Figure { return returns.Mean(m.r) },
	"arithmetic_mean":          func(m *measured) returns.Figure { return returns.Mean(m.r) },
	"geometric_mean":           func(m *measured) returns.Figure { return returns.GeometricMean(m.r) },
	"best":                     func(m *measured) returns.Figure { _, best := returns.Extremes(m.r); return best },
	"worst":                    func(m *measured) returns.Figure { worst, _ := returns.Extremes(m.r); return worst },
	"cagr_dates":               cagrByDates,
	"year_fraction":            yearFraction,
	"annualise": func(m *measured) returns.Figure {
		return returns.Annualise(returns.Figure{Value: m.in.TotalReturn, Status: returns.OK}, m.in.Days/m.in.YearDays)
	},

	// how much it varied
	"variance":                     func(m *measured) returns.Figure { return m.c.Variance(m.r) },
	"standard_deviation":           func(m *measured) returns.Figure { return m.c.Deviation(m.r) },
	"std":                          func(m *measured) returns.Figure { return m.c.Deviation(m.r) },
	"volatility":                   func(m *measured) returns.Figure { return m.c.Volatility(m.r) },
	"annual_volatility":            func(m *measured) returns.Figure { return m.c.Volatility(m.r) },
	"volatility_irregular_periods": irregularVolatility,
	"semi_deviation":               func(m *measured) returns.Figure { return m.c.Semideviation(m.r) },
	"coefficient_of_variation":     func(m *measured) returns.Figure { return m.c.CoefficientOfVariation(m.r) },
	"downside_deviation":           func(m *measured) returns.Figure { return m.c.DownsideDeviation(m.overMar()) },
	"downside_risk":                func(m *measured) returns.Figure { return m.c.DownsideDeviation(m.overMar()) },
	"skewness":                     func(m *measured) returns.Figure { return returns.Skewness(m.r) },
	"kurtosis":                     func(m *measured) returns.Figure { return returns.Kurtosis(m.r) },
	"excess_kurtosis":              func(m *measured) returns.Figure { return returns.Kurtosis(m.r) },

	// what was earned for the risk
	"sharpe":       func(m *measured) returns.Figure { return m.c.Sharpe(m.excess) },
	"sharpe_ratio": func(m *measured) returns.Figure { return m.c.Sharpe(m.excess) },
	"sortino":      func(m *measured) returns.Figure { return m.c.Sortino(m.overMar()) },
	"omega":        func(m *measured) returns.Figure { return m.omega() },
	"calmar":       func(m *measured) returns.Figure { return m.c.Calmar(m.r) },
	"martin_ratio": func(m *measured) returns.Figure { return m.c.MartinRatio(m.r, m.free()) },
	"pain_ratio":   func(m *measured) returns.Figure { return m.c.PainRatio(m.r, m.free()) },
	"stability":    func(m *measured) returns.Figure { return m.c.Stability(m.r) },

	// how much was lost
	"max_drawdown":              func(m *measured) returns.Figure { return returns.MaxDrawdown(m.r) },
	"current_drawdown":          func(m *measured) returns.Figure { return m.drawdowns().Current },
	"pain_index":                func(m *measured) returns.Figure { return returns.PainIndex(m.r) },
	"ulcer_index":               func(m *measured) returns.Figure { return returns.UlcerIndex(m.r) },
	"value_at_risk":             func(m *measured) returns.Figure { return returns.Quantile(m.r, m.cutoff()) },
	"conditional_value_at_risk": func(m *measured) returns.Figure { return returns.ExpectedShortfall(m.r, m.cutoff()) },
	"expected_shortfall":        func(m *measured) returns.Figure { return returns.ExpectedShortfall(m.r, m.cutoff()) },
	"cvar":                      func(m *measured) returns.Figure { return returns.ExpectedShortfall(m.r, m.cutoff()) },
	"tail_ratio":                func(m *measured) returns.Figure { return returns.TailRatio(m.r) },

	// beside a benchmark
	"beta":                             func(m *measured) returns.Figure { return m.c.Beta(m.excess, m.bExcess) },
	"alpha_period":                     func(m *measured) returns.Figure { return m.c.Alpha(m.excess, m.bExcess) },
	"alpha":                            func(m *measured) returns.Figure { return m.c.AnnualAlpha(m.excess, m.bExcess) },
	"alpha_annual_compounded":          func(m *measured) returns.Figure { return m.c.AnnualAlpha(m.excess, m.bExcess) },
	"alpha_annual_arithmetic":          func(m *measured) returns.Figure { return m.c.AnnualAlphaArithmetic(m.excess, m.bExcess) },
	"correlation":                      func(m *measured) returns.Figure { return m.c.Correlation(m.excess, m.bExcess) },
	"r_squared":                        func(m *measured) returns.Figure { return m.c.RSquared(m.excess, m.bExcess) },
	"beta_bull":                        func(m *measured) returns.Figure { return m.c.BetaIn(m.excess, m.bExcess, returns.Up) },
	"beta_bear":                        func(m *measured) returns.Figure { return m.c.BetaIn(m.excess, m.bExcess, returns.Down) },
	"covariance":                       func(m *measured) returns.Figure { return m.c.Covariance(m.r, m.b) },
	"tracking_error":                   func(m *measured) returns.Figure { return m.c.TrackingError(m.r, m.b) },
	"active_premium":                   func(m *measured) returns.Figure { return m.c.ActiveReturn(m.r, m.b) },
	"information_ratio_active_premium": func(m *measured) returns.Figure { return m.c.InformationRatio(m.r, m.b) },
	"information_ratio":                func(m *measured) returns.Figure { return m.c.InformationRatio(m.r, m.b) },
	"information_ratio_mean":           func(m *measured) returns.Figure { return m.c.Sharpe(returns.Excess(m.r, m.b)) },
	"treynor":                          func(m *measured) returns.Figure { return m.c.Treynor(m.excess, m.bExcess) },
	"batting_average":                  func(m *measured) returns.Figure { return returns.BattingAverage(m.r, m.b) },
	"capture_annual":                   func(m *measured) returns.Figure { return m.c.AnnualCapture(m.r, m.b, returns.Always) },
	"up_capture_annual":                func(m *measured) returns.Figure { return m.c.AnnualCapture(m.r, m.b, returns.Up) },
	"down_capture_annual":              func(m *measured) returns.Figure { return m.c.AnnualCapture(m.r, m.b, returns.Down) },
	"up_down_capture_annual":           func(m *measured) returns.Figure { return m.c.UpDownCapture(m.r, m.b) },
	"up_down_capture":                  func(m *measured) returns.Figure { return m.c.UpDownCapture(m.r, m.b) },
	"capture_cumulative":               func(m *measured) returns.Figure { return returns.Capture(m.r, m.b, returns.Always) },
	"up_capture_cumulative":            func(m *measured) returns.Figure { return returns.Capture(m.r, m.b, returns.Up) },
	"down_capture_cumulative":          func(m *measured) returns.Figure { return returns.Capture(m.r, m.b, returns.NotUp) },
}

// cagrByDates counts years of 365.25 days, as the one source of the metric does.
func cagrByDates(m *measured) returns.Figure {
	total := returns.Link(returns.PriceReturns([]float64{m.in.First.amount, m.in.Last.amount}))
	return returns.Annualise(total, returns.Actual36525(int32(m.in.First.day), int32(m.in.Last.day)))
}

func yearFraction(m *measured) returns.Figure {
	return returns.Figure{Value: returns.Actual36525(int32(m.in.Begin), int32(m.in.End)), Status: returns.OK}
}

func irregularVolatility(m *measured) returns.Figure {
	var list []returns.Interval
	for _, in := range m.in.Intervals {
		list = append(list, returns.Interval(in))
	}
	return returns.IrregularVolatility(list)
}
