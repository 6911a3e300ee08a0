package lots

import (
	"cmp"
	"slices"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/ledger"
)

// ranks orders what happens at one moment: conventions, rule 1. What leaves for another account of the person does so
// before it arrives there, a delivery as well: once paired it ranks as a transfer. A fee may be paid with what was bought.
var ranks = map[broker.ActivityKind]int8{
	broker.Deposit: 1, broker.DeliveryIn: 1, broker.Buy: 2, broker.TransferOut: 3, broker.TransferIn: 4, broker.Dividend: 5,
	broker.Fee: 5, broker.Sell: 6, broker.DeliveryOut: 7, broker.Withdrawal: 7,
}

// crossing is how the two sides of a delivery between a person's own connections rank.
var crossing = map[broker.ActivityKind]int8{broker.DeliveryOut: ranks[broker.TransferOut], broker.DeliveryIn: ranks[broker.TransferIn]}

// place is where a transaction comes in the order.
type place struct {
	day        int32
	phase      int8 // of the day: openings, then what is done to instruments, then what people do
	instrument int32
	rank       int8
	byKind     bool
	at         int64
	t          *ledger.Transaction
}

// inOrder gives the transactions up to a day in the order in which they are to be carried out.
func inOrder(all []ledger.Transaction, until calendar.Day, pairs map[string]string) []*ledger.Transaction {
	last := until.Number()
	places := make([]place, 0, len(all))
	numbers := map[string]int32{}
	type instrumentDay struct{ instrument, day int32 }
	untimed := map[instrumentDay]bool{}
	for i := range all {
		t := &all[i]
		p := place{day: t.Day.Number(), phase: phase(t), rank: ranks[t.Kind], at: t.At.UnixMicro(), t: t}
		if until != (calendar.Day{}) && p.day > last {
			continue
		}
		if rank, crosses := crossing[t.Kind]; crosses && pairs[t.ID] != "" {
			p.rank = rank
		}
		n, known := numbers[t.Instrument]
		if !known {
			n = int32(len(numbers)) // #nosec G115 -- as many as a person has instruments
			numbers[t.Instrument] = n
		}
		p.instrument = n
		if p.phase == people && !t.Quantity.IsZero() && t.At.Minute() == 0 && t.At.Equal(t.Day.At(0, 0)) {
			untimed[instrumentDay{n, p.day}] = true
		}
		places = append(places, p)
	}
	if len(untimed) > 0 {
		for i := range places {
			places[i].byKind = untimed[instrumentDay{places[i].instrument, places[i].day}]
		}
	}
	slices.SortFunc(places, comparePlaces)
	order := make([]*ledger.Transaction, len(places))
	for i, p := range places {
		order[i] = p.t
	}
	return order
}

func comparePlaces(a, b place) int {
	if c := cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.phase, b.phase)); c != 0 {
		return c
	}
	if a.phase == people { // one instrument after the other: what happens to others does not matter to it
		if c := cmp.Compare(a.instrument, b.instrument); c != 0 {
			return c
		}
	}
	if a.byKind && a.rank != b.rank {
		return cmp.Compare(a.rank, b.rank)
	}
	if c := cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.rank, b.rank)); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.t.AccountID, b.t.AccountID), cmp.Compare(a.t.ExternalID, b.t.ExternalID), cmp.Compare(a.t.ID, b.t.ID))
}

// The phases of a day.
const (
	opening = iota
	leaving // mergers, of which what is held tells which side is given up, and what spin-offs take
	arriving
	people
)

func phase(t *ledger.Transaction) int8 {
	switch {
	case t.Kind == ledger.Opening:
		return opening
	case t.Kind == broker.Merger || t.Kind == broker.SpinOff && t.Quantity.IsNegative():
		return leaving
	case t.Kind == broker.SpinOff:
		return arriving
	}
	return people
}

// transitDays is how many days a transfer may be on its way between two accounts.
const transitDays = 7

// pairs finds the two sides of transfers between the accounts: what left one, and came to another as much within days.
// A delivery counts as one where the other side is at another connection.
func pairs(all []ledger.Transaction) map[string]string {
	arrivals := map[string][]*ledger.Transaction{} // by instrument
	var departures []*ledger.Transaction
	for i := range all {
		switch t := &all[i]; {
		case t.Instrument == "" || t.Quantity.IsZero():
		case t.Kind == broker.TransferIn || t.Kind == broker.DeliveryIn:
			arrivals[t.Instrument] = append(arrivals[t.Instrument], t)
		case t.Kind == broker.TransferOut || t.Kind == broker.DeliveryOut:
			departures = append(departures, t)
		}
	}
	byTime := func(a, b *ledger.Transaction) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.AccountID, b.AccountID), cmp.Compare(a.ExternalID, b.ExternalID))
	}
	slices.SortFunc(departures, byTime)
	for _, list := range arrivals {
		slices.SortFunc(list, byTime)
	}
	found := map[string]string{}
	for _, out := range departures {
		for _, in := range arrivals[out.Instrument] {
			if _, taken := found[in.ID]; !taken && fit(out, in) {
				found[out.ID], found[in.ID] = in.ID, out.ID
				break
			}
		}
	}
	return found
}

// fit tells whether two transactions may be the two sides of one transfer.
func fit(out, in *ledger.Transaction) bool {
	apart := out.Day.Number() - in.Day.Number()
	internal := out.Kind == broker.TransferOut && in.Kind == broker.TransferIn
	return out.AccountID != in.AccountID && (internal || out.ConnectionID != in.ConnectionID) &&
		max(apart, -apart) <= transitDays && out.Quantity.Neg().Equal(in.Quantity)
}
