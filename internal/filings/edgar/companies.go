package edgar

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/upstream"
)

// Companies reads the list with exchanges and, where that cannot be had, the one without.
func (s *Source) Companies(ctx context.Context) ([]filings.Company, error) {
	var first error
	for _, name := range []string{"company_tickers_exchange.json", "company_tickers.json"} {
		answer, err := s.get(ctx, s.cfg.ArchiveURL+"/files/"+name, "GET "+name, "list of companies")
		if err == nil {
			var all []filings.Company
			if all, err = readCompanies(answer); err == nil {
				return all, nil
			}
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil || fault.Is(err, fault.FilingsNotConfigured) {
			break
		}
	}
	return nil, first
}

// readCompanies reads either list. Rows that cannot be read are left out, unless that is all of them.
func readCompanies(answer *upstream.Answer) ([]filings.Company, error) {
	var table struct {
		Fields []string            `json:"fields"`
		Data   [][]json.RawMessage `json:"data"`
	}
	if json.Unmarshal(answer.Body, &table) == nil && len(table.Fields) > 0 {
		return companiesOfTable(table.Fields, table.Data)
	}
	var rows map[string]struct {
		CIK    json.Number `json:"cik_str"`
		Ticker string      `json:"ticker"`
		Title  string      `json:"title"`
	}
	if err := answer.JSON(&rows); err != nil {
		return nil, err
	}
	type placed struct {
		at  int
		one filings.Company
	}
	var all []placed
	for key, row := range rows {
		at, err := strconv.Atoi(key)
		if one, ok := company(row.CIK.String(), row.Ticker, row.Title, ""); ok && err == nil {
			all = append(all, placed{at, one})
		}
	}
	slices.SortFunc(all, func(a, b placed) int { return a.at - b.at })
	list := make([]filings.Company, len(all))
	for i, p := range all {
		list[i] = p.one
	}
	return someCompanies(list)
}

// companiesOfTable reads rows whose columns are named once for all.
func companiesOfTable(fields []string, data [][]json.RawMessage) ([]filings.Company, error) {
	var list []filings.Company
	for _, row := range data {
		text := func(field string) string {
			i := slices.Index(fields, field)
			if i < 0 || i >= len(row) {
				return ""
			}
			var s string
			if json.Unmarshal(row[i], &s) != nil {
				s = string(row[i]) // a number
			}
			return s
		}
		exchange := text("exchange")
		if exchange == "null" {
			exchange = ""
		}
		if one, ok := company(text("cik"), text("ticker"), text("name"), exchange); ok {
			list = append(list, one)
		}
	}
	return someCompanies(list)
}

func company(cik, ticker, name, exchange string) (filings.Company, bool) {
	number, err := filings.ParseCIK(cik)
	ticker = strings.ToUpper(strings.TrimSpace(ticker))
	return filings.Company{CIK: number, Ticker: ticker, Name: name, Exchange: exchange}, err == nil && ticker != ""
}

func someCompanies(list []filings.Company) ([]filings.Company, error) {
	if len(list) == 0 {
		return nil, unreadable("companies")
	}
	return list, nil
}
