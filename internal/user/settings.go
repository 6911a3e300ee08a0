package user

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a static binary on a bare machine knows the time zones too

	"github.com/shopspring/decimal"
	"golang.org/x/text/language"

	"github.com/jaspers-ai/jaspers/internal/audit"
	"github.com/jaspers-ai/jaspers/internal/db"
	"github.com/jaspers-ai/jaspers/internal/fault"
)

// CostBasis says which shares are sold first.
type CostBasis string

// The methods. Specific means that the person names the lots.
const (
	FIFO     CostBasis = "fifo"
	LIFO     CostBasis = "lifo"
	HIFO     CostBasis = "hifo"
	Average  CostBasis = "average"
	Specific CostBasis = "specific"
)

// Amounts says what of a person's amounts a language model is shown.
type Amounts string

// The choices, from most to least. Relative is shares and changes in percent; None is what is held, and nothing of how
// much.
const (
	Full     Amounts = "full"
	Relative Amounts = "relative"
	None     Amounts = "none"
)

// Notice is something a person may be told by mail. What concerns the safety of an account is told in any case and is
// none of these.
type Notice string

// Reauthorization is told when a brokerage has to be authorized again.
const Reauthorization Notice = "reauthorization"

// Settings are a person's choices. Those for which nothing was chosen have their defaults.
type Settings struct {
	BaseCurrency    string          `json:"baseCurrency" example:"USD" doc:"ISO 4217; what totals are in, once exchange rates are there"`
	TimeZone        string          `json:"timeZone" example:"America/New_York" doc:"Of the IANA time zone database; for pages and reports, once there are any"`
	Locale          string          `json:"locale" example:"en-US" doc:"BCP 47; for pages and reports, once there are any"`
	BenchmarkSymbol string          `json:"benchmarkSymbol" example:"SPY" doc:"What performance is compared with"`
	CostBasisMethod CostBasis       `json:"costBasisMethod" enum:"fifo,lifo,hifo,average,specific" doc:"Which shares are sold first, once there are lots"`
	RiskFreeRate    decimal.Decimal `json:"riskFreeRate" example:"0.04" doc:"A year's, as a fraction, for ratios of performance"`
	AmountsToModel  Amounts         `json:"amountsToModel" enum:"full,relative,none" doc:"What of my amounts the language model is shown"`
	Notifications   []Notice        `json:"notifications" enum:"reauthorization" doc:"What I want to be told by mail: reauthorization, that a brokerage lets the server in no more. What was done to my account is told in any case"`
	UpdatedAt       *time.Time      `json:"updatedAt" doc:"Null while nothing was chosen"`
}

func defaultSettings() Settings {
	return Settings{
		BaseCurrency: "USD", TimeZone: "America/New_York", Locale: "en-US", BenchmarkSymbol: "SPY", CostBasisMethod: FIFO,
		RiskFreeRate: decimal.Zero, AmountsToModel: Full, Notifications: []Notice{Reauthorization},
	}
}

// Change is what becomes of one setting: nothing unless it was Sent, its default when To is nil.
type Change[T any] struct {
	Sent bool
	To   *T
}

// SettingsChanges are the changes of one request.
type SettingsChanges struct {
	BaseCurrency, TimeZone, Locale, BenchmarkSymbol, CostBasisMethod, AmountsToModel Change[string]
	RiskFreeRate                                                                     Change[decimal.Decimal]
	Notifications                                                                    Change[[]string]
}

// Settings are a person's choices; NotFound where there is no such person.
func (s *Service) Settings(ctx context.Context, id string) (Settings, error) {
	row, err := findSettings(ctx, s.DB.Read(), id)
	return row.settings(), err
}

// ChangeSettings changes the settings that were sent and returns all as they are now. Wrong values are an Invalid that
// names them all, and then nothing changes.
func (s *Service) ChangeSettings(ctx context.Context, id string, changes SettingsChanges) (Settings, error) {
	wanted, err := s.check(changes)
	if err != nil {
		return Settings{}, err
	}
	var after Settings
	err = s.DB.Tx(ctx, func(tx *sql.Tx) error {
		now := db.Time(s.Now())
		if err := lockSettings(ctx, tx, id, now); err != nil {
			return err
		}
		row, err := findSettings(ctx, tx, id)
		if err != nil {
			return err
		}
		before := row.settings()
		for _, want := range wanted {
			want(&row)
		}
		if strictness(row.settings().AmountsToModel) > strictness(before.AmountsToModel) {
			row.amountsTightenedAt = &now
		}
		row.updatedAt, after = &now, row.settings()
		after.UpdatedAt = &now
		if err := updateSettings(ctx, tx, id, row); err != nil {
			return err
		}
		return s.recordChange(ctx, tx, id, before, after)
	})
	return after, err
}

