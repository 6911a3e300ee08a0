package performance

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/returns"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// state is all that answers are made of, as of one version of the ledger. Only what was asked of it is added to it.
type state struct {
	history    *History
	version    int64
	settings   user.Settings
	benchmark  *benchmarkSeries
	warnings   []string // of what market could not tell
	asOf       time.Time
	freshUntil time.Time
	bytes      int

	mu      sync.Mutex
	views   map[string]*View  // by connection
	answers map[string]answer // by query
}

type answer struct {
	performance Performance
	warnings    []string
}

// maxAnswers bounds what is kept of one person's: periods of one's own choice have no end.
const maxAnswers = 64

// good tells whether answers of the state are still right.
func (st *state) good(version int64, settings user.Settings, now time.Time) bool {
	return st.version == version && now.Before(st.freshUntil) && !now.Before(st.asOf) && st.settings.BaseCurrency == settings.BaseCurrency &&
		st.settings.BenchmarkSymbol == settings.BenchmarkSymbol && st.settings.RiskFreeRate.Equal(settings.RiskFreeRate)
}

// answer gives what was worked out for the query before, or works it out.
func (st *state) answer(q Query) (Performance, []string, error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	key := fmt.Sprint(q.name(), q.From, q.To, q.ConnectionID)
	if known, ok := st.answers[key]; ok {
		return known.performance, known.warnings, nil
	}
	v, err := st.view(q.ConnectionID)
	if err != nil {
		return Performance{}, nil, err
	}
	a, err := st.work(v, q)
	if err != nil {
		return Performance{}, nil, err
	}
	if len(st.answers) < maxAnswers {
		st.answers[key] = a
	}
	return a.performance, a.warnings, nil
}

// view is everything, or the accounts of one connection.
func (st *state) view(connectionID string) (*View, error) {
	if v := st.views[connectionID]; v != nil {
		return v, nil
	}
	wanted := map[string]bool{}
	for _, a := range st.history.in.Accounts {
		if connectionID == "" || a.ConnectionID == connectionID {
			wanted[a.ID] = true
		}
	}
	if connectionID != "" && len(wanted) == 0 {
		return nil, fault.New(fault.NotFound, "you have no account through this connection")
	}
	v := st.history.View(func(id string) bool { return wanted[id] })
	st.views[connectionID] = v
	return v, nil
}

// work makes an answer.
func (st *state) work(v *View, q Query) (answer, error) {
	h := st.history
	shown := Performance{
		Range: q.name(), AsOf: st.asOf, Live: h.live, BaseCurrency: h.in.Base, Status: string(returns.OK), SeriesStep: 1,
		Series: []Point{}, Accounts: []Contribution{}, Holdings: []Contribution{}, InputsHash: st.hash(q),
	}
	if len(h.days) == 0 {
		return st.nothing(shown), nil
	}
	after, through, early, err := q.stretch(h)
	if err != nil {
		return answer{}, err
	}
	b := v.takeApart(after, through)
	drivers, err := b.drivers()
	if err != nil {
		return answer{}, err
	}
	p := period{from: h.dayOf(0).AddDays(-1), to: h.dayOf(through), asOf: st.asOf, partial: len(b.unvalued) > 0}
	if after >= 0 {
		p.from = h.dayOf(after)
	}
	if p.partial {
		shown.Status = string(returns.Partial)
	}
	gain := drivers.Closing.Sub(drivers.Opening).Sub(drivers.In).Add(drivers.Out)
	chain, payments := v.chain(after, through), v.payments(after, through)
	shown.From, shown.To, shown.Gain, shown.Drivers = &p.from, &p.to, &gain, &drivers
	shown.Live = h.today(through)
	shown.TimeWeighted = p.figure("twr_daily", percentUnit, chain.Return).aYear(returns.Annualised(chain.Return, p.days()))
	shown.MoneyWeighted = p.moneyWeighted(toFloat(b.opening), toFloat(b.closing), payments)
	shown.Simple = p.simple(&b)
	shown.Benchmark = st.benchmark.compare(p, &b, payments, after, through)
	over := through - after
	if shown.Live {
		over--
	}
	shown.Risk = p.risk(chain, st.benchmark, after, over, st.settings.RiskFreeRate)
	shown.Series, shown.SeriesStep = v.series(after, through, returns.Index(chain.Series()), st.benchmark, b.opening)
	shown.Accounts, shown.Holdings = b.accounts(h), b.contributions(h)
	return answer{shown, st.warn(v, &b, chain, &shown, stretched{after, through, early})}, nil
}

