package main

import (
	"github.com/jaspers-ai/jaspers/internal/returns"

	"github.com/jaspers-ai/jaspers/internal/risk"
)

// oneNumber are the metrics that are one number, by each name they go by.
var oneNumber = map[string]func(*measured) returns.Figure{
	// what was earned
	"total_return":             func(m *measured) returns.Figure { return returns.Link(m.r) },
	"cumulative_return":        func(m *measured) returns.Figure { return returns.Link(m.r) },
	"annual_return":            func(m *measured) returns.Figure { return m.c.AnnualReturn(m.r) },
	"cagr":                     func(m *measured) returns.Figure { return m.c.AnnualReturn(m.r) },
	"annual_return_arithmetic": func(m *measured) returns.Figure { return m.c.MeanAnnualReturn(m.r) },
	"mean":                     func(m *measured) returns.Figure { return risk.Mean(m.r) },
	"arithmetic_mean":          func(m *measured) returns.Figure { return risk.Mean(m.r) },
	"geometric_mean":           func(m *measured) returns.Figure { return risk.GeometricMean(m.r) },
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
	"skewness":                     func(m *measured) returns.Figure { return risk.Skewness(m.r) },
	"kurtosis":                     func(m *measured) returns.Figure { return risk.Kurtosis(m.r) },
	"excess_kurtosis":              func(m *measured) returns.Figure { return risk.Kurtosis(m.r) },

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
	"max_drawdown":              func(m *measured) returns.Figure { return risk.MaxDrawdown(m.r) },
	"current_drawdown":          func(m *measured) returns.Figure { return m.drawdowns().Current },
	"pain_index":                func(m *measured) returns.Figure { return risk.PainIndex(m.r) },
	"ulcer_index":               func(m *measured) returns.Figure { return risk.UlcerIndex(m.r) },
	"value_at_risk":             func(m *measured) returns.Figure { return risk.Quantile(m.r, m.cutoff()) },
	"conditional_value_at_risk": func(m *measured) returns.Figure { return risk.ExpectedShortfall(m.r, m.cutoff()) },
	"expected_shortfall":        func(m *measured) returns.Figure { return risk.ExpectedShortfall(m.r, m.cutoff()) },
	"cvar":                      func(m *measured) returns.Figure { return risk.ExpectedShortfall(m.r, m.cutoff()) },
	"tail_ratio":                func(m *measured) returns.Figure { return risk.TailRatio(m.r) },

	// beside a benchmark
	"beta":                             func(m *measured) returns.Figure { return m.c.Beta(m.excess, m.bExcess) },
	"alpha_period":                     func(m *measured) returns.Figure { return m.c.Alpha(m.excess, m.bExcess) },
	"alpha":                            func(m *measured) returns.Figure { return m.c.AnnualAlpha(m.excess, m.bExcess) },
	"alpha_annual_compounded":          func(m *measured) returns.Figure { return m.c.AnnualAlpha(m.excess, m.bExcess) },
	"alpha_annual_arithmetic":          func(m *measured) returns.Figure { return m.c.AnnualAlphaArithmetic(m.excess, m.bExcess) },
	"correlation":                      func(m *measured) returns.Figure { return m.c.Correlation(m.excess, m.bExcess) },
	"r_squared":                        func(m *measured) returns.Figure { return m.c.RSquared(m.excess, m.bExcess) },
	"beta_bull":                        func(m *measured) returns.Figure { return m.c.BetaIn(m.excess, m.bExcess, risk.Up) },
	"beta_bear":                        func(m *measured) returns.Figure { return m.c.BetaIn(m.excess, m.bExcess, risk.Down) },
	"covariance":                       func(m *measured) returns.Figure { return m.c.Covariance(m.r, m.b) },
	"tracking_error":                   func(m *measured) returns.Figure { return m.c.TrackingError(m.r, m.b) },
	"active_premium":                   func(m *measured) returns.Figure { return m.c.ActiveReturn(m.r, m.b) },
	"information_ratio_active_premium": func(m *measured) returns.Figure { return m.c.InformationRatio(m.r, m.b) },
	"information_ratio":                func(m *measured) returns.Figure { return m.c.InformationRatio(m.r, m.b) },
	"information_ratio_mean":           func(m *measured) returns.Figure { return m.c.Sharpe(risk.Excess(m.r, m.b)) },
	"treynor":                          func(m *measured) returns.Figure { return m.c.Treynor(m.excess, m.bExcess) },
	"batting_average":                  func(m *measured) returns.Figure { return risk.BattingAverage(m.r, m.b) },
	"capture_annual":                   func(m *measured) returns.Figure { return m.c.AnnualCapture(m.r, m.b, risk.Always) },
	"up_capture_annual":                func(m *measured) returns.Figure { return m.c.AnnualCapture(m.r, m.b, risk.Up) },
	"down_capture_annual":              func(m *measured) returns.Figure { return m.c.AnnualCapture(m.r, m.b, risk.Down) },
	"up_down_capture_annual":           func(m *measured) returns.Figure { return m.c.UpDownCapture(m.r, m.b) },
	"up_down_capture":                  func(m *measured) returns.Figure { return m.c.UpDownCapture(m.r, m.b) },
	"capture_cumulative":               func(m *measured) returns.Figure { return risk.Capture(m.r, m.b, risk.Always) },
	"up_capture_cumulative":            func(m *measured) returns.Figure { return risk.Capture(m.r, m.b, risk.Up) },
	"down_capture_cumulative":          func(m *measured) returns.Figure { return risk.Capture(m.r, m.b, risk.NotUp) },
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
	var list []risk.Interval
	for _, in := range m.in.Intervals {
		list = append(list, risk.Interval(in))
	}
	return risk.IrregularVolatility(list)
}
