package builtin

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// holdings answers for each holding that the question names.
func (a *asked) holdings(p *page, rs []*result) {
	a.besides(p, rs)
	for _, r := range rs {
		a.holding(p, r)
	}
}

func (a *asked) holding(p *page, r *result) {
	h, name := r.at("holding"), plainly(r.text("symbol"))
	a.supposed(p, r, h)
	led := !a.text.Supposed() && !a.composed(p, r, h) && a.lead(p, r, holdingLeads, name)
	switch {
	case r.flag("held") && h.value != nil:
		a.position(p, r, h)
	case r.private():
		p.say("You hold %s: %s of the portfolio, unrealized %s. %s", name, r.figure("allocationPercent"), r.figure("unrealizedPnlPercent", "signed"), r.cite())
	default:
		p.say("You hold no %s now. %s", name, r.cite())
	}
	if _, some := r.amount("realizedBase"); led && a.has(holdingLeads[0].phrases...) { // it is said already
	} else if !isZero(r.amount("realizedBase")) || some && !r.flag("held") {
		p.say("Realized by sales of %s so far: %s. %s", name, r.figure("realizedBase", "signed"), r.cite())
	}
	if !isZero(r.amount("dividendsBase")) {
		p.say("Dividends received of %s before tax: %s. %s", name, r.figure("dividendsBase"), r.cite())
	}
	if !a.text.Supposed() || a.has("lot") {
		a.lots(p, r)
	}
	for _, account := range r.list("accounts") {
		if account.knows("reported") {
			p.note("By your transactions you hold %s of %s, by your brokerage %s. %s", account.figure("quantity"), name, account.figure("reported"), r.cite())
		}
		if account.flag("incompleteHistory") {
			p.note("The transactions of %s are not complete, so that cost and realized gains may not be either. %s", name, r.cite())
		}
	}
}

func (a *asked) position(p *page, r *result, h node) {
	p.say("You hold %s of **%s**, worth %s at %s: %s of your portfolio. %s", h.figure("quantity"), h.named()+stale(h), h.figure("marketValue"), h.figure("price"), h.figure("allocationPercent"), r.cite())
	p.say("Cost: %s in all, %s on average. Unrealized gain or loss: %s%s. Change since the previous close: %s%s.", h.figure("costBasis"), h.figure("averageCost"),
		h.figure("unrealizedPnl", "signed"), beside(h.figure("unrealizedPnlPercent", "signed")), h.figure("dayChange", "signed"), beside(h.figure("dayChangePercent", "signed")))
}

// lots lists the open lots, and adds up what is held for long and for short.
func (a *asked) lots(p *page, r *result) {
	const shown = 15
	var rows [][]string
	sums := map[string][]string{}
	for _, l := range r.list("lots") {
		term := cmp.Or(l.text("term"), "–")
		rows = append(rows, []string{cmp.Or(l.text("day"), unknown), term, l.figure("quantity"), l.figure("costBasis"), l.figure("gain", "signed"), l.figure("gainPercent", "signed")})
		if l.knows("gain") && l.text("term") != "" {
			sums[term] = append(sums[term], l.ref+".gain")
		}
	}
	if len(rows) == 0 || len(rows) == 1 && !a.has("lot", "long term", "short term", "tax", "bought", "holding period") {
		return
	}
	p.say("Open lots: %s", r.cite())
	p.table([]string{"Bought", "Term", "Quantity", "Cost", "Gain or loss", "In percent"}, first(rows, shown))
	for _, term := range []string{"long", "short"} {
		const most = 60 // terms of an expression that people can still read
		if n := len(sums[term]); n > 0 && n <= most {
			p.say("Unrealized gain or loss held for the %s term: %s.", term, refer("sum("+strings.Join(sums[term], ", ")+")", "signed"))
		}
	}
}

// supposed answers what a sale would bring, where the question supposes one.
func (a *asked) supposed(p *page, r *result, h node) {
	if !a.text.Supposed() || !h.knows("marketValue", "quantity") {
		return
	}
	value, gain := h.ref+".marketValue", h.ref+".unrealizedPnl"
	part, words := a.part(h)
	p.say("Selling %s at the last known price would bring about %s before fees and tax. %s", words, refer(value+part), r.cite())
	if h.knows("unrealizedPnl") {
		p.say("Of the unrealized gain or loss, that part is %s on average; which lots are sold decides the taxable one.", refer(gain+part, "signed"))
	}
}

// fractions are the parts of a holding that people speak of.
var fractions = []struct{ phrase, part, words string }{
	{"half", " / 2", "half of it"}, {"a third", " / 3", "a third of it"}, {"one third", " / 3", "a third of it"}, {"two thirds", " * 2 / 3", "two thirds of it"},
	{"a quarter", " / 4", "a quarter of it"}, {"three quarters", " * 3 / 4", "three quarters of it"}, {"a tenth", " / 10", "a tenth of it"},
}

// part is which part of a holding the question supposes to be sold, as what its value is multiplied by.
func (a *asked) part(h node) (expression, words string) {
	for _, f := range fractions {
		if a.has(f.phrase) {
			return f.part, f.words
		}
	}
	fields := strings.Fields(string(a.text))
	for i, w := range fields {
		n, err := strconv.Atoi(w)
		if err != nil || n <= 0 {
			continue
		}
		percent := strings.Contains(a.question, w+"%") || strings.Contains(a.question, w+" %") || i+1 < len(fields) && fields[i+1] == "percent"
		switch {
		case percent && n <= 100:
			return fmt.Sprintf(" * %d / 100", n), "that part of it"
		case !percent:
			return fmt.Sprintf(" * min(%d, %s.quantity) / %s.quantity", n, h.ref, h.ref), "that many"
		}
	}
	return "", "all of it"
}

func nextOfHolding(_ *asked, rs []*result) []string {
	symbol := plainly(rs[0].text("symbol"))
	return []string{"What is the news on " + symbol + "?", "What dividends did I get from " + symbol + "?", "How did " + symbol + " do over the past year?"}
}
