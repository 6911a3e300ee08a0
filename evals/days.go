package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/returns"
)

// day is a date of a vector, as the number by which days are counted.
type day int32

func (d *day) UnmarshalText(text []byte) error {
	parsed, err := calendar.ParseDay(string(text))
	if err != nil {
		return err
	}
	*d = day(parsed.Number())
	return nil
}

func (d day) String() string { return calendar.DayNumbered(int32(d)).String() }

// instant is a moment, in seconds.
type instant int64

func (i *instant) UnmarshalText(text []byte) error {
	for _, layout := range []string{"2006-01-02T15:04:05", time.RFC3339, time.DateTime, time.DateOnly} {
		if parsed, err := time.Parse(layout, string(text)); err == nil {
			*i = instant(parsed.Unix())
			return nil
		}
	}
	return fmt.Errorf("not a moment: %s", text)
}

// since is how many seconds after the other the moment is.
func (i instant) since(other instant) int32 { return int32(i - other) } // #nosec G115 -- spans of some years

// seconds are those of days, which need not be whole.
func seconds(days float64) int32 { return int32(math.Round(days * 86400)) }

// errRow is a list that has not what its schema says.
var errRow = errors.New("a row has not the entries its schema names")

// row reads a JSON list into the places given, of which those after least may be missing.
func row(raw []byte, least int, places ...any) error {
	var cells []json.RawMessage
	if err := json.Unmarshal(raw, &cells); err != nil {
		return err
	}
	if len(cells) < least || len(cells) > len(places) {
		return fmt.Errorf("%w: %s", errRow, raw)
	}
	for i, cell := range cells {
		if err := json.Unmarshal(cell, places[i]); err != nil {
			return err
		}
		if string(cell) == "null" {
			return fmt.Errorf("%w: %s", errRow, raw)
		}
	}
	return nil
}

// flow is [date, amount].
type flow struct {
	day    day
	amount float64
}

func (f *flow) UnmarshalJSON(raw []byte) error { return row(raw, 2, &f.day, &f.amount) }

func flowsOf(list []flow) []returns.Flow {
	flows := make([]returns.Flow, len(list))
	for i, f := range list {
		flows[i] = returns.Flow{Day: int32(f.day), Amount: f.amount}
	}
	return flows
}
