package researchtools

import (
	"fmt"

	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/market"
)

// unitOf is a metric's unit as figures have it.
func unitOf(unit, currency string) string {
	switch unit {
	case market.Amount:
		return currency
	case market.AmountPerShare:
		return currency + "/shares"
	case market.Percent:
		return "%"
	}
	return unit
}

// factUnit is the unit of a filed figure as figures have it.
func factUnit(filed string) string {
	if filed == "pure" {
		return "ratio"
	}
	return line(filed, 40)
}

// fiscal names a quarter as its company counts, or by the day it ended where nobody says how that is.
func fiscal(year, number *int, end calendar.Day) string {
	if year == nil || number == nil {
		return end.String()
	}
	return fmt.Sprintf("Q%d FY%d", *number, *year)
}
