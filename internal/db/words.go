package db

import (
	"fmt"
	"strings"
	"unicode"
)

// A word index is a table of two columns, rowid and words, that finds rows by whole words: FTS5 on SQLite, a tsvector on
// PostgreSQL. What it is told are words and never a query: a word of letters and digits only is found as it is, and no
// sign in it means anything to either engine.

// WordsValue is how the words of a row are put into a word index: param is the placeholder for WordsText.
func (d *DB) WordsValue(param string) string {
	if d.Engine == Postgres {
		return fmt.Sprintf("array_to_tsvector(string_to_array(%s, ' '))", param)
	}
	return param
}

// WordsText are words as a parameter for WordsValue.
func WordsText(words []string) string { return strings.Join(words, " ") }

// WordsMatch is the condition that a row of the word index has what WordsWanted asks for.
func (d *DB) WordsMatch(table, param string) string {
	if d.Engine == Postgres {
		return fmt.Sprintf("%s.words @@ cast(%s as tsquery)", table, param)
	}
	return fmt.Sprintf("%s match %s", table, param)
}

// WordsOrder orders the rows that match by rowid. On PostgreSQL it is a sum, which keeps it from walking through the whole
// index of rowids, looking for matches, until it has as many as are wanted.
func (d *DB) WordsOrder(table string) string {
	if d.Engine == Postgres {
		return table + ".rowid + 0"
	}
	return table + ".rowid"
}

// WordsWanted is a parameter for WordsMatch that asks for at least one word of each group. Empty groups ask for nothing;
// there has to be one that is not. What has another sign in it than letters and digits is in no index.
func (d *DB) WordsWanted(groups ...[]string) string {
	or := " OR "
	if d.Engine == Postgres {
		or = " | "
	}
	var all []string
	for _, group := range groups {
		if len(group) == 0 {
			continue
		}
		quoted := make([]string, len(group))
		for i, word := range group {
			quoted[i] = d.quoteWord(word)
		}
		all = append(all, "("+strings.Join(quoted, or)+")")
	}
	return d.allWords(all...)
}

// WordsBegun is WordsWanted that also asks for a word that begins with these letters.
func (d *DB) WordsBegun(beginning string, groups ...[]string) string {
	begun := d.quoteWord(beginning) + "*"
	if d.Engine == Postgres {
		begun = d.quoteWord(beginning) + ":*"
	}
	if wanted := d.WordsWanted(groups...); wanted != "" {
		return d.allWords(wanted, begun)
	}
	return begun
}

func (d *DB) quoteWord(word string) string {
	if word == "" || strings.ContainsFunc(word, isSign) {
		word = noWord
	}
	if d.Engine == Postgres {
		return "'" + word + "'"
	}
	return `"` + word + `"`
}

func (d *DB) allWords(conditions ...string) string {
	if d.Engine == Postgres {
		return strings.Join(conditions, " & ")
	}
	return strings.Join(conditions, " AND ")
}

// noWord is one that nothing has.
const noWord = "∅"

func isSign(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
