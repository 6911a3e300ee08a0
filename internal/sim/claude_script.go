package sim

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// ClaudeScript is what the simulated Claude does with a question, in place of what it would do of its own accord: the
// calls it makes, round by round, and what it writes from their results.
//
// In the text stand {{a.summary.totalValue}} for a reference and [[a]] for a citation, where a letter is the call it is
// of, a the first; and <<a.summary.totalValue|money>> for a figure that it types from the result, in one of the ways of
// WriteFigure. A second bar and a word alter what is typed: digit, unit, sign or scale. <<a.passages[0].text|words>> are
// the first words of a text.
type ClaudeScript struct {
	Rounds [][]ScriptedCall
	Text   string
}

// ScriptedCall is a tool call with its input as JSON.
type ScriptedCall struct{ Tool, Input string }

// unknownText stands where a result has no such figure.
const unknownText = "unknown"

// scripted is the next turn by a script: the next round of calls, or the text.
func (c *claudeState) scripted(script ClaudeScript, conv conversation, model string) *claudeTurn {
	turn := &claudeTurn{id: c.newID("msg_", conv.question), model: model, stop: "end_turn"}
	made := 0
	for _, round := range script.Rounds {
		if made += len(round); len(conv.uses) >= made {
			continue
		}
		turn.stop = "tool_use"
		for _, call := range round {
			turn.blocks = append(turn.blocks, callOut(c.newID("toolu_", conv.question+call.Input), call.Tool, call.Input))
		}
		return turn
	}
	turn.blocks = []claudeOut{textOut(conv.fillIn(script.Text))}
	return turn
}

var (
	scriptSlot = regexp.MustCompile(`<<([a-z][^|<>]*)\|([^|<>]*)(?:\|([^|<>]*))?>>`)
	scriptCall = regexp.MustCompile(`(\{\{|\[\[|[-+*/(,] )([a-h])([.\]])`)
)

// fillIn types figures from the results and puts the results' handles for the letters.
func (c conversation) fillIn(text string) string {
	text = scriptSlot.ReplaceAllStringFunc(text, func(slot string) string {
		parts := scriptSlot.FindStringSubmatch(slot)
		return alter(c.typed(parts[1], parts[2]), parts[3])
	})
	// Twice, as what one match ends with may be what the next begins with.
	for range 2 {
		text = scriptCall.ReplaceAllStringFunc(text, func(found string) string {
			parts := scriptCall.FindStringSubmatch(found)
			return parts[1] + c.handle(int(parts[2][0]-'a')) + parts[3]
		})
	}
	return text
}

// handle is that of the nth result; t0, which there is never, where that was not called or failed.
func (c conversation) handle(n int) string {
	var result struct {
		Handle string `json:"handle"`
	}
	if n >= len(c.uses) || json.Unmarshal([]byte(c.uses[n].content), &result) != nil || result.Handle == "" {
		return "t0"
	}
	return result.Handle
}

// typed is what a person would write for an expression of at most two figures.
func (c conversation) typed(expression, form string) string {
	for _, operator := range []string{" + ", " - ", " / "} {
		left, right, two := strings.Cut(expression, operator)
		if !two {
			continue
		}
		x, okX := c.number(left)
		y, okY := c.number(right)
		if !okX || !okY || operator == " / " && y.IsZero() {
			return unknownText
		}
		switch operator {
		case " + ":
			return WriteFigure(x.Add(y), form)
		case " - ":
			return WriteFigure(x.Sub(y), form)
		}
		return WriteFigure(x.Shift(2).DivRound(y, 8), form)
	}
	if form == "words" {
		text, _ := c.at(expression).(string)
		return firstWords(text)
	}
	if d, ok := c.number(expression); ok {
		return WriteFigure(d, form)
	}
	return unknownText
}

func (c conversation) number(path string) (decimal.Decimal, bool) {
	switch v := c.at(path).(type) {
	case json.Number:
		d, err := decimal.NewFromString(v.String())
		return d, err == nil
	case string:
		d, err := decimal.NewFromString(v)
		return d, err == nil
	}
	return decimal.Zero, false
}

// at is what stands at a path: a.holdings[AAPL].marketValue.
func (c conversation) at(path string) any {
	name, rest, _ := strings.Cut(path, ".")
	n := int(name[0] - 'a')
	if n >= len(c.uses) {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(c.uses[n].content))
	decoder.UseNumber()
	var result struct {
		Data any `json:"data"`
	}
	if decoder.Decode(&result) != nil {
		return nil
	}
	at := result.Data
	for _, step := range strings.FieldsFunc(rest, func(r rune) bool { return r == '.' || r == '[' }) {
		if key, place := strings.CutSuffix(step, "]"); place {
			at = placeOf(at, key)
			continue
		}
		fields, _ := at.(map[string]any)
		at = fields[step]
	}
	return at
}

