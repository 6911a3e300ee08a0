package filings

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
)

// placeholders are n rows of width values each: ($1, $2), ($3, $4).
func placeholders(n, width int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = "(" + db.Placeholders(i*width+1, width) + ")"
	}
	return strings.Join(rows, ", ")
}

// fetchedAt is when something was fetched as a whole; zero for never.
func fetchedAt(ctx context.Context, q db.Querier, name string) (time.Time, error) {
	var at time.Time
	err := q.QueryRowContext(ctx, "select fetched_at from edgar_fetches where name = $1", name).Scan(&at)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return at, fmt.Errorf("look when %s were fetched: %w", name, err)
	}
	return at, nil
}

const tickerColumns = "ticker, cik, name, exchange, place"

// placed is a company with its place in the list.
type placed struct {
	Company
	place int
}

func scanTicker(scan func(...any) error) (p placed, err error) {
	return p, scan(&p.Ticker, &p.CIK, &p.Name, &p.Exchange, &p.place)
}

func findTicker(ctx context.Context, q db.Querier, ticker string) (Company, bool, error) {
	p, err := scanTicker(q.QueryRowContext(ctx, "select "+tickerColumns+" from edgar_tickers where ticker = $1", ticker).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Company{}, false, nil
	}
	if err != nil {
		return Company{}, false, fmt.Errorf("find a symbol's company: %w", err)
	}
	return p.Company, true, nil
}

// loadTickers reads the whole list, by symbol.
func loadTickers(ctx context.Context, q db.Querier) (map[string]placed, error) {
	rows, err := q.QueryContext(ctx, "select "+tickerColumns+" from edgar_tickers")
	list, err := db.Collect(rows, err, scanTicker)
	if err != nil {
		return nil, fmt.Errorf("load the list of companies: %w", err)
	}
	all := make(map[string]placed, len(list))
	for _, p := range list {
		all[p.Ticker] = p
	}
	return all, nil
}

// listTickers reads the list in its order.
func listTickers(ctx context.Context, q db.Querier) ([]Company, error) {
	rows, err := q.QueryContext(ctx, "select "+tickerColumns+" from edgar_tickers order by place")
	list, err := db.Collect(rows, err, scanTicker)
	if err != nil {
		return nil, fmt.Errorf("list the companies: %w", err)
	}
	companies := make([]Company, 0, len(list))
	for _, p := range list {
		companies = append(companies, p.Company)
	}
	return companies, nil
}

// tickersOf are the symbols of a filer in the order of the list.
func tickersOf(ctx context.Context, q db.Querier, cik CIK) ([]string, error) {
	rows, err := q.QueryContext(ctx, "select ticker from edgar_tickers where cik = $1 order by place", int64(cik))
	list, err := db.Collect(rows, err, func(scan func(...any) error) (ticker string, err error) { return ticker, scan(&ticker) })
	if err != nil {
		return nil, fmt.Errorf("find a filer's symbols: %w", err)
	}
	return list, nil
}

// batch is how many rows one statement stores.
const batch = 200

// storeTickers writes by how much the list differs from the known one.
func storeTickers(ctx context.Context, tx db.Querier, known map[string]placed, list []Company, now time.Time) error {
	var changed []placed
	listed := map[string]bool{}
	for i, c := range list {
		p := placed{c, i}
		if !listed[c.Ticker] && known[c.Ticker] != p {
			changed = append(changed, p)
		}
		listed[c.Ticker] = true
	}
	for some := range slices.Chunk(changed, batch) {
		var args []any
		for _, p := range some {
			args = append(args, p.Ticker, int64(p.CIK), p.Name, p.Exchange, p.place)
		}
		if _, err := tx.ExecContext(ctx, "insert into edgar_tickers ("+tickerColumns+") values "+placeholders(len(some), 5)+ // #nosec G202 -- placeholders
			` on conflict (ticker) do update set cik = excluded.cik, name = excluded.name, exchange = excluded.exchange, place = excluded.place`,
			args...); err != nil {
			return fmt.Errorf("store companies: %w", err)
		}
	}
	for ticker := range known {
		if !listed[ticker] {
			if _, err := tx.ExecContext(ctx, "delete from edgar_tickers where ticker = $1", ticker); err != nil {
				return fmt.Errorf("delete a symbol: %w", err)
			}
		}
	}
	_, err := tx.ExecContext(ctx, `insert into edgar_fetches (name, fetched_at) values ($1, $2)
		on conflict (name) do update set fetched_at = excluded.fetched_at`, companies, db.Time(now))
	if err != nil {
		return fmt.Errorf("note when companies were fetched: %w", err)
	}
	return nil
}

func findFiler(ctx context.Context, q db.Querier, cik CIK) (f knownFiler, found bool, err error) {
	err = q.QueryRowContext(ctx, "select name, fetched_at from edgar_filers where cik = $1", int64(cik)).Scan(&f.name, &f.fetchedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return f, false, nil
	}
	if err != nil {
		return f, false, fmt.Errorf("find a filer: %w", err)
	}
	return f, true, nil
}

// storeFiler notes who the filer is and which pages of older filings there are; what is loaded of them stays.
func storeFiler(ctx context.Context, tx db.Querier, f Filer, now time.Time) error {
	_, err := tx.ExecContext(ctx, `insert into edgar_filers (cik, name, tickers, fetched_at) values ($1, $2, $3, $4)
		on conflict (cik) do update set name = excluded.name, tickers = excluded.tickers, fetched_at = excluded.fetched_at`,
		int64(f.CIK), f.Name, strings.Join(f.Tickers, ","), db.Time(now))
	if err != nil {
		return fmt.Errorf("store a filer: %w", err)
	}
	for _, p := range f.Older {
		_, err := tx.ExecContext(ctx, `insert into edgar_pages (cik, name, filings, first_day, last_day, loaded) values ($1, $2, $3, $4, $5, 0)
			on conflict (cik, name) do update set filings = excluded.filings, first_day = excluded.first_day, last_day = excluded.last_day`,
			int64(f.CIK), p.Name, p.Count, p.First.String(), p.Last.String())
		if err != nil {
			return fmt.Errorf("store a filer's pages: %w", err)
		}
	}
	return nil
}

