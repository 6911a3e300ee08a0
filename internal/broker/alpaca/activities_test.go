package alpaca

import (
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

func TestAHistoryTooLongToBeReadWholeSaysWhereItBegins(t *testing.T) {
	newest := time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)
	oldest := newest.AddDate(-3, 0, 0)
	read := []broker.Activity{{ID: "3", At: newest}, {ID: "2", At: oldest}, {ID: "1", At: oldest}}
	h := history(read, false, dollars)
	if h.Since != oldest.AddDate(0, 0, 1) || h.CashComplete || h.Activities[0].ID != "1" || h.Activities[2].ID != "3" {
		t.Errorf("got %+v, want it to begin a day after the oldest, with the cash before that unknown", h)
	}
	if h := history(read, true, "EUR"); h.CashComplete || !h.Since.IsZero() {
		t.Errorf("got %+v in euros, want the trades alone", h)
	}
	if h := history(nil, true, dollars); !h.CashComplete || len(h.Activities) != 0 {
		t.Errorf("got %+v of an account in which nothing happened", h)
	}
}
