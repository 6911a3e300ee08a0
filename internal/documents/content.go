package documents

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/filings"
	"github.com/jaspers-ai/jaspers/internal/flat"
	"github.com/jaspers-ai/jaspers/internal/items"
)

// Reader counts how documents are read: their text as flat makes it, and what is found in it. What an earlier reader made
// is made again from the content, so that places in a text stay while the reader does. It has to grow with every change of
// flat or items that moves one.
const Reader = 1

// contents says what a filing holds. The number does not say whose filing it is: the agent that sends a filing in gives it
// a number of its own. So it is looked for at those who are known to have filed it, from lists and searches, and then at
// who sent it; the SEC's full text does not hold a filing's own number. NotFound means that it is at none of them, and
// that company, a symbol or a CIK, would say more where it is empty.
func (s *Service) contents(ctx context.Context, number filings.Accession, company string) (filings.Contents, time.Time, error) {
	var c filings.Contents
	var at time.Time
	var found bool
	err := s.DB.Aged(ctx, func(ctx context.Context, q db.Querier) (err error) { // what was filed does not change
		c, at, found, err = loadContents(ctx, q, number)
		return err
	})
	if err != nil || found {
		return c, at, err
	}
	ciks, err := s.candidates(ctx, number, company)
	if err != nil {
		return c, at, err
	}
	err = s.once(ctx, "contents "+string(number)+company, func(ctx context.Context) error {
		return s.fetchContents(ctx, number, ciks)
	})
	if fault.Is(err, fault.NotFound) {
		return c, at, fault.New(fault.NotFound, "no filing of this number can be found at who sent it; say whose it is with company=, a symbol or a CIK")
	}
	if err != nil {
		return c, at, err
	}
	c, at, found, err = loadContents(ctx, s.DB.Read(), number)
	if err == nil && !found {
		err = fault.New(fault.Overloaded, "the filing was fetched and is gone again; try again")
	}
	return c, at, err
}

// candidates are those at whom a filing may lie, the likeliest first.
func (s *Service) candidates(ctx context.Context, number filings.Accession, company string) ([]filings.CIK, error) {
	var all []filings.CIK
	if company != "" {
		c, err := s.Filings.Company(ctx, company, "query.company")
		if err != nil {
			return nil, err
		}
		all = append(all, c.CIK)
	}
	known, err := filings.FilersOf(ctx, s.DB.Read(), number)
	if err != nil {
		return nil, err
	}
	all = append(all, known...)
	if len(known) == 0 && number.Sender() != 0 && !slices.Contains(all, number.Sender()) {
		all = append(all, number.Sender())
	}
	return all, nil
}

// fetchContents asks those at whom the filing may lie, unless somebody has just done that.
func (s *Service) fetchContents(ctx context.Context, number filings.Accession, ciks []filings.CIK) error {
	if _, _, found, err := loadContents(ctx, s.DB.Read(), number); err != nil || found {
		return err
	}
	err := error(fault.New(fault.NotFound, "nobody is known to have filed this"))
	for _, cik := range ciks {
		var c filings.Contents
		if c, err = s.Filings.Source.Contents(ctx, cik, number); err == nil {
			return s.storeContents(ctx, c)
		}
		if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return err
}

// held is one document as it is kept.
type held struct {
	content   []byte
	sha256    string
	size      int
	whole     bool // all of it was read
	text      string
	sections  []section
	fetchedAt time.Time
	reader    int
}

// read gives the text of a document, which is fetched where that was never done, and read anew where that was done in
// another way before.
func (s *Service) read(ctx context.Context, c filings.Contents, name string) (held, error) {
	var d held
	var found bool
	err := s.DB.Aged(ctx, func(ctx context.Context, q db.Querier) (err error) { // what was filed does not change
		d, found, err = loadText(ctx, q, c.Accession, name)
		return err
	})
	if err != nil || found && d.reader == Reader {
		return d, err
	}
	err = s.once(ctx, "document "+string(c.Accession)+name, func(ctx context.Context) error {
		return s.takeIn(ctx, c, name)
	})
	if err != nil {
		return d, err
	}
	d, found, err = loadText(ctx, s.DB.Read(), c.Accession, name)
	if err == nil && !found {
		err = fault.New(fault.Overloaded, "the document was fetched and is gone again; try again")
	}
	return d, err
}

// takeIn fetches a document, unless it is kept, reads it, and stores both, unless somebody has just done that. It waits for
// its turn.
func (s *Service) takeIn(ctx context.Context, c filings.Contents, name string) error {
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	case <-ctx.Done():
		return ctx.Err()
	}
	d, kept, err := loadText(ctx, s.DB.Read(), c.Accession, name)
	if err != nil || kept && d.reader == Reader {
		return err
	}
	if d, err = s.content(ctx, c, name, kept); err != nil {
		return err
	}
	flattened, err := flat.Flatten(d.content)
	if err != nil && !fault.Is(err, fault.FilingTooLarge) {
		return err
	}
	d.whole = d.whole && err == nil
	d.text, d.reader = flattened.Text, Reader
	if main, ok := c.Main(); ok && main.Name == name {
		d.sections = sectionsOf(flattened, items.Find(c.Form, flattened))
	}
	return s.storeDocument(ctx, c.Accession, name, d)
}

// content is a document as it was filed. What was larger than is read stays as the part that was.
func (s *Service) content(ctx context.Context, c filings.Contents, name string, kept bool) (held, error) {
	if kept {
		return loadContent(ctx, s.DB.Read(), c.Accession, name)
	}
	content, err := s.Filings.Source.Document(ctx, c.Filers[0].CIK, c.Accession, name)
	if err != nil && (len(content) == 0 || !fault.Is(err, fault.FilingTooLarge)) {
		return held{}, err
	}
	return held{content: content, sha256: hashOf(content), size: len(content), whole: err == nil, fetchedAt: s.Now()}, nil
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// packers are made once: they keep tables of some megabytes.
var packers = sync.OnceValues(func() (*zstd.Encoder, *zstd.Decoder) {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err) // an option that there is not
	}
	unpacker, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxUnpacked))
	if err != nil {
		panic(err)
	}
	return packer, unpacker
})

// maxUnpacked bounds what a packed text may become; documents are bounded before.
const maxUnpacked = 128 << 20

func pack(content []byte) []byte {
	packer, _ := packers()
	return packer.EncodeAll(content, []byte{}) // never nil, which would be null
}

func unpack(packed []byte) ([]byte, error) {
	_, unpacker := packers()
	content, err := unpacker.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("unpack a document: %w", err)
	}
	return content, nil
}

// self is the name under which a filing's contents are kept.
const self = ""

// errDamaged is what is kept, and is not what it was.
var errDamaged = errors.New("a document is not what was stored")

func loadContents(ctx context.Context, q db.Querier, number filings.Accession) (c filings.Contents, at time.Time, found bool, err error) {
	d, found, err := loadRow(ctx, q, number, self, "content, null")
	if err != nil || !found {
		return c, at, false, err
	}
	if err := json.Unmarshal(d.content, &c); err != nil || len(c.Filers) == 0 {
		return c, at, false, fmt.Errorf("read a filing's contents: %w", errDamaged)
	}
	return c, d.fetchedAt, true, nil
}
