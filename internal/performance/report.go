package performance

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/history"
	"github.com/jaspers-ai/jaspers/internal/ledger"
	"github.com/jaspers-ai/jaspers/internal/market"
	"github.com/jaspers-ai/jaspers/internal/portfolio"
	"github.com/jaspers-ai/jaspers/internal/returns"
)

// Report answers what is asked of one history. Any number may ask at once; what was asked before is at hand.
type Report struct {
	history   *history.History
	beside    *benchmark
	benchmark string
	riskFree  decimal.Decimal
	version   int64
	warnings  []string // of what could not be had for it
	asOf      time.Time

	mu      sync.Mutex
	views   map[string]*history.View // by connection
	answers map[string]answer        // by query
}

// Basis is what a report rests on beside the history.
type Basis struct {
	Benchmark string        // its symbol
	Closes    market.Closes // the benchmark's; without a symbol there are none
	FX        *market.Rates // of its currency to the history's; nil when it is the same
	Now       float64       // the benchmark's price of a last day that is not over; 0 for none
	RiskFree  decimal.Decimal
	Version   int64 // of the ledger
	AsOf      time.Time
	Warnings  []string
}

type answer struct {
	performance Performance
	warnings    []string
}

// maxAnswers bounds what is kept of one person's: periods of one's own choice have no end.
const maxAnswers = 64

// NewReport makes the report of a history.
func NewReport(h *history.History, b Basis) *Report {
	r := &Report{history: h, benchmark: b.Benchmark, riskFree: b.RiskFree, version: b.Version, warnings: b.Warnings, asOf: b.AsOf,
		views: map[string]*history.View{}, answers: map[string]answer{}}
	if b.Closes.Symbol != "" {
		r.beside = newBenchmark(h, b.Closes, b.FX, b.Now)
	}
	return r
}

// Answer gives what was worked out for the query before, or works it out. Errors and warnings are as Service.Performance
// has them. Nobody changes what it gives.
func (r *Report) Answer(q Query) (Performance, []string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := fmt.Sprint(q.name(), q.From, q.To, q.ConnectionID)
	if known, ok := r.answers[key]; ok {
		return known.performance, known.warnings, nil
	}
	v, err := r.view(q.ConnectionID)
	if err != nil {
		return Performance{}, nil, err
	}
	a, err := r.work(v, q)
	if err != nil {
		return Performance{}, nil, err
	}
	if len(r.answers) < maxAnswers {
		r.answers[key] = a
	}
	return a.performance, a.warnings, nil
}

// view is everything, or the accounts of one connection.
func (r *Report) view(connectionID string) (*history.View, error) {
	if v := r.views[connectionID]; v != nil {
		return v, nil
	}
	wanted := map[string]bool{}
	for _, a := range r.history.Accounts() {
		if connectionID == "" || a.ConnectionID == connectionID {
			wanted[a.ID] = true
		}
	}
	if connectionID != "" && len(wanted) == 0 {
		return nil, fault.New(fault.NotFound, "you have no account through this connection")
	}
	v := r.history.View(func(id string) bool { return wanted[id] })
	r.views[connectionID] = v
	return v, nil
}

// stretch is the days that a query is about, taken apart.
type stretch struct {
	h              *history.History
	v              *history.View
	after, through int
	early          bool
	whole          *history.Breakdown
	chain          returns.Chain
}

// work makes an answer.
func (r *Report) work(v *history.View, q Query) (answer, error) {
	h := r.history
	shown := Performance{
		Range: q.name(), AsOf: r.asOf, BaseCurrency: h.Base(), Status: string(returns.OK), SeriesStep: 1,
		Series: []Point{}, Accounts: []Contribution{}, Holdings: []Contribution{}, NotInHistory: []Beside{}, InputsHash: r.hash(q),
	}
	if len(h.Days()) == 0 {
		return r.nothing(shown), nil
	}
	after, through, early, err := q.stretch(h)
	if err != nil {
		return answer{}, err
	}
	s := stretch{h, v, after, through, early, v.TakeApart(after, through), chain(h, v, after, through)}
	p := period{from: h.DayOf(0).AddDays(-1), to: h.DayOf(through), asOf: r.asOf, partial: len(s.whole.Unvalued) > 0}
	if after >= 0 {
		p.from = h.DayOf(after)
	}
	if p.partial {
		shown.Status = string(returns.Partial)
	}
	shown.From, shown.To, shown.Live = &p.from, &p.to, h.Live(through)
	shown.Accounts = contributions(s.whole.ByAccount, s.whole.Gain().Sub(s.whole.Transit.Gain))
	shown.Holdings = contributions(s.whole.ByAsset, s.whole.Gain())
	if portfolio.KnownOf(s.whole.Closing, s.whole.ClosingLacks) == nil {
		return r.unvalued(shown, p, s), nil
	}
	drivers, err := driversOf(s.whole)
	if err != nil {
		return answer{}, err
	}
	shown.Gain, shown.Drivers = new(drivers.gain()), &drivers
	r.measure(&shown, p, s)
	shown.Series, shown.SeriesStep = series(h, v, after, through, returns.Index(s.chain.Series()), r.beside, s.whole.Opening)
	return answer{shown, r.warn(s, &shown)}, nil
}

