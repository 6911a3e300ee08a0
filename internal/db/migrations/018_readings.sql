-- +goose Up
-- revision counts what was stored of a connection: what was worked out of an older one is worked out anew.
alter table brokerage_connections add column revision bigint not null default 0;
-- history_problem is why an account's transactions could not be read when its positions were; null when they were.
alter table brokerage_accounts add column history_problem text;

-- +goose Down
alter table brokerage_accounts drop column history_problem;
alter table brokerage_connections drop column revision;
