package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/broker"
	"github.com/jaspers-ai/jaspers/internal/calendar"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// Service shows what happened in people's accounts.
type Service struct{ DB *db.DB }

// Line is a transaction as it is shown.
type Line struct {
	ID            string              `json:"id" format:"uuid"`
	Kind          broker.ActivityKind `json:"kind" example:"buy"`
	Meaning       string              `json:"meaning" doc:"What the kind says about the account"`
	At            time.Time           `json:"at"`
	Day           calendar.Day        `json:"day" doc:"In New York"`
	Symbol        *string             `json:"symbol" doc:"As the brokerage spelled it then; null when it is about cash alone"`
	Name          *string             `json:"name" doc:"Null when it is about cash alone, and where no brokerage gives one"`
	AssetClass    *broker.AssetClass  `json:"assetClass" enum:"equity,option,crypto,other" doc:"Null when it is about cash alone"`
	Quantity      *decimal.Decimal    `json:"quantity" doc:"By how much what is held changes, as it was traded, before later splits; null when it is about cash alone"`
	Price         *decimal.Decimal    `json:"price" doc:"Per unit, for options per share; null when there was none, or nobody said"`
	PriceCurrency *string             `json:"priceCurrency" doc:"Of price; null when it is about cash alone"`
	Currency      string              `json:"currency" doc:"Of amount, fee and tax"`
	Amount        decimal.Decimal     `json:"amount" doc:"By how much cash changes, after fee and tax; positive comes in"`
	Fee           decimal.Decimal     `json:"fee"`
	Tax           decimal.Decimal     `json:"tax" doc:"Withheld"`
	Description   string              `json:"description" doc:"The brokerage's words, empty when there are none"`
	Lots          []ChosenLot         `json:"lots" doc:"Which lots I chose this sale to be from; empty where I chose none"`
	Source        Source              `json:"source"`
	AsOf          time.Time           `json:"asOf" doc:"When the brokerage told it so"`
}

// Source is who told of a transaction.
type Source struct {
	ConnectionID string `json:"connectionId" format:"uuid"`
	Provider     string `json:"provider"`
	AccountID    string `json:"accountId" format:"uuid"`
	Account      string `json:"account" doc:"The brokerage's account number"`
}

// meanings say in a sentence what a kind of transaction does.
var meanings = map[broker.ActivityKind]string{
	broker.Buy: "Bought, or a short covered.", broker.Sell: "Sold, or a short opened.",
	broker.Dividend: "Paid by what is held.", broker.Interest: "Interest received; paid where the amount is negative.",
	broker.Fee: "Charged by the brokerage.", broker.Tax: "Tax withheld; given back where the amount is positive.",
	broker.Deposit: "Money put in from outside.", broker.Withdrawal: "Money taken out.",
	broker.DeliveryIn: "Came from another brokerage, or for other coins.", broker.DeliveryOut: "Went to another brokerage, or for other coins.",
	broker.TransferIn: "Came from another of the accounts.", broker.TransferOut: "Went to another of the accounts.",
	broker.Exchange: "One side of an exchange of currencies.", broker.Split: "Shares became more or fewer; what they cost stays.",
	broker.SpinOff: "Shares of a company that was split off.", broker.Merger: "Shares given up, or got, in a merger or exchange.",
	broker.Other: "Something else that the brokerage booked; its description says what.",
	Opening:      "What was there before the account's known history begins: worked out from what is held and what happened since.",
}

// Filter chooses transactions. Zero fields choose all.
type Filter struct {
	ConnectionID string
	Account      string // our id or the brokerage's number
	Symbol       string // in any spelling, of then or of today
	Kinds        []string
	From, To     string // days, both included
	Limit        int
	Cursor       string // what List returned with the page before
}

// maxPage is how many transactions a page may have.
const maxPage = 200

// List gives a page of a person's transactions, the newest first, and the cursor of the next, which is empty on the last.
// An Invalid names each field of the filter that cannot be.
func (s *Service) List(ctx context.Context, userID string, f Filter) ([]Line, string, error) {
	q, err := f.query(userID)
	if err != nil {
		return nil, "", err
	}
	if f.Limit < 1 || f.Limit > maxPage {
		f.Limit = maxPage
	}
	lines, err := selectLines(ctx, s.DB.Read(), q, f.Limit+1)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(lines) > f.Limit {
		lines = lines[:f.Limit]
		last := lines[f.Limit-1]
		next = strconv.FormatInt(last.At.UnixMicro(), 10) + "." + last.ID
	}
	chosen, err := ChosenLots(ctx, s.DB.Read(), userID)
	if err != nil {
		return nil, "", err
	}
	for i := range lines {
		lines[i].Lots = append(lines[i].Lots, chosen[lines[i].ID]...)
	}
	return lines, next, nil
}

// query is a where clause with its arguments.
type query struct {
	conditions []string
	args       []any
}

// and adds a condition, in which each ? stands for the next of the values.
func (q *query) and(condition string, values ...any) {
	for _, v := range values {
		q.args = append(q.args, v)
		condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(q.args)), 1)
	}
	q.conditions = append(q.conditions, condition)
}

