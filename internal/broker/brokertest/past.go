package brokertest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/broker"
)

// tellsThePast checks what a Historian tells: whole, in order, each thing once, and the same however often it is asked.
func (b Brokerage) tellsThePast(t *testing.T) {
	provider, ok := b.New(t, b.True).(broker.Historian)
	if !ok {
		t.Skip("this brokerage tells nothing of the past")
	}
	accounts, err := provider.Accounts(t.Context(), b.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, a := range accounts {
		whole, err := provider.Activities(t.Context(), b.Credentials, a, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		told += len(whole.Activities)
		checkActivities(t, whole.Activities)
		b.checkOverlap(t, provider, a, whole)
	}
	if told == 0 {
		t.Error("got no activity in any account, want some")
	}
}

// checkOverlap asks again from each quarter of the history on: nothing since then may be missing, and nothing told otherwise.
func (b Brokerage) checkOverlap(t *testing.T, provider broker.Historian, a broker.Account, whole broker.History) {
	t.Helper()
	byID := map[string]broker.Activity{}
	for _, one := range whole.Activities {
		byID[one.ID] = one
	}
	n := len(whole.Activities)
	for _, i := range []int{0, n / 4, n / 2, n - 1} {
		if n == 0 {
			return
		}
		since := whole.Activities[i].At
		part, err := provider.Activities(t.Context(), b.Credentials, a, since)
		if err != nil {
			t.Fatal(err)
		}
		checkActivities(t, part.Activities)
		if part.Since.After(since) {
			t.Errorf("got trades missing until %s, when asked from %s on", part.Since, since)
		}
		got := map[string]bool{}
		for _, one := range part.Activities {
			got[one.ID] = true
			if diff := cmp.Diff(byID[one.ID], one); diff != "" {
				t.Errorf("told again: -before +now\n%s", diff)
			}
		}
		for _, one := range whole.Activities[i:] {
			if !got[one.ID] {
				t.Errorf("got no %s of %s when asked from %s on", one.Kind, one.At, since)
			}
		}
	}
}

var activityKinds = []broker.ActivityKind{
	broker.Buy, broker.Sell, broker.Dividend, broker.Interest, broker.Fee, broker.Tax, broker.Deposit, broker.Withdrawal, broker.DeliveryIn,
	broker.DeliveryOut, broker.TransferIn, broker.TransferOut, broker.Exchange, broker.Split, broker.SpinOff, broker.Merger, broker.Other,
}

func checkActivities(t *testing.T, activities []broker.Activity) {
	t.Helper()
	ids := map[string]bool{}
	for i, a := range activities {
		if a.ID == "" || ids[a.ID] {
			t.Errorf("%s of %s: got id %q, want one of its own", a.Kind, a.At, a.ID)
		}
		ids[a.ID] = true
		if !slices.Contains(activityKinds, a.Kind) || !currency.MatchString(a.Currency) || a.At.IsZero() {
			t.Errorf("got %+v, want a known kind, a currency and a time", a)
		}
		if i > 0 && a.At.Before(activities[i-1].At) {
			t.Errorf("got %s after %s, want the oldest first", a.At, activities[i-1].At)
		}
		checkAmounts(t, a)
	}
}

// checkAmounts checks the signs: what comes in is positive.
func checkAmounts(t *testing.T, a broker.Activity) {
	t.Helper()
	quantity, amount := a.Quantity.Sign(), a.Amount.Sign()
	if a.Fee.IsNegative() || a.Tax.IsNegative() {
		t.Errorf("%s %s: got a fee of %s and a tax of %s, want none below zero", a.Kind, a.ID, a.Fee, a.Tax)
	}
	if quantity != 0 && (a.Instrument.Symbol == "" || !a.Instrument.Multiplier.IsPositive() || !currency.MatchString(a.Instrument.Currency)) {
		t.Errorf("%s %s: got %s of %+v, want to know of what", a.Kind, a.ID, a.Quantity, a.Instrument)
	}
	right := true
	switch a.Kind {
	case broker.Buy:
		right = quantity > 0 && amount <= 0 && a.Price.Valid
	case broker.Sell:
		right = quantity < 0 && a.Price.Valid
	case broker.Deposit:
		right = quantity == 0 && amount > 0
	case broker.Withdrawal:
		right = quantity == 0 && amount < 0
	case broker.Dividend:
		right = quantity == 0
	case broker.DeliveryIn:
		right = quantity > 0
	case broker.DeliveryOut:
		right = quantity < 0
	case broker.TransferIn:
		right = quantity > 0 || quantity == 0 && amount > 0
	case broker.TransferOut:
		right = quantity < 0 || quantity == 0 && amount < 0
	}
	if !right {
		t.Errorf("%s %s: got quantity %s, amount %s, price %v", a.Kind, a.ID, a.Quantity, a.Amount, a.Price)
	}
}
