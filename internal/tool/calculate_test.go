package tool

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

type heldData struct {
	Currency string    `json:"currency"`
	Total    int       `json:"total" unit:"@currency"`
	Holdings []heldRow `json:"holdings"`
}

type heldRow struct {
	Symbol string          `json:"symbol"`
	Value  decimal.Decimal `json:"value" unit:"@currency"`
	Shares int             `json:"shares" unit:"shares"`
}

// readBefore are the results of an earlier turn.
func readBefore(t *testing.T) *Results {
	t.Helper()
	at := time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC)
	data := heldData{Currency: "USD", Total: 400, Holdings: []heldRow{{"AAPL", decimal.NewFromInt(100), 3}, {"MSFT", decimal.NewFromInt(50), 2}}}
	call, err := Read("id", "t1", "holdings", Result{Data: data, Source: Source{Name: "portfolio (alpaca)", AsOf: at}})
	if err != nil {
		t.Fatal(err)
	}
	var read Results
	read.Add(call)
	return &read
}

func calculated(t *testing.T, read *Results, expression string) (Call, error) {
	t.Helper()
	input, err := json.Marshal(map[string]string{"expression": expression, "label": "it"})
	if err != nil {
		t.Fatal(err)
	}
	result, err := Run(t.Context(), []Tool{Calculate()}, Asker{Read: read}, "calculate", input)
	if err != nil {
		return Call{}, err
	}
	return Read("", "t2", "calculate", result)
}

func TestWhatIsReckonedHasItsUnitAndWhatItCameFrom(t *testing.T) {
	read := readBefore(t)
	for expression, want := range map[string]string{
		"t1.holdings[AAPL].value + t1.holdings[1].value":     "150 USD USD  2 calculated from portfolio (alpaca)",
		"t1.holdings[AAPL].value / t1.total":                 "0.25 ratio  AAPL? 2 calculated from portfolio (alpaca)",
		"percent(t1.holdings[MSFT].value / t1.total)":        "12.5 % %  2 calculated from portfolio (alpaca)",
		"t1.holdings[MSFT].value / t1.holdings[MSFT].shares": "25 USD/shares USD/shares MSFT 2 calculated from portfolio (alpaca)",
		"1 + 1": "2 ratio   0 calculated",
		"change(t1.holdings[MSFT].value, t1.holdings[0].value)": "1 ratio   2 calculated from portfolio (alpaca)",
	} {
		want = strings.ReplaceAll(want, "AAPL?", "")
		call, err := calculated(t, read, expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		f, err := call.Figures.Find("value")
		if err != nil {
			t.Fatal(err)
		}
		data := call.Result.Data.(Calculation)
		got := []string{f.Amount.String(), data.Unit, string(f.Unit), f.Subject, decimal.NewFromInt(int64(len(data.References))).String(), call.Result.Source.Name}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: got %q, want %q", expression, text, want)
		}
		if len(data.References) > 0 && call.Result.Source.AsOf.IsZero() {
			t.Errorf("%s: got no time", expression)
		}
	}
}

func TestWhatIsReckonedCanBeReckonedWith(t *testing.T) {
	read := readBefore(t)
	call, err := calculated(t, read, "t1.holdings[AAPL].value / t1.total")
	if err != nil {
		t.Fatal(err)
	}
	read.Add(call)
	again, err := calculated(t, read, "t2.value * t1.total")
	if err != nil || !again.Result.Data.(Calculation).Value.Equal(decimal.NewFromInt(100)) || again.Result.Data.(Calculation).Unit != "USD" {
		t.Errorf("got %+v, %v, want 100 USD again", again.Result.Data, err)
	}
}

func TestWhatCannotBeReckonedSaysWhy(t *testing.T) {
	for expression, want := range map[string]struct {
		kind  fault.Kind
		words string
	}{
		"t2.value + 1":                            {fault.NotFound, "from the next turn on"},
		"t1.nothing":                              {fault.NotFound, "no such figure"},
		"total + 1":                               {fault.Invalid, "handle"},
		"t1.total + t1.holdings[AAPL].shares":     {fault.Invalid, ""},
		"t1.total / 0":                            {fault.Invalid, ""},
		"t1.total +":                              {fault.Invalid, ""},
		strings.Repeat("1+", 600) + "1":           {fault.Invalid, ""},
		"t9" + strings.Repeat(".x", 200) + " + 1": {fault.NotFound, "…"},
	} {
		_, err := calculated(t, readBefore(t), expression)
		if got := fault.From(err); err == nil || got.Kind != want.kind || !strings.Contains(got.Message, want.words) || len(got.Message) > 400 {
			t.Errorf("%.60s: got %v, want %s with %q", expression, err, want.kind, want.words)
		}
	}
	if _, err := calculated(t, nil, "t1.total"); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v where nothing was read", err)
	}
}
