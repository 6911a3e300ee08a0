package documents

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/filings"
)

// loadRow reads a row of the cache; packed names its content and its text, or null in the place of either.
func loadRow(ctx context.Context, q db.Querier, number filings.Accession, name, packed string) (d held, found bool, err error) {
	var content, text []byte
	var sections string
	err = q.QueryRowContext(ctx, "select sha256, size, whole, fetched_at, sections, reader, "+packed+ // #nosec G202 -- columns
		" from edgar_filing_cache where accession = $1 and name = $2", string(number), name).
		Scan(&d.sha256, &d.size, &d.whole, &d.fetchedAt, &sections, &d.reader, &content, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return d, false, nil
	}
	if err != nil {
		return d, false, fmt.Errorf("load a document: %w", err)
	}
	if content != nil {
		if d.content, err = unpack(content); err != nil {
			return d, false, err
		}
	}
	if text != nil {
		unpacked, err := unpack(text)
		if err != nil {
			return d, false, err
		}
		d.text = string(unpacked)
	}
	if sections != "" {
		if err := json.Unmarshal([]byte(sections), &d.sections); err != nil {
			return d, false, fmt.Errorf("read a document's sections: %w", err)
		}
	}
	return d, true, nil
}

// loadText reads what was made of a document.
func loadText(ctx context.Context, q db.Querier, number filings.Accession, name string) (held, bool, error) {
	return loadRow(ctx, q, number, name, "null, text")
}

// loadContent reads a document as it was filed. One that is not what its hash says is an error.
func loadContent(ctx context.Context, q db.Querier, number filings.Accession, name string) (held, error) {
	d, found, err := loadRow(ctx, q, number, name, "content, null")
	if err == nil && (!found || hashOf(d.content) != d.sha256) {
		err = fmt.Errorf("%s of %s: %w", name, number, errDamaged)
	}
	return d, err
}

// storeContents keeps what a filing holds, and whose it is.
func (s *Service) storeContents(ctx context.Context, c filings.Contents) error {
	content, err := json.Marshal(c)
	if err != nil {
		return err
	}
	var all []filings.Filing
	for _, f := range c.Filers {
		one := filings.Filing{Accession: c.Accession, CIK: f.CIK, Form: c.Form, Filed: c.Filed, Period: c.Period}
		for _, item := range c.Items {
			one.Items = append(one.Items, item.Key)
		}
		all = append(all, one)
	}
	d := held{content: content, sha256: hashOf(content), size: len(content), whole: true, fetchedAt: s.Now(), reader: Reader}
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		if err := filings.Remember(ctx, tx, all); err != nil {
			return err
		}
		return storeRow(ctx, tx, c.Accession, self, d, pack(content), nil, "")
	})
}

// storeDocument keeps a document and what was made of it.
func (s *Service) storeDocument(ctx context.Context, number filings.Accession, name string, d held) error {
	sections, err := json.Marshal(d.sections)
	if err != nil {
		return err
	}
	content, text := pack(d.content), pack([]byte(d.text))
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		err := storeRow(ctx, tx, number, name, d, content, text, string(sections))
		if err != nil || s.OnKept == nil {
			return err
		}
		return s.OnKept(ctx, tx, number, name)
	})
}

// storeRow stores a row of the cache. The content of one that is there stays: it never changes.
func storeRow(ctx context.Context, tx db.Querier, number filings.Accession, name string, d held, content, text []byte, sections string) error {
	_, err := tx.ExecContext(ctx, `insert into edgar_filing_cache (accession, name, content, sha256, size, whole, fetched_at, text, sections, reader)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (accession, name) do update set text = excluded.text, sections = excluded.sections, reader = excluded.reader, whole = excluded.whole`,
		string(number), name, content, d.sha256, d.size, d.whole, db.Time(d.fetchedAt), text, sections, d.reader)
	if err != nil {
		return fmt.Errorf("store a document: %w", err)
	}
	return nil
}
