package main

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// row is a line of a ledger as it stands in a file.
type row struct {
	date, account, kind, symbol string
	quantity                    int64
	price, fee                  float64
}

func (r row) String() string {
	return fmt.Sprintf("%s,%s,%s,%s,%d,%.2f,%.2f,USD", r.date, r.account, r.kind, r.symbol, r.quantity, r.price, r.fee)
}

// made is a ledger to measure on, with what it holds at the last price.
type made struct {
	name  string
	rows  []row
	value decimal.Decimal
}

// formula says what a ledger is made of: so many transactions in so many symbols since a year.
type formula struct{ n, symbols, year int }

// formulas are those of the files, and the large one that there is no file of.
func formulas() []formula {
	return []formula{{100, 20, 2018}, {500, 50, 2016}, {1900, 120, 2014}, {14400, 250, 2014}, {50000, 250, 2014}}
}

// expected are the values that the ledgers' description gives.
var expected = map[int]string{100: "650225.84", 500: "2723943.89", 1900: "9611267.98", 14400: "35895125.34"}

const (
	allSymbols = 250
	priceYear  = 2014
	lastDate   = "2026-11-20"
)

// draws is Lehmer's generator; the first ten draws are thrown away.
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

func toCents(v float64) float64 { return math.Floor(v*100+0.5) / 100 }

// weekdays are the Mondays to Fridays from 20 November of a year through the last date.
func weekdays(year int) []string {
	var days []string
	for d := (calendar.Day{Year: year, Month: time.November, Day: 20}); d.String() <= lastDate; d = d.AddDays(1) {
		if w := d.Weekday(); w != time.Saturday && w != time.Sunday {
			days = append(days, d.String())
		}
	}
	return days
}

// makePrices are the daily prices of a symbol, by date.
func makePrices(symbol int) map[string]float64 {
	r, p := newDraws(int64(1001+symbol)), float64(20+37*symbol%280)
	all := map[string]float64{}
	for i, day := range weekdays(priceYear) {
		if i > 0 {
			p = math.Max(1, toCents(p*(1+0.0003+0.02*(r.next()+r.next()+r.next()-1.5))))
		}
		all[day] = p
	}
	return all
}

// makeLedger makes a ledger by its formula, at these prices.
func makeLedger(f formula, prices []map[string]float64) []row {
	days, r := weekdays(f.year), newDraws(int64(f.n+7))
	held := make([]int64, f.symbols)
	rows := make([]row, 0, f.n)
	for i := range f.n {
		u1, u2, u3, u4 := r.next(), r.next(), r.next(), r.next()
		s := i
		if i >= f.symbols {
			s = int(u1 * float64(f.symbols))
		}
		one := row{date: days[i*(len(days)-1)/f.n], account: "A" + strconv.Itoa(s%3+1), symbol: fmt.Sprintf("GF%03d", s)}
		one.price, one.fee = prices[s][one.date], 1+0.5*math.Floor(5*u4)
		switch {
		case u2 < 0.70 || held[s] < 2:
			one.kind, one.quantity = "BUY", 1+int64(50*u3)
			held[s] += one.quantity
		case u2 < 0.85:
			one.kind, one.quantity = "SELL", max(1, int64(float64(held[s])*(0.1+0.4*u3)))
			held[s] -= one.quantity
		default:
			one.kind, one.quantity, one.price, one.fee = "DIVIDEND", held[s], math.Max(0.01, toCents(0.005*one.price)), 0
		}
		rows = append(rows, one)
	}
	return rows
}

// readLedgers reads the ledgers of a folder and makes the large one, once the formula has given a file's every line.
func readLedgers(dir string) ([]made, map[string]map[string]float64, error) {
	prices, err := readPrices(filepath.Join(dir, "prices.csv.gz"))
	if err != nil {
		return nil, nil, err
	}
	byFormula := make([]map[string]float64, allSymbols)
	for s := range byFormula {
		byFormula[s] = makePrices(s)
	}
	var all []made
	for _, f := range formulas() {
		rows := makeLedger(f, byFormula)
		path := filepath.Join(dir, fmt.Sprintf("ledger-%d.csv", f.n))
		read, err := readLedger(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return nil, nil, err
		case len(read) != len(rows):
			return nil, nil, fmt.Errorf("%s has %d lines, by the formula %d", path, len(read), len(rows))
		default:
			for i := range rows {
				if rows[i] != read[i] {
					return nil, nil, fmt.Errorf("%s: line %d is %s, by the formula %s", path, i+2, read[i], rows[i])
				}
			}
		}
		all = append(all, made{name: strconv.Itoa(f.n), rows: rows, value: valueOf(rows, prices)})
		if want := expected[f.n]; want != "" && !all[len(all)-1].value.Equal(decimal.RequireFromString(want)) {
			return nil, nil, fmt.Errorf("ledger %d holds %s at the last price, its description says %s", f.n, all[len(all)-1].value, want)
		}
	}
	return all, prices, nil
}

// valueOf counts what is held up, and values it at the last price.
func valueOf(rows []row, prices map[string]map[string]float64) decimal.Decimal {
	held := map[string]int64{}
	for _, r := range rows {
		switch r.kind {
		case "BUY":
			held[r.symbol] += r.quantity
		case "SELL":
			held[r.symbol] -= r.quantity
		}
	}
	sum := decimal.Zero
	for symbol, quantity := range held {
		sum = sum.Add(decimal.NewFromInt(quantity).Mul(decimal.NewFromFloat(prices[symbol][lastDate])))
	}
	return sum
}

func readLedger(path string) ([]row, error) {
	file, err := os.Open(path) // #nosec G304 -- the caller's own
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	lines, err := readLines(file, "date,account,type,symbol,quantity,price,fee,currency")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var rows []row
	for _, l := range lines {
		r := row{date: l[0], account: l[1], kind: l[2], symbol: l[3]}
		var errs [3]error
		r.quantity, errs[0] = strconv.ParseInt(l[4], 10, 64)
		r.price, errs[1] = strconv.ParseFloat(l[5], 64)
		r.fee, errs[2] = strconv.ParseFloat(l[6], 64)
		if err := errors.Join(errs[:]...); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// readPrices gives the closes by symbol and date.
func readPrices(path string) (map[string]map[string]float64, error) {
	file, err := os.Open(path) // #nosec G304 -- the caller's own
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	text, err := gzip.NewReader(bufio.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	lines, err := readLines(text, "date,symbol,price,currency")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	all := map[string]map[string]float64{}
	for _, l := range lines {
		if all[l[1]] == nil {
			all[l[1]] = map[string]float64{}
		}
		if all[l[1]][l[0]], err = strconv.ParseFloat(l[2], 64); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return all, nil
}

func readLines(from io.Reader, head string) ([][]string, error) {
	lines, err := csv.NewReader(from).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 || strings.Join(lines[0], ",") != head {
		return nil, fmt.Errorf("the first line is not %s", head)
	}
	return lines[1:], nil
}
