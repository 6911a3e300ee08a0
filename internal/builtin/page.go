package builtin

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/figures"
)

func itoa(n int) string { return strconv.Itoa(n) }

// unknown stands in the place of a figure that nobody tells.
const unknown = "not known"

// amount is the number at a path, where it is known.
func (n node) amount(path string) (decimal.Decimal, bool) {
	number, ok := n.at(path).value.(json.Number)
	if !ok {
		return decimal.Zero, false
	}
	d, err := decimal.NewFromString(number.String())
	return d, err == nil
}

func (n node) knows(paths ...string) bool {
	for _, path := range paths {
		if _, ok := n.amount(path); !ok {
			return false
		}
	}
	return true
}

// figure refers to the number at a path, in a form where one is given; it says so where the number is not known.
func (n node) figure(path string, form ...string) string {
	if !n.knows(path) {
		return unknown
	}
	return refer(n.at(path).ref, form...)
}

// refer is a reference to a figure, or an expression over several.
func refer(expression string, form ...string) string {
	if len(form) > 0 {
		expression += " | " + form[0]
	}
	return "{{" + expression + "}}"
}

// beside puts a figure in parentheses behind another, where it is known.
func beside(figure string) string {
	if figure == unknown {
		return ""
	}
	return " (" + figure + ")"
}

// cite cites a place.
func (n node) cite() string { return "[[" + n.ref + "]]" }

// largest sorts places by a number, the largest first; those that do not know it are left out.
func largest(all []node, path string) []node {
	some := slices.DeleteFunc(slices.Clone(all), func(n node) bool { return !n.knows(path) })
	slices.SortStableFunc(some, func(x, y node) int {
		a, _ := x.amount(path)
		b, _ := y.amount(path)
		return b.Cmp(a)
	})
	return some
}

func smallest(all []node, path string) []node {
	some := largest(all, path)
	slices.Reverse(some)
	return some
}

func first[T any](all []T, n int) []T { return all[:min(len(all), n)] }

// page is an answer as it is written.
type page struct {
	text  strings.Builder
	notes []string // said at the end
}

// say writes a paragraph.
func (p *page) say(format string, parts ...any) {
	p.text.WriteString(fmt.Sprintf(format, parts...) + "\n\n")
}

// entries writes a list.
func (p *page) entries(lines []string) {
	if len(lines) == 0 {
		return
	}
	for _, line := range lines {
		p.text.WriteString("- " + line + "\n")
	}
	p.text.WriteString("\n")
}

// table writes rows under the names of their columns. What nobody tells is left out where it is a whole column.
func (p *page) table(columns []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	var kept []int
	for i := range columns {
		empty := func(row []string) bool { return row[i] == unknown || row[i] == "" }
		if i == 0 || slices.ContainsFunc(rows, func(row []string) bool { return !empty(row) }) {
			kept = append(kept, i)
		}
	}
	write := func(row []string) {
		for _, i := range kept {
			p.text.WriteString("| " + row[i] + " ")
		}
		p.text.WriteString("|\n")
	}
	write(columns)
	rule := make([]string, len(columns))
	for i := range rule {
		rule[i] = "---"
	}
	write(rule)
	for _, row := range rows {
		write(row)
	}
	p.text.WriteString("\n")
}

// note keeps something to be said at the end, once.
func (p *page) note(format string, parts ...any) {
	if text := fmt.Sprintf(format, parts...); !slices.Contains(p.notes, text) {
		p.notes = append(p.notes, text)
	}
}

// plainly is somebody else's word as it can stand in a line or cell: nothing in it is read as a mark of ours.
func plainly(text string) string {
	text = strings.NewReplacer("|", "/", "[", "(", "]", ")", "{", "(", "}", ")", "\n", " ", "\t", " ", "*", "", "`", "").Replace(text)
	return strings.Join(strings.Fields(text), " ")
}

// named is a symbol with its name, where it has one.
func (n node) named() string {
	symbol, name := plainly(n.text("symbol")), plainly(n.text("name"))
	if name == "" || strings.EqualFold(name, symbol) || counts(name) {
		return symbol
	}
	return name + " (" + symbol + ")"
}

// counts tells whether a text says how much of something there is: such a figure may only be given by reference.
func counts(text string) bool {
	return slices.ContainsFunc(figures.Find(text), func(f figures.Figure) bool { return f.Kind == figures.Amount })
}

// listed joins names as a sentence has them.
func listed(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}
