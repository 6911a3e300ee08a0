package pace

import (
	"slices"
	"time"
)

// past is what is known of a vendor's requests: when the newest of them leave, oldest first, and until when it is to be
// left alone. Times are microseconds of the keeper's clock.
type past struct {
	leaves []int64
	alone  int64
}

// plan is how moments follow on each other.
type plan struct {
	windows []Window // each with its margin
	most    int      // moments that have to be known
}

func newPlan(windows []Window, margin time.Duration) plan {
	var p plan
	for _, w := range windows {
		p.windows = append(p.windows, Window{w.Count, w.Period + margin})
		p.most = max(p.most, w.Count)
	}
	return p
}

// take gives one more request the first moment that keeps to every window, no earlier than those before it, unless that
// is further away than within. A moment further off than any that is given was a wrong clock's: what it knew is taken for
// a vendor asked as much as it allows just now. pace.lua does the same.
func (p plan) take(known *past, now int64, within time.Duration) turn {
	if n := len(known.leaves); n > 0 && known.leaves[n-1] > now+maxAhead.Microseconds() {
		known.leaves = slices.Repeat([]int64{now}, p.most)
	}
	known.alone = min(known.alone, now+maxAlone.Microseconds())
	at := max(now, known.alone)
	n := len(known.leaves)
	if n > 0 {
		at = max(at, known.leaves[n-1])
	}
	for _, w := range p.windows {
		if n >= w.Count {
			at = max(at, known.leaves[n-w.Count]+w.Period.Microseconds())
		}
	}
	given := turn{wait: micros(at - now), alone: known.alone > now && at == known.alone}
	if given.wait > within {
		return given
	}
	given.taken = true
	known.leaves = append(known.leaves, at)
	if extra := len(known.leaves) - p.most; extra > 0 {
		known.leaves = slices.Delete(known.leaves, 0, extra)
	}
	return given
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// whole, together and apart are the windows of one process, of several that share a keeper, and of each of these while
// they cannot ask it.
func (l Limits) whole() plan { return newPlan(l.Windows, l.Margin) }

// patience is how long a process is without the keeper before it goes by its own share, and how long the keeper leaves the
// vendor alone when it is back: until the moments of the other regime are a window behind. That they may still be used for
// a while is why it is longer by askRarely and, for being late and for the way, two margins.
func (l Limits) patience() time.Duration {
	d := askRarely + 2*l.Margin
	for _, w := range l.Windows {
		if w.Period <= short {
			d = max(d, askRarely+2*l.Margin+w.Period)
		}
	}
	return d
}

// reserved is what a process may ask by itself within a long window, however much is asked through the keeper: when that
// is lost, nobody can wait until the window is over. It is none where a window is short, or too small to be divided.
func reserved(w Window) int {
	if w.Period <= short || w.Count <= replicas {
		return 0
	}
	return max(1, w.Count/(5*replicas))
}

func (l Limits) together() plan {
	windows := slices.Clone(l.Windows)
	for i, w := range windows {
		windows[i].Count -= replicas * reserved(w)
	}
	return newPlan(windows, l.Margin)
}

func (l Limits) apart() plan {
	windows := slices.Clone(l.Windows)
	for i, w := range windows {
		switch {
		case reserved(w) > 0:
			windows[i].Count = reserved(w)
		case w.Count >= replicas:
			windows[i].Count /= replicas
		default:
			windows[i] = Window{1, w.Period * replicas}
		}
	}
	return newPlan(windows, l.Margin)
}
