package api

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/shopspring/decimal"

	"github.com/jaspers-ai/jaspers/internal/fault"
	"github.com/jaspers-ai/jaspers/internal/user"
)

// change is a property that may be left out, which changes nothing, or null, which takes what was chosen back.
type change[T any] user.Change[T]

// UnmarshalJSON is called for what was sent, null included.
func (c *change[T]) UnmarshalJSON(text []byte) error {
	c.Sent = true
	return json.Unmarshal(text, &c.To)
}

// Schema is the value's, or null.
func (change[T]) Schema(registry huma.Registry) *huma.Schema {
	schema := *registry.Schema(reflect.TypeFor[T](), true, "")
	schema.Nullable = true
	return &schema
}

// settingsInput leaves the rules to the product, which names all that is wrong at once.
type settingsInput struct {
	Body struct {
		BaseCurrency    change[string]          `json:"baseCurrency,omitempty" doc:"A current code of ISO 4217."`
		TimeZone        change[string]          `json:"timeZone,omitempty" doc:"Of the IANA time zone database."`
		Locale          change[string]          `json:"locale,omitempty" doc:"BCP 47."`
		BenchmarkSymbol change[string]          `json:"benchmarkSymbol,omitempty"`
		CostBasisMethod change[string]          `json:"costBasisMethod,omitempty" doc:"fifo, lifo, hifo, average or specific."`
		RiskFreeRate    change[decimal.Decimal] `json:"riskFreeRate,omitempty" doc:"-0.05 to 0.5 a year, at most 6 decimals."`
		AmountsToModel  change[string]          `json:"amountsToModel,omitempty" doc:"full, relative (percents only) or none."`
		Notifications   change[[]string]        `json:"notifications,omitempty" doc:"Any of: reauthorization."`
	}
}

// settingsRoutes registers what a person may choose.
func (r *router) settingsRoutes() {
	const tag = "Accounts"
	get(r, "/api/users/settings", func(ctx context.Context, _ *nothing) (result[user.Settings], error) {
		return answer(r.Users.Settings(ctx, identity(ctx).UserID))
	}, doc{id: "getSettings", tag: tag, summary: "My settings", errors: []fault.Kind{fault.NotFound}})

	patch(r, "/api/users/settings", func(ctx context.Context, in *settingsInput) (result[user.Settings], error) {
		return answer(r.Users.ChangeSettings(ctx, identity(ctx).UserID, user.SettingsChanges{
			BaseCurrency: user.Change[string](in.Body.BaseCurrency), TimeZone: user.Change[string](in.Body.TimeZone),
			Locale: user.Change[string](in.Body.Locale), BenchmarkSymbol: user.Change[string](in.Body.BenchmarkSymbol),
			CostBasisMethod: user.Change[string](in.Body.CostBasisMethod), AmountsToModel: user.Change[string](in.Body.AmountsToModel),
			RiskFreeRate:  user.Change[decimal.Decimal](in.Body.RiskFreeRate),
			Notifications: user.Change[[]string](in.Body.Notifications),
		}))
	}, doc{id: "updateSettings", tag: tag, summary: "Change my settings",
		detail: "What is left out stays; null goes back to the default. Base currency, benchmark, cost basis and risk-free rate " +
			"take effect with performance and lots. amountsToModel holds from the next question on: once it is stricter, what was " +
			"said before is not shown to the model again either.",
		errors: []fault.Kind{fault.NotFound}})
}
