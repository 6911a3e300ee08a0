package main

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/ranking"
)

var (
	yearAsked    = regexp.MustCompile(`(?i)(?:fy|fiscal|q[1-4])?\s?'?(19\d\d|20\d\d)`)
	shortYear    = regexp.MustCompile(`(?i)\bfy\s?'?(\d\d)\b`)
	quarterAsked = regexp.MustCompile(`(?i)\bq([1-4])`)
	quarterWords = regexp.MustCompile(`(?i)\b(first|second|third|fourth) quarter`)
	ownFigures   = regexp.MustCompile(`(?i)\b(non.?gaap|adjusted|organic|constant currency|comparable sales|exclud\w+ the (impact|effect))`)
	properName   = regexp.MustCompile(`\b[A-Z][A-Za-z]{2,}`)
	docQuarter   = regexp.MustCompile(`(?i)(\d{4})_?Q([1-4])`)
)

// yearsOf are the years a question names, the last one first.
func yearsOf(question string) []int {
	var years []int
	for _, m := range yearAsked.FindAllStringSubmatch(question, -1) {
		year, _ := strconv.Atoi(m[1])
		years = append(years, year)
	}
	for _, m := range shortYear.FindAllStringSubmatch(question, -1) {
		year, _ := strconv.Atoi(m[1])
		years = append(years, 2000+year)
	}
	slices.Sort(years)
	slices.Reverse(years)
	return slices.Compact(years)
}

// quarterOf is the quarter a question names; 0 where it names none.
func quarterOf(question string) int {
	if m := quarterAsked.FindStringSubmatch(question); m != nil {
		return int(m[1][0] - '0')
	}
	if m := quarterWords.FindStringSubmatch(question); m != nil {
		return 1 + slices.Index([]string{"first", "second", "third", "fourth"}, strings.ToLower(m[1]))
	}
	return 0
}

// filingsAsked puts first the filing whose company, year and form a question names, and then the next best. Where no
// company is named, the pages of all filings of the best fit are ranked as one.
func filingsAsked(question string, docs []filedDoc) []place {
	order := make([]int, len(docs))
	fit := make([]float64, len(docs))
	for i, d := range docs {
		order[i], fit[i] = i, d.fits(question)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(fit[b], fit[a]) })
	q := ranking.Understand(question)
	if fit[order[0]] < fitCompany/2 || !slices.ContainsFunc(docs, func(d filedDoc) bool { return d.named(question) > 0.5 }) {
		var best []filedDoc
		for _, i := range order {
			if fit[i] >= fit[order[0]]-fitYear {
				best = append(best, docs[i])
			}
		}
		return rankPages(q, best...)
	}
	var all []place
	for _, i := range order {
		if all = append(all, rankPages(q, docs[i])...); len(all) >= longestRanking {
			break
		}
	}
	return all[:min(len(all), longestRanking)]
}

// How well a filing suits a question, in points: the company above all, then the form, the quarter and the year.
const (
	fitCompany = 100.0
	fitForm    = 20.0
	fitQuarter = 15.0
	fitYear    = 10.0
	// fitOwn is for releases, where figures stand that are the company's own and no accounting standard's.
	fitOwn = 6.0
	// fitAnnual is for annual reports, which say most, and fitOther less than nothing for a quarter nobody asked for.
	fitAnnual, fitOther = 3.0, -2.0
	// fitLatest is for each year that a filing is newer, where no year is named.
	fitLatest = 4.0
)

// fits is how well a filing suits what a question names.
func (d filedDoc) fits(question string) float64 {
	fit, lower, kind := fitCompany*d.named(question), strings.ToLower(question), strings.ToLower(d.Kind)
	if slices.Contains(formsAsked(lower), kind) {
		fit += fitForm
	}
	if m := docQuarter.FindStringSubmatch(d.Name); m != nil && kind == "10q" {
		fit += fitOther
		if quarterOf(question) == int(m[2][0]-'0') {
			fit += fitQuarter - fitOther
		}
	}
	switch {
	case kind == "10k":
		fit += fitAnnual
	case kind == "earnings" && ownFigures.MatchString(question):
		fit += fitOwn
	}
	years := yearsOf(question)
	if len(years) == 0 {
		return fit + fitLatest*float64(d.Period-2000)
	}
	for i, year := range years {
		switch year {
		case d.Period:
			fit += fitYear / float64(i+1)
		case d.Period - 1: // a report tells the year before, too
			fit += fitYear / float64(5*(i+1))
		}
	}
	return fit
}

// named is the share of the company's name that stands in the question.
func (d filedDoc) named(question string) float64 {
	words, name, found := ranking.Words(question), ranking.Words(d.Company), 0.0
	for _, word := range name {
		if slices.Contains(words, word) {
			found++
		}
	}
	return found / float64(max(1, len(name)))
}

func formsAsked(lower string) []string {
	var forms []string
	for form, names := range map[string][]string{
		"10k": {"10k", "10-k", "annual report"}, "10q": {"10q", "10-q", "quarterly report"}, "8k": {"8k", "8-k"}, "earnings": {"earnings release", "press release"},
	} {
		if slices.ContainsFunc(names, func(name string) bool { return strings.Contains(lower, name) }) {
			forms = append(forms, form)
		}
	}
	return forms
}

// quartersAsked goes round the quarterly reports of a company: first the one whose quarter is named, or else the latest,
// and then the best page of each in turn.
func quartersAsked(question string, docs []filedDoc) []place {
	order := slices.SortedStableFunc(slices.Values(onCover(question, docs)), func(a, b filedDoc) int {
		return cmp.Or(cmp.Compare(quarterFit(question, b.Name), quarterFit(question, a.Name)), strings.Compare(b.Name, a.Name))
	})
	q := ranking.Understand(question)
	lists := make([][]place, len(order))
	for i, d := range order {
		lists[i] = rankPages(q, d)
	}
	var all []place
	for depth := range longestRanking {
		for _, list := range lists {
			if depth < len(list) {
				all = append(all, list[depth])
			}
		}
	}
	return all[:min(len(all), longestRanking)]
}

// onCover are the filings on whose first page a name of the question stands that is not on those of most others; all,
// where there is no such name.
func onCover(question string, docs []filedDoc) []filedDoc {
	var named []filedDoc
	for _, name := range properName.FindAllString(question, -1) {
		word := ranking.Words(name)[0]
		some := slices.DeleteFunc(slices.Clone(docs), func(d filedDoc) bool {
			return len(d.pages) == 0 || !slices.Contains(ranking.Words(d.pages[0].Text), word)
		})
		if len(some) > len(docs)/2 {
			continue
		}
		for _, d := range some {
			if !slices.ContainsFunc(named, func(known filedDoc) bool { return known.Name == d.Name }) {
				named = append(named, d)
			}
		}
	}
	if len(named) == 0 {
		return docs
	}
	return named
}

// quarterFit is how well the quarter in a filing's name suits a question; without one, the latest is as good as any.
func quarterFit(question, name string) int {
	m := docQuarter.FindStringSubmatch(name)
	if m == nil {
		return 0
	}
	fit, year := 0, 0
	year, _ = strconv.Atoi(m[1])
	if slices.Contains(yearsOf(question), year) {
		fit++
	}
	if quarterOf(question) == int(m[2][0]-'0') {
		fit++
	}
	return fit
}
