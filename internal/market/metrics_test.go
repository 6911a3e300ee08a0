package market_test

import (
	"slices"
	"testing"

	"github.com/jaspers-ai/jaspers/internal/market"
)

func TestEveryMetricHasOneNameAUnitAndWords(t *testing.T) {
	units := []string{market.Amount, market.AmountPerShare, market.Percent, market.Ratio, market.Shares, market.Days}
	seen := map[string]bool{}
	for _, kind := range market.MetricKinds() {
		if seen[kind.Name] || !slices.Contains(units, kind.Unit) || kind.Doc == "" {
			t.Errorf("got %+v", kind)
		}
		seen[kind.Name] = true
		if found, ok := market.MetricKindOf(kind.Name); !ok || found != kind {
			t.Errorf("%s: got %+v, want %+v", kind.Name, found, kind)
		}
	}
}

func TestAMetricOfAnotherNameUnitOrCurrencyIsNoted(t *testing.T) {
	right := market.Metric{Name: market.EPS, Unit: market.AmountPerShare, Currency: "USD", Source: "test"}
	if err := market.CheckMetric(right); err != nil {
		t.Errorf("got %v", err)
	}
	for _, change := range []func(*market.Metric){
		func(m *market.Metric) { m.Name = "epsTTM" },
		func(m *market.Metric) { m.Unit = market.Percent },
		func(m *market.Metric) { m.Currency = "" },
		func(m *market.Metric) { m.Name, m.Unit = market.Beta, market.Ratio },
		func(m *market.Metric) { m.Source = "" },
	} {
		wrong := right
		change(&wrong)
		if market.CheckMetric(wrong) == nil {
			t.Errorf("%+v passes", wrong)
		}
	}
}

func TestMetricsAreShownInTheTablesOrder(t *testing.T) {
	metrics := []market.Metric{{Name: market.Beta}, {Name: market.Revenue}, {Name: market.MarketCap}}
	market.SortMetrics(metrics)
	if metrics[0].Name != market.MarketCap || metrics[1].Name != market.Revenue || metrics[2].Name != market.Beta {
		t.Errorf("got %v", metrics)
	}
}
