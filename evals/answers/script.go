package answers

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/sim"
)

// script is what the simulated Claude does, and what of it is wrong.
type script struct {
	sim.ClaudeScript
	lines []string // what each line says before its figure
	kind  string   // of what is wrong; empty where nothing is
	wrong int      // the line that is
}

var callName = regexp.MustCompile(`\b([a-h])\.`)

// shift makes a path that begins with a refer to a later call.
func shift(path string, by int) string {
	return callName.ReplaceAllStringFunc(path, func(name string) string { return string(name[0]+byte(by)) + "." }) // #nosec G115 -- some calls
}

// statement is a line of an answer: a sentence with a figure, and the call that it cites.
type statement struct {
	says, figure, call string
	reading            reading
}

// statements are an answer's lines with the calls they take, half of the figures by reference and half typed.
func statements(want []reading, number int) (all []statement, calls []sim.ScriptedCall) {
	for i, r := range want {
		path := shift(r.path, len(calls))
		s := statement{says: r.says, call: "abcdefgh"[len(calls) : len(calls)+1], reading: r}
		if (number+i)%2 == 0 {
			s.figure = referred(path)
		} else {
			s.figure = typed(path, r, number)
		}
		all, calls = append(all, s), append(calls, r.calls...)
	}
	return all, calls
}

func referred(path string) string {
	if strings.Contains(path, " / ") {
		return "{{" + path + " | %}}"
	}
	return "{{" + path + "}}"
}

func typed(path string, r reading, number int) string {
	return "<<" + path + "|" + r.forms[number%len(r.forms)] + ">>"
}

func altered(path string, r reading, number int, how string) string {
	return strings.TrimSuffix(typed(path, r, number), ">>") + "|" + how + ">>"
}

// text is the lines as the simulated Claude writes them.
func text(all []statement) (out string, lines []string) {
	var b strings.Builder
	for _, s := range all {
		before, _, _ := strings.Cut(s.says, "%s")
		lines = append(lines, before)
		fmt.Fprintf(&b, "%s. [[%s]]\n\n", strings.Replace(s.says, "%s", s.figure, 1), s.call)
	}
	return strings.TrimSpace(b.String()), lines
}

// honest is an answer that says what is true.
func honest(q question, want []reading, number int) *script {
	if len(want) == 0 {
		return told(q, "", "")
	}
	all, calls := statements(want, number)
	return scriptOf(all, calls)
}

func scriptOf(all []statement, calls []sim.ScriptedCall) *script {
	out, lines := text(all)
	rounds := [][]sim.ScriptedCall{calls}
	if len(calls) > 1 { // what follows from the first call is asked after it
		rounds = [][]sim.ScriptedCall{calls[:1], calls[1:]}
	}
	return &script{ClaudeScript: sim.ClaudeScript{Rounds: rounds, Text: out}, lines: lines}
}

// told is an answer without figures: a quote from a filing, a filing that is named, or news.
func told(q question, kind, cited string) *script {
	s := &script{kind: kind, lines: []string{""}}
	switch q.Source {
	case "search_passages":
		form := "words"
		if kind == "altered quote" {
			form = "words|quote"
		}
		if cited == "" {
			cited = "[[a.passages[0]]]"
		}
		s.Rounds = [][]sim.ScriptedCall{call("search_passages", `{"query":%q,"symbol":%q}`, q.Query, q.Symbol)}
		s.Text = "The filing of " + q.Symbol + " says: “<<a.passages[0].text|" + form + ">>” " + cited
		s.lines = []string{"The filing of"}
	case "get_news":
		if cited == "" {
			cited = "[[a.stories[0]]]"
		}
		s.Rounds = [][]sim.ScriptedCall{call("get_news", `{"symbol":%q}`, q.Symbol)}
		s.Text = "There is news on " + q.Symbol + ". " + cited
		s.lines = []string{"There is news on"}
	default:
		if cited == "" {
			cited = "[[a.filings[0]]]"
		}
		s.Rounds = [][]sim.ScriptedCall{call("list_filings", `{"symbol":%q,"forms":[%q]}`, q.Symbol, q.Form)}
		s.Text = "The newest " + q.Form + " of " + q.Symbol + " was filed on {filed}. " + cited
		s.lines = []string{"The newest " + q.Form}
	}
	return s
}

// adversaries are answers in each of which one thing is wrong.
func adversaries(q question, want []reading, number int) []*script {
	if len(want) == 0 {
		some := []*script{told(q, "invented result", "[[t9]]"), told(q, "invented part", "[[a.passages[97]]]"), told(q, "typed source", "[1]")}
		if q.Source == "search_passages" {
			some = append(some, told(q, "altered quote", ""))
		}
		return some
	}
	var some []*script
	add := func(kind string, change func(*statement)) {
		all, calls := statements(want, number)
		line := number % len(all)
		change(&all[line])
		s := scriptOf(all, calls)
		s.kind, s.wrong = kind, line
		some = append(some, s)
	}
	all, _ := statements(want, number)
	r := want[number%len(want)]
	path := pathOf(all[number%len(all)].figure)
	for _, how := range []string{"digit", "unit", "sign", "scale"} {
		if how == "sign" && (r.unsaid || r.value.IsZero()) {
			continue
		}
		add(how, func(s *statement) { s.figure = altered(path, r, number, how) })
	}
	for _, says := range r.wrong {
		add("subject", func(s *statement) { s.says, s.figure = says, typed(path, r, number) })
		add("subject of a reference", func(s *statement) { s.says, s.figure = says, referred(path) })
	}
	for _, says := range r.others {
		add("measure", func(s *statement) { s.says, s.figure = says, typed(path, r, number) })
		add("measure of a reference", func(s *statement) { s.says, s.figure = says, referred(path) })
	}
	for _, says := range r.lapsed {
		add("period", func(s *statement) { s.says, s.figure = says, typed(path, r, number) })
		add("period of a reference", func(s *statement) { s.says, s.figure = says, referred(path) })
	}
	if r.old.Valid && !r.old.Decimal.Equal(r.value) {
		add("stale", func(s *statement) { s.figure = sim.WriteFigure(r.old.Decimal, r.forms[number%len(r.forms)]) })
	}
	add("invented result", func(s *statement) { s.figure, s.call = altered(path, r, number, "digit"), "t9" })
	return append(some, typedSource(q, want, number))
}

// typedSource is an answer that numbers a source itself.
func typedSource(q question, want []reading, number int) *script {
	s := honest(q, want, number)
	s.kind = "typed source"
	s.Text = strings.Replace(s.Text, " [[a]]", " [1]", 1)
	return s
}

// pathOf is what a figure of a script refers to.
func pathOf(figure string) string {
	path, _, _ := strings.Cut(strings.Trim(figure, "<>{}"), "|")
	return strings.TrimSpace(path)
}
