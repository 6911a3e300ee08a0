package account

import (
	"archive/zip"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// An export reads from one picture of the database for as long as its reader takes, so there may be few, and none for
// ever.
const (
	maxExports = 2
	exportTime = 10 * time.Minute
)

// Export is one that was begun. It has to be written.
type Export struct {
	service *Service
	userID  string
}

// Export begins an export of everything that is kept about a person, and records that. RateLimited while another of
// theirs is being written, Overloaded while too many are.
func (s *Service) Export(ctx context.Context, userID string) (*Export, error) {
	if err := s.admit(userID); err != nil {
		return nil, err
	}
	if err := s.record(ctx, audit.Event{Action: audit.Export, UserID: userID}); err != nil {
		s.leave(userID)
		return nil, err
	}
	return &Export{s, userID}, nil
}

func (s *Service) admit(userID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.exporting[userID]:
		return fault.New(fault.RateLimited, "an export of yours is being sent; wait until it is done").WithRetryAfter(10 * time.Second)
	case len(s.exporting) >= maxExports:
		return fault.New(fault.Overloaded, "other exports are being sent; try again soon").WithRetryAfter(30 * time.Second)
	}
	if s.exporting == nil {
		s.exporting = map[string]bool{}
	}
	s.exporting[userID] = true
	return nil
}

func (s *Service) leave(userID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.exporting, userID)
}

// Write writes the export as a ZIP archive of JSON files, all of the same moment, row by row. What was written before an
// error is no archive: its directory, which comes last, is missing.
func (e *Export) Write(ctx context.Context, w io.Writer) error {
	defer e.service.leave(e.userID)
	ctx, cancel := context.WithTimeout(ctx, exportTime)
	defer cancel()
	archive := zip.NewWriter(w)
	now := db.Time(e.service.Now())
	err := e.service.DB.Snapshot(ctx, func(q db.Querier) error {
		if err := add(archive, "README.txt", now, func(w io.Writer) error {
			_, err := io.WriteString(w, readme(now))
			return err
		}); err != nil {
			return err
		}
		for _, t := range tables {
			if t.file == "" {
				continue
			}
			err := add(archive, t.file, now, func(w io.Writer) error { return t.write(ctx, q, e.userID, w) })
			if err != nil {
				return fmt.Errorf("export %s: %w", t.name, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return archive.Close()
}

func add(archive *zip.Writer, name string, at time.Time, write func(io.Writer) error) error {
	w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at})
	if err != nil {
		return err
	}
	return write(w)
}

// write prints the person's rows as a JSON list, one row a line.
func (t table) write(ctx context.Context, q db.Querier, userID string, w io.Writer) error {
	rows, err := q.QueryContext(ctx, t.query(), userID)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // what could fail shows in rows.Err
	columns := t.columns()
	between := "[\n"
	for rows.Next() {
		line, err := row(rows, columns)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, between+line); err != nil {
			return err
		}
		between = ",\n"
	}
	if err := rows.Err(); err != nil {
		return err
	}
	end := "\n]\n"
	if between == "[\n" {
		end = "[]\n"
	}
	_, err = io.WriteString(w, end)
	return err
}

// row prints one row as a JSON object, its properties in the order of the columns.
func row(rows *sql.Rows, columns []column) (string, error) {
	values := make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return "", err
	}
	var line strings.Builder
	for i, c := range columns {
		text, err := c.print(values[i])
		if err != nil {
			return "", fmt.Errorf("%s: %w", c.name, err)
		}
		_, _ = fmt.Fprintf(&line, "%s%q:%s", map[bool]string{true: "{", false: ","}[i == 0], c.property(), text)
	}
	return line.String() + "}", nil
}

// print says a value in JSON: numbers with every digit, times in UTC. Text that should be JSON and is none, by whatever
// accident, is exported as text.
func (c column) print(value any) ([]byte, error) {
	switch v := value.(type) {
	case time.Time:
		value = v.UTC()
	case []byte:
		value = string(v)
	}
	text, isText := value.(string)
	switch {
	case isText && c.kind == "json" && json.Valid([]byte(text)):
		return json.Marshal(json.RawMessage(text))
	case isText && c.kind == "number":
		number, err := decimal.NewFromString(text)
		return []byte(number.String()), err
	}
	return json.Marshal(value)
}

// readme says what the files are.
func readme(now time.Time) string {
	var b strings.Builder
	_, _ = fmt.Fprintf(&b, "Everything this Jaspers server keeps about you, as it was at %s.\n\n"+
		"Each file is a list in JSON. Times are in UTC, numbers have all their digits, null is unknown or not there.\n\n", now.Format(time.RFC3339))
	for _, t := range tables {
		if t.file != "" {
			_, _ = fmt.Fprintf(&b, "%-20s %s\n", t.file, t.about)
		}
	}
	b.WriteString("\nLeft out, since it is of no use to you and might be to others:\n\n")
	for _, t := range tables {
		if t.file == "" {
			_, _ = fmt.Fprintf(&b, "- %s: %s\n", t.name, t.about)
		}
		for _, c := range slices.Sorted(maps.Keys(t.left)) {
			if t.left[c] != yourRow {
				_, _ = fmt.Fprintf(&b, "- %s of %s: %s\n", c, t.name, t.left[c])
			}
		}
	}
	return b.String()
}
