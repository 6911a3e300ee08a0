package prose

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
)

func TestOnlyWhatIsShownIsRounded(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		amount string
		unit   calculate.Unit
		places int32
		want   string
	}{
		{"1234.505", "USD", 2, "$1,234.51"},
		{"-1234567.5", "EUR", 0, "-€1,234,568"},
		{"12.345", calculate.Percent, 1, "12.3%"},
		{"0.8", calculate.Ratio, 2, "0.80"},
		{"1000", "shares", 0, "1,000"},
		{"2.1", "USD/shares", 2, "$2.10"},
		{"69798.12", "USD/coins", 2, "$69,798.12"},
		{"1.0842", "USD/EUR", 4, "1.0842 USD/EUR"},
		{"-0.001", "USD", 2, "$0.00"},
	} {
		got := styleOf("en-US").show(calculate.Value{Amount: decimal.RequireFromString(c.amount), Unit: c.unit}, format{places: c.places})
		if got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
