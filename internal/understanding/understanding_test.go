package understanding_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/understanding"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// list is a list of companies that was made some day.
type list struct {
	companies []filings.Company
	made      time.Time
	err       error
	read      int // how often all of it was given
}

func (l *list) get(_ context.Context, known time.Time) ([]filings.Company, time.Time, error) {
	if l.err != nil || l.made.Equal(known) {
		return nil, l.made, l.err
	}
	l.read++
	return l.companies, l.made, nil
}

func holdings(list ...portfolio.Holding) func(context.Context, string) ([]portfolio.Holding, []string, error) {
	return func(context.Context, string) ([]portfolio.Holding, []string, error) { return list, nil, nil }
}

func TestAQuestionIsReadAgainstTheNewestListAndWhatIsHeld(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC)
	l := &list{companies: []filings.Company{{Ticker: "AAPL", Name: "Apple Inc."}}, made: now.Add(-time.Hour)}
	s := &understanding.Service{
		Companies: l.get, Now: func() time.Time { return now },
		Holdings: holdings(portfolio.Holding{Symbol: "VOD", Name: "Vodafone Group"}),
	}
	read := func(question string) (symbols []string, names map[string][]string) {
		t.Helper()
		in, names, err := s.Read(t.Context(), "somebody", question, nil)
		if err != nil {
			t.Fatal(err)
		}
		return in.Brief(calendar.DayOf(now)).Symbols, names
	}
	symbols, names := read("What does Apple trade at?")
	if diff := cmp.Diff([]string{"AAPL"}, symbols); diff != "" {
		t.Errorf("symbols (-want +got):\n%s", diff)
	}
	want := map[string][]string{"AAPL": {"Apple Inc.", "Apple"}, "VOD": {"Vodafone Group"}}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	l.companies, l.made = append(l.companies, filings.Company{Ticker: "QZZK", Name: "Quizzical Kites Corp"}), now
	if symbols, _ = read("What does Quizzical Kites trade at?"); len(symbols) != 0 {
		t.Errorf("got %v within a minute, want the list that was read", symbols)
	}
	now = now.Add(2 * time.Minute)
	if symbols, _ = read("What does Quizzical Kites trade at?"); !cmp.Equal(symbols, []string{"QZZK"}) || l.read != 2 {
		t.Errorf("got %v after %d readings, want what the newer list has, read once", symbols, l.read)
	}
}

func TestWhatCannotBeReadIsAnError(t *testing.T) {
	t.Parallel()
	broken := errors.New("the database is gone")
	s := &understanding.Service{Companies: (&list{err: broken}).get, Now: time.Now, Holdings: holdings()}
	if in, _, err := s.Read(t.Context(), "somebody", "hi", nil); !errors.Is(err, broken) {
		t.Errorf("got %v, %v, want the error", in, err)
	}
}
