// Package keys moves what is sealed in the database from one encryption key to the next, while the server runs.
package keys

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/vault"
)

// Service counts what is sealed and seals it anew. Every field is required.
type Service struct {
	DB      *db.DB
	Keyring *vault.Keyring
	// Columns are all that hold sealed values.
	Columns []vault.Column
	Audit   *audit.Log
}

// Usage is how many values of a column are sealed with one version of the key; version 0 stands for every value that was
// sealed with a version there is no key of, or not at all.
type Usage struct {
	Column  vault.Column
	Version int
	Values  int
}

// Check makes sure that there is a key for everything that is sealed, and that it is the right one: of each column and
// version it opens a few of the oldest values. It reads little, and says in one line what is missing.
func (s *Service) Check(ctx context.Context) error {
	for _, c := range s.Columns {
		if err := s.checkForeign(ctx, c); err != nil {
			return err
		}
		for _, version := range s.Keyring.Versions() {
			opens, err := s.opens(ctx, c, version)
			if err != nil {
				return fmt.Errorf("try the keys of %v: %w", c, err)
			}
			if !opens {
				return fmt.Errorf("%v holds values sealed with another key v%d than the one that is set, or changed since: "+
					"bring back the JASPERS_ENCRYPTION_KEY, or the secrets.env, that belongs to this database", c, version)
			}
		}
	}
	return nil
}

// checkForeign refuses values of which there is no key by its version.
func (s *Service) checkForeign(ctx context.Context, c vault.Column) error {
	value, found, err := s.foreign(ctx, c)
	if err != nil || !found {
		return err
	}
	version, ok := vault.Version(value)
	if !ok {
		return fmt.Errorf("%v holds a value that was never sealed: somebody wrote into the database", c)
	}
	if !s.Keyring.Has(version) { // one that came a moment ago is looked for here
		return fmt.Errorf("%v holds values sealed with key v%d, which this server does not have: "+
			"add it to JASPERS_ENCRYPTION_KEYS_OLD as v%d:HEX, or bring back the secrets.env that has it", c, version, version)
	}
	return nil
}

// tries is how many values are opened to try a key: a single one that was damaged says nothing about it.
const tries = 5

// opens tells whether the key of a version opens what is sealed with that version in a column, as far as a few values tell.
func (s *Service) opens(ctx context.Context, c vault.Column, version int) (bool, error) {
	query := fmt.Sprintf("select %s, %s, %s from %s where %s like $1 order by %s limit %d", // #nosec G201 -- names from our own list
		c.Row, c.User, c.Column, c.Table, c.Column, c.Row, tries)
	rows, err := s.DB.Read().QueryContext(ctx, query, vault.Prefix(version)+"%")
	values, err := db.Collect(rows, err, func(scan func(...any) error) (v value, err error) { return v, scan(&v.row, &v.user, &v.sealed) })
	if err != nil || len(values) == 0 {
		return err == nil, err
	}
	return slices.ContainsFunc(values, func(v value) bool {
		_, err := s.Keyring.Open(v.sealed, c.Place(v.row, v.user))
		return err == nil
	}), nil
}

// foreign finds a value that none of the keys we know of can have sealed.
func (s *Service) foreign(ctx context.Context, c vault.Column) (value string, found bool, err error) {
	conditions := []string{c.Column + " is not null"}
	var args []any
	for _, v := range s.Keyring.Versions() {
		args = append(args, vault.Prefix(v)+"%")
		conditions = append(conditions, fmt.Sprintf("%s not like $%d", c.Column, len(args)))
	}
	query := "select " + c.Column + " from " + c.Table + " where " + strings.Join(conditions, " and ") + " limit 1" // #nosec G202 -- names from our own list
	err = s.DB.Read().QueryRowContext(ctx, query, args...).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("look at the keys of %v: %w", c, err)
	}
	return value, true, nil
}

// Count tells what is sealed with which version, the columns in their order and the oldest version first. What there is
// nothing of is left out.
func (s *Service) Count(ctx context.Context) ([]Usage, error) {
	var all []Usage
	for _, c := range s.Columns {
		rest, err := s.count(ctx, c, "%")
		if err != nil {
			return nil, err
		}
		var known []Usage
		for _, v := range s.Keyring.Versions() {
			n, err := s.count(ctx, c, vault.Prefix(v)+"%")
			if err != nil {
				return nil, err
			}
			if rest -= n; n > 0 {
				known = append(known, Usage{c, v, n})
			}
		}
		if rest > 0 {
			all = append(all, Usage{c, 0, rest})
		}
		all = append(all, known...)
	}
	return all, nil
}

func (s *Service) count(ctx context.Context, c vault.Column, like string) (n int, err error) {
	query := "select count(*) from " + c.Table + " where " + c.Column + " like $1" // #nosec G202 -- names from our own list
	if err := s.DB.Read().QueryRowContext(ctx, query, like).Scan(&n); err != nil {
		return 0, fmt.Errorf("count %v: %w", c, err)
	}
	return n, nil
}

// Outdated is how many values are not sealed with the current key.
func (s *Service) Outdated(ctx context.Context) (int, error) {
	usages, err := s.Count(ctx)
	n := 0
	for _, u := range usages {
		if u.Version != s.Keyring.Current() {
			n += u.Values
		}
	}
	return n, err
}

// Record puts a step of a rotation into the audit log.
func (s *Service) Record(ctx context.Context, details map[string]string) error {
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		return s.Audit.Record(ctx, tx, audit.Event{Action: audit.RotateKeys, Details: details})
	})
}
