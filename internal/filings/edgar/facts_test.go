package edgar_test

import (
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/facts"
)

// TestRecordedFiguresAreThoseOfTheConceptsOwnRecording reads all figures of a company from EDGAR's answer, and holds one
// concept of them against what EDGAR says of that concept alone.
func TestRecordedFiguresAreThoseOfTheConceptsOwnRecording(t *testing.T) {
	source := answering(t, map[string]page{
		"/data/api/xbrl/companyfacts/CIK0000320193.json": asJSON(recording(t, "companyfacts-CIK0000320193-AAPL.json")),
	})
	text, err := source.Facts(t.Context(), apple)
	if err != nil {
		t.Fatal(err)
	}
	company, err := facts.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	concept := decoded(t, recording(t, "companyconcept-AAPL-EarningsPerShareDiluted.json"))
	if company.CIK != "0000320193" || company.Name != concept["entityName"] {
		t.Errorf("got %s %q, want %v %v", company.CIK, company.Name, concept["cik"], concept["entityName"])
	}
	name := concept["taxonomy"].(string) + ":" + concept["tag"].(string)
	checked := 0
	for unit, list := range concept["units"].(map[string]any) {
		values, err := company.Values(name, "", unit)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range list.([]any) {
			row := one.(map[string]any)
			i := slices.IndexFunc(values, func(v facts.Value) bool {
				return v.Start != nil && v.Start.String() == row["start"] && v.End.String() == row["end"]
			})
			if i < 0 {
				t.Errorf("%v to %v is missing", row["start"], row["end"])
				continue
			}
			checked++
			want := decimal.NewFromFloat(row["val"].(float64))
			if v := values[i]; v.Unit != unit || v.Label != concept["label"] || !slices.ContainsFunc(v.History, func(f facts.Filed) bool { return f.Value.Equal(want) }) {
				t.Errorf("%v to %v: got %s %q %s, want %s %v %s", row["start"], row["end"], v.Value, v.Label, v.Unit, want, concept["label"], unit)
			}
		}
	}
	if checked == 0 {
		t.Error("nothing was checked")
	}
	t.Logf("%d reports", checked)
}