// missingPage is the newest page of older filings that the span reaches into and that is not loaded as it is now.
func missingPage(ctx context.Context, q db.Querier, cik CIK, sp span) (p Page, found bool, err error) {
	var first, last string
	err = q.QueryRowContext(ctx, `select name, filings, first_day, last_day from edgar_pages
		where cik = $1 and loaded <> filings and last_day >= $2 and first_day <= $3 and first_day <= $4
		order by last_day desc, name limit 1`, int64(cik), sp.first, sp.last, sp.before.filed).Scan(&p.Name, &p.Count, &first, &last)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	if err == nil {
		p.First, err = calendar.ParseDay(first)
	}
	if err == nil {
		p.Last, err = calendar.ParseDay(last)
	}
	if err != nil {
		return p, false, fmt.Errorf("find older filings: %w", err)
	}
	return p, true, nil
}

func markLoaded(ctx context.Context, tx db.Querier, cik CIK, p Page) error {
	if _, err := tx.ExecContext(ctx, "update edgar_pages set loaded = $3 where cik = $1 and name = $2", int64(cik), p.Name, p.Count); err != nil {
		return fmt.Errorf("note older filings: %w", err)
	}
	return nil
}

const filingColumns = "cik, accession, form, filed, period, items, size, xbrl, primary_doc, description"

// storeFilings stores filings. What is there already is replaced when these come from a filer's list, which says most of
// them; a search and a filing's own page say less.
func storeFilings(ctx context.Context, tx db.Querier, all []Filing, replace bool) error {
	onConflict := " on conflict (cik, accession) do nothing"
	if replace {
		onConflict = ` on conflict (cik, accession) do update set form = excluded.form, filed = excluded.filed, period = excluded.period,
			items = excluded.items, size = excluded.size, xbrl = excluded.xbrl, primary_doc = excluded.primary_doc,
			description = excluded.description`
	}
	type key struct {
		cik       CIK
		accession Accession
	}
	seen := map[key]bool{} // one statement may not write a row twice
	all = slices.DeleteFunc(slices.Clone(all), func(f Filing) bool {
		k := key{f.CIK, f.Accession}
		twice := seen[k]
		seen[k] = true
		return twice
	})
	for some := range slices.Chunk(all, batch) {
		var args []any
		for _, f := range some {
			period := ""
			if f.Period != nil {
				period = f.Period.String()
			}
			args = append(args, int64(f.CIK), string(f.Accession), f.Form, f.Filed.String(), period, strings.Join(f.Items, ","), f.Size, f.XBRL, f.Primary, f.Description)
		}
		if _, err := tx.ExecContext(ctx, "insert into edgar_filings ("+filingColumns+") values "+placeholders(len(some), 10)+onConflict, args...); err != nil { // #nosec G202 -- placeholders
			return fmt.Errorf("store filings: %w", err)
		}
	}
	return nil
}

func scanFiling(scan func(...any) error) (f Filing, err error) {
	var filed, period, items string
	if err := scan(&f.CIK, &f.Accession, &f.Form, &filed, &period, &items, &f.Size, &f.XBRL, &f.Primary, &f.Description); err != nil {
		return f, err
	}
	if items != "" {
		f.Items = strings.Split(items, ",")
	}
	if period != "" {
		day, err := calendar.ParseDay(period)
		if err != nil {
			return f, err
		}
		f.Period = &day
	}
	f.Filed, err = calendar.ParseDay(filed)
	return f, err
}

// selectFilings reads one more than the limit, so that it shows whether there are more.
func selectFilings(ctx context.Context, q db.Querier, cik CIK, sp span) ([]Filing, error) {
	args := []any{int64(cik), sp.first, sp.last, sp.before.filed, sp.before.accession, sp.limit + 1}
	condition := ""
	if len(sp.forms) > 0 {
		var list []string
		for _, form := range sp.forms {
			args = append(args, form)
			list = append(list, fmt.Sprintf("$%d", len(args)))
		}
		condition = " and form in (" + strings.Join(list, ", ") + ")"
	}
	rows, err := q.QueryContext(ctx, "select "+filingColumns+` from edgar_filings
		where cik = $1 and filed >= $2 and filed <= $3 and (filed < $4 or filed = $4 and accession < $5)`+condition+ // #nosec G202 -- placeholders
		" order by filed desc, accession desc limit $6", args...)
	list, err := db.Collect(rows, err, scanFiling)
	if err != nil {
		return nil, fmt.Errorf("list filings: %w", err)
	}
	return list, nil
}

// Remember notes whose filings these are, in the caller's transaction. What lists said of them stays.
func Remember(ctx context.Context, tx db.Querier, all []Filing) error {
	return storeFilings(ctx, tx, all, false)
}

// FilersOf are the filers that a filing is known to be of, from lists, searches and filings.
func FilersOf(ctx context.Context, q db.Querier, accession Accession) ([]CIK, error) {
	rows, err := q.QueryContext(ctx, "select cik from edgar_filings where accession = $1 order by cik", string(accession))
	list, err := db.Collect(rows, err, func(scan func(...any) error) (cik CIK, err error) { return cik, scan(&cik) })
	if err != nil {
		return nil, fmt.Errorf("find who filed: %w", err)
	}
	return list, nil
}
