-- +goose Up
-- What a portfolio was worth at a close of New York: one row for a person and a trading day, which never changes.
create table portfolio_snapshots (
    id              uuid primary key,
    user_id         uuid not null references users (id) on delete cascade,
    day             text not null,
    base_currency   text not null,
    total_value     numeric not null,
    cash            numeric not null,
    market_value    numeric not null,
    confirmed_value numeric not null,
    cost_basis      numeric,
    unrealized_pnl  numeric,
    realized_pnl    numeric,
    income          numeric,
    net_flows       numeric,
    accounts        text not null,
    status          text not null,
    basis           text not null,
    reasons         text not null,
    as_of           timestamptz not null,
    closed_at       timestamptz not null,
    taken_at        timestamptz not null,
    unique (user_id, day)
);

-- +goose Down
drop table portfolio_snapshots;