// recordChange names what became different; the values stay out of the log.
func (s *Service) recordChange(ctx context.Context, tx db.Querier, id string, before, after Settings) error {
	var names []string
	for name, values := range map[string][2]any{
		"baseCurrency": {before.BaseCurrency, after.BaseCurrency}, "timeZone": {before.TimeZone, after.TimeZone},
		"locale": {before.Locale, after.Locale}, "benchmarkSymbol": {before.BenchmarkSymbol, after.BenchmarkSymbol},
		"costBasisMethod": {before.CostBasisMethod, after.CostBasisMethod}, "riskFreeRate": {before.RiskFreeRate.String(), after.RiskFreeRate.String()},
		"amountsToModel": {before.AmountsToModel, after.AmountsToModel},
		"notifications":  {fmt.Sprint(before.Notifications), fmt.Sprint(after.Notifications)},
	} {
		if values[0] != values[1] {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return s.Audit.Record(ctx, tx, audit.Event{
		Action: audit.ChangeSettings, UserID: id, Details: map[string]string{"fields": strings.Join(names, " ")},
	})
}

// strictness orders how little a model is shown.
func strictness(a Amounts) int { return slices.Index([]Amounts{Full, Relative, None}, a) }

// AmountsToModel tells what of a person's amounts a model may be shown now, and from when on what was said to it may be
// shown to it again: zero when that is everything. Who is unknown shows nothing.
func AmountsToModel(ctx context.Context, q db.Querier, id string) (Amounts, time.Time, error) {
	row, err := findSettings(ctx, q, id)
	if fault.Is(err, fault.NotFound) {
		return None, time.Time{}, nil
	}
	if err != nil {
		return None, time.Time{}, err
	}
	var since time.Time
	if row.amountsTightenedAt != nil {
		since = *row.amountsTightenedAt
	}
	return row.settings().AmountsToModel, since, nil
}

// Locale is how a person has figures written, as BCP 47; NotFound where there is no such person.
func Locale(ctx context.Context, q db.Querier, id string) (string, error) {
	row, err := findSettings(ctx, q, id)
	return row.settings().Locale, err
}

// settingsRow is what was chosen; nil is not chosen.
type settingsRow struct {
	baseCurrency, timeZone, locale, benchmarkSymbol, costBasisMethod, amountsToModel, notifications *string
	riskFreeRate                                                                                    decimal.NullDecimal
	amountsTightenedAt, updatedAt                                                                   *time.Time
}

// settings puts the defaults in the place of what was not chosen.
func (r settingsRow) settings() Settings {
	s := defaultSettings()
	s.UpdatedAt = r.updatedAt
	choose(&s.BaseCurrency, r.baseCurrency)
	choose(&s.TimeZone, r.timeZone)
	choose(&s.Locale, r.locale)
	choose(&s.BenchmarkSymbol, r.benchmarkSymbol)
	choose((*string)(&s.CostBasisMethod), r.costBasisMethod)
	choose((*string)(&s.AmountsToModel), r.amountsToModel)
	if r.riskFreeRate.Valid {
		s.RiskFreeRate = r.riskFreeRate.Decimal
	}
	if r.notifications != nil {
		var chosen []Notice
		if err := json.Unmarshal([]byte(*r.notifications), &chosen); err == nil {
			s.Notifications = chosen
		}
	}
	return s
}

func choose(to, chosen *string) {
	if chosen != nil {
		*to = *chosen
	}
}

const settingsColumns = `s.base_currency, s.time_zone, s.locale, s.benchmark_symbol, s.cost_basis_method, s.risk_free_rate,
	s.amounts_to_model, s.amounts_tightened_at, s.notifications, s.updated_at`

func findSettings(ctx context.Context, q db.Querier, id string) (r settingsRow, err error) {
	err = q.QueryRowContext(ctx, `select `+settingsColumns+` from users u left join user_settings s on s.user_id = u.id where u.id = $1`, id).
		Scan(&r.baseCurrency, &r.timeZone, &r.locale, &r.benchmarkSymbol, &r.costBasisMethod, &r.riskFreeRate,
			&r.amountsToModel, &r.amountsTightenedAt, &r.notifications, &r.updatedAt)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "no such user")
	}
	return r, err
}

// lockSettings makes sure that there is a row and that it is changed by one request at a time. The person's row is locked
// first, as by whoever deletes it.
func lockSettings(ctx context.Context, tx db.Querier, id string, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `update users set updated_at = updated_at where id = $1`, id); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `insert into user_settings (user_id, updated_at) select id, $2 from users where id = $1
		on conflict (user_id) do nothing`, id, now)
	return err
}

func updateSettings(ctx context.Context, tx db.Querier, id string, r settingsRow) error {
	_, err := tx.ExecContext(ctx, `update user_settings set base_currency = $2, time_zone = $3, locale = $4, benchmark_symbol = $5,
		cost_basis_method = $6, risk_free_rate = $7, amounts_to_model = $8, amounts_tightened_at = $9, notifications = $10,
		updated_at = $11 where user_id = $1`,
		id, r.baseCurrency, r.timeZone, r.locale, r.benchmarkSymbol, r.costBasisMethod, r.riskFreeRate,
		r.amountsToModel, r.amountsTightenedAt, r.notifications, r.updatedAt)
	return err
}

// maxLocale is longer than any tag in use.
const maxLocale = 35

// locale is a tag in its canonical spelling.
func locale(tag string) (string, bool) {
	if len(tag) > maxLocale {
		return "", false
	}
	parsed, err := language.Parse(strings.TrimSpace(tag))
	return parsed.String(), err == nil && parsed != language.Und
}

// timeZone takes names of the IANA database. Those all begin with a capital; files of other kinds that machines keep
// beside them do not.
func timeZone(name string) (string, bool) {
	if len(name) == 0 || len(name) > 64 || name[0] < 'A' || name[0] > 'Z' || name == "Local" || name == "Factory" {
		return "", false
	}
	_, err := time.LoadLocation(name)
	return name, err == nil
}
