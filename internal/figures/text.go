package figures

import (
	"cmp"
	"math"
	"regexp"
	"slices"
)

// MostChecked is how many amounts of a text are checked, far more than an answer has; those behind stay unverified.
const MostChecked = 3000

// Text is a text that is checked piece by piece as it grows, each piece a line or more. What a piece names may bear out
// figures of those behind it. One goroutine uses it.
type Text struct {
	known []Known
	sizes []float64 // of the known figures, without their signs
	order []int     // places of those that are not loose, by size
	loose []int     // places of those that are
	slack float64
	most  int    // how many known figures that the text does not name are joined
	terms []term // those, each value once
	tried map[string]term

	checked int
	named   []term // what the pieces before named, the last first
	row     []term // the last of all that they said and that was borne out
}

// Begin begins a text of which nothing is read yet.
func (k Checker) Begin() *Text {
	c := &Text{slack: k.Slack, most: mostKnown, tried: map[string]term{}}
	if k.Joined > 0 {
		c.most = k.Joined
	}
	c.Know(k.Known)
	return c
}

// Know adds to what is known; places in the list go on from those before.
func (c *Text) Know(known []Known) {
	for _, k := range known {
		i := len(c.known)
		c.known, c.sizes = append(c.known, k), append(c.sizes, math.Abs(k.Value.InexactFloat64()))
		if k.Loose {
			c.loose = append(c.loose, i)
		} else {
			c.order = append(c.order, i)
		}
	}
	slices.SortFunc(c.order, func(i, j int) int { return cmp.Or(cmp.Compare(c.sizes[i], c.sizes[j]), i-j) })
	c.terms = c.distinct()
	clear(c.tried)
}

// between are the places of known figures of such sizes; those that are loose aside.
func (c *Text) between(least, most float64) []int {
	bySize := func(i int, size float64) int { return cmp.Compare(c.sizes[i], size) }
	from, _ := slices.BinarySearchFunc(c.order, least-math.Abs(least)*1e-9, bySize)
	to, _ := slices.BinarySearchFunc(c.order, math.Nextafter(most+math.Abs(most)*1e-9, math.Inf(1)), bySize)
	return c.order[from:max(from, to)]
}

// Crowded tells whether so many known figures lie about a figure that one of them would be it by accident.
func (c *Text) Crowded(f Figure) bool {
	size, step := math.Abs(f.Value.InexactFloat64()), f.Step.InexactFloat64()
	there := len(c.between(size-window*step, size+window*step))
	return float64(there-1)/(2*window) > mostAccidents
}

// Mark is how far a text is read, so that what comes behind it can be taken back.
type Mark struct {
	checked    int
	named, row []term
}

// Mark marks what is read.
func (c *Text) Mark() Mark { return Mark{c.checked, slices.Clone(c.named), slices.Clone(c.row)} }

// Return forgets what was read since the mark. What is known stays.
func (c *Text) Return(to Mark) {
	c.checked, c.named, c.row = to.checked, slices.Clone(to.named), slices.Clone(to.row)
}

// Check finds the numbers of the next piece and holds each amount against what is known. Given are amounts in it that
// need no check, with their places in the piece: each as it is, in order, and what it bears out may follow from it.
func (c *Text) Check(piece string, given ...Verdict) []Verdict {
	verdicts := merge(Find(piece), given)
	found := make([]Figure, len(verdicts))
	for i, v := range verdicts {
		found[i] = v.Figure
	}
	end, sentences := len(verdicts), sentenceEnds(piece)
	for i := range verdicts {
		v := &verdicts[i]
		if v.Kind != Amount || v.State != "" {
			continue
		}
		v.State = Unverified
		if c.checked++; c.checked > MostChecked {
			end = min(end, i)
			continue
		}
		periods := periodsNear(sentences, found, i)
		if earlierBehind.MatchString(head(piece[v.End:], near)) {
			periods = nil // it is of none of those
		}
		if supports := c.supports(v.Figure, periods); len(supports) > 0 {
			v.State, v.Supports = Verified, supports
			v.Expression = c.known[supports[0]].Name
		}
	}
	c.derive(verdicts[:end])
	recount(piece, verdicts[:end])
	return verdicts
}

// earlierBehind tells of a figure that it is of a period before the one that the sentence speaks of.
var earlierBehind = regexp.MustCompile(`(?i)^[\s,()*_]*(?:in |during |for )?(?:an?|one|the) (?:(?:prior|previous) (?:fiscal )?(?:year|quarter)|(?:fiscal )?(?:year|quarter) (?:earlier|ago|before))\b`)

// merge joins what was found with what is given, which takes the place of what was found there.
func merge(found []Figure, given []Verdict) []Verdict {
	verdicts := make([]Verdict, 0, len(found)+len(given))
	for _, f := range found {
		for len(given) > 0 && given[0].Start < f.End {
			verdicts = append(verdicts, given[0])
			given = given[1:]
		}
		if len(verdicts) == 0 || f.Start >= verdicts[len(verdicts)-1].End {
			verdicts = append(verdicts, Verdict{Figure: f})
		}
	}
	return append(verdicts, given...)
}
