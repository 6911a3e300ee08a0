package tool

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/fault"
)

func TestMain(m *testing.M) {
	decimal.MarshalJSONWithoutQuotes = true // as the server prints them
	goleak.VerifyTestMain(m)
}

type rowsData struct {
	Note  string   `json:"note"`
	Few   []int    `json:"few"`
	Rows  []string `json:"rows"`
	Exact decimal.Decimal
}

func TestAResultIsAnEnvelopeWithExactNumbers(t *testing.T) {
	exact := decimal.RequireFromString("-12345678901234567890.123456789012345678")
	result := Result{Data: rowsData{Note: "a < b & c", Exact: exact}, Source: Source{Name: "yahoo"}}
	got, err := Print("t3", "x", result)
	want := `{"handle":"t3","tool":"x","source":"yahoo","asOf":null,"data":{"note":"a < b & c","few":null,"rows":null,"Exact":-12345678901234567890.123456789012345678},"warnings":[]}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	result.Source.AsOf = time.Date(2026, 11, 24, 10, 0, 0, 0, time.FixedZone("east", 3600))
	if got, _ := Print("t3", "x", result); !strings.Contains(string(got), `"asOf":"2026-11-24T09:00:00Z"`) {
		t.Errorf("got %s, want the time in UTC", got)
	}
}

func TestALargeResultLosesTheEndOfItsLongestListAndSaysSo(t *testing.T) {
	data := rowsData{Few: []int{1, 2, 3}}
	for i := range 3000 {
		data.Rows = append(data.Rows, fmt.Sprintf("row %d %s", i, strings.Repeat("x", 30)))
	}
	text, err := Print("t1", "x", Result{Data: data, Warnings: []string{"old prices"}})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Data     rowsData
		Warnings []string
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("got %v, want JSON", err)
	}
	if len(text) > MaxOutput || len(text) < MaxOutput-1024 {
		t.Errorf("got %d bytes, want almost %d", len(text), MaxOutput)
	}
	if diff := cmp.Diff(data.Rows[:len(got.Data.Rows)], got.Data.Rows); diff != "" || len(got.Data.Few) != 3 {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	want := []string{"old prices", fmt.Sprintf("rows is cut: only the first %d of 3000 are shown", len(got.Data.Rows))}
	if diff := cmp.Diff(want, got.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestALargeResultWithNoListToCutIsAnError(t *testing.T) {
	for name, data := range map[string]any{
		"text":  strings.Repeat("x", MaxOutput),
		"field": rowsData{Note: strings.Repeat("x", MaxOutput), Rows: []string{"a"}},
	} {
		if got, err := Print("t1", "x", Result{Data: data}); !fault.Is(err, fault.TooLarge) {
			t.Errorf("%s: got %d bytes, %v, want a TooLarge", name, len(got), err)
		}
	}
}

func TestAFailureTellsTheModelOnlyWhatAnyoneMayRead(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("dial 10.0.0.1 password=x"), `{"handle":"t2","error":{"code":"internal_error","message":"internal error"}}`},
		{wrongInput("is missing"), `{"handle":"t2","error":{"code":"validation_failed","message":"the input does not fit the tool's schema","fields":[{"path":"input","message":"is missing"}]}}`},
	} {
		if got := PrintFailure("t2", c.err); string(got) != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}
