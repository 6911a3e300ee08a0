package account

import (
	"archive/zip"
	"bytes"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

func exporter(t *testing.T, d *db.DB) *Service {
	t.Helper()
	now := func() time.Time { return time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC) }
	log, err := audit.New(d, now, []byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	return &Service{DB: d, Now: now, Audit: log}
}

func addUser(t *testing.T, s *Service) string {
	t.Helper()
	id := db.NewID()
	err := s.DB.Tx(t.Context(), func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `insert into users (id, email, password_hash, created_at, updated_at) values ($1, $2, 'x', $3, $3)`,
			id, id+"@example.com", s.Now())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// breaking takes so many bytes and no more.
type breaking struct {
	bytes.Buffer
	left int
}

var errBroken = errors.New("the client left")

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) > b.left {
		return 0, errBroken
	}
	b.left -= len(p)
	return b.Buffer.Write(p)
}

func TestAnExportThatBreaksOffIsNoArchive(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := exporter(t, d)
		ann := addUser(t, s)
		whole := &breaking{left: 1 << 20}
		write := func(w *breaking) error {
			e, err := s.Export(t.Context(), ann)
			if err != nil {
				t.Fatal(err)
			}
			return e.Write(t.Context(), w)
		}
		if err := write(whole); err != nil {
			t.Fatal(err)
		}
		if _, err := zip.NewReader(bytes.NewReader(whole.Bytes()), int64(whole.Len())); err != nil {
			t.Fatal(err)
		}
		for _, left := range []int{0, 100, whole.Len() - 1} {
			cut := &breaking{left: left}
			if err := write(cut); !errors.Is(err, errBroken) {
				t.Errorf("got %v after %d bytes, want it told", err, left)
			}
			if _, err := zip.NewReader(bytes.NewReader(cut.Bytes()), int64(cut.Len())); err == nil {
				t.Errorf("%d of %d bytes look like a whole archive", cut.Len(), whole.Len())
			}
		}
	})
}

func TestFewExportsAreWrittenAtATimeAndOneOfAPerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := exporter(t, d)
		ann, bob, eve := addUser(t, s), addUser(t, s), addUser(t, s)
		first, err := s.Export(t.Context(), ann)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Export(t.Context(), ann); !fault.Is(err, fault.RateLimited) {
			t.Errorf("got %v, want RateLimited", err)
		}
		if _, err := s.Export(t.Context(), bob); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Export(t.Context(), eve); !fault.Is(err, fault.Overloaded) {
			t.Errorf("got %v, want Overloaded", err)
		}
		if err := first.Write(t.Context(), &breaking{}); err == nil {
			t.Error("got no error, want the broken connection")
		}
		if _, err := s.Export(t.Context(), eve); err != nil {
			t.Errorf("got %v, want the place of the one that broke off", err)
		}
	})
}
