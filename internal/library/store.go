package library

import (
	"context"
	"fmt"
	"time"

	"github.com/jaspers-ai/jaspers/internal/db"
)

// looked is the name under which it is noted among what was fetched that a company's filings were looked at.
const looked = "held "

// heldSymbols are market's symbols of what is held and was not looked at since a time, those that most people hold first.
func heldSymbols(ctx context.Context, q db.Querier, since time.Time) ([]string, error) {
	rows, err := q.QueryContext(ctx, `select i.market_symbol, count(distinct h.user_id) as holders
		from portfolio_holdings h join instruments i on i.id = h.instrument
		where i.market_symbol <> '' and i.asset_class <> 'crypto'
			and not exists (select 1 from edgar_fetches f where f.name = $1 || i.market_symbol and f.fetched_at > $2)
		group by i.market_symbol order by holders desc, i.market_symbol`, looked, db.Time(since))
	symbols, err := db.Collect(rows, err, func(scan func(...any) error) (symbol string, err error) {
		var holders int
		return symbol, scan(&symbol, &holders)
	})
	if err != nil {
		return nil, fmt.Errorf("list symbols held: %w", err)
	}
	return symbols, nil
}

func markLooked(ctx context.Context, tx db.Querier, symbol string, now time.Time) error {
	_, err := tx.ExecContext(ctx, `insert into edgar_fetches (name, fetched_at) values ($1, $2)
		on conflict (name) do update set fetched_at = excluded.fetched_at`, looked+symbol, now)
	if err != nil {
		return fmt.Errorf("note that a company was looked at: %w", err)
	}
	return nil
}

// undivided are kept documents that were not divided by the rules of now.
func undivided(ctx context.Context, q db.Querier, rules int64, limit int) ([]Divide, error) {
	rows, err := q.QueryContext(ctx, `select c.accession, c.name from edgar_filing_cache c
		where c.name <> '' and not exists (
			select 1 from passage_documents d where d.accession = c.accession and d.document = c.name and d.splitter = $1)
		order by c.accession desc, c.name limit $2`, rules, limit)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (d Divide, err error) { return d, scan(&d.Accession, &d.Document) })
	if err != nil {
		return nil, fmt.Errorf("list documents not divided: %w", err)
	}
	return all, nil
}

// undividedOf are the kept documents of a filing that were not divided by the rules of now.
func undividedOf(ctx context.Context, q db.Querier, accession string, rules int64) ([]Divide, error) {
	rows, err := q.QueryContext(ctx, `select c.accession, c.name from edgar_filing_cache c
		where c.accession = $1 and c.name <> '' and not exists (
			select 1 from passage_documents d where d.accession = c.accession and d.document = c.name and d.splitter = $2)
		order by c.name`, accession, rules)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (d Divide, err error) { return d, scan(&d.Accession, &d.Document) })
	if err != nil {
		return nil, fmt.Errorf("list a filing's documents not divided: %w", err)
	}
	return all, nil
}