// nothing is the answer of who has no history.
func (st *state) nothing(shown Performance) answer {
	p := period{asOf: st.asOf}
	none := func(method, unit string) Figure {
		f := p.figure(method, unit, returns.Figure{Status: returns.Undefined, Reason: returns.TooFewValues})
		f.From, f.To = nil, nil
		return f
	}
	shown.Status = string(returns.Undefined)
	shown.TimeWeighted, shown.Simple = none("twr_daily", percentUnit), none("gain_over_opening_and_inflows", percentUnit)
	shown.MoneyWeighted = MoneyWeighted{Figure: none("xirr_act365f", percentUnit), Roots: []float64{}}
	shown.Risk = p.risk(returns.Chain{}, nil, -1, 0, st.settings.RiskFreeRate)
	shown.Risk.withoutPeriod()
	return answer{shown, append([]string{"No brokerage has told of transactions yet: there is no history."}, st.unread()...)}
}

// unread names the accounts that are missing in the history.
func (st *state) unread() []string {
	var all []string
	for _, a := range st.history.in.Accounts {
		if !a.Known {
			all = append(all, fmt.Sprintf("The history of %s was not read yet: it is not in these figures.", accountName(a)))
		}
	}
	return all
}

// hash stands for everything the answer rests on.
func (st *state) hash(q Query) string {
	sum := sha256.New()
	h := st.history
	_, _ = fmt.Fprintln(sum, st.version, h.in.Base, st.settings.BenchmarkSymbol, st.settings.RiskFreeRate, q, h.in.Through, h.in.Today)
	for _, a := range h.assets {
		_, _ = fmt.Fprintln(sum, a.id, a.currency, a.closes.AsOf.UnixMicro(), len(a.closes.Days), a.live, h.in.Rates[a.currency].AsOf.UnixMicro())
		for _, s := range a.splits {
			_, _ = fmt.Fprintln(sum, s.day, s.from, s.to)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// weight is about how many bytes a history takes beside the closes, which it shares.
func (h *History) weight() int {
	const day, positionEvent, moved = 16, 160, 170
	n := len(h.days) * (4 + day*len(h.accounts))
	for _, p := range h.positions {
		n += len(p.events) * positionEvent
	}
	for _, moves := range h.moves {
		n += len(moves) * moved
	}
	const view, answers = 200, 1 << 20
	return n + len(h.days)*view + answers
}

// stretched is a stretch of days and whether it would begin before them.
type stretched struct {
	after, through int
	early          bool
}

// warn says what a reader of the answer has to know, the weightiest first.
func (st *state) warn(v *View, b *breakdown, chain returns.Chain, shown *Performance, s stretched) []string {
	h := st.history
	all := []string{}
	if s.early {
		all = append(all, fmt.Sprintf("The range begins before the portfolio's history: it is from %s on.", h.dayOf(0)))
	}
	all = append(all, st.unread()...)
	for i, a := range h.in.Accounts {
		if v.in[i] && a.Known && !a.CashComplete {
			all = append(all, fmt.Sprintf("Of %s trades alone are known: its cash is not in these figures, its purchases came in and its sales and dividends went out.", accountName(a)))
		}
	}
	all = append(all, b.valueWarnings(h, s.through)...)
	all = append(all, st.chainWarnings(v, chain, s)...)
	all = append(all, implausible(v, b, chain, shown)...)
	if st.benchmark == nil {
		all = append(all, fmt.Sprintf("There are no past prices of the benchmark %s: nothing is compared with it.", st.settings.BenchmarkSymbol))
	}
	return append(all, st.warnings...)
}

// valueWarnings name what is held at the end without a price, or with one of long ago.
func (b *breakdown) valueWarnings(h *History, through int) []string {
	var all []string
	for n := range b.unvalued {
		a := h.assets[n]
		why := "there is no price of it"
		if a.rates != nil && h.days[through] < a.rates.first() {
			why = fmt.Sprintf("there is no rate of exchange from %s to %s", a.currency, h.in.Base)
		}
		all = append(all, fmt.Sprintf("%s is left out: %s.", cmp.Or(a.symbol, a.currency), why))
	}
	for n, day := range b.old {
		all = append(all, fmt.Sprintf("%s is at its last known price, of %s.", h.assets[n].symbol, dayNumbered(day)))
	}
	slices.Sort(all)
	return all
}
