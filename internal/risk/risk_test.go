package risk

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/jaspers-ai/jaspers/internal/returns"
)

func near(got returns.Figure, want, within float64) bool {
	return got.Known() && math.Abs(got.Value-want) <= within
}

// daily draws a series of returns, some of them missing.
func daily(t *rapid.T, name string, n int) []float64 {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 {
		if rapid.IntRange(0, 19).Draw(t, "missing") == 0 {
			return returns.Missing()
		}
		return rapid.Float64Range(-0.2, 0.2).Draw(t, "return")
	}), n, n).Draw(t, name)
}

func TestFiguresHaveTheirTextbookValues(t *testing.T) {
	yearly := Convention{PeriodsPerYear: 1, DDof: 1}
	for _, test := range []struct {
		name string
		got  returns.Figure
		want float64
	}{
		{"variance of 10, 20, 30 %", yearly.Variance([]float64{0.1, 0.2, 0.3}), 0.01},
		{"variance of a population", Convention{PeriodsPerYear: 1}.Variance([]float64{0.1, 0.2, 0.3}), 0.02 / 3},
		{"Sharpe", yearly.Sharpe([]float64{0.1, 0.2, 0.3}), 2},
		{"volatility by months", Convention{12, 1, false}.Volatility([]float64{0.1, 0.2, 0.3}), 0.1 * math.Sqrt(12)},
		{"Sortino", yearly.Sortino([]float64{0.3, -0.1}), 0.1 / math.Sqrt(0.005)},
		{"beta of twice the market", yearly.Beta([]float64{0.02, 0.04, -0.02}, []float64{0.01, 0.02, -0.01}), 2},
		{"alpha of a constant more", yearly.Alpha([]float64{0.03, 0.05, -0.01}, []float64{0.01, 0.02, -0.01}), 0.01},
		{"correlation of opposites", yearly.Correlation([]float64{1, 2, 3}, []float64{3, 2, 1}), -1},
		{"value at risk", Quantile([]float64{1, 2}, 0.3), 1.3},
		{"shortfall", ExpectedShortfall([]float64{-0.4, -0.2, 0, 0.1, 0.2}, 0.25), -0.3},
		{"drawdown", MaxDrawdown([]float64{0.1, -0.5, 0.2}), -0.5},
		{"annual return, counting what is missing", Convention{1, 1, true}.AnnualReturn([]float64{0.21, returns.Missing()}), 0.1},
		{"omega", Omega([]float64{0.2, -0.1}), 2},
		{"ulcer", UlcerIndex([]float64{-0.3, returns.Missing(), 0}), 0.3},
	} {
		if !near(test.got, test.want, 1e-12) {
			t.Errorf("%s: got %+v, want %g", test.name, test.got, test.want)
		}
	}
}

func TestWithoutRiskARatioIsUndefinedAndSaysOnWhichSide(t *testing.T) {
	c := Ours()
	up, flat := []float64{0.01, 0.01, 0.01}, []float64{0, 0, 0}
	for _, test := range []struct {
		name string
		got  returns.Figure
		want returns.Reason
	}{
		{"a gain without variation", c.Sharpe(up), returns.Unbounded},
		{"a loss without variation", c.Sharpe(ExcessOver(up, 0.02)), returns.UnboundedBelow},
		{"nothing", c.Sharpe(flat), returns.ZeroDenominator},
		{"no downside", c.Sortino(up), returns.Unbounded},
		{"no drawdown", c.Calmar(up), returns.Unbounded},
		{"a market that stands still", c.Beta(up, flat), returns.ZeroDenominator},
		{"no variation", c.Correlation(up, flat), returns.ZeroDenominator},
		{"itself", c.InformationRatio(up, up), returns.ZeroDenominator},
		{"one day", c.Volatility([]float64{0.1}), returns.TooFewValues},
		{"one day, the other missing", c.Sharpe([]float64{0.1, returns.Missing()}), returns.TooFewValues},
		{"no pair", c.Beta([]float64{0.1, returns.Missing()}, []float64{returns.Missing(), 0.1}), returns.TooFewValues},
		{"nothing at risk", Quantile(nil, 0.05), returns.TooFewValues},
		{"a share that is none", Quantile(up, 1.5), returns.TooFewValues},
	} {
		if test.got.Known() || test.got.Value != 0 || test.got.Reason != test.want {
			t.Errorf("%s: got %+v, want undefined (%s)", test.name, test.got, test.want)
		}
	}
}

func TestNoFigureIsEverNaN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "days")
		r, b := daily(t, "returns", n), daily(t, "benchmark", n)
		risk := Measure(r, b, Free(rapid.Float64Range(-0.5, 0.5).Draw(t, "rate"), n))
		for name, f := range map[string]returns.Figure{
			"volatility": risk.Volatility, "sharpe": risk.Sharpe, "sortino": risk.Sortino, "calmar": risk.Calmar,
			"var": risk.ValueAtRisk, "cvar": risk.ExpectedShortfall, "beta": risk.Beta, "alpha": risk.Alpha,
			"correlation": risk.Correlation, "r²": risk.RSquared, "te": risk.TrackingError, "ir": risk.InformationRatio,
			"up": risk.UpCapture, "down": risk.DownCapture, "active": risk.ActiveReturn,
		} {
			if math.IsNaN(f.Value) || math.IsInf(f.Value, 0) || f.Known() != (f.Reason == "") || !f.Known() && f.Value != 0 {
				t.Fatalf("%s: got %+v", name, f)
			}
		}
		if risk.Short != (risk.Observations < ShortHistory) {
			t.Fatalf("got %d days, short %v", risk.Observations, risk.Short)
		}
		if risk.ExpectedShortfall.Known() && risk.ExpectedShortfall.Value > risk.ValueAtRisk.Value {
			t.Fatalf("got a shortfall of %g above the value at risk, %g", risk.ExpectedShortfall.Value, risk.ValueAtRisk.Value)
		}
	})
}

func TestASeriesBesideItselfIsItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := daily(t, "returns", rapid.IntRange(2, 60).Draw(t, "days"))
		c := Ours()
		if v := c.Variance(r); !v.Known() || v.Value < 1e-6 {
			t.Skip("it hardly moves")
		}
		for name, f := range map[string]struct {
			got  returns.Figure
			want float64
		}{
			"beta": {c.Beta(r, r), 1}, "alpha": {c.Alpha(r, r), 0}, "correlation": {c.Correlation(r, r), 1}, "tracking error": {c.TrackingError(r, r), 0},
		} {
			if !near(f.got, f.want, 1e-9) {
				t.Fatalf("%s: got %+v, want %g", name, f.got, f.want)
			}
		}
	})
}

func TestDrawdownsAreFoundWithTheirDays(t *testing.T) {
	days := []int32{10, 11, 12, 15, 16, 17, 18, 19, 22}
	index := []float64{1, 1.2, 0.9, 1.2, 1.1, 1.3, 1.3, 0.65, 0.91}
	got := DrawdownsOf(days, index)
	want := []Episode{
		{Peak: 1, Trough: 2, Recovery: 3, Depth: index[2]/index[1] - 1},
		{Peak: 3, Trough: 4, Recovery: 5, Depth: index[4]/index[3] - 1},
		{Peak: 6, Trough: 7, Recovery: -1, Depth: -0.5},
	}
	if diff := cmp.Diff(want, got.Episodes); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if !near(got.Max, -0.5, 1e-15) || got.Deepest == nil || got.Deepest.Trough != 7 || !near(got.Current, 0.91/1.3-1, 1e-12) {
		t.Errorf("got deepest %+v, %+v, current %+v", got.Max, got.Deepest, got.Current)
	}
	if span := got.LongestUnderWater(); span != (Span{From: 11, To: 15}) {
		t.Errorf("longest under water: got %+v, want from 11 to 15, the first of two", span)
	}
	if span := got.LongestRecovery(); span != (Span{From: 12, To: 15}) {
		t.Errorf("longest recovery: got %+v, want from 12 to 15, the first of two", span)
	}
	if span := got.LongestBetweenHighs(index); span != (Span{From: 11, To: 17}) {
		t.Errorf("longest between highs: got %+v, want from 11 to 17", span)
	}
	if rising := DrawdownsOf([]int32{1, 2}, []float64{1, 2}); rising.Max.Value != 0 || rising.Deepest != nil || rising.LongestUnderWater().Days() != 0 {
		t.Errorf("an index that never fell: got %+v", rising)
	}
	if none := DrawdownsOf(nil, nil); none.Max.Known() {
		t.Errorf("no index: got %+v", none.Max)
	}
}

func TestTheDeepestFallIsTheDeepestOfAllPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		index := returns.Index(present(daily(t, "returns", rapid.IntRange(1, 50).Draw(t, "days"))))
		want := 0.0
		for i := range index {
			for _, later := range index[i:] {
				want = min(want, later/index[i]-1)
			}
		}
		got := DrawdownsOf(nil, index)
		if !near(got.Max, want, 1e-12) {
			t.Fatalf("got %+v, want %g", got.Max, want)
		}
		if worst := got.Worst(1); len(worst) == 1 && worst[0].Depth != got.Max.Value {
			t.Fatalf("got worst %+v, want %g", worst[0], got.Max.Value)
		}
		if len(got.Worst(1000)) != len(got.Episodes) {
			t.Fatalf("got %d of %d episodes", len(got.Worst(1000)), len(got.Episodes))
		}
	})
}

func TestMissingReturnsAreLeftOutOfEveryFigure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := daily(t, "returns", rapid.IntRange(0, 40).Draw(t, "days"))
		c, whole := Ours(), present(r)
		for name, f := range map[string]func([]float64) returns.Figure{
			"volatility": c.Volatility, "sharpe": c.Sharpe, "sortino": c.Sortino, "annual": c.AnnualReturn, "var": ValueAtRisk,
			"drawdown": MaxDrawdown, "ulcer": UlcerIndex, "skewness": Skewness, "kurtosis": Kurtosis, "semi": c.Semideviation,
			"geometric": GeometricMean, "tail": TailRatio, "stability": c.Stability,
		} {
			if got, want := f(r), f(whole); got != want {
				t.Fatalf("%s: got %+v, want %+v", name, got, want)
			}
		}
	})
}

func BenchmarkRiskOf3130Days(b *testing.B) {
	r, market := make([]float64, 3130), make([]float64, 3130)
	for i := range r {
		market[i] = 0.01 * math.Sin(float64(i))
		r[i] = 0.8*market[i] + 0.004*math.Cos(float64(3*i))
	}
	free := Free(0.04, len(r))
	days := slices.Repeat([]int32{0}, len(r)+1)
	for b.Loop() {
		Measure(r, market, free)
		DrawdownsOf(days, returns.Index(r))
	}
}
