-- +goose Up
-- What is known of the daily prices of a symbol, by market's spelling. They are everybody's: no row is a person's.
-- first_day is from when on all days are there; unknown_until is how long no source is asked, since none knew the symbol.
create table price_histories (
    symbol        text primary key,
    currency      text not null,
    source        text not null,
    first_day     text not null,
    fetched_at    timestamptz not null,
    unknown_until timestamptz,
    asked_at      timestamptz not null
);

-- The closes of one year, packed: market's pack.go says how.
create table price_years (
    symbol text not null references price_histories (symbol) on delete cascade,
    year   bigint not null,
    closes bytea not null,
    primary key (symbol, year)
);

create table price_splits (
    symbol     text not null references price_histories (symbol) on delete cascade,
    day        text not null,
    split_from numeric not null,
    split_to   numeric not null,
    primary key (symbol, day)
);

create table price_dividends (
    symbol text not null references price_histories (symbol) on delete cascade,
    day    text not null,
    amount numeric not null,
    primary key (symbol, day)
);

-- +goose Down
drop table price_dividends;
drop table price_splits;
drop table price_years;
drop table price_histories;
