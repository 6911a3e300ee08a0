package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/calculate"
	"github.com/jaspers-ai/jaspers/internal/figures"
)

const (
	// slack is by which part a figure may miss what it is reckoned from: people let answers pass that reckon with rounded
	// figures.
	slack = 0.005
	// What share of the figures of an answer nothing may bear out. Where a figure is asked for, those around it may be off;
	// where it is asked whether, or which, the figures are the reasons; where it is asked what there is, they stand aside.
	mostAround, mostReasons, mostAside = 0.2, 0.1, 0.67
	// mostCounted is up to which plain whole number one may be a count of things that the pages do not count.
	mostCounted = 31
	// leastDenials is the share of the sentences from which an answer without a figure is one that found nothing.
	leastDenials = 0.15
)

// onPages are the amounts of a question and its pages as known figures, which the headings of their tables scale.
func onPages(question string, pages evidence) []figures.Known {
	var known []figures.Known
	add := func(where, text string) {
		for i, f := range figures.Find(text) {
			if f.Kind == figures.Amount {
				known = append(known, figures.Known{Name: fmt.Sprintf("%s.f%d", where, i), Value: f.Value, Unit: f.Unit, Loose: true})
			}
		}
	}
	add("question", question)
	for i, p := range pages.Pages {
		add(fmt.Sprintf("page%d", i), p.Text)
	}
	return known
}

// supported says whether the pages bear out what an answer says in figures.
func supported(question, answer string, pages evidence) bool {
	asked, open := asksForFigure.MatchString(question), asksWhat.MatchString(question)
	if givesUp.MatchString(answer) {
		return false
	}
	checker := figures.Checker{Known: onPages(question, pages), Slack: slack}
	verdicts := slices.DeleteFunc(checker.Check(answer), func(v figures.Verdict) bool { return v.Kind != figures.Amount || counts(v) })
	switch {
	case len(verdicts) == 0:
		return !asked && (!findsNothing(answer) || (open && !speakOf(question, pages)))
	case asked:
		return verdicts[len(verdicts)-1].State != figures.Unverified && borneOut(verdicts, mostAround)
	case open:
		return borneOut(verdicts, mostAside)
	}
	return borneOut(verdicts, mostReasons)
}

// borneOut tells whether no figure is miscounted and at most a share of them unverified.
func borneOut(verdicts []figures.Verdict, most float64) bool {
	bad := 0
	for _, v := range verdicts {
		if v.Miscounted != "" {
			return false
		}
		if v.State == figures.Unverified {
			bad++
		}
	}
	return float64(bad) <= most*float64(len(verdicts))
}

// counts tells whether a figure may count things or steps; nought is an answer.
func counts(v figures.Verdict) bool {
	return v.Unit == calculate.Ratio && !v.Scaled && v.Value.IsInteger() && !v.Value.IsZero() && v.Value.Abs().LessThanOrEqual(decimal.NewFromInt(mostCounted))
}

var (
	asksForFigure = regexp.MustCompile(`(?i)how (?:much|many)|what (?:is|was|are|were) .*\b(?:ratio|margin|average|amount|total|percent|rate|growth|cagr|change|turnover|ebitda|value|capex|payables?|receivables?|income|revenues?|costs?|debt|inventor(?:y|ies)|quantity|capital|assets?|liabilit(?:y|ies)|cash flow|dividends?|expenditures?)\b|what percent|answer in|calculate|round your`)
	asksWhat      = regexp.MustCompile(`(?i)^(?:what|why|who|describe|list)\b`)
	sentenceEnds  = regexp.MustCompile(`[.!?:;]\s+|\n+`)
	denies        = regexp.MustCompile(`(?i)\b(?:(?:does|do|did) ?n(?:ot|['’]t)|is not|are not|isn['’]t|cannot|can['’]t|unable to|without) (?:\w+ ){0,3}(?:provid|mention|contain|include|disclos|specif|explicit|available|access|stat|determin|have)|no (?:mention|information|specific|data)|as an AI`)
	givesUp       = regexp.MustCompile(`(?i)(?:cannot|can['’]t|not possible to|unable to|impossible to) (?:be )?(?:\w+ )?(?:calculate|determine|conclude|compare|answer|provide)`)
	opensDenying  = regexp.MustCompile(`(?i)\b(?:no|not|cannot|unable)\b|n['’]t\b`)
	longWord      = regexp.MustCompile(`\b[a-z]{7,}\b`)
	moneyOrShare  = regexp.MustCompile(`[$€£%]|[mb]illion`)
)

// findsNothing tells whether an answer mostly says what is not there, or begins with that.
func findsNothing(answer string) bool {
	all, denials, opens := 0, 0, false
	for _, s := range sentenceEnds.Split(answer, -1) {
		if len(s) < 16 {
			continue
		}
		if all == 0 {
			opens = opensDenying.MatchString(s)
		}
		all++
		if denies.MatchString(s) {
			denials++
		}
	}
	return opens || float64(denials) >= leastDenials*float64(max(1, all))
}

// speakOf tells whether the pages have a sentence with an amount and a word that the question is about, by how the word
// begins.
func speakOf(question string, pages evidence) bool {
	about := map[string]bool{}
	for _, w := range longWord.FindAllString(question, -1) {
		about[w[:5]] = true
	}
	for _, p := range pages.Pages {
		for _, s := range sentenceEnds.Split(strings.ToLower(p.Text), -1) {
			if moneyOrShare.MatchString(s) && slices.ContainsFunc(longWord.FindAllString(s, -1), func(w string) bool { return about[w[:5]] }) {
				return true
			}
		}
	}
	return false
}
