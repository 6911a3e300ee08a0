package sim

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jaspers-ai/jaspers/internal/calendar"
)

// alpacaPage is the largest page of activities, and the default.
const alpacaPage = 100

func (s *Sim) alpacaActivities(w http.ResponseWriter, r *http.Request, customer string) {
	query := r.URL.Query()
	size, err := strconv.Atoi(cmp.Or(query.Get("page_size"), strconv.Itoa(alpacaPage)))
	if err != nil || size < 1 || size > alpacaPage {
		alpacaError(w, http.StatusUnprocessableEntity, 42210000, "page_size must be between 1 and 100")
		return
	}
	keep, ok := activityFilter(r.PathValue("type"), query)
	if !ok {
		alpacaError(w, http.StatusUnprocessableEntity, 42210000, "invalid filter")
		return
	}
	list := slices.DeleteFunc(s.World.Activities(customer, envOf(r)), func(a Activity) bool { return !keep(a) })
	switch query.Get("direction") {
	case "asc":
	case "", "desc":
		slices.Reverse(list)
	default:
		alpacaError(w, http.StatusUnprocessableEntity, 42210000, "direction must be asc or desc")
		return
	}
	if token := query.Get("page_token"); token != "" {
		i := slices.IndexFunc(list, func(a Activity) bool { return a.ID == token })
		if i < 0 {
			alpacaError(w, http.StatusUnprocessableEntity, 42210000, "invalid page_token")
			return
		}
		list = list[i+1:]
	}
	page := []map[string]any{}
	for _, a := range list[:min(size, len(list))] {
		page = append(page, s.activityWire(a))
	}
	writeJSON(w, http.StatusOK, alpacaJSON, page)
}

// activityFilter turns the path's type and the query into a test; false when they make no sense.
func activityFilter(pathType string, query url.Values) (keep func(Activity) bool, ok bool) {
	types := strings.FieldsFunc(cmp.Or(pathType, query.Get("activity_types")), func(c rune) bool { return c == ',' })
	category := query.Get("category")
	if category != "" && (len(types) > 0 || category != "trade_activity" && category != "non_trade_activity") {
		return nil, false
	}
	var after, until time.Time
	var date calendar.Day
	for name, set := range map[string]func(t time.Time){
		"after": func(t time.Time) { after = t },
		"until": func(t time.Time) { until = t },
		"date":  func(t time.Time) { date = calendar.DayOf(t) },
	} {
		if text := query.Get(name); text != "" {
			t, err := alpacaTime(text)
			if err != nil {
				return nil, false
			}
			set(t)
		}
	}
	return func(a Activity) bool {
		return (len(types) == 0 || slices.Contains(types, string(a.Type))) &&
			(category == "" || (category == "trade_activity") == (a.Type == ActivityFill)) &&
			(after.IsZero() || a.Time.After(after)) && (until.IsZero() || a.Time.Before(until)) &&
			(date == calendar.Day{} || calendar.DayOf(a.Time) == date)
	}, true
}

// alpacaTime reads a moment, or a day as its midnight in New York.
func alpacaTime(text string) (time.Time, error) {
	if day, err := calendar.ParseDay(text); err == nil {
		return day.At(0, 0), nil
	}
	return time.Parse(time.RFC3339, text)
}

// activityWire is an activity as Alpaca sends it: fills have another shape than the rest.
func (s *Sim) activityWire(a Activity) map[string]any {
	wire := map[string]any{"id": a.ID, "activity_type": a.Type}
	if a.Type == ActivityFill {
		side := "buy"
		switch {
		case a.OpensShort:
			side = "sell_short"
		case a.Quantity.IsNegative():
			side = "sell"
		}
		wire["symbol"], wire["side"], wire["price"] = a.Symbol, side, a.Price
		wire["qty"], wire["cum_qty"], wire["leaves_qty"] = a.Quantity.Abs(), a.Quantity.Abs(), "0"
		wire["type"], wire["order_status"], wire["order_id"] = "fill", "filled", s.World.uuid("order", a.ID)
		if a.Order != "" {
			wire["cum_qty"], wire["leaves_qty"], wire["order_id"] = a.Cum, a.Left, s.World.uuid("order", a.Order)
		}
		if a.Left.IsPositive() {
			wire["type"], wire["order_status"] = "partial_fill", "partially_filled"
		}
		wire["transaction_time"] = a.Time.Format(time.RFC3339Nano)
		return withStrings(wire)
	}
	wire["date"], wire["created_at"] = cmp.Or(a.Day, calendar.DayOf(a.Time)), a.Time.Format(time.RFC3339Nano)
	wire["net_amount"], wire["currency"], wire["status"] = a.NetAmount, "USD", "executed"
	switch a.Type {
	case ActivityDividend:
		wire["activity_sub_type"], wire["symbol"], wire["qty"], wire["per_share_amount"] = "CDIV", a.Symbol, a.Quantity, a.Price
	case ActivitySplit:
		wire["activity_sub_type"], wire["symbol"], wire["qty"] = a.SubType, a.Symbol, a.Quantity
	default:
		wire["symbol"], wire["qty"], wire["price"], wire["activity_sub_type"] = a.Symbol, a.Quantity, a.Price, a.SubType
		for name, absent := range map[string]bool{"symbol": a.Symbol == "", "qty": a.Quantity.IsZero(), "price": a.Price.IsZero(), "activity_sub_type": a.SubType == ""} {
			if absent {
				delete(wire, name)
			}
		}
	}
	return withStrings(wire)
}
