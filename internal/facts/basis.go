package facts

import (
	"slices"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// basis knows when a company came to count a figure differently: when it sold a part of itself, or corrected what it had
// said. Filings do not say that; that they give a past period another value does.
type basis struct{ changes []change }

// change is one that came after the filings of one day, and by those of another.
type change struct{ after, by calendar.Day }

// restated notes that a period had one value as late as after and another on the day by. Days have to come in the order of
// by. What one change explains is taken for one: after a change each period is restated when it next stands in a filing.
func (b *basis) restated(after, by calendar.Day) {
	n := len(b.changes)
	if n > 0 && after.Before(b.changes[n-1].by) {
		b.changes[n-1].after = later(b.changes[n-1].after, after)
		return
	}
	b.changes = append(b.changes, change{after, by})
}

// changed tells whether what was filed on one day may be counted otherwise than what was filed on another.
func (b *basis) changed(first, last calendar.Day) bool {
	return first != last && slices.ContainsFunc(b.changes, func(c change) bool { return c.after.Before(last) && first.Before(c.by) })
}

// oneBasis tells whether values of one tag can be added up and held against each other.
func oneBasis(all ...Value) bool {
	first, last := all[0].since, all[0].FiledOn
	for _, v := range all[1:] {
		if v.since.Before(first) {
			first = v.since
		}
		last = later(last, v.FiledOn)
	}
	return all[0].basis == nil || !all[0].basis.changed(first, last)
}

// asFirstFiled are a whole as it was first filed, and a part of it as it was known then. It is false where the part was not
// known yet.
func asFirstFiled(whole, part Value) (Value, Value, bool) {
	whole = whole.as(whole.History[0])
	for _, f := range slices.Backward(part.History) {
		if !whole.FiledOn.Before(f.FiledOn) {
			return whole, part.as(f), true
		}
	}
	return whole, part, false
}

// as is the value that the period had since a filing.
func (v Value) as(f Filed) Value {
	v.Value, v.Filing, v.Form, v.FiledOn, v.since = f.Value, f.Filing, f.Form, f.FiledOn, f.FiledOn
	return v
}
