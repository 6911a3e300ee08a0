package passages

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/ranking"
)

// Query is what is looked for, and where. Of all that may be given, a passage has to be in one of each.
type Query struct {
	// Text is a question or some words. It is never read as a language of its own.
	Text string
	// Accession and Document are one filing, and one document of it.
	Accession string
	Document  string
	CIKs      []int64
	Forms     []string
	// Sections are items' keys, as in "1A" or "II.1A".
	Sections []string
	// PeriodFrom and PeriodTo, both inclusive, are for what filings report on; those that do not say it are left out.
	PeriodFrom, PeriodTo *calendar.Day
	// FiledFrom and FiledTo are for when they were filed, both inclusive.
	FiledFrom, FiledTo *calendar.Day
	// Limit is how many passages are wanted: 10 where it is 0, never more than 50.
	Limit int
}

// Hit is a passage that was found. Scores compare the hits of one search with one another.
type Hit struct {
	Passage
	Score float64
}

const (
	defaultLimit = 10
	maxLimit     = 50
	// maxCandidates are ranked, those whose words are the rarest.
	maxCandidates = 160
	// maxLookups words are looked up, those that count most.
	maxLookups = 20
	// leastWeight of the weightiest is what a word has to count to be looked up.
	leastWeight = 0.2
	// maxMatches of a word are taken, the newest: what more passages have tells little.
	maxMatches = 1500
	// maxNamed is how many documents, filers or values of another kind the index is asked for by name; of more, every
	// match is held against the documents' table.
	maxNamed = 16
	// maxValues bounds each list of a query.
	maxValues = 200
)

// Search finds the passages that are likely to answer the text, the best first, and in the same order on both engines.
// Nothing is found by a text without words.
func (s *Service) Search(ctx context.Context, q Query) ([]Hit, error) {
	question := ranking.Understand(q.Text)
	terms := lookups(question.Terms())
	if len(terms) == 0 {
		return []Hit{}, nil
	}
	var found []stored
	err := s.DB.Snapshot(ctx, func(one db.Querier) error { // or another document could have come by the same ids meanwhile
		ids, err := s.candidates(ctx, one, q.bounded(), terms)
		if err == nil {
			found, err = loadPassages(ctx, one, ids)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search passages: %w", err)
	}
	return rank(question, found, q.limit()), nil
}

// lookups are the terms worth looking up. What counts little is left to the ranking, unless there is nothing else.
func lookups(terms []ranking.Term) []ranking.Term {
	n := 0
	for n < len(terms) && (n == 0 || terms[n].Weight >= leastWeight*terms[0].Weight) {
		n++
	}
	return terms[:min(n, maxLookups)]
}

func (q Query) limit() int {
	if q.Limit <= 0 {
		return defaultLimit
	}
	return min(q.Limit, maxLimit)
}

// bounded cuts lists that nobody writes by hand.
func (q Query) bounded() Query {
	q.CIKs = q.CIKs[:min(len(q.CIKs), maxValues)]
	q.Forms = q.Forms[:min(len(q.Forms), maxValues)]
	q.Sections = q.Sections[:min(len(q.Sections), maxNamed)]
	return q
}

// storable tells whether the database could hold what the query names; what it could not is nowhere.
func (q Query) storable() bool {
	return !slices.ContainsFunc(append([]string{q.Accession, q.Document}, q.Forms...), func(name string) bool {
		return strings.ContainsRune(name, 0) || !utf8.ValidString(name)
	})
}

// rank orders passages, those of equal score by their ids.
func rank(question ranking.Question, found []stored, limit int) []Hit {
	slices.SortFunc(found, func(a, b stored) int { return cmp.Compare(a.id, b.id) })
	units := make([]ranking.Unit, len(found))
	for i, p := range found {
		units[i] = ranking.Unit{Title: p.Title + " " + p.Heading, Text: p.Text}
	}
	hits := []Hit{}
	for _, place := range ranking.Rank(question, units) {
		if len(hits) == limit {
			break
		}
		hits = append(hits, Hit{Passage: found[place.Index].Passage, Score: place.Score})
	}
	return hits
}

// candidates are the ids of the passages worth ranking: those with the rarest of the words.
func (s *Service) candidates(ctx context.Context, one db.Querier, q Query, terms []ranking.Term) ([]int64, error) {
	in, err := scopeOf(ctx, one, q)
	if err != nil || in.nothing {
		return nil, err
	}
	matches, err := s.matches(ctx, one, in, terms)
	if err != nil {
		return nil, err
	}
	all := 0
	for _, ids := range matches {
		all = max(all, len(ids))
	}
	scores := map[int64]float64{}
	for i, ids := range matches {
		weight := terms[i].Weight * math.Log(1+float64(all+1)/float64(len(ids)+1))
		for _, id := range ids {
			scores[id] += weight
		}
	}
	best := make([]int64, 0, len(scores))
	for id := range scores {
		best = append(best, id)
	}
	slices.SortFunc(best, func(a, b int64) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) })
	return best[:min(len(best), maxCandidates)], nil
}

