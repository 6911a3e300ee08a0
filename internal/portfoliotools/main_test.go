package portfoliotools

import (
	"testing"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	decimal.MarshalJSONWithoutQuotes = true // as the server prints them
	goleak.VerifyTestMain(m)
}
