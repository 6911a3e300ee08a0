package builtin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/intent"
	"github.com/jaspers-ai/jaspers/internal/llm"
	"github.com/jaspers-ai/jaspers/internal/plan"
	"github.com/jaspers-ai/jaspers/internal/tool"
)

// asked is a question with what was read for it so far.
type asked struct {
	question string
	text     plan.Text
	about    intent.Brief
	today    calendar.Day
	results  []*result
	round    int // turns that were taken already
}

// result is a tool's result, or why there is none.
type result struct {
	Handle string          `json:"handle"`
	Tool   string          `json:"tool"`
	AsOf   string          `json:"asOf"`
	Data   json.RawMessage `json:"data"`
	Error  *struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
	Warnings []string `json:"warnings"`

	input json.RawMessage
	ours  bool // whether this analyst asked for it
	node       // of its data
}

// read finds the question: the last message of the person's that begins with what was understood of it, and what follows.
func read(req llm.Request, today calendar.Day) *asked {
	a := &asked{today: today}
	calls := map[string]llm.ToolCall{}
	for _, m := range req.Messages {
		for _, b := range m.Blocks {
			var understood struct {
				Understood *intent.Brief `json:"understood"`
			}
			switch {
			case b.Data != nil && json.Unmarshal(b.Data, &understood) == nil && understood.Understood != nil:
				a = &asked{about: *understood.Understood, question: cmp.Or(understood.Understood.Question, m.Blocks[len(m.Blocks)-1].Text), today: today}
			case b.Data != nil:
				a.add(b.Data, "", nil)
			case b.Result != nil:
				call := calls[b.Result.CallID]
				a.add([]byte(b.Result.Content), call.Name, call.Input)
			case b.Call != nil:
				calls[b.Call.ID] = *b.Call
			}
		}
		if m.Role == llm.Assistant {
			a.round++
		}
	}
	a.text = plan.TextOf(a.question)
	a.match()
	a.replaced()
	return a
}

func (a *asked) add(text []byte, name string, input json.RawMessage) {
	r := &result{input: input, ours: name != ""}
	if json.Unmarshal(text, r) != nil || r.Handle == "" {
		return
	}
	if r.Tool == "" { // failures do not say of what they are
		r.Tool = name
	}
	decoder := json.NewDecoder(bytes.NewReader(r.Data))
	decoder.UseNumber()
	r.node = node{ref: r.Handle}
	if err := decoder.Decode(&r.value); err != nil {
		r.value = nil
	}
	a.results = append(a.results, r)
}

// planned is what the question needed from the beginning.
func (a *asked) planned() []plan.Call { return plan.For(a.about, a.question, a.today) }

// match tells the results that were there from the beginning what was asked: they are those of the plan, in its order.
func (a *asked) match() {
	for i, c := range a.planned() {
		for _, r := range a.results {
			if r.Handle == tool.HandleOf(i+1) && r.input == nil && (r.Tool == "" || r.Tool == c.Tool) {
				r.Tool, r.input = c.Tool, c.Input
			}
		}
	}
}

// private tells whether a result keeps to what a language model may see. This analyst may see all, and asks again.
func (r *result) private() bool {
	return r.text("amountsShown") != "" || r.Error != nil && r.Error.Code == "forbidden"
}

// replaced leaves out what was kept from a model where it was read again in full.
func (a *asked) replaced() {
	all := a.results
	a.results = slices.DeleteFunc(slices.Clone(all), func(r *result) bool {
		return !r.ours && r.private() && slices.ContainsFunc(all, func(again *result) bool {
			return again.ours && again.Tool == r.Tool && (r.input == nil || bytes.Equal(again.input, r.input))
		})
	})
}

// missing is what has to be read yet.
func (a *asked) missing() []plan.Call {
	wanted := append(a.planned(), a.further()...)
	return slices.DeleteFunc(wanted, func(c plan.Call) bool {
		return slices.ContainsFunc(a.results, func(r *result) bool {
			return c.Same(plan.Call{Tool: r.Tool, Input: r.input}) && (r.ours || !r.private())
		})
	})
}

// of are the results of a tool that there are.
func (a *asked) of(name string) []*result {
	var all []*result
	for _, r := range a.results {
		if r.Tool == name && r.Error == nil {
			all = append(all, r)
		}
	}
	return all
}

func (a *asked) has(phrases ...string) bool { return a.text.Has(phrases...) }

func (a *asked) topic(topics ...intent.Topic) bool {
	return slices.ContainsFunc(topics, func(t intent.Topic) bool { return slices.Contains(a.about.Topics, t) })
}

func (a *asked) own() bool { return a.about.Holdings || a.about.Type == intent.Portfolio }

// inputOf is what a call was given, as far as answers speak of it.
func (r *result) given() (in struct {
	Symbol, By, Query   string
	Symbols, Kinds      []string
	First, Last, Range  string
	Concepts, Periods   []string
	Forms               []string
	Year                int
	Form, Item, GroupBy string
},
) {
	_ = json.Unmarshal(r.input, &in) // what cannot be read says nothing
	return in
}

// span is the days that a call was given, in words.
func (r *result) span() string {
	in := r.given()
	switch {
	case in.First != "" && in.Last == in.First:
		return " on " + in.First
	case in.First != "" && in.Last != "":
		return " from " + in.First + " to " + in.Last
	case in.First != "":
		return " since " + in.First
	case in.Last != "":
		return " until " + in.Last
	}
	return ""
}

// node is a place in a result.
type node struct {
	ref   string
	value any
}

// at is the place of that path below; its value is nil where there is none.
func (n node) at(path string) node {
	for _, name := range strings.Split(path, ".") {
		fields, _ := n.value.(map[string]any)
		n = node{n.ref + "." + name, fields[name]}
	}
	return n
}

// list are the places of a list.
func (n node) list(path string) []node {
	n = n.at(path)
	values, _ := n.value.([]any)
	all := make([]node, len(values))
	for i, v := range values {
		all[i] = node{n.ref + "[" + itoa(i) + "]", v}
	}
	return all
}

// text is the text at a path; empty where there is none.
func (n node) text(path string) string {
	text, _ := n.at(path).value.(string)
	return text
}

func (n node) flag(path string) bool {
	is, _ := n.at(path).value.(bool)
	return is
}

// texts are the texts of a list.
func (n node) texts(path string) []string {
	var all []string
	values, _ := n.at(path).value.([]any)
	for _, v := range values {
		if text, ok := v.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