// scope is where words are looked for.
type scope struct {
	// groups are words of the index, of each of which a passage has one.
	groups [][]string
	// conditions on the documents d, with their values, for what the groups do not say; empty where they say it all.
	conditions []string
	values     []any
	nothing    bool // no document is in it
}

// scopeOf says where a query looks. A few documents are named to the index; of many, the index is told what it knows by
// name, and their table has the rest.
func scopeOf(ctx context.Context, one db.Querier, q Query) (in scope, err error) {
	if !q.storable() {
		return scope{nothing: true}, nil
	}
	in.conditions, in.values = q.conditions()
	if len(in.conditions) > 0 {
		rows, err := one.QueryContext(ctx, `select d.number from passage_documents d where `+strings.Join(in.conditions, " and ")+
			fmt.Sprintf(` order by d.number limit %d`, maxNamed+1), in.values...)
		numbers, err := db.Collect(rows, err, func(scan func(...any) error) (n int64, err error) { return n, scan(&n) })
		switch {
		case err != nil || len(numbers) == 0:
			return scope{nothing: true}, err
		case len(numbers) <= maxNamed:
			in = scope{groups: [][]string{namesOf(numbers, documentWord)}}
		default:
			in.groups = append(in.groups, namesOf(q.CIKs, filerWord), namesOf(q.Forms, formWord))
		}
	}
	in.groups = append(in.groups, namesOf(q.Sections, sectionWord))
	return in, nil
}

// namesOf are values as the index names them, where they are not too many.
func namesOf[T any](values []T, word func(T) string) []string {
	if len(values) > maxNamed {
		return nil
	}
	var names []string
	for _, v := range values {
		names = append(names, word(v))
	}
	return names
}

// conditions are what a query says of documents, with placeholders from $1 on.
func (q Query) conditions() (conditions []string, values []any) {
	add := func(condition string, value any) {
		values = append(values, value)
		conditions = append(conditions, fmt.Sprintf("%s $%d", condition, len(values)))
	}
	if q.Accession != "" {
		add("d.accession =", q.Accession)
	}
	if q.Document != "" {
		add("d.document =", q.Document)
	}
	if len(q.CIKs) > 0 {
		conditions = append(conditions, "d.cik in ("+db.Placeholders(len(values)+1, len(q.CIKs))+")")
		values = append(values, anys(q.CIKs)...)
	}
	if len(q.Forms) > 0 {
		conditions = append(conditions, "d.form in ("+db.Placeholders(len(values)+1, len(q.Forms))+")")
		values = append(values, anys(q.Forms)...)
	}
	for _, day := range []struct {
		condition string
		day       *calendar.Day
	}{{"d.period_end >=", q.PeriodFrom}, {"d.period_end <=", q.PeriodTo}, {"d.filed_on >=", q.FiledFrom}, {"d.filed_on <=", q.FiledTo}} {
		if day.day != nil {
			add(day.condition, day.day.String())
		}
	}
	return conditions, values
}

func anys[T any](values []T) []any {
	all := make([]any, len(values))
	for i, v := range values {
		all[i] = v
	}
	return all
}

// matches are the ids of the passages with each term, in the terms' order.
func (s *Service) matches(ctx context.Context, one db.Querier, in scope, terms []ranking.Term) ([][]int64, error) {
	from := "passage_words"
	if len(in.conditions) > 0 { // the word comes first, since the index is the faster way in
		from += fmt.Sprintf(" cross join passage_documents d where d.number = passage_words.rowid >> %d and %s and", ordinalBits, strings.Join(in.conditions, " and "))
	} else {
		from += " where"
	}
	arms := make([]string, len(terms))
	args := slices.Clone(in.values)
	for i, term := range terms {
		args = append(args, s.DB.WordsWanted(append(slices.Clone(in.groups), []string{term.Word})...))
		arms[i] = fmt.Sprintf("select %d as term, m.rowid as id from (select passage_words.rowid from %s %s order by %s desc limit %d) m",
			i, from, s.DB.WordsMatch("passage_words", fmt.Sprintf("$%d", len(args))), s.DB.WordsOrder("passage_words"), maxMatches)
	}
	type match struct {
		term int
		id   int64
	}
	rows, err := one.QueryContext(ctx, strings.Join(arms, " union all "), args...)
	all, err := db.Collect(rows, err, func(scan func(...any) error) (m match, err error) { return m, scan(&m.term, &m.id) })
	if err != nil {
		return nil, err
	}
	matches := make([][]int64, len(terms))
	for _, m := range all {
		matches[m.term] = append(matches[m.term], m.id)
	}
	return matches, nil
}
