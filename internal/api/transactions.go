package api

import (
	"context"

	"github.com/jaspers-ai/jaspers/internal/auth"
	"github.com/jaspers-ai/jaspers/internal/costbasis"
	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/ledger"
)

type transactionsInput struct {
	Page
	ConnectionID string   `query:"connectionId" maxLength:"36" doc:"Of one connection." example:"01999999-0000-7000-8000-000000000000"`
	Account      string   `query:"account" maxLength:"100" doc:"Of one account: its number at the brokerage, or source.accountId."`
	Symbol       string   `query:"symbol" maxLength:"30" doc:"In any spelling, today's or that of then." example:"BRK.B"`
	Kind         []string `query:"kind" maxItems:"20" enum:"buy,sell,dividend,interest,fee,tax,deposit,withdrawal,delivery_in,delivery_out,transfer_in,transfer_out,exchange,split,spin_off,merger,other,opening" doc:"One or several, with commas between."`
	From         string   `query:"from" maxLength:"10" doc:"On this day in New York or later." example:"2026-01-01"`
	To           string   `query:"to" maxLength:"10" doc:"On this day or earlier." example:"2026-12-31"`
}

type lotsInput struct {
	ByID
	Body struct {
		Lots []ledger.ChosenLot `json:"lots" maxItems:"1000" doc:"Empty takes the choice back."`
	}
}

// chosen says which lots hold for a sale now.
type chosen struct {
	Lots []ledger.ChosenLot `json:"lots"`
}

type accountInput struct {
	ByID
	AccountID string `path:"accountId" doc:"As in source.accountId of a transaction." example:"01999999-0000-7000-8000-000000000000"`
	Body      struct {
		CostBasisMethod change[string] `json:"costBasisMethod,omitempty" maxLength:"20" doc:"fifo, lifo, hifo, average or specific; null is the one of my settings."`
	}
}

// transactionRoutes registers what happened in a person's accounts, and their choices about lots.
func (r *router) transactionRoutes() {
	const tag = "Portfolio"
	get(r, "/api/portfolio/transactions", func(ctx context.Context, in *transactionsInput) (result[[]ledger.Line], error) {
		lines, next, err := r.Ledger.List(ctx, identity(ctx).UserID, ledger.Filter{
			ConnectionID: in.ConnectionID, Account: in.Account, Symbol: in.Symbol, Kinds: in.Kind, From: in.From, To: in.To,
			Limit: in.Limit, Cursor: in.Cursor,
		})
		return result[[]ledger.Line]{data: lines, meta: Meta{NextCursor: next}}, err
	}, doc{id: "listTransactions", tag: tag, scope: auth.ScopeRead, summary: "What happened in my accounts, newest first",
		detail: "As the brokerages tell it. What was held before their history begins stands there as opening."})

	put(r, "/api/portfolio/transactions/{id}/lots", func(ctx context.Context, in *lotsInput) (result[chosen], error) {
		err := r.CostBasis.ChooseLots(ctx, identity(ctx).UserID, in.ID, in.Body.Lots)
		return answer(chosen{append([]ledger.ChosenLot{}, in.Body.Lots...)}, err)
	}, doc{id: "chooseLots", tag: tag, scope: auth.ScopeWrite, summary: "Say which lots a sale sold",
		detail: "For accounts with the method specific. The lots are open before the sale, of its account and instrument, and add up to what it sold. " +
			"Gains follow with the next request.",
		errors: []fault.Kind{fault.NotFound, fault.Conflict}})

	patch(r, "/api/brokerages/connections/{id}/accounts/{accountId}", func(ctx context.Context, in *accountInput) (result[costbasis.AccountMethod], error) {
		wanted := in.Body.CostBasisMethod
		return answer(r.CostBasis.SetMethod(ctx, identity(ctx).UserID, in.ID, in.AccountID, wanted.Sent, wanted.To))
	}, doc{id: "updateAccount", tag: "Brokerages", scope: auth.ScopeWrite, summary: "Say how an account's sales consume lots",
		detail: "For all of its sales, past ones too. What is left out stays; null goes back to my settings. Gains follow with the next request.",
		errors: []fault.Kind{fault.NotFound}})
}