// separators are what spellings of one symbol differ in.
var separators = strings.NewReplacer(".", "", "-", "", "/", "", " ", "")

// squeezed is a symbol's column without what spellings differ in.
func squeezed(column string) string {
	return "upper(replace(replace(replace(replace(" + column + ", '.', ''), '-', ''), '/', ''), ' ', ''))"
}

func (f Filter) query(userID string) (q query, err error) {
	var wrong []fault.Field
	q.and("t.user_id = ?", userID)
	if f.ConnectionID != "" {
		q.and("cast(t.connection_id as text) = ?", f.ConnectionID)
	}
	if f.Account != "" {
		q.and("(cast(a.id as text) = ? or a.number = ?)", f.Account, f.Account)
	}
	if f.Symbol != "" {
		symbol := strings.ToUpper(separators.Replace(f.Symbol))
		q.and("("+squeezed("t.symbol")+" = ? or "+squeezed("i.symbol")+" = ?)", symbol, symbol)
	}
	if len(f.Kinds) > 0 {
		places, kinds := make([]string, len(f.Kinds)), make([]any, len(f.Kinds))
		for i, k := range f.Kinds {
			places[i], kinds[i] = "?", k
		}
		q.and("t.kind in ("+strings.Join(places, ", ")+")", kinds...)
	}
	for _, d := range []struct{ name, day, is string }{{"from", f.From, ">="}, {"to", f.To, "<="}} {
		if d.day == "" {
			continue
		}
		day, err := calendar.ParseDay(d.day)
		if err != nil {
			wrong = append(wrong, fault.Field{Path: "query." + d.name, Message: "must be a day such as 2026-11-23"})
			continue
		}
		q.and("t.day "+d.is+" ?", day.String())
	}
	if len(wrong) == 0 && f.From != "" && f.To != "" && f.From > f.To {
		wrong = append(wrong, fault.Field{Path: "query.to", Message: "must not be before from"})
	}
	if f.Cursor != "" {
		micros, id, _ := strings.Cut(f.Cursor, ".")
		at, err := strconv.ParseInt(micros, 10, 64)
		if err != nil || !db.IsID(id) || at < -maxMicros || at > maxMicros {
			wrong = append(wrong, fault.Field{Path: "query.cursor", Message: "is not a cursor of this list; begin again without one"})
		}
		moment := db.Time(time.UnixMicro(at))
		q.and("(t.at < ? or t.at = ? and t.id < ?)", moment, moment, id)
	}
	if len(wrong) > 0 {
		return q, &fault.Error{Kind: fault.Invalid, Message: "the request has wrong fields", Fields: wrong}
	}
	return q, nil
}

// maxMicros keeps a cursor's moment in what databases keep: the year 5138.
const maxMicros = 100_000_000_000_000_000

func selectLines(ctx context.Context, q db.Querier, where query, limit int) ([]Line, error) {
	where.args = append(where.args, limit)
	rows, err := q.QueryContext(ctx, `select t.id, t.kind, t.at, t.day, t.symbol, t.instrument, t.quantity, t.price, t.currency, t.amount, t.fee, t.tax,
			t.description, t.updated_at, t.connection_id, c.provider, a.id, a.number, i.name, i.asset_class, i.currency
		from transactions t join brokerage_accounts a on a.id = t.account_id join brokerage_connections c on c.id = t.connection_id
		left join instruments i on i.id = t.instrument
		where `+strings.Join(where.conditions, " and ")+" order by t.at desc, t.id desc limit $"+strconv.Itoa(len(where.args)), where.args...)
	lines, err := db.Collect(rows, err, scanLine)
	if err != nil {
		return nil, fmt.Errorf("list transactions: %w", err)
	}
	return lines, nil
}

func scanLine(scan func(...any) error) (Line, error) {
	l := Line{Lots: []ChosenLot{}}
	var day, symbol string
	var quantity decimal.Decimal
	var price decimal.NullDecimal
	var instrument, name, class, currency sql.NullString
	err := scan(&l.ID, &l.Kind, &l.At, &day, &symbol, &instrument, &quantity, &price, &l.Currency, &l.Amount, &l.Fee, &l.Tax,
		&l.Description, &l.AsOf, &l.Source.ConnectionID, &l.Source.Provider, &l.Source.AccountID, &l.Source.Account, &name, &class, &currency)
	if err != nil {
		return l, err
	}
	l.At, l.AsOf, l.Meaning = l.At.UTC(), l.AsOf.UTC(), meanings[l.Kind]
	if price.Valid {
		l.Price = &price.Decimal
	}
	if instrument.Valid {
		l.Symbol, l.Quantity, l.PriceCurrency, l.AssetClass = &symbol, &quantity, &currency.String, new(broker.AssetClass(class.String))
		if name.String != "" {
			l.Name = &name.String
		}
	}
	l.Day, err = calendar.ParseDay(day)
	return l, err
}
