package db_test

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/db/dbtest"
)

// words are what is found by: signs in them mean nothing, and an engine's own words are words.
var words = map[int64][]string{1: {"kite", "bamboo", "2024"}, 2: {"kite", "silk", "or", "and", "not"}, 3: {"près", "凧", "near"}, 4: {}}

func TestRowsAreFoundByWholeWordsOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		indexWords(t, d)
		for _, c := range []struct {
			groups [][]string
			want   []int64
		}{
			{[][]string{{"kite"}}, []int64{2, 1}},
			{[][]string{{"kit"}}, nil},
			{[][]string{{"bamboo", "silk"}}, []int64{2, 1}},
			{[][]string{{"kite"}, {}, {"bamboo", "près"}}, []int64{1}},
			{[][]string{{"or"}}, []int64{2}},
			{[][]string{{"not"}, {"and"}}, []int64{2}},
			{[][]string{{"near", "凧"}}, []int64{3}},
			{[][]string{{"2024"}}, []int64{1}},
			{[][]string{{`"`}, {"kite"}}, nil},
			{[][]string{{`'`, `\`, `\'`, `a'b`}}, nil},
			{[][]string{{"ki*", "kite:*", "^kite", "words:kite"}}, nil},
		} {
			if diff := cmp.Diff(c.want, find(t, d, c.groups)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", c.groups, diff)
			}
		}
	})
}

func indexWords(t *testing.T, d *db.DB) {
	t.Helper()
	if err := d.Tx(t.Context(), func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(t.Context(), `insert into passage_documents values (1, 'x', '', 1, '8-K', null, '2025-01-01', 1, '', '2025-01-01 00:00:00')`); err != nil {
			return err
		}
		for id, these := range words {
			if _, err := tx.ExecContext(t.Context(), `insert into passages values ($1, 1, 1, '', '', '', '', 0, 1, 0, 1, 'x')`, id); err != nil {
				return err
			}
			if _, err := tx.ExecContext(t.Context(), fmt.Sprintf(`insert into passage_words (rowid, words) values ($1, %s)`, d.WordsValue("$2")), id, db.WordsText(these)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestRowsAreFoundByTheBeginningOfAWord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		indexWords(t, d)
		for _, c := range []struct {
			beginning string
			groups    [][]string
			want      []int64
		}{
			{"ki", nil, []int64{2, 1}},
			{"kite", [][]string{{"silk"}}, []int64{2}},
			{"b", [][]string{{"kite"}, {}}, []int64{1}},
			{"pr", nil, []int64{3}},
			{"凧", nil, []int64{3}},
			{"ite", nil, nil},
			{"", nil, nil},
			{"ki*", nil, nil},
			{`"ki`, nil, nil},
			{"o", [][]string{{"and"}}, []int64{2}},
		} {
			if diff := cmp.Diff(c.want, findBy(t, d, d.WordsBegun(c.beginning, c.groups...))); diff != "" {
				t.Errorf("%q after %q (-want +got):\n%s", c.beginning, c.groups, diff)
			}
		}
	})
}

func find(t *testing.T, d *db.DB, groups [][]string) []int64 {
	t.Helper()
	return findBy(t, d, d.WordsWanted(groups...))
}

func findBy(t *testing.T, d *db.DB, wanted string) []int64 {
	t.Helper()
	rows, err := d.Read().QueryContext(t.Context(), fmt.Sprintf(`select rowid from passage_words where %s order by %s desc`,
		d.WordsMatch("passage_words", "$1"), d.WordsOrder("passage_words")), wanted)
	ids, err := db.Collect(rows, err, func(scan func(...any) error) (id int64, err error) { return id, scan(&id) })
	if err != nil {
		t.Fatalf("%q: %v", wanted, err)
	}
	return slices.Clip(append([]int64(nil), ids...))
}
