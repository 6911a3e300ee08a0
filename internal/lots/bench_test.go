package lots_test

import (
	"compress/gzip"
	"encoding/csv"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/lots"
	"github.com/jaspers-ai/jaspers/internal/sharedtest"
)

// draws is the generator of the ledgers for measuring: Lehmer's, with the first ten draws thrown away.
type draws int64

func newDraws(seed int64) *draws {
	d := draws(seed)
	for range 10 {
		d.next()
	}
	return &d
}

func (d *draws) next() float64 {
	*d = *d * 48271 % 2147483647
	return float64(*d) / 2147483647
}

func cents(v float64) float64 { return math.Floor(v*100+0.5) / 100 }

// weekdays are the Mondays to Fridays from 20 November of a year to 20 November 2026.
func weekdays(year int) []calendar.Day {
	var days []calendar.Day
	last := calendar.Day{Year: 2026, Month: time.November, Day: 20}
	for d := (calendar.Day{Year: year, Month: time.November, Day: 20}); !last.Before(d); d = d.AddDays(1) {
		if w := d.Weekday(); w != time.Saturday && w != time.Sunday {
			days = append(days, d)
		}
	}
	return days
}

// madePrices are the daily prices of the symbols, from 2014-11-20 on, by the formula.
func madePrices(symbols int) []map[calendar.Day]float64 {
	days := weekdays(2014)
	all := make([]map[calendar.Day]float64, symbols)
	for s := range all {
		r, p := newDraws(int64(1001+s)), float64(20+37*s%280)
		all[s] = make(map[calendar.Day]float64, len(days))
		for i, d := range days {
			if i > 0 {
				p = math.Max(1, cents(p*(1+0.0003+0.02*(r.next()+r.next()+r.next()-1.5))))
			}
			all[s][d] = p
		}
	}
	return all
}

// madeLedger is the ledger of n transactions in some symbols since a year, by the formula.
func madeLedger(n, symbols, year int) []ledger.Transaction {
	prices, days, r := madePrices(symbols), weekdays(year), newDraws(int64(n+7))
	held := make([]float64, symbols)
	all := make([]ledger.Transaction, 0, n)
	for i := range n {
		day := days[i*(len(days)-1)/n]
		u1, u2, u3, u4 := r.next(), r.next(), r.next(), r.next()
		s := i
		if i >= symbols {
			s = int(u1 * float64(symbols))
		}
		price, fee := prices[s][day], 1+0.5*math.Floor(5*u4)
		t := ledger.Transaction{
			ID: strconv.Itoa(i), ExternalID: strconv.Itoa(i), AccountID: "A" + strconv.Itoa(s%3+1), Instrument: "GF" + strconv.Itoa(s),
			Day: day, At: day.At(10, 0).Add(time.Duration(i) * time.Millisecond), Currency: "USD",
		}
		switch {
		case u2 < 0.70 || held[s] < 2:
			quantity := 1 + math.Floor(50*u3)
			held[s] += quantity
			t.Kind, t.Quantity = broker.Buy, decimal.NewFromFloat(quantity)
		case u2 < 0.85:
			quantity := math.Max(1, math.Floor(held[s]*(0.1+0.4*u3)))
			held[s] -= quantity
			t.Kind, t.Quantity = broker.Sell, decimal.NewFromFloat(-quantity)
		default:
			price, fee = math.Max(0.01, cents(0.005*price)), 0
			t.Kind, t.Amount = broker.Dividend, decimal.NewFromFloat(held[s]).Mul(decimal.NewFromFloat(price))
		}
		t.Price, t.Fee = decimal.NewNullDecimal(decimal.NewFromFloat(price)), decimal.NewFromFloat(fee)
		if t.Kind != broker.Dividend {
			t.Amount = t.Quantity.Mul(t.Price.Decimal).Add(t.Fee).Neg()
		}
		all = append(all, t)
	}
	return all
}

// BenchmarkWorkOn50000 tells the CPU time too, which a busy machine does not stretch as it does the clock's.
func BenchmarkWorkOn50000(b *testing.B) {
	all := madeLedger(50000, 250, 2014)
	before := cpu(b)
	for b.Loop() {
		lots.Work(lots.Input{Transactions: all, Base: "USD"})
	}
	b.ReportMetric(float64((cpu(b)-before).Milliseconds())/float64(b.N), "cpu-ms/op")
}

func cpu(t testing.TB) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// readLedger reads a ledger of the folder for measuring.
func readLedger(t *testing.T, path string) []ledger.Transaction {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var all []ledger.Transaction
	for i, row := range rows[1:] {
		day, err := calendar.ParseDay(row[0])
		if err != nil {
			t.Fatal(err)
		}
		quantity, price, fee := decimal.RequireFromString(row[4]), decimal.RequireFromString(row[5]), decimal.RequireFromString(row[6])
		x := ledger.Transaction{
			ID: strconv.Itoa(i), ExternalID: strconv.Itoa(i), AccountID: row[1], Instrument: row[3], Day: day,
			At: day.At(10, 0).Add(time.Duration(i) * time.Millisecond), Price: decimal.NewNullDecimal(price), Fee: fee, Currency: row[7],
		}
		switch row[2] {
		case "BUY":
			x.Kind, x.Quantity, x.Amount = broker.Buy, quantity, quantity.Mul(price).Add(fee).Neg()
		case "SELL":
			x.Kind, x.Quantity, x.Amount = broker.Sell, quantity.Neg(), quantity.Mul(price).Sub(fee)
		default:
			x.Kind, x.Amount = broker.Dividend, quantity.Mul(price)
		}
		all = append(all, x)
	}
	return all
}

// lastPrices are the prices of 2026-11-20, by symbol.
func lastPrices(t *testing.T, path string) map[string]decimal.Decimal {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	prices := map[string]decimal.Decimal{}
	for rows := csv.NewReader(unpacked); ; {
		row, err := rows.Read()
		if err == io.EOF {
			return prices
		}
		if err != nil {
			t.Fatal(err)
		}
		if row[0] == "2026-11-20" {
			prices[row[1]] = decimal.RequireFromString(row[2])
		}
	}
}

func TestValuesHeldAreThoseOfTheLedgers(t *testing.T) {
	dir := sharedtest.Dir(t, "evals/ledgers")
	prices := lastPrices(t, filepath.Join(dir, "prices.csv.gz"))
	for n, want := range map[int]string{100: "650225.84", 500: "2723943.89", 1900: "9611267.98", 14400: "35895125.34"} {
		before := cpu(t)
		book := lots.Work(lots.Input{Transactions: readLedger(t, filepath.Join(dir, "ledger-"+strconv.Itoa(n)+".csv"))})
		t.Logf("%d transactions read and worked through in %s of CPU", n, cpu(t)-before)
		value, spent := decimal.Zero, decimal.Zero
		for _, p := range book.Positions {
			value = value.Add(p.Quantity.Mul(prices[p.Instrument]))
			spent = spent.Add(p.Cost).Sub(p.Realised)
			if len(p.Marks) > 0 {
				t.Errorf("ledger %d: %s has marks: %v", n, p.Instrument, p.Marks)
			}
		}
		if got := value.StringFixed(2); got != want {
			t.Errorf("ledger %d: the value held is %s, want %s", n, got, want)
		}
		for _, x := range readLedger(t, filepath.Join(dir, "ledger-"+strconv.Itoa(n)+".csv")) {
			if x.Kind != broker.Dividend {
				spent = spent.Add(x.Amount)
			}
		}
		if !spent.IsZero() {
			t.Errorf("ledger %d: costs less gains differ from the cash that went in by %s", n, spent)
		}
	}
}
