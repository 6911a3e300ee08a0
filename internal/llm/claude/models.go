package claude

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/llm"
)

// Spec is what is known of one of the vendor's models.
type Spec struct {
	ID        string   `json:"id"`
	Aliases   []string `json:"aliases"`
	Context   int64    `json:"context"` // tokens of a prompt with its answer
	Output    int      `json:"output"`  // tokens of an answer
	Price     rates    `json:"price"`
	LongAbove int64    `json:"longAbove"` // tokens of a prompt above which Long is the price of the request; 0 for never
	Long      *rates   `json:"long"`
	MinCached int64    `json:"minCached"` // tokens below which a prompt is not cached; 0 where the vendor does not say
	// Refuses are settings that are answered with an error: prefill (a last message of the assistant's), sampling
	// (temperature, top_p, top_k), forced_tool (tool_choice any and tool), thinking_enabled and thinking_disabled.
	Refuses []string `json:"refuses"`
	// Ends is the last day on which the model answers; EndsAfter the day since which it may stop without another word.
	Ends      day `json:"ends"`
	EndsAfter day `json:"endsAfter"`
}

// rates are dollars for a million tokens.
type rates struct {
	Input          decimal.Decimal `json:"input"`
	Output         decimal.Decimal `json:"output"`
	CacheRead      decimal.Decimal `json:"cacheRead"`
	CacheWrite     decimal.Decimal `json:"cacheWrite"`
	CacheWriteHour decimal.Decimal `json:"cacheWriteHour"`
}

func (r rates) price() llm.Price {
	return llm.Price{Input: r.Input, Output: r.Output, CacheRead: r.CacheRead, CacheWrite: r.CacheWrite, CacheWriteHour: r.CacheWriteHour}
}

// day is a date; the zero day is none.
type day struct{ time.Time }

// UnmarshalJSON reads 2026-11-30.
func (d *day) UnmarshalJSON(data []byte) (err error) {
	d.Time, err = time.Parse(`"`+time.DateOnly+`"`, string(data))
	return err
}

//go:embed models.json
var modelsFile []byte

// models is the table of the vendor's models as of 22 November 2026. Where two sources differ it has the higher price and
// the shorter length.
var models = sync.OnceValue(func() []Spec {
	var all []Spec
	if err := json.Unmarshal(modelsFile, &all); err != nil {
		panic("models.json: " + err.Error()) // a test reads it, too
	}
	return all
})

// dated is the date at the end of a model's full name.
var dated = regexp.MustCompile(`-20\d{6}$`)

// Find looks a model up by its id, with or without its date; false for one that is not in the table.
func Find(id string) (Spec, bool) {
	for _, name := range []string{id, dated.ReplaceAllString(id, "")} {
		for _, s := range models() {
			if s.ID == name || slices.Contains(s.Aliases, name) {
				return s, true
			}
		}
	}
	return Spec{}, false
}

// ListPrice is what the vendor asks for.
func (s Spec) ListPrice() llm.Price {
	p := s.Price.price()
	if s.LongAbove > 0 {
		long := s.Long.price()
		p.LongAbove, p.Long = s.LongAbove, &long
	}
	return p
}

// soon is how long before its end a model is warned of.
const soon = 60 * 24 * time.Hour

// Warning says when the model stops answering, in words for the operator; empty while that is far away or not known.
func (s Spec) Warning(now time.Time) string {
	const advice = "; set JASPERS_ANTHROPIC_MODEL to a newer one"
	switch {
	case s.Ends.IsZero() && !s.EndsAfter.IsZero() && now.After(s.EndsAfter.Time):
		return fmt.Sprintf("the model %s may be retired any day since %s", s.ID, s.EndsAfter.Format(time.DateOnly)) + advice
	case s.Ends.IsZero() || now.Add(soon).Before(s.Ends.Time):
		return ""
	case now.After(s.Ends.AddDate(0, 0, 1)):
		return fmt.Sprintf("the model %s was retired on %s and answers no more", s.ID, s.Ends.Format(time.DateOnly)) + advice
	}
	return fmt.Sprintf("the model %s will be retired on %s", s.ID, s.Ends.Format(time.DateOnly)) + advice
}
