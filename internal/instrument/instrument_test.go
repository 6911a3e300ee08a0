package instrument_test

import (
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/instrument"
)

func resolve(t testing.TB, d *db.DB, provider string, in broker.Instrument) (id string) {
	t.Helper()
	if in.AssetClass == "" {
		in.AssetClass = broker.Equity
	}
	if in.Currency == "" {
		in.Currency = "USD"
	}
	in.Multiplier = decimal.NewFromInt(1)
	err := d.Tx(t.Context(), func(tx *sql.Tx) (err error) {
		id, err = instrument.Resolve(t.Context(), tx, provider, in, time.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestOneThingUnderDifferentIDsIsOne(t *testing.T) {
	for name, told := range map[string][2]broker.Instrument{
		"by ISIN":         {{InstrumentID: "n1", Symbol: "VOD", ISIN: "GB00BH4HKS39", Exchange: "LSE", Currency: "GBP"}, {InstrumentID: "s9", Symbol: "VODl", ISIN: "GB00BH4HKS39", Exchange: "XLON", Currency: "GBP"}},
		"by FIGI":         {{InstrumentID: "n1", Symbol: "BRK.B", FIGI: "BBG000DWG505"}, {InstrumentID: "s9", Symbol: "BRKB", FIGI: "BBG000DWG505"}},
		"by CUSIP":        {{InstrumentID: "n1", Symbol: "BRK.B", CUSIP: "084670702"}, {InstrumentID: "s9", Symbol: "BRKB", CUSIP: "084670702"}},
		"by symbol":       {{InstrumentID: "n1", Symbol: "AAPL", Exchange: "NASDAQ"}, {InstrumentID: "s9", Symbol: "AAPL", Exchange: "NASDAQ.NMS"}},
		"by symbol alone": {{InstrumentID: "n1", Symbol: "AAPL", Exchange: "NASDAQ"}, {Symbol: "AAPL", CUSIP: "037833100"}},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				first := resolve(t, d, "north", told[0])
				if second := resolve(t, d, "south", told[1]); second != first {
					t.Errorf("got %s and %s, want one", first, second)
				}
				if again := resolve(t, d, "north", told[0]); again != first {
					t.Errorf("got %s later, want %s", again, first)
				}
			})
		})
	}
}

func TestWhatDiffersStaysApart(t *testing.T) {
	for name, told := range map[string][2]broker.Instrument{
		"another ISIN":     {{InstrumentID: "n1", Symbol: "ABC", ISIN: "US0000000001"}, {InstrumentID: "s9", Symbol: "ABC", ISIN: "US0000000002"}},
		"another currency": {{InstrumentID: "n1", Symbol: "ABC", ISIN: "IE0000000001", Exchange: "LSE"}, {InstrumentID: "s9", Symbol: "ABC", ISIN: "IE0000000001", Exchange: "LSE", Currency: "GBP"}},
		"another market":   {{InstrumentID: "n1", Symbol: "ABC", Exchange: "ASX", Currency: "AUD"}, {InstrumentID: "s9", Symbol: "ABC", Exchange: "CHIXAU", Currency: "AUD"}},
		"another class":    {{InstrumentID: "n1", Symbol: "ETH"}, {InstrumentID: "s9", Symbol: "ETH", AssetClass: broker.Crypto}},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				first, second := resolve(t, d, "north", told[0]), resolve(t, d, "south", told[1])
				if first == second {
					t.Error("got one, want two")
				}
				if f, s := resolve(t, d, "north", told[0]), resolve(t, d, "south", told[1]); f != first || s != second {
					t.Errorf("got %s and %s later, want %s and %s", f, s, first, second)
				}
			})
		})
	}
}

func TestASymbolThatChangedHandsNamesItsNewOwner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		facebook := resolve(t, d, "north", broker.Instrument{InstrumentID: "1", Symbol: "FB", Exchange: "NASDAQ"})
		if got := resolve(t, d, "north", broker.Instrument{InstrumentID: "1", Symbol: "META", Exchange: "NASDAQ"}); got != facebook {
			t.Error("another symbol made another instrument")
		}
		if got := resolve(t, d, "north", broker.Instrument{Symbol: "FB"}); got != facebook {
			t.Error("the old symbol names something else, though nobody else has it")
		}
		resolve(t, d, "north", broker.Instrument{InstrumentID: "1", Symbol: "META", Exchange: "NASDAQ"})
		fund := resolve(t, d, "north", broker.Instrument{InstrumentID: "2", Symbol: "FB", Exchange: "ARCA"})
		if fund == facebook {
			t.Fatal("who has the symbol now is who had it")
		}
		if got := resolve(t, d, "south", broker.Instrument{InstrumentID: "77", Symbol: "FB", Exchange: "ARCA"}); got != fund {
			t.Error("another brokerage's FB is not the new one")
		}
		if got := resolve(t, d, "north", broker.Instrument{InstrumentID: "1", Symbol: "META", Exchange: "NASDAQ"}); got != facebook {
			t.Error("the renamed one is lost")
		}
	})
}

