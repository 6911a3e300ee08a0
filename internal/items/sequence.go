package items

import "math"

// choice is a heading taken for the beginning of an item.
type choice struct{ heading, item int }

const (
	backward = 6.0  // what it costs to go back in the form's order
	further  = 0.5  // and for each item that this is further
	missed   = 0.8  // what a heading costs that begins an item and is not taken for it, as a share of its score
	sure     = 4.0  // the score from which on it costs all of that
	again    = 0.3  // the same when its item has been before, as a page's running head may repeat it
	front    = 0.5  // the same before the first item
	skipped  = 0.02 // what an item costs that is not there
	hop      = 0.1  // what any step costs where there is no order
	listedAt = -1.0 // what a row of the contents is worth as a heading
	inside   = 0.5  // what one costs in an item, as contents stand before the items
)

// story is the best that ends in an item: what it is worth and which items it has.
type story struct {
	score float64
	had   uint64
}

// choose takes the headings that together tell the most consistent story: a walk through the form's items in which each
// heading either begins its item or is explained as a repetition, a row of the contents or a reference. It is Viterbi's
// algorithm: for each item the best story so far that ends in it, and one for the front matter.
func (p *page) choose() []choice {
	stories := make([]story, len(p.form.Items)+1)
	for i := range p.form.Items {
		stories[i].score = math.Inf(-1)
	}
	from := make([][]int8, len(p.headings)) // which item the best story was in before
	for n := range p.headings {
		stories, from[n] = p.step(&p.headings[n], stories)
	}
	best := len(p.form.Items)
	for i := range stories {
		if stories[i].score > stories[best].score {
			best = i
		}
	}
	return p.trace(best, from)
}

// step takes all stories past a heading.
func (p *page) step(h *heading, stories []story) (next []story, from []int8) {
	next, from = make([]story, len(stories)), make([]int8, len(stories))
	for q, s := range stories {
		next[q], from[q] = story{s.score - p.cost(h, q, s.had), s.had}, int8(q) // #nosec G115 -- a form has few items
	}
	for _, o := range h.options {
		gain := o.score
		if h.contents {
			gain = listedAt
		}
		for q, s := range stories {
			if q == o.item || s.had&(1<<o.item) != 0 {
				continue
			}
			if score := s.score + gain - p.move(q, o.item); score > next[o.item].score {
				next[o.item], from[o.item] = story{score, s.had | 1<<o.item}, int8(q) // #nosec G115 -- a form has few items
			}
		}
	}
	return next, from
}

// cost is what it costs to stay in an item, or in the front, at a heading.
func (p *page) cost(h *heading, q int, had uint64) float64 {
	if q < len(p.form.Items) && !h.contents {
		if own, ok := h.scoreOf(q); ok && own >= h.best()/2 {
			return 0
		}
	}
	switch {
	case h.contents && q == len(p.form.Items):
		return 0
	case h.contents:
		return inside
	case q == len(p.form.Items):
		return front * max(0, h.best())
	case had&(1<<h.likely()) != 0:
		return again * max(0, h.best())
	}
	return missed * max(0, h.best()) * min(1, h.best()/sure)
}

// move is what it costs to go from an item, or from the front, to another.
func (p *page) move(q, to int) float64 {
	switch {
	case q == len(p.form.Items):
		return 0
	case p.form.Loose:
		return hop
	case to < q:
		return backward + further*float64(q-to-1)
	}
	return skipped * float64(to-q-1)
}

// trace follows the best story back.
func (p *page) trace(at int, from [][]int8) []choice {
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
