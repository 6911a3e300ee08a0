-- +goose Up
-- An instrument is one thing that can be held, whatever each brokerage calls it. Nobody owns it.
create table instruments (
    id            uuid primary key,
    symbol        text not null,
    name          text not null,
    asset_class   text not null,
    sector        text not null,
    country       text not null,
    exchange      text not null,
    currency      text not null,
    multiplier    numeric not null,
    market_symbol text not null,
    created_at    timestamptz not null
);

-- What an instrument is known by: an ISIN, a brokerage's id, or its symbol where there is nothing better.
create table instrument_ids (
    scheme        text not null,
    value         text not null,
    instrument_id uuid not null references instruments (id) on delete cascade,
    primary key (scheme, value)
);
create index instrument_ids_instrument on instrument_ids (instrument_id);

-- A split concerns everybody who holds the instrument, whoever told of it.
create table instrument_splits (
    instrument_id uuid not null references instruments (id) on delete cascade,
    day           text not null,
    split_from    numeric not null,
    split_to      numeric not null,
    source        text not null,
    primary key (instrument_id, day)
);

alter table portfolio_holdings add column instrument uuid;
alter table brokerage_accounts add column cash_in text;
alter table brokerage_accounts add column cost_basis_method text;
-- history_since is from when on no trade of the account is missing: null as long as its history was never read.
alter table brokerage_accounts add column history_since timestamptz;
alter table brokerage_accounts add column history_cash boolean not null default false;
alter table brokerage_accounts add column history_read_at timestamptz;

create table transactions (
    id            uuid primary key,
    user_id       uuid not null references users (id) on delete cascade,
    connection_id uuid not null references brokerage_connections (id) on delete cascade,
    account_id    uuid not null references brokerage_accounts (id) on delete cascade,
    external_id   text not null,
    kind          text not null,
    at            timestamptz not null,
    day           text not null,
    instrument    uuid references instruments (id),
    symbol        text not null,
    quantity      numeric not null,
    price         numeric,
    currency      text not null,
    amount        numeric not null,
    fee           numeric not null,
    tax           numeric not null,
    split_from    numeric,
    split_to      numeric,
    description   text not null,
    created_at    timestamptz not null,
    updated_at    timestamptz not null,
    unique (account_id, external_id)
);
create index transactions_user on transactions (user_id, at, id);
create index transactions_connection on transactions (connection_id);

-- Which purchases a sale sold from, where a person chose them.
create table transaction_lots (
    sale_id  uuid not null references transactions (id) on delete cascade,
    lot_id   uuid not null references transactions (id) on delete cascade,
    quantity numeric not null,
    primary key (sale_id, lot_id)
);
create index transaction_lots_lot on transaction_lots (lot_id);

-- Each change of a person's ledger, with the first day it concerns: what was worked out before is right up to that day.
create table ledger_changes (
    user_id   uuid not null references users (id) on delete cascade,
    version   bigint not null,
    first_day text not null,
    at        timestamptz not null,
    primary key (user_id, version)
);

-- +goose Down
drop table ledger_changes;
drop table transaction_lots;
drop table transactions;
alter table brokerage_accounts drop column history_read_at;
alter table brokerage_accounts drop column history_cash;
alter table brokerage_accounts drop column history_since;
alter table brokerage_accounts drop column cost_basis_method;
alter table brokerage_accounts drop column cash_in;
alter table portfolio_holdings drop column instrument;
drop table instrument_splits;
drop table instrument_ids;
drop table instruments;
