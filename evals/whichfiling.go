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

// filingsAsked puts first the filing whose company, year and form a question names, and then the next best.
func filingsAsked(question string, docs []filedDoc, lists [][]place) []place {
	order := make([]int, len(docs))
	fit := make([]float64, len(docs))
	for i, d := range docs {
		order[i], fit[i] = i, d.fits(question)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(fit[b], fit[a]) })
	var all []place
	for _, i := range order {
		all = append(all, lists[i]...)
		if len(all) >= longestRanking {
			break
		}
	}
	return all[:min(len(all), longestRanking)]
}

// fits is how well a filing suits what a question names: the company above all, then form, quarter and year.
func (d filedDoc) fits(question string) float64 {
	fit, words := 0.0, ranking.Words(question)
	named := ranking.Words(d.Company)
	found := 0
	for _, w := range named {
		if slices.Contains(words, w) {
			found++
		}
	}
	fit += 100 * float64(found) / float64(max(1, len(named)))
	lower, kind := strings.ToLower(question), strings.ToLower(d.Kind)
	if forms := formsAsked(lower); len(forms) > 0 && slices.Contains(forms, kind) {
		fit += 20
	}
	quarter := quarterOf(question)
	if m := docQuarter.FindStringSubmatch(d.Name); m != nil {
		if quarter == int(m[2][0]-'0') {
			fit += 15
		} else {
			fit -= 2
		}
	}
	if kind == "10k" {
		fit += 3 // where most is said
	}
	for i, year := range yearsOf(question) {
		if year == d.Period {
			fit += 10 / float64(i+1)
		}
		if i == 0 && year == d.Period-1 {
			fit += 2 // an annual report tells the year before, too
		}
	}
	return fit
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

// quartersAsked goes round the quarterly reports of a company: first the one whose quarter is named, or the latest where
// that is wanted, and then the best page of each in turn.
func quartersAsked(question string, docs []filedDoc, lists [][]place) []place {
	order := make([]int, len(docs))
	for i := range order {
		order[i] = i
	}
	rank := func(i int) int { return quarterFit(question, docs[i].Name) }
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(rank(b), rank(a)), strings.Compare(docs[b].Name, docs[a].Name))
	})
	var all []place
	for depth := range longestRanking {
		for _, i := range order {
			if depth < len(lists[i]) {
				all = append(all, lists[i][depth])
			}
		}
	}
	return all[:min(len(all), longestRanking)]
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
