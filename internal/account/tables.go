package account

import (
	"strings"

	"github.com/jaspers-ai/jaspers/internal/audit"
)

// table says what of a table a person gets. A test over the real schema fails for a table of theirs that is not here,
// and for a column that is neither kept nor left.
type table struct {
	name string
	// file is where its rows are in the export; empty for a table of which nothing is.
	file  string
	about string // for the reader; of a table that is left out, the reason
	// where finds the rows of the person $1.
	where string
	// order is by id where it says nothing else.
	order string
	// keep lists the columns, each with "json" or "number" behind it where its text is that.
	keep string
	// instead reads a column in another way.
	instead map[string]string
	// left has the columns that are left out, each with its reason.
	left map[string]string
}

const (
	byUser       = "user_id = $1"
	byConnection = "connection_id in (select id from brokerage_connections where user_id = $1)"
	byMessage    = "message_id in (select m.id from chat_messages m join chat_sessions s on s.id = m.session_id where s.user_id = $1)"
	bySession    = "session_id in (select id from chat_sessions where user_id = $1)"
)

// Why things are left out.
const (
	opens   = "it would let whoever finds the export in"
	proves  = "it proves to the server's keeper that the log was not changed, and says nothing else"
	yourRow = "it is you in every row"

	searched = "it says that search knows the words, and nothing else"
)