// measure works out returns, risk and the benchmark.
func (r *Report) measure(shown *Performance, p period, s stretch) {
	payments := s.v.Payments(s.after, s.through)
	shown.TimeWeighted = p.figure("twr_daily", percentUnit, s.chain.Return).aYear(returns.Annualised(s.chain.Return, p.days()))
	shown.MoneyWeighted = p.moneyWeighted(history.Float(s.whole.Opening), history.Float(s.whole.Closing), payments)
	shown.Simple = p.simple(s.whole)
	shown.Benchmark = r.beside.compare(p, s.whole, payments, s.after, s.through)
	over := s.through - s.after
	if shown.Live {
		over--
	}
	shown.Risk = p.risk(s.chain, r.beside, s.after, over, r.riskFree)
}

// nothing is the answer of who has no history.
func (r *Report) nothing(shown Performance) answer {
	r.undefined(&shown, period{asOf: r.asOf}, returns.TooFewValues)
	for _, f := range append(shown.Risk.figures(), &shown.TimeWeighted, &shown.Simple, &shown.MoneyWeighted.Figure) {
		f.From, f.To = nil, nil
	}
	return answer{shown, append([]string{"No brokerage has told of transactions yet: there is no history."}, r.unread()...)}
}

// unvalued is the answer where nothing that is held in the end has a price and a rate: a value of nothing would be a lie,
// and so would be a gain.
func (r *Report) unvalued(shown Performance, p period, s stretch) answer {
	r.undefined(&shown, p, unvalued)
	index := make([]float64, s.through-s.after+1)
	shown.Series, shown.SeriesStep = series(s.h, s.v, s.after, s.through, index, nil, s.whole.Opening)
	for i := range shown.Series {
		shown.Series[i].TimeWeighted = nil
	}
	return answer{shown, r.warn(s, &shown)}
}

// undefined leaves an answer without figures, for a reason.
func (r *Report) undefined(shown *Performance, p period, why returns.Reason) {
	none := func(method string) Figure {
		return p.figure(method, percentUnit, returns.Figure{Status: returns.Undefined, Reason: why})
	}
	shown.Status = string(returns.Undefined)
	shown.TimeWeighted, shown.Simple = none("twr_daily"), none("gain_over_opening_and_inflows")
	shown.MoneyWeighted = MoneyWeighted{Figure: none("xirr_act365f"), Roots: []float64{}}
	shown.Risk = p.risk(returns.Chain{}, nil, -1, 0, r.riskFree)
	for _, f := range shown.Risk.figures() {
		f.Value, f.Annual, f.Status, f.Reason, f.Warnings = nil, nil, string(returns.Undefined), string(why), []string{}
	}
}

// hash stands for everything the answer rests on.
func (r *Report) hash(q Query) string {
	sum := sha256.New()
	_, _ = fmt.Fprintln(sum, r.version, r.benchmark, r.riskFree, q)
	r.history.Fingerprint(sum)
	return hex.EncodeToString(sum.Sum(nil))
}

// warn says what a reader of the answer has to know, the weightiest first.
func (r *Report) warn(s stretch, shown *Performance) []string {
	all := []string{}
	if s.early {
		all = append(all, fmt.Sprintf("The range begins before the portfolio's history: it is from %s on.", s.h.DayOf(0)))
	}
	all = append(all, r.unread()...)
	for i, a := range s.h.Accounts() {
		if s.v.Has(i) && a.Known && !a.CashComplete {
			all = append(all, fmt.Sprintf("Of %s trades alone are known: its cash is not in these figures, its purchases came in and its sales and dividends went out.", accountName(a)))
		}
	}
	all = append(append(all, s.whole.Unvalued...), s.whole.Old...)
	all = append(append(all, s.withoutReturn()...), s.implausible(shown)...)
	if r.beside == nil {
		all = append(all, fmt.Sprintf("There are no past prices of the benchmark %s: nothing is compared with it.", r.benchmark))
	}
	return append(all, r.warnings...)
}

// unread names the accounts that are missing in the history.
func (r *Report) unread() []string {
	var all []string
	for _, a := range r.history.Accounts() {
		if !a.Known {
			all = append(all, fmt.Sprintf("The history of %s was not read yet: it is not in these figures.", accountName(a)))
		}
	}
	return all
}

// accountName is how a warning calls an account.
func accountName(a ledger.Account) string {
	return fmt.Sprintf("account %s (%s)", portfolio.MaskAccount(a.Number), a.Provider)
}
