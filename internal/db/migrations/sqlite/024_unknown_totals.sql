-- +goose Up
-- What a portfolio was worth may not be known, as in a currency to which there is no rate. Such totals were kept as 0.
-- SQLite does not change a column: the table is made anew.
create table portfolio_snapshots_anew (
    id              uuid primary key,
    user_id         uuid not null references users (id) on delete cascade,
    day             text not null,
    base_currency   text not null,
    total_value     numeric,
    cash            numeric,
    market_value    numeric,
    confirmed_value numeric,
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

insert into portfolio_snapshots_anew (id, user_id, day, base_currency, total_value, cash, market_value, confirmed_value, cost_basis, unrealized_pnl,
    realized_pnl, income, net_flows, accounts, status, basis, reasons, as_of, closed_at, taken_at)
    select id, user_id, day, base_currency, total_value, cash, market_value, confirmed_value, cost_basis, unrealized_pnl,
    realized_pnl, income, net_flows, accounts, status, basis, reasons, as_of, closed_at, taken_at from portfolio_snapshots;
drop table portfolio_snapshots;
alter table portfolio_snapshots_anew rename to portfolio_snapshots;

update portfolio_snapshots set total_value = null, cash = null, market_value = null, confirmed_value = null
    where total_value = '0' and cash = '0' and market_value = '0' and status <> 'confirmed'
    and (reasons like '%no exchange rate to%' or reasons like '%no market value%' or reasons like '%reports no cash%'
        or reasons like '%left out: there is no%');

-- +goose Down
create table portfolio_snapshots_anew (
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

update portfolio_snapshots set total_value = coalesce(total_value, '0'), cash = coalesce(cash, '0'),
    market_value = coalesce(market_value, '0'), confirmed_value = coalesce(confirmed_value, '0');

insert into portfolio_snapshots_anew (id, user_id, day, base_currency, total_value, cash, market_value, confirmed_value, cost_basis, unrealized_pnl,
    realized_pnl, income, net_flows, accounts, status, basis, reasons, as_of, closed_at, taken_at)
    select id, user_id, day, base_currency, total_value, cash, market_value, confirmed_value, cost_basis, unrealized_pnl,
    realized_pnl, income, net_flows, accounts, status, basis, reasons, as_of, closed_at, taken_at from portfolio_snapshots;
drop table portfolio_snapshots;
alter table portfolio_snapshots_anew rename to portfolio_snapshots;
