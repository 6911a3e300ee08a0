// Package ranking puts pieces of filings in the order in which they are likely to answer a question, by their words alone.
package ranking

import (
	"cmp"
	"math"
	"slices"
)

// Unit is a piece of a filing: a passage or a page.
type Unit struct {
	// Title is what stands above it: the section's title, the heading it is under. It may be empty.
	Title string
	Text  string
}

// Place is where a unit came in.
type Place struct {
	// Index is the unit's among those that were ranked.
	Index int
	// Score is comparable among the units of one call only; it is never negative.
	Score float64
}

// How much each kind of evidence counts. The first two are shares of what the best unit of a call reaches.
const (
	wordsShare     = 1.0
	rowsShare      = 0.9
	statementShare = 1.1
	// figuresShare is for tables where the question asks for an amount.
	figuresShare = 0.15
	// contentsShare is what is left of a unit that only lists what stands elsewhere.
	contentsShare = 0.3
)

// What BM25 asks for: how soon a word that comes again counts no more, and how much long units are held back.
const (
	saturation = 1.2
	lengthBias = 0.6
	// titleFold and headingFold are how many times a word counts above the text and in a heading within it.
	titleFold   = 2.0
	headingFold = 3.0
)

// Rank orders all units, the best first; equals stay in the order they came in. How rare a word is, is counted over
// these units.
func Rank(q Question, units []Unit) []Place {
	if len(units) == 0 {
		return nil
	}
	pieces, known := make([]*piece, len(units)), stems{}
	for i, u := range units {
		pieces[i] = read(u, known)
	}
	words, rows := scoreWords(q, pieces), scoreRows(q, pieces)
	places := make([]Place, len(units))
	for i, p := range pieces {
		score := wordsShare*words[i] + rowsShare*rows[i] + statementShare*q.wants.meets(p.statements)
		if q.amount {
			score += figuresShare * p.figures
		}
		if p.contents {
			score *= contentsShare
		}
		places[i] = Place{Index: i, Score: score}
	}
	slices.SortStableFunc(places, func(a, b Place) int { return cmp.Compare(b.Score, a.Score) })
	return places
}

// scoreWords is BM25 over text, headings and title, and over pairs of words that stand beside one another in the
// question; 1 for the best unit.
func scoreWords(q Question, pieces []*piece) []float64 {
	scores, length := make([]float64, len(pieces)), 0.0
	for _, p := range pieces {
		length += float64(p.length)
	}
	length = max(1, length/float64(len(pieces)))
	tf := make([]float64, len(pieces))
	for _, term := range q.terms {
		found := 0
		for i, p := range pieces {
			if tf[i] = p.count(term.Word); tf[i] > 0 {
				found++
			}
		}
		rare := term.Weight * rarity(found, len(pieces))
		for i, p := range pieces {
			norm := saturation * (1 - lengthBias + lengthBias*float64(p.length)/length)
			scores[i] += rare * tf[i] * (saturation + 1) / (tf[i] + norm)
		}
	}
	for _, pair := range q.pairs {
		addPhrase(scores, pieces, pair, pairPlaces)
	}
	return shares(scores)
}

// scoreRows is how well units hold the rows and headings that questions like this one are answered from; 1 for the best.
func scoreRows(q Question, pieces []*piece) []float64 {
	scores := make([]float64, len(pieces))
	for _, row := range q.rows {
		addPhrase(scores, pieces, row, rowPlaces)
	}
	return shares(scores)
}

// places are what a phrase counts for where it stands.
type places struct{ row, heading, prose float64 }

var (
	// pairPlaces make no difference for words of the question itself.
	pairPlaces = places{row: 1, heading: 1.5, prose: 1}
	// rowPlaces are for what is known of filings: a row with a figure in it is what is looked for.
	rowPlaces = places{row: 1, heading: 0.8, prose: 0.35}
)

func addPhrase(scores []float64, pieces []*piece, p phrase, at places) {
	found, held := 0, make([]float64, len(pieces))
	for i, piece := range pieces {
		if held[i] = piece.holds(p.words, at); held[i] > 0 {
			found++
		}
	}
	if found == 0 {
		return
	}
	rare := p.weight * rarity(found, len(pieces))
	for i := range scores {
		scores[i] += rare * held[i]
	}
}

// rarity is how much finding a word says when it is in n of all units.
func rarity(n, all int) float64 {
	return math.Log(1 + (float64(all)-float64(n)+0.5)/(float64(n)+0.5))
}

// shares divides by the greatest.
func shares(scores []float64) []float64 {
	best := slices.Max(scores)
	if best <= 0 {
		return scores
	}
	for i := range scores {
		scores[i] /= best
	}
	return scores
}
