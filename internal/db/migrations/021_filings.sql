-- +goose Up
-- Whose symbol is whose, in EDGAR's spelling. None of these tables has a row of a person's.
create table edgar_tickers (
    ticker   text primary key,
    cik      bigint not null,
    name     text not null,
    exchange text not null,
    place    bigint not null
);

create index edgar_tickers_by_cik on edgar_tickers (cik);

-- What was fetched as a whole, and when.
create table edgar_fetches (
    name       text primary key,
    fetched_at timestamptz not null
);

create table edgar_filers (
    cik        bigint primary key,
    name       text not null,
    tickers    text not null,
    fetched_at timestamptz not null
);

-- The pages of a filer's older filings: how many the SEC says there are, and how many there were when they were read.
create table edgar_pages (
    cik       bigint not null,
    name      text not null,
    filings   bigint not null,
    first_day text not null,
    last_day  text not null,
    loaded    bigint not null,
    primary key (cik, name)
);

-- Who filed what: from lists, from searches, and from filings themselves. One filing is in it for each of its filers.
create table edgar_filings (
    cik         bigint not null,
    accession   text not null,
    form        text not null,
    filed       text not null,
    period      text not null,
    items       text not null,
    size        bigint not null,
    xbrl        boolean not null,
    primary_doc text not null,
    description text not null,
    primary key (cik, accession)
);

create index edgar_filings_by_day on edgar_filings (cik, filed, accession);
create index edgar_filings_by_accession on edgar_filings (accession);

-- Documents as they were filed, which never change, and what was read out of them. The name is empty for what the filing
-- says of itself. sha256 is of the content before it was packed; text, made of it, is packed, too.
create table edgar_filing_cache (
    accession  text not null,
    name       text not null,
    content    bytea not null,
    sha256     text not null,
    size       bigint not null,
    whole      boolean not null,
    fetched_at timestamptz not null,
    text       bytea,
    sections   text not null,
    reader     bigint not null,
    primary key (accession, name)
);

-- +goose Down
drop table edgar_filing_cache;
drop table edgar_filings;
drop table edgar_pages;
drop table edgar_filers;
drop table edgar_fetches;
drop table edgar_tickers;
