// Package passages splits filings into passages that can be cited, and finds those that answer a question by their words.
package passages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/items"
)

// Service divides and finds. It is safe for concurrent use.
type Service struct {
	DB  *db.DB
	Now func() time.Time
}

// Document is a document of a filing, as it is given to be divided.
type Document struct {
	Accession string
	// Name is the document's within its filing; empty where that has only one.
	Name      string
	CIK       int64
	Form      string
	FiledOn   calendar.Day
	PeriodEnd *calendar.Day
	// Text is the flat text, and Items are offsets into it, in its order and apart.
	Text  string
	Items []items.Item
	// Reader is the version of what made the text and found the items, below 1,000.
	Reader int
}

// Passage is a piece of a document that can be cited: its words are those of the document's flat text between the offsets.
type Passage struct {
	Accession string
	Document  string
	CIK       int64
	Form      string
	FiledOn   calendar.Day
	PeriodEnd *calendar.Day
	// Section is the item's key, and Also are the other items under its heading; empty outside of all items.
	Section string
	Also    []string
	Title   string
	// Heading is what the passage stands under within its section; it may be empty.
	Heading string
	Ordinal int
	// Start and End are bytes, StartChar and EndChar characters of the flat text.
	Start, End         int
	StartChar, EndChar int
	Text               string
	// SHA256 is the hash of Text in hexadecimal.
	SHA256 string
}

// maxPassages of one document are kept; the longest text that is read has a third as many.
const maxPassages = 1 << ordinalBits

// Split divides a document into passages, the same each time. It is Internal where items do not lie in order within the
// text, or that is not UTF-8, and FilingTooLarge where there are more passages than are kept.
func Split(d Document) ([]Passage, error) {
	at := 0
	for _, it := range d.Items {
		if it.Start < at || it.End < it.Start || it.End > len(d.Text) {
			return nil, fault.New(fault.Internal, "the items of %s do not lie in order within its text", d.Accession)
		}
		at = it.End
	}
	if !utf8.ValidString(d.Text) {
		return nil, fault.New(fault.Internal, "the text of %s is not UTF-8", d.Accession)
	}
	parts := split(d.Text, d.Items)
	if len(parts) > maxPassages {
		return nil, fault.New(fault.FilingTooLarge, "%s has more text than is divided", d.Accession)
	}
	all := make([]Passage, len(parts))
	bytes, chars := 0, 0
	for i, p := range parts {
		chars += utf8.RuneCountInString(d.Text[bytes:p.start])
		text := d.Text[p.start:p.end]
		bytes = p.end
		all[i] = Passage{
			Accession: d.Accession, Document: d.Name, CIK: d.CIK, Form: d.Form, FiledOn: d.FiledOn, PeriodEnd: d.PeriodEnd,
			Section: p.section.Key, Also: p.section.Also, Title: p.section.Title, Heading: p.heading,
			Ordinal: i, Start: p.start, End: p.end, StartChar: chars, Text: text, SHA256: hash(text),
		}
		chars += utf8.RuneCountInString(text)
		all[i].EndChar = chars
	}
	return all, nil
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Rules is the version of all that decides how a document is divided, where a reader made its text and found its items.
func Rules(reader int) int64 { return splitter*maxReaders + int64(reader) }

// maxReaders is what versions of readers stay below.
const maxReaders = 1000

// Ensure has a document's passages in the index: it divides what was never given, what is another text than before, and
// what was divided by other rules or as another reader found it, and leaves the rest alone. Others find either all passages of a document or none, or those
// from before. It is Internal where the document
// is not whole in itself.
func (s *Service) Ensure(ctx context.Context, d Document) error {
	if d.Accession == "" || d.FiledOn == (calendar.Day{}) {
		return fault.New(fault.Internal, "a document of %q was given without its filing's number or day", d.Accession)
	}
	sum := hash(d.Text)
	there, err := loadState(ctx, s.DB.Read(), d)
	if err != nil || there.current(d, sum) {
		return err
	}
	all, err := Split(d)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		err := s.store(ctx, d, sum, all)
		if !db.IsUniqueViolation(err) || try == storeTries {
			return wrap(err, "store passages of %s", d.Accession)
		}
	}
}

func wrap(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
