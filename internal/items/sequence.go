package items

import "math"

// choice is a heading taken for the beginning of an item.
type choice struct{ heading, item int }

const (
	backward = 8.0  // what it costs to go back in the form's order
	missed   = 0.8  // what a heading costs that begins an item and is not taken for it, as a share of its score
	front    = 0.5  // the same before the first item
	skipped  = 0.02 // what an item costs that is not there
	listedAt = 0.25 // what a row of the contents is worth as a heading
)

// choose takes the headings that together tell the most consistent story: a walk through the form's items in which each
// heading either begins its item or is explained as a repetition, a row of the contents or a reference. It is Viterbi's
// algorithm: for each item the best story so far that ends in it.
func (p *page) choose() []choice {
	k := len(p.form.items)
	score := make([]float64, k+1) // the last is the front matter
	for i := range k {
		score[i] = math.Inf(-1)
	}
	from := make([][]int16, len(p.headings)) // which item the best story was in before
	for n := range p.headings {
		score, from[n] = p.step(&p.headings[n], score)
	}
	best := k
	for i := range score {
		if score[i] > score[best] {
			best = i
		}
	}
	return p.trace(best, from)
}

// step takes all stories past a heading.
func (p *page) step(h *heading, score []float64) (next []float64, from []int16) {
	k := len(p.form.items)
	next, from = make([]float64, k+1), make([]int16, k+1)
	for q := range score {
		next[q], from[q] = score[q]-p.cost(h, q), int16(q) // #nosec G115 -- a form has few items
	}
	for _, o := range h.options {
		gain := o.score
		if h.contents {
			gain *= listedAt
		}
		for q := range score {
			if q == o.item {
				continue
			}
			if s := score[q] + gain - p.move(q, o.item); s > next[o.item] {
				next[o.item], from[o.item] = s, int16(q) // #nosec G115 -- a form has few items
			}
		}
	}
	return next, from
}

// cost is what it costs to stay in an item, or in the front, at a heading.
func (p *page) cost(h *heading, q int) float64 {
	if q < len(p.form.items) {
		if own, ok := h.scoreOf(q); ok && own >= h.best()/2 {
			return 0
		}
	}
	switch {
	case h.contents:
		return 0
	case q == len(p.form.items):
		return front * max(0, h.best())
	}
	return missed * max(0, h.best())
}

// move is what it costs to go from an item, or from the front, to another.
func (p *page) move(q, to int) float64 {
	switch {
	case q == len(p.form.items):
		return 0
	case p.form.loose:
		return 0.1
	case to < q:
		return backward
	}
	return skipped * float64(to-q-1)
}

// trace follows the best story back.
func (p *page) trace(at int, from [][]int16) []choice {
	var chosen []choice
	for n := len(from) - 1; n >= 0; n-- {
		if before := int(from[n][at]); before != at {
			chosen = append(chosen, choice{n, at})
			at = before
		}
	}
	for i, j := 0, len(chosen)-1; i < j; i, j = i+1, j-1 {
		chosen[i], chosen[j] = chosen[j], chosen[i]
	}
	return chosen
}
