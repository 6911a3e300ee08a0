package main

import (
	"fmt"

	"github.com/jaspers-ai/jaspers/internal/figures"
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
	for _, v := range (figures.Checker{Known: onPages(question, pages), Slack: 0.005}).Check(answer) {
		if v.State == figures.Unverified {
			return false
		}
	}
	return true
}
