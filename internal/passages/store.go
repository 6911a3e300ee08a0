package passages

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
	"github.com/jaspers-ai/jaspers/internal/ranking"
)

const (
	// ordinalBits of a passage's id are its ordinal; the others are its document's number.
	ordinalBits = 16
	// storeTries is how often another number is taken where somebody else took it at the same time.
	storeTries = 20
)

// state is what is known of a document that may have been divided before.
type state struct {
	number int64
	rules  int64
	sha256 string
}

func (s state) current(d Document, sum string) bool {
	return s.rules == Rules(d.Reader) && s.sha256 == sum
}

func loadState(ctx context.Context, q db.Querier, d Document) (s state, err error) {
	err = q.QueryRowContext(ctx, `select number, splitter, sha256 from passage_documents where accession = $1 and document = $2`,
		d.Accession, d.Name).Scan(&s.number, &s.rules, &s.sha256)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return s, err
}

// store puts all passages of a document in the place of those from before.
func (s *Service) store(ctx context.Context, d Document, sum string, all []Passage) error {
	return s.DB.Tx(ctx, func(tx *sql.Tx) error {
		there, err := loadState(ctx, tx, d)
		if err != nil || there.current(d, sum) {
			return err
		}
		if there.number != 0 {
			if err := deletePassages(ctx, tx, there.number); err != nil {
				return err
			}
		}
		number, err := insertDocument(ctx, tx, d, sum, db.Time(s.Now()))
		if err != nil {
			return err
		}
		return s.insertPassages(ctx, tx, number, all)
	})
}

// deletePassages takes a document out. The words go first and by themselves: SQLite's index knows no foreign keys.
func deletePassages(ctx context.Context, tx *sql.Tx, number int64) error {
	first := number << ordinalBits
	if _, err := tx.ExecContext(ctx, `delete from passage_words where rowid >= $1 and rowid < $2`, first, first+maxPassages); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `delete from passage_documents where number = $1`, number)
	return err
}

// insertDocument gives a document the next number. Where two do it at once, the later fails with a unique violation.
func insertDocument(ctx context.Context, tx *sql.Tx, d Document, sum string, now time.Time) (number int64, err error) {
	var period *string
	if d.PeriodEnd != nil {
		day := d.PeriodEnd.String()
		period = &day
	}
	if err := tx.QueryRowContext(ctx, `select coalesce(max(number), 0) + 1 from passage_documents`).Scan(&number); err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `insert into passage_documents
		(number, accession, document, cik, form, period_end, filed_on, splitter, sha256, indexed_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		number, d.Accession, d.Name, d.CIK, d.Form, period, d.FiledOn.String(), Rules(d.Reader), sum, now)
	return number, err
}

const (
	insertPassage = `insert into passages
		(id, document, ordinal, section, also, title, heading, start_byte, end_byte, start_char, end_char, text) values `
	insertWords = `insert into passage_words (rowid, words) values `
	// rowsAtOnce go into one statement.
	rowsAtOnce = 40
)

func (s *Service) insertPassages(ctx context.Context, tx *sql.Tx, number int64, all []Passage) error {
	for some := range slices.Chunk(all, rowsAtOnce) {
		var passages, words rows
		for _, p := range some {
			id := number<<ordinalBits | int64(p.Ordinal)
			passages.add(id, number, p.Ordinal, p.Section, strings.Join(p.Also, " "), p.Title, p.Heading,
				p.Start, p.End, p.StartChar, p.EndChar, p.Text)
			words.add(id, db.WordsText(indexed(number, p)))
		}
		asIs := func(param string, _ int) string { return param }
		query := insertPassage + passages.placeholders(asIs) // #nosec G202 -- two constants and numbers
		if _, err := tx.ExecContext(ctx, query, passages.values...); err != nil {
			return err
		}
		asWords := func(param string, column int) string {
			if column == 0 {
				return param
			}
			return s.DB.WordsValue(param)
		}
		query = insertWords + words.placeholders(asWords)
		if _, err := tx.ExecContext(ctx, query, words.values...); err != nil {
			return err
		}
	}
	return nil
}

// rows are the values of several rows of one statement.
type rows struct {
	columns int
	values  []any
}

func (r *rows) add(values ...any) {
	r.columns = len(values)
	r.values = append(r.values, values...)
}

// placeholders are those of all rows, each said by param.
func (r *rows) placeholders(param func(param string, column int) string) string {
	var text strings.Builder
	for i := range r.values {
		switch {
		case i == 0:
			text.WriteByte('(')
		case i%r.columns == 0:
			text.WriteString("), (")
		default:
			text.WriteString(", ")
		}
		text.WriteString(param(fmt.Sprintf("$%d", i+1), i%r.columns))
	}
	return text.String() + ")"
}

// indexed are the words a passage is found by: its own, those above it, and three that say where it belongs.
func indexed(number int64, p Passage) []string {
	words := ranking.Words(p.Title + "\n" + p.Heading + "\n" + p.Text)
	words = append(words, documentWord(number), filerWord(p.CIK), formWord(p.Form), sectionWord(p.Section))
	for _, key := range p.Also {
		words = append(words, sectionWord(key))
	}
	return words
}

// These words are in no text: what begins with x and ends in x was not written by a person.
func documentWord(number int64) string { return fmt.Sprintf("xdoc%dx", number) }
func filerWord(cik int64) string       { return fmt.Sprintf("xcik%dx", cik) }
func formWord(form string) string      { return "xform" + signless(form) + "x" }
func sectionWord(key string) string    { return "xsec" + signless(key) + "x" }

// signless keeps letters and digits, and says where others were.
func signless(key string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r | 0x20
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return 'z'
	}, key)
}

// columns of a passage with its document, as scanPassage reads them.
const columns = `p.id, d.accession, d.document, d.cik, d.form, d.filed_on, d.period_end, p.section, p.also, p.title, p.heading,
	p.ordinal, p.start_byte, p.end_byte, p.start_char, p.end_char, p.text`

// stored is a passage with its id.
type stored struct {
	id int64
	Passage
}

func scanPassage(scan func(...any) error) (s stored, err error) {
	var filed, also string
	var period *string
	if err := scan(&s.id, &s.Accession, &s.Document, &s.CIK, &s.Form, &filed, &period, &s.Section, &also, &s.Title, &s.Heading,
		&s.Ordinal, &s.Start, &s.End, &s.StartChar, &s.EndChar, &s.Text); err != nil {
		return s, err
	}
	if also != "" {
		s.Also = strings.Fields(also)
	}
	if s.FiledOn, err = calendar.ParseDay(filed); err != nil {
		return s, err
	}
	if period != nil {
		day, err := calendar.ParseDay(*period)
		if err != nil {
			return s, err
		}
		s.PeriodEnd = &day
	}
	s.SHA256 = hash(s.Text)
	return s, nil
}

// loadPassages reads passages by their ids, in no order.
func loadPassages(ctx context.Context, q db.Querier, ids []int64) ([]stored, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	rows, err := q.QueryContext(ctx, `select `+columns+` from passages p join passage_documents d on d.number = p.document
		where p.id in (`+db.Placeholders(1, len(ids))+`)`, args...)
	return db.Collect(rows, err, scanPassage)
}
