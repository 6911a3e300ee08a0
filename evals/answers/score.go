package answers

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"
)

// message is an answer as people get it.
type message struct {
	Content   string     `json:"content"`
	Status    string     `json:"status"`
	Citations []citation `json:"citations"`
	ToolCalls []toolCall `json:"toolCalls"`
	Figures   []figure   `json:"figures"`
	Usage     *struct {
		Model      string          `json:"model"`
		CostUSD    decimal.Decimal `json:"costUsd"`
		DurationMs int64           `json:"durationMs"`
	} `json:"usage"`
}

type citation struct {
	Index      int    `json:"index"`
	Handle     string `json:"handle"`
	ToolCallID string `json:"toolCallId"`
	Tool       string `json:"tool"`
	Path       string `json:"path"`
	Passage    *struct {
		Accession string `json:"accession"`
	} `json:"passage"`
	Quote      string `json:"quote"`
	QuoteFound *bool  `json:"quoteFound"`
}

type toolCall struct {
	ID     string          `json:"id"`
	Handle string          `json:"handle"`
	Name   string          `json:"name"`
	Output json.RawMessage `json:"output"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

type figure struct {
	Start  int              `json:"start"`
	End    int              `json:"end"`
	Text   string           `json:"text"`
	Kind   string           `json:"kind"`
	Value  *decimal.Decimal `json:"value"`
	Reason string           `json:"reason"`
	// Expression is what it was taken for.
	Expression string `json:"expression"`
}

// verdict is what came of one asking.
type verdict struct {
	Model    string   `json:"model"`
	ID       string   `json:"id"`
	Kind     string   `json:"kind"`
	Wrong    string   `json:"wrong,omitempty"` // what the answer says wrongly on purpose
	Question string   `json:"question"`
	Expected int      `json:"expected"` // figures
	Found    int      `json:"found"`    // of these in the answer
	Verified int      `json:"verified"` // of the answer's honest figures
	Derived  int      `json:"derived"`
	Unproved int      `json:"unverified"`
	Bare     int      `json:"bare,omitempty"` // expected figures that are in the text, and of which the server says nothing
	Trusted  int      `json:"wrongAsVerified"`
	Refused  bool     `json:"refused"`
	Invalid  int      `json:"invalidCitations"`
	Misses   []string `json:"misses,omitempty"`
	Content  string   `json:"content"`
	Tools    []string `json:"tools"`
	Outputs  []string `json:"outputs,omitempty"` // of the tools, where something is missing
	Millis   int64    `json:"ms"`
}

func (v *verdict) miss(words string, values ...any) {
	v.Misses = append(v.Misses, fmt.Sprintf(words, values...))
}

// quotesExpected tells whether the answer quotes a filing, as it stands there.
func (t task) quotesExpected() bool {
	return t.script != nil && t.script.kind == "" && t.Source == "search_passages"
}

// judge holds an answer against the world.
func (s *site) judge(model string, t task, m message) verdict {
	v := verdict{Model: model, ID: t.ID, Kind: t.Kind, Question: t.Question, Expected: len(t.want), Content: m.Content}
	for _, c := range m.ToolCalls {
		name := c.Name
		if c.Error != nil {
			name += ": " + c.Error.Message
		}
		v.Tools = append(v.Tools, name)
	}
	if m.Usage != nil {
		v.Millis = m.Usage.DurationMs
	}
	w := s.worlds[t.Person]
	v.citations(w, t, m)
	if t.script != nil && t.script.kind != "" {
		v.Wrong = t.script.kind
		v.wrongly(t, m)
		return v
	}
	for i, r := range t.want {
		v.expect(t, i, r, m)
	}
	for _, f := range m.Figures {
		switch f.Kind {
		case "verified":
			v.Verified++
		case "derived":
			v.Derived++
		case "unverified":
			v.Unproved++
			v.miss("%s is unverified: %s", f.Text, f.Reason)
		}
	}
	v.refusal(w, t, m)
	for i := range m.ToolCalls {
		if len(v.Misses) > 0 {
			v.Outputs = append(v.Outputs, string(m.ToolCalls[i].Output))
		}
	}
	return v
}

// expect looks for a figure of the world in the answer: where the simulated Claude wrote it, or anywhere.
func (v *verdict) expect(t task, i int, r reading, m message) {
	where := m.Content
	if t.script != nil {
		where, _, _ = lineOf(m.Content, t.script.lines[i])
	}
	found := false
	for _, n := range numbers(where) {
		found = found || n.is(r)
	}
	for _, f := range m.Figures {
		if found || f.Value == nil || t.script != nil || f.Kind == "unverified" {
			continue
		}
		found = f.Value.Sub(r.value).Abs().LessThan(decimal.New(6, -3)) && !r.value.IsZero()
	}
	if found {
		v.Found++
		return
	}
	v.miss("%s is missing: it is %s %s", t.Want[i], r.value.Round(4), r.unit)
	if t.script == nil {
		return
	}
	for _, f := range in(m, where, t.script.lines[i]) {
		if f.Kind != "unverified" && len(numbers(f.Text)) > 0 {
			v.Trusted++
			v.miss("%s is shown as %s, the world says %s", f.Text, f.Kind, r.value)
		}
	}
}

// lineOf is the line of a text that begins so, and where it is, in characters.
func lineOf(content, begins string) (line string, start, end int) {
	at := 0
	for l := range strings.Lines(content) {
		n := utf8.RuneCountInString(l)
		if strings.HasPrefix(strings.TrimLeft(l, "*- "), begins) {
			return strings.TrimSpace(l), at, at + n
		}
		at += n
	}
	return "", 0, 0
}

// in are the figures of a line.
func in(m message, _, begins string) []figure {
	_, start, end := lineOf(m.Content, begins)
	var some []figure
	for _, f := range m.Figures {
		if f.Start >= start && f.End <= end {
			some = append(some, f)
		}
	}
	return some
}

// wrongly looks at what became of the one thing that is wrong in an answer.
func (v *verdict) wrongly(t task, m message) {
	kind := t.script.kind
	begins := t.script.lines[t.script.wrong]
	line, _, _ := lineOf(m.Content, begins)
	switch kind {
	case "typed source":
		if cited.MatchString(line) {
			v.Invalid++
			v.miss("a source that the model numbered itself stands in the text: %s", line)
		}
		return
	case "invented part", "altered quote":
		return // judged with the citations
	}
	if len(t.want) == 0 {
		return
	}
	r := t.want[t.script.wrong]
	some := in(m, line, begins)
	doubted := slices.ContainsFunc(some, func(f figure) bool { return f.Kind == "unverified" })
	if doubted || line == "" {
		return
	}
	for _, f := range some {
		after := strings.TrimPrefix(line, begins)
		if !strings.Contains(after, f.Text) || !isFigure(f, r, kind) {
			continue
		}
		v.Trusted++
		v.miss("%s is shown as %s, as %s, in: %s", f.Text, f.Kind, f.Expression, line)
	}
}

// isFigure tells whether a figure is the one that is wrong. One that is altered and yet true, as exactly as it is written,
// is not wrong.
func isFigure(f figure, r reading, kind string) bool {
	of := numbers(f.Text)
	if len(of) == 0 {
		return false
	}
	switch kind {
	case "digit", "sign", "scale", "stale", "unit", "invented result":
		return !of[0].is(r)
	}
	return of[0].is(r)
}

var cited = regexp.MustCompile(`\[(\d+)\]`)

// citations checks that each leads to something that was read, and that what is quoted stands there.
func (v *verdict) citations(w *view, t task, m message) {
	for _, found := range cited.FindAllStringSubmatch(m.Content, -1) {
		if !slices.ContainsFunc(m.Citations, func(c citation) bool { return fmt.Sprint(c.Index) == found[1] }) {
			v.Invalid++
			v.miss("%s leads to no citation", found[0])
		}
	}
	for _, c := range m.Citations {
		i := slices.IndexFunc(m.ToolCalls, func(call toolCall) bool {
			return call.ID == c.ToolCallID && call.Handle == c.Handle && call.Error == nil
		})
		if i < 0 {
			v.Invalid++
			v.miss("citation %d leads to no result", c.Index)
			continue
		}
		if c.Passage != nil {
			if _, ok := w.Filings().Filing(c.Passage.Accession, opening()); !ok {
				v.Invalid++
				v.miss("citation %d is of %s, which was never filed", c.Index, c.Passage.Accession)
			}
		}
		if t.script != nil && t.script.kind == "" && c.QuoteFound != nil && !*c.QuoteFound {
			v.miss("the quote %q stands there, and is not found", c.Quote)
		}
		if c.QuoteFound != nil && *c.QuoteFound && !stands(c.Quote, m.ToolCalls[i].Output) {
			v.Invalid++
			v.miss("the quote %q does not stand in what was read", c.Quote)
		}
	}
}

// stands tells whether words are in a result, whatever parts them.
func stands(quote string, output json.RawMessage) bool {
	var result any
	if json.Unmarshal(output, &result) != nil {
		return false
	}
	return strings.Contains(plainWords(texts(result)), strings.TrimSpace(plainWords(quote)))
}

func texts(v any) string {
	var b strings.Builder
	switch v := v.(type) {
	case string:
		b.WriteString(v + " ")
	case []any:
		for _, one := range v {
			b.WriteString(texts(one))
		}
	case map[string]any:
		for _, one := range v {
			b.WriteString(texts(one))
		}
	}
	return b.String()
}

var notWords = regexp.MustCompile(`[^\p{L}\p{N}]+`)

func plainWords(text string) string { return notWords.ReplaceAllString(strings.ToLower(text), " ") }

var declining = regexp.MustCompile(`(?i)\bI (cannot|can't|am unable|could not tell|am not able)|found nothing to go by|no tool for`)

// refusal is an answer that has nothing of what was asked for.
func (v *verdict) refusal(w *view, t task, m message) {
	answered := v.Found > 0
	switch {
	case len(t.want) > 0:
	case t.Form != "":
		f, ok := w.filing(t.Symbol, t.Form)
		answered = ok && (strings.Contains(m.Content, f.Filed.String()) || strings.Contains(m.Content, spoken(f.Filed)) ||
			strings.Contains(m.Content, fmt.Sprintf("%s %d, %d", f.Filed.Month, f.Filed.Day, f.Filed.Year)))
		if !answered && ok {
			v.miss("the filing's day, %s, is missing", f.Filed)
		}
	default:
		answered = slices.ContainsFunc(m.Citations, func(c citation) bool { return c.Tool == t.Source && v.ofSymbol(w, t, c) })
		if !answered {
			v.miss("nothing of %s is cited", t.Source)
		}
		if t.quotesExpected() && !slices.ContainsFunc(m.Citations, func(c citation) bool { return c.QuoteFound != nil }) {
			v.miss("the quote is taken for none: %s", m.Content)
		}
	}
	v.Refused = !answered && (v.Found == 0 || declining.MatchString(m.Content)) || m.Status != "complete"
	if m.Status != "complete" {
		v.miss("the answer is %s", m.Status)
	}
}

// ofSymbol tells whether a passage is of the company that was asked about.
func (v *verdict) ofSymbol(w *view, t task, c citation) bool {
	if c.Passage == nil {
		return true
	}
	f, ok := w.Filings().Filing(c.Passage.Accession, opening())
	company, known := w.Filings().Of(t.Symbol)
	return ok && known && f.CIK == company.CIK
}
