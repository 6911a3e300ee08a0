package builtin

import (
	"cmp"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/intent"
)

// performance answers how the portfolio did: returns, where they came from, against the benchmark, and at which risk.
func (a *asked) performance(p *page, rs []*result) {
	r := rs[0]
	if len(a.picked()) > 0 {
		a.sayPicked(p, r)
		return
	}
	p.say("**Performance%s** %s", prefixed(", ", plainly(r.text("period"))), r.cite())
	a.lead(p, r, performanceLeads, "")
	risk := a.topic(intent.Risk) || a.has("volatility", "volatile", "sharpe", "sortino", "drawdown", "beta")
	if risk {
		riskOf(p, r)
	}
	if a.about.Movers != "" {
		a.contributions(p, r)
		return
	}
	returns(p, r)
	against(p, r)
	if !risk {
		drivers(p, r)
		a.contributions(p, r)
		p.say("Volatility, annualized: %s. Deepest fall: %s%s.", valueOf(p, r, "risk.volatility", "Volatility"), valueOf(p, r, "risk.maxDrawdown", "The deepest fall"), fallDays(r))
	}
	if r.flag("risk.shortHistory") {
		p.note("The history is short: measures of risk say little yet. %s", r.cite())
	}
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// valueOf is a figure, or a note of why there is none.
func valueOf(p *page, r *result, path, name string, form ...string) string {
	if reason := plainly(r.text(path + ".reason")); reason != "" && !r.knows(path+".value") {
		if counts(reason) {
			reason = "there is too little to go by"
		}
		p.note("%s is not known: %s. %s", name, strings.TrimSuffix(reason, "."), r.cite())
	}
	return r.figure(path+".value", form...)
}

func returns(p *page, r *result) {
	p.say("Return, time-weighted: %s. Return on your money (money-weighted): %s. Gain or loss: %s.", valueOf(p, r, "timeWeighted", "The time-weighted return", "signed"),
		valueOf(p, r, "moneyWeighted", "The money-weighted return", "signed"), r.figure("gain", "signed"))
	if r.knows("timeWeighted.annual") {
		p.say("Time-weighted, that is %s a year.", r.figure("timeWeighted.annual", "signed"))
	}
}

// against compares with the benchmark.
func against(p *page, r *result) {
	b := r.at("benchmark")
	if b.value == nil {
		return
	}
	symbol := plainly(b.text("symbol"))
	p.say("The benchmark %s returned %s over the same time.", symbol, valueOf(p, r, "benchmark.timeWeighted", "The benchmark's return", "signed"))
	if r.knows("timeWeighted.value", "benchmark.timeWeighted.value") {
		p.say("Your portfolio less the benchmark: %s.", refer(r.ref+".timeWeighted.value - "+r.ref+".benchmark.timeWeighted.value", "signed"))
	}
	if b.knows("sameFlows.value") {
		p.say("Your money, put into %s on the same days, would have returned %s.", symbol, b.figure("sameFlows.value", "signed"))
	}
}

func drivers(p *page, r *result) {
	if !r.knows("closing") {
		return
	}
	p.table([]string{"Where it came from", "Amount"}, [][]string{
		{"Value at the beginning", r.figure("opening")}, {"Put in", r.figure("in")}, {"Taken out", r.figure("out")}, {"Prices", r.figure("market", "signed")},
		{"Dividends and interest", r.figure("income", "signed")}, {"Fees", r.figure("fees")}, {"Taxes", r.figure("taxes")}, {"Currencies", r.figure("fx", "signed")}, {"Value at the end", r.figure("closing")},
	})
}

func riskOf(p *page, r *result) {
	p.table([]string{"Risk", "Figure"}, [][]string{
		{"Volatility, annualized", valueOf(p, r, "risk.volatility", "Volatility")}, {"Sharpe ratio", valueOf(p, r, "risk.sharpe", "The Sharpe ratio", "2")},
		{"Sortino ratio", valueOf(p, r, "risk.sortino", "The Sortino ratio", "2")}, {"Deepest fall" + fallDays(r), valueOf(p, r, "risk.maxDrawdown", "The deepest fall")},
		{"Below the last peak now", r.figure("risk.currentDrawdown.value")}, {"Beta", r.figure("risk.beta.value", "2")},
	})
}

// fallDays says when the deepest fall was.
func fallDays(r *result) string {
	peak, trough := r.text("risk.maxDrawdown.peak"), r.text("risk.maxDrawdown.trough")
	if peak == "" || trough == "" {
		return ""
	}
	return ", from " + peak + " to " + trough
}

// contributions lists what brought and cost the most.
func (a *asked) contributions(p *page, r *result) {
	const shown = 5
	for _, side := range []struct{ path, movers, words string }{{"best", "gainers", "What brought the most:"}, {"worst", "losers", "What cost the most:"}} {
		if a.about.Movers != "" && a.about.Movers != side.movers {
			continue
		}
		var rows [][]string
		for _, c := range first(r.list(side.path), min(a.count(), shown)) {
			rows = append(rows, []string{cmp.Or(c.named(), plainly(c.text("name"))), c.figure("gain", "signed"), c.figure("points", "signed")})
		}
		if len(rows) == 0 && a.about.Movers != "" {
			p.say("No holding is known to be among the %s of this time.", side.movers)
		}
		if len(rows) > 0 {
			p.say("%s", side.words)
			p.table([]string{"Holding", "Gain or loss", "Points of return"}, rows)
		}
	}
}

func nextOfPerformance(a *asked, _ []*result) []string {
	next := []string{"What were my biggest losers this year?"}
	if !a.topic(intent.Risk) {
		next = append(next, "How volatile is my portfolio?")
	}
	return append(next, "What gains did I realize this year?")
}
