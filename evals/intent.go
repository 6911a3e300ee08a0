package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/intent"
)

// intents reads each question of a file, and writes what it was taken to be about.
func intents(args []string, out io.Writer) (bool, error) {
	file, dir, to, err := intentArgs(args)
	if err != nil {
		return false, err
	}
	u, err := readUniverse(dir)
	if err != nil {
		return false, err
	}
	questions, err := readQuestions(file)
	if err != nil {
		return false, err
	}
	answers := make([]prediction, 0, len(questions))
	for _, q := range questions {
		answers = append(answers, q.predicted(u))
	}
	_, _ = fmt.Fprintf(out, "%d questions read\n", len(questions))
	return len(questions) > 0, writeLines(to, answers)
}

// intentArgs reads the arguments, the file before or after the others.
func intentArgs(args []string) (file, dir, to string, err error) {
	flags := flag.NewFlagSet("intent", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&dir, "universe", "", "")
	flags.StringVar(&to, "out", "", "")
	var files []string
	for rest := args; ; {
		if flags.Parse(rest) != nil || flags.NArg() == 0 {
			break
		}
		files, rest = append(files, flags.Arg(0)), flags.Args()[1:]
	}
	if len(files) != 1 || dir == "" || to == "" {
		return "", "", "", errors.New("intent takes the file with the questions, --universe and the folder with the companies, --out and a file to write")
	}
	return files[0], dir, to, nil
}

// spoken is a question with the day on which it is.
type spoken struct {
	ID, Query string
	RefDate   string `json:"ref_date"`
}

// readQuestions reads a question a line.
func readQuestions(path string) ([]spoken, error) {
	raw, err := os.ReadFile(path) // #nosec G304 -- the file that was asked for
	if err != nil {
		return nil, err
	}
	var out []spoken
	for line := range bytes.Lines(raw) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var q spoken
		if err := json.Unmarshal(line, &q); err != nil {
			return nil, fmt.Errorf("question %d: %w", len(out)+1, err)
		}
		out = append(out, q)
	}
	return out, nil
}

// fallbackDay is when questions without a day of their own are asked.
var fallbackDay = calendar.Day{Year: 2026, Month: 3, Day: 18}

func (q spoken) predicted(u *intent.Universe) prediction {
	today, err := calendar.ParseDay(q.RefDate)
	if err != nil {
		today = fallbackDay
	}
	return predicted(q.ID, u.Parse(q.Query, intent.Context{Today: today}))
}

// prediction is an intent as the scorer takes it.
type prediction struct {
	ID      string         `json:"id"`
	Tickers []string       `json:"tickers"`
	Type    intent.Type    `json:"type"`
	Range   *days          `json:"range"`
	Fiscal  *fiscal        `json:"fiscal"`
	DocType *string        `json:"doc_type"`
	Filters map[string]any `json:"filters"`
}

type days struct {
	From calendar.Day `json:"from"`
	To   calendar.Day `json:"to"`
}

type fiscal struct {
	Year    int `json:"fy"`
	Quarter int `json:"q,omitempty"`
}

func predicted(id string, in intent.Intent) prediction {
	p := prediction{ID: id, Tickers: []string{}, Type: in.Type, Filters: map[string]any{}}
	for _, m := range in.Symbols {
		p.Tickers = append(p.Tickers, m.Symbol)
	}
	if in.Range != nil {
		p.Range = &days{in.Range.From, in.Range.To}
	}
	for _, f := range in.Fiscal {
		if p.Fiscal == nil || f.Year > p.Fiscal.Year || f.Year == p.Fiscal.Year && f.Quarter > p.Fiscal.Quarter {
			p.Fiscal = &fiscal{f.Year, f.Quarter}
		}
	}
	if len(in.DocTypes) > 0 {
		p.DocType = &in.DocTypes[0]
	}
	if in.Filters.Holdings {
		p.Filters["scope"] = "holdings"
	}
	if group := groups(in.Filters); len(group) > 0 {
		p.Filters["group"] = group
	}
	return p
}

// groupNames are our groups by the names they have in the labels.
var groupNames = map[string]string{
	"technology": "Information Technology", "financials": "Financials", "healthcare": "Health Care", "energy": "Energy", "industrials": "Industrials",
	"materials": "Materials", "utilities": "Utilities", "realestate": "Real Estate", "staples": "Consumer Staples",
	"discretionary": "Consumer Discretionary", "communication": "Communication Services", "semiconductors": "Semiconductors",
	"biotechnology": "Biotechnology", "pharmaceuticals": "Pharmaceuticals", "airlines": "Passenger Airlines", "automobiles": "Automobile Manufacturers",
}

// groups are the labels of a filter, the narrower ones where there are both.
func groups(f intent.Filters) []string {
	var out []string
	for _, name := range f.Industries {
		if groupNames[name] != "" { // banks, say, are several of theirs
			out = append(out, "industry:"+groupNames[name])
		}
	}
	if len(out) == 0 {
		for _, name := range f.Sectors {
			out = append(out, "sector:"+groupNames[name])
		}
	}
	if f.Movers != "" {
		out = append(out, f.Movers)
	}
	return out
}

// readUniverse reads the companies of a folder laid out as evals/universe, in the order of the SEC's list, with the
// common names of the S&P 500 beside the registered ones.
func readUniverse(dir string) (*intent.Universe, error) {
	raw, err := os.ReadFile(filepath.Join(dir, "company_tickers_exchange.json")) // #nosec G304 -- the folder that was asked for
	if err != nil {
		return nil, err
	}
	var list struct {
		Data [][]any `json:"data"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("company_tickers_exchange.json: %w", err)
	}
	common, err := commonNames(filepath.Join(dir, "sp500_constituents.csv"))
	if err != nil {
		return nil, err
	}
	companies := make([]intent.Company, 0, len(list.Data))
	for _, row := range list.Data {
		if len(row) < 3 {
			return nil, errors.New("company_tickers_exchange.json: a row without name and symbol")
		}
		name, _ := row[1].(string)
		symbol, _ := row[2].(string)
		c := intent.Company{Symbol: symbol, Name: name}
		if other := common[symbol]; other != "" {
			c.Names = []string{other}
		}
		companies = append(companies, c)
	}
	return intent.NewUniverse(companies), nil
}

// commonNames are the second column of the list by the first.
func commonNames(path string) (map[string]string, error) {
	raw, err := os.ReadFile(path) // #nosec G304 -- the folder that was asked for
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	out := map[string]string{}
	for _, row := range rows[1:] {
		out[strings.ReplaceAll(row[0], ".", "-")] = row[1]
	}
	return out, nil
}
