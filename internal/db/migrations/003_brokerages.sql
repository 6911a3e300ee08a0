-- +goose Up
create table brokerage_connections (
    id            uuid primary key,
    user_id       uuid not null references users (id) on delete cascade,
    provider      text not null,
    environment   text not null,
    status        text not null,
    credentials   text not null,
    created_at    timestamptz not null,
    updated_at    timestamptz not null,
    last_sync_at  timestamptz,
    error_kind    text,
    error_message text,
    error_at      timestamptz
);
create index brokerage_connections_user on brokerage_connections (user_id);

-- An authorization under way: made by connect, taken away by the callback, worthless after ten minutes.
create table brokerage_authorizations (
    state_hash    text primary key,
    user_id       uuid not null references users (id) on delete cascade,
    browser_hash  text not null,
    provider      text not null,
    environment   text not null,
    code_verifier text not null,
    created_at    timestamptz not null,
    expires_at    timestamptz not null
);
create index brokerage_authorizations_user on brokerage_authorizations (user_id);

create table brokerage_accounts (
    id            uuid primary key,
    connection_id uuid not null references brokerage_connections (id) on delete cascade,
    external_id   text not null,
    number        text not null,
    status        text not null,
    currency      text not null,
    cash          numeric,
    as_of         timestamptz not null,
    unique (connection_id, external_id)
);

create table portfolio_holdings (
    id             uuid primary key,
    user_id        uuid not null references users (id) on delete cascade,
    connection_id  uuid not null references brokerage_connections (id) on delete cascade,
    account_id     uuid not null references brokerage_accounts (id) on delete cascade,
    instrument_id  text not null,
    symbol         text not null,
    name           text not null,
    asset_class    text not null,
    exchange       text not null,
    currency       text not null,
    quantity       numeric not null,
    multiplier     numeric not null,
    average_cost   numeric,
    cost_basis     numeric,
    price          numeric,
    previous_close numeric,
    market_value   numeric,
    as_of          timestamptz not null,
    unique (account_id, instrument_id)
);
create index portfolio_holdings_user on portfolio_holdings (user_id);
create index portfolio_holdings_connection on portfolio_holdings (connection_id);

-- +goose Down
drop table portfolio_holdings;
drop table brokerage_accounts;
drop table brokerage_authorizations;
drop table brokerage_connections;