// tables are all that are about a person, in the order of the export.
var tables = []table{
	{name: "users", file: "profile.json", about: "Who you are.", where: "id = $1",
		keep: "id, email, first_name, last_name, role, created_at, updated_at, last_login_at, disabled_at, email_verified_at, totp_confirmed_at",
		left: map[string]string{"password_hash": opens, "totp": opens, "totp_last_step": opens}},
	{name: "user_settings", file: "settings.json", about: "What you chose; null is the default.", where: byUser, order: "user_id",
		keep: "base_currency, time_zone, locale, benchmark_symbol, cost_basis_method, risk_free_rate number, amounts_to_model, amounts_tightened_at, notifications json, updated_at",
		left: map[string]string{"user_id": yourRow}},
	{name: "auth_sessions", file: "sessions.json", about: "When you signed in.", where: byUser,
		keep: "id, created_at, last_used_at, expires_at, ended_at, end_reason, address, user_agent",
		left: map[string]string{"user_id": yourRow}},
	{name: "refresh_tokens", about: "hashes of the tokens of your sessions; " + opens,
		where: "session_id in (select id from auth_sessions where user_id = $1)"},
	{name: "recovery_codes", about: "hashes of the codes that stand in for your second factor; " + opens, where: byUser},
	{name: "second_factor_failures", file: "wrong-codes.json", about: "When a wrong code was given for your second factor, in the last days.",
		where: byUser, keep: "at", left: map[string]string{"id": "it is a number of its own", "user_id": yourRow}},
	{name: "api_keys", file: "api-keys.json", about: "The API keys you made.", where: byUser,
		keep: "id, name, scopes, created_at, expires_at, last_used_at",
		left: map[string]string{"user_id": yourRow, "key_hash": opens}},
	{name: "account_links", file: "links.json", about: "The links you were sent by mail.", where: byUser,
		keep: "id, purpose, email, created_at, expires_at, used_at",
		left: map[string]string{"user_id": yourRow, "token_hash": opens}},
	{name: "brokerage_connections", file: "connections.json", about: "The brokerages you connected.", where: byUser,
		keep: "id, provider, environment, method, status, created_at, updated_at, last_sync_at, sync_requested_at, error_kind, error_message, error_at",
		left: map[string]string{"user_id": yourRow, "credentials": opens, "revision": "it counts readings, and says nothing else"}},
	{name: "brokerage_authorizations", file: "connecting.json", about: "Connections you began to make and did not finish yet.",
		where: byUser, order: "created_at, state_hash",
		keep: "provider, environment, connection_id, session_id, api_key_id, created_at, expires_at",
		left: map[string]string{"user_id": yourRow, "state_hash": opens, "browser_hash": opens, "code_verifier": opens}},
	{name: "brokerage_accounts", file: "accounts.json", about: "Your accounts at the brokerages.", where: byConnection,
		keep: "id, connection_id, external_id, number, status, currency, cash number, cash_in json, as_of, cost_basis_method, history_since, history_cash, history_read_at, history_problem, missing_since"},
	{name: "transactions", file: "transactions.json", about: "What happened in them.", where: byUser, order: "at, id",
		keep: "id, connection_id, account_id, external_id, kind, at, day, instrument, symbol, quantity number, price number, currency, amount number, " +
			"fee number, tax number, split_from number, split_to number, description, created_at, updated_at",
		left: map[string]string{"user_id": yourRow}},
	{name: "transaction_lots", file: "lots.json", about: "Which purchases you chose your sales to be from.",
		where: "sale_id in (select id from transactions where user_id = $1)", order: "sale_id, lot_id", keep: "sale_id, lot_id, quantity number"},
	{name: "ledger_changes", file: "ledger-changes.json", about: "When your transactions changed lately, and from which day on.",
		where: byUser, order: "version", keep: "version, first_day, at", left: map[string]string{"user_id": yourRow}},
	{name: "portfolio_holdings", file: "holdings.json", about: "What you hold in them.", where: byUser,
		keep: "id, connection_id, account_id, instrument_id, instrument, symbol, name, asset_class, exchange, currency, quantity number, multiplier number, " +
			"average_cost number, cost_basis number, price number, previous_close number, market_value number, as_of",
		left: map[string]string{"user_id": yourRow}},
	{name: "syncs", file: "syncs.json", about: "When you had your brokerages read, in the last week.", where: byUser,
		keep: "id, created_at", left: map[string]string{"user_id": yourRow}},
	{name: "sync_connections", file: "sync-connections.json", about: "How that went.",
		where: "sync_id in (select id from syncs where user_id = $1)", order: "sync_id, connection_id",
		keep: "sync_id, connection_id, state, started_at, finished_at, error_kind, error_message, positions, transactions"},
	{name: "portfolio_snapshots", file: "snapshots.json", about: "What your portfolio was worth at each close.", where: byUser, order: "day",
		keep: "day, base_currency, total_value number, cash number, market_value number, confirmed_value number, cost_basis number, unrealized_pnl number, " +
			"realized_pnl number, income number, net_flows number, accounts json, status, basis, reasons json, as_of, closed_at, taken_at",
		left: map[string]string{"id": "the day tells them apart", "user_id": yourRow}},
	{name: "chat_sessions", file: "conversations.json", about: "Your conversations with the analyst.", where: byUser,
		keep: "id, title, title_source, pinned, archived, head_id, created_at, updated_at",
		left: map[string]string{"user_id": yourRow, "findable": searched}},
	{name: "chat_messages", file: "messages.json", about: "What was said in them.", where: bySession,
		keep: "id, session_id, parent_id, role, status, content, intent json, figures json, verified, derived, unverified, invented, citations json, prompt_version, model, stop_reason, error_kind, error_message, input_tokens, output_tokens, " +
			"cache_read_tokens, cache_write_tokens, cost_usd number, created_at, finished_at",
		left: map[string]string{"lease_until": "it says which process of the server writes the answer at the moment",
			"stop_requested": "it says the same as the status, a moment earlier", "findable": searched,
			"receipt": "sealed fingerprints, which only the server can open; the receipt of an answer says what they tell"}},
	{name: "chat_texts", about: "which of them can be searched; all can", where: bySession},
	{name: "chat_words", about: "their words once more, for searching", where: byUser},
	{name: "message_tool_calls", file: "tool-calls.json", about: "What the analyst looked up for its answers.", where: byMessage,
		keep: "id, message_id, handle, round, name, input json, output json, error_kind, started_at, duration_ms"},
	{name: "model_spending", file: "model-spending.json", about: "What the language model took for your answers, month by month.", where: byUser, order: "month",
		keep: "month, usd number, tokens", left: map[string]string{"user_id": yourRow}},
	{name: "model_reservations", file: "model-reservations.json", about: "What is set aside for answers that are being written.", where: byUser,
		keep: "id, month, usd number, tokens, made_at", left: map[string]string{"user_id": yourRow}},
	{name: "api_usage_logs", file: "usage.json", about: "What was asked of other companies and of the language model for you, in the last days.", where: byUser, order: "at, id",
		keep: "at, kind, provider, endpoint, model, status, failure, correlation_id, duration_us, input_tokens, output_tokens, cache_read_tokens, " +
			"cache_write_tokens, cost_usd number",
		left: map[string]string{"id": "it is a number of its own", "user_id": yourRow, "day": "the moment tells it", "latency": "the duration tells it"}},
	{name: "api_usage_days", file: "usage-days.json", about: "The same of the days before, added up.", where: byUser, order: "day, id",
		keep: "day, kind, provider, endpoint, model, status, failure, calls, latency json, input_tokens, output_tokens, cache_read_tokens, " +
			"cache_write_tokens, cost_usd number",
		left: map[string]string{"id": "it is a number of its own", "user_id": yourRow}},
	{name: "chat_run_events", about: "the words of the messages once more, as they were sent piece by piece", where: byMessage},
	{name: "idempotency_keys", about: "sealed copies of answers you got, kept for a day in case you ask again", where: byUser},
	{name: "audit_logs", file: "audit.json", about: "What was done to your account, when and from where.", where: byUser,
		keep:    "id, at, action, outcome, actor, actor_id, target, correlation_id, address, user_agent, details json",
		instead: map[string]string{"actor_id": unlessOthers("actor_id"), "address": unlessOthers("address"), "user_agent": unlessOthers("user_agent")},
		left:    map[string]string{"user_id": yourRow, "personal_mac": proves, "mac": proves}},
}

// unlessOthers hides who and where another person was, such as an admin, when they did something to this one.
func unlessOthers(column string) string {
	return "case when " + audit.ByAnother + " then null else " + column + " end"
}

// column is one that is exported.
type column struct {
	name string // in the database
	kind string // json, number or nothing
}

func (t table) columns() []column {
	var all []column
	for part := range strings.SplitSeq(t.keep, ",") {
		if words := strings.Fields(part); len(words) > 0 {
			all = append(all, column{words[0], strings.Join(words[1:], " ")})
		}
	}
	return all
}

func (t table) query() string {
	var names []string
	for _, c := range t.columns() {
		if other, ok := t.instead[c.name]; ok {
			names = append(names, other+" as "+c.name)
			continue
		}
		names = append(names, c.name)
	}
	order := t.order
	if order == "" {
		order = "id"
	}
	return "select " + strings.Join(names, ", ") + " from " + t.name + " where " + t.where + " order by " + order
}

// property is the column's name as JSON has it: createdAt for created_at.
func (c column) property() string {
	words := strings.Split(c.name, "_")
	for i := 1; i < len(words); i++ {
		words[i] = strings.ToUpper(words[i][:1]) + words[i][1:]
	}
	return strings.Join(words, "")
}