func TestAReverseSplitsNewCUSIPIsTheSameShare(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		before := resolve(t, d, "north", broker.Instrument{Symbol: "ACME", CUSIP: "000000001"})
		if after := resolve(t, d, "north", broker.Instrument{Symbol: "ACME", CUSIP: "000000002"}); after != before {
			t.Error("got two, want one")
		}
	})
}

func TestManyWhoResolveAtOnceGetOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var mu sync.Mutex
		ids := map[string]bool{}
		var running sync.WaitGroup
		for i := range 12 {
			running.Go(func() {
				id := resolve(t, d, fmt.Sprint("p", i%3), broker.Instrument{InstrumentID: fmt.Sprint(i % 3), Symbol: "ACME", ISIN: "US0000000001"})
				mu.Lock()
				defer mu.Unlock()
				ids[id] = true
			})
		}
		running.Wait()
		var made int
		if err := d.Read().QueryRowContext(t.Context(), "select count(*) from instruments").Scan(&made); err != nil || made != 1 || len(ids) != 1 {
			t.Errorf("got %d instruments and ids %v, %v; want one", made, ids, err)
		}
	})
}

func TestAGuessedRatioIsReplacedByOneThatIsTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		id := resolve(t, d, "north", broker.Instrument{InstrumentID: "1", Symbol: "ACME"})
		split := func(day int, from, to int64, guessed bool) instrument.Split {
			return instrument.Split{
				Day: calendar.Day{Year: 2026, Month: 6, Day: day}, From: decimal.NewFromInt(from), To: decimal.NewFromInt(to), Guessed: guessed,
			}
		}
		told, guess := split(10, 20, 1, false), split(12, 17, 1, true)
		for _, step := range []struct {
			tells         instrument.Split
			changed, kept []instrument.Split
		}{
			{guess, []instrument.Split{guess}, []instrument.Split{guess}},
			{split(12, 16, 1, true), nil, []instrument.Split{guess}},  // one guess is as good as another
			{split(10, 34, 2, false), nil, []instrument.Split{guess}}, // it was right, if some days late
			{told, []instrument.Split{guess, told}, []instrument.Split{told}},
			{guess, nil, []instrument.Split{told}},
		} {
			var changed []instrument.Split
			err := d.Tx(t.Context(), func(tx *sql.Tx) (err error) {
				changed, err = instrument.AddSplits(t.Context(), tx, id, "north", []instrument.Split{step.tells})
				return err
			})
			kept, listErr := instrument.Splits(t.Context(), d.Read(), id)
			of, ofErr := instrument.SplitsOf(t.Context(), d.Read(), []string{id})
			if err = errors.Join(err, listErr, ofErr); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(kept, of[id]); diff != "" {
				t.Errorf("listed otherwise (-of one +of several):\n%s", diff)
			}
			if fmt.Sprint(changed) != fmt.Sprint(step.changed) || fmt.Sprint(kept) != fmt.Sprint(step.kept) {
				t.Errorf("%v: got %v changed and %v kept, want %v and %v", step.tells, changed, kept, step.changed, step.kept)
			}
		}
	})
}

func TestASplitToldTwiceIsKeptOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		id := resolve(t, d, "north", broker.Instrument{InstrumentID: "1", Symbol: "ACME"})
		split := func(day int, from, to int64) instrument.Split {
			return instrument.Split{Day: calendar.Day{Year: 2026, Month: 6, Day: day}, From: decimal.NewFromInt(from), To: decimal.NewFromInt(to)}
		}
		var added []instrument.Split
		err := d.Tx(t.Context(), func(tx *sql.Tx) error {
			added = nil
			for _, told := range [][]instrument.Split{
				{split(10, 1, 2)}, {split(10, 1, 2), split(12, 2, 4), split(10, 1, 3)}, {split(20, 1, 2), split(11, 0, 2)},
			} {
				more, err := instrument.AddSplits(t.Context(), tx, id, "yahoo", told)
				if err != nil {
					return err
				}
				added = append(added, more...)
			}
			return nil
		})
		got, listed := fmt.Sprint(added), []instrument.Split{}
		if err == nil {
			listed, err = instrument.Splits(t.Context(), d.Read(), id)
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, fmt.Sprint(listed)); diff != "" || len(added) != 2 || added[0].Day.Day != 10 || added[1].Day.Day != 20 {
			t.Errorf("added %s, kept %v: want those of the 10th and the 20th", got, listed)
		}
	})
}
