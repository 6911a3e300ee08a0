-- +goose Up
-- What outside services said, which anybody may be told again: no row is a person's. A kind is one question about a key,
-- such as "quote", "info" or "search". value is JSON, gzipped where it is large, and null where no source knows the key;
-- missed_at is when sources answered without what they had given before. What is lost here is fetched again.
create table stock_quote_cache (
    kind       text not null,
    key        text not null,
    value      bytea,
    unknown    boolean not null,
    fetched_at timestamptz not null,
    missed_at  timestamptz,
    primary key (kind, key)
);
create index stock_quote_cache_age on stock_quote_cache (kind, fetched_at);

create table company_info_cache (
    kind       text not null,
    key        text not null,
    value      bytea,
    unknown    boolean not null,
    fetched_at timestamptz not null,
    missed_at  timestamptz,
    primary key (kind, key)
);
create index company_info_cache_age on company_info_cache (kind, fetched_at);

create table stock_news_cache (
    kind       text not null,
    key        text not null,
    value      bytea,
    unknown    boolean not null,
    fetched_at timestamptz not null,
    missed_at  timestamptz,
    primary key (kind, key)
);
create index stock_news_cache_age on stock_news_cache (kind, fetched_at);

-- +goose Down
drop table stock_news_cache;
drop table company_info_cache;
drop table stock_quote_cache;