// placeOf is the entry of a list by its number, or by a text that stands in it.
func placeOf(list any, key string) any {
	entries, _ := list.([]any)
	if n, err := strconv.Atoi(key); err == nil {
		if n < len(entries) {
			return entries[n]
		}
	}
	for _, e := range entries {
		fields, _ := e.(map[string]any)
		for _, name := range []string{"symbol", "key", "name", "day", "period", "kind", "concept", "month"} {
			if fields[name] == key {
				return e
			}
		}
	}
	return nil
}

func firstWords(text string) string {
	const most = 9
	words := strings.Fields(text)
	start := 0
	for start < len(words) && start < 40 && !strings.HasSuffix(words[start], ".") { // the first sentence may be a heading
		start++
	}
	if start+1+most > len(words) {
		start = -1
	}
	return strings.Trim(strings.Join(words[start+1:min(len(words), start+1+most)], " "), `.,;:"“”`)
}

// WriteFigure writes a figure as people do: money with cents, code with the currency's code, whole dollars, about a
// round number, compact in millions, percent, or plain.
func WriteFigure(d decimal.Decimal, form string) string {
	sign, size := "", d.Abs()
	if d.IsNegative() {
		sign = "-"
	}
	switch form {
	case "money":
		return sign + "$" + groupThousands(size.StringFixed(2))
	case "code":
		return sign + groupThousands(size.StringFixed(2)) + " USD"
	case "whole":
		return sign + "$" + groupThousands(size.StringFixed(0))
	case "about":
		return "about " + sign + "$" + groupThousands(significant(size, 3).String())
	case "compact":
		return sign + "$" + inLarge(size)
	case "percent":
		return sign + size.StringFixed(2) + "%"
	case "percents":
		return sign + size.StringFixed(1) + " percent"
	case "aboutpercent":
		return "about " + sign + size.StringFixed(0) + " %"
	case "large":
		return sign + inLarge(size)
	}
	return sign + groupThousands(size.String())
}

// inLarge writes millions and more with their word.
func inLarge(size decimal.Decimal) string {
	for _, scale := range []struct {
		digits int32
		word   string
	}{{12, " trillion"}, {9, " billion"}, {6, " million"}, {3, " thousand"}} {
		if size.GreaterThanOrEqual(decimal.New(1, scale.digits)) {
			return significant(size.Shift(-scale.digits), 4).String() + scale.word
		}
	}
	return significant(size, 4).String()
}

// significant keeps so many digits.
func significant(d decimal.Decimal, digits int) decimal.Decimal {
	if d.IsZero() {
		return d
	}
	whole := d.NumDigits() + int(d.Exponent())
	return d.Round(int32(digits - whole)) // #nosec G115 -- some tens at most
}

// alter makes of a typed figure one that is wrong.
func alter(text, how string) string {
	switch how {
	case "digit":
		return otherDigit(text)
	case "sign":
		about := ""
		if rest, ok := strings.CutPrefix(text, "about "); ok {
			about, text = "about ", rest
		}
		if rest, ok := strings.CutPrefix(text, "-"); ok {
			return about + rest
		}
		return about + "-" + text
	case "unit":
		return otherUnit(text)
	case "scale":
		return otherScale(text)
	case "quote":
		words := strings.Fields(text)
		slices.Reverse(words)
		return strings.Join(words, " ")
	}
	return text
}

// otherDigit changes the second digit of a figure, or its only one.
func otherDigit(text string) string {
	var places []int
	for i, c := range []byte(text) {
		if c >= '0' && c <= '9' && (len(places) > 0 || c != '0') {
			places = append(places, i)
		}
	}
	if len(places) == 0 {
		return text
	}
	at := places[min(1, len(places)-1)]
	digit := (text[at]-'0'+4)%10 + '0'
	if digit == '0' {
		digit = '5'
	}
	return text[:at] + string(digit) + text[at+1:]
}

func otherUnit(text string) string {
	for _, pair := range [][2]string{{"$", "€"}, {" USD", " EUR"}, {" percent", " dollars"}, {" %", " USD"}, {"%", " USD"}} {
		if strings.Contains(text, pair[0]) {
			return strings.Replace(text, pair[0], pair[1], 1)
		}
	}
	return text + "%"
}

func otherScale(text string) string {
	for _, pair := range [][2]string{{"million", "billion"}, {"billion", "million"}, {"thousand", "million"}, {"trillion", "billion"}} {
		if strings.Contains(text, pair[0]) {
			return strings.Replace(text, pair[0], pair[1], 1)
		}
	}
	for _, mark := range []string{" USD", " percent", " %", "%"} {
		if number, ok := strings.CutSuffix(text, mark); ok {
			return fmt.Sprintf("%s thousand%s", number, mark)
		}
	}
	return text + " thousand"
}
