package api

import (
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// Days is the input of what is asked of days. It is exported because huma looks into exported embedded structs only.
type Days struct {
	From string `query:"from" maxLength:"10" doc:"The first day, YYYY-MM-DD." example:"2026-11-02"`
	To   string `query:"to" maxLength:"10" doc:"The last day, YYYY-MM-DD; today." example:"2026-11-20"`

	first, last calendar.Day // zero where they are not said
}

// oldestDay is before every price there is.
var oldestDay = calendar.Day{Year: 1970, Month: time.January, Day: 1}

// Resolve is called by huma once the query is read.
func (in *Days) Resolve(huma.Context) (wrong []error) {
	for _, d := range []struct {
		name, text string
		day        *calendar.Day
	}{{"from", in.From, &in.first}, {"to", in.To, &in.last}} {
		if d.text == "" {
			continue
		}
		day, err := calendar.ParseDay(d.text)
		if err != nil || day.Before(oldestDay) {
			wrong = append(wrong, &huma.ErrorDetail{Location: "query." + d.name, Message: "must be a day since 1970 such as 2026-11-20"})
			continue
		}
		*d.day = day
	}
	return wrong
}
